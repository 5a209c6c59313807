//! Which rights each command takes, and what a user's rights come to. Pure.

pub mod command;
pub mod report;
pub mod request;
pub mod role;
pub mod table;
