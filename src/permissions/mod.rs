//! Which permission each verb needs, as data, and what the answers of the API server come to. Pure.
//!
//! `request` is one request as RBAC sees it (`ApiRequest`), and the answer to it.
//! `table` lists each `Permission` once, with the verbs that need it.
//! `role` prints the manifests of `plugin-manifest/`, `report` what `can-i` shows.

pub mod report;
pub mod request;
pub mod role;
pub mod table;
