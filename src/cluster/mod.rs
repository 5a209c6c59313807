//! Every request to Kubernetes. This room reads and reports; it judges nothing.
//!
//! `connect` makes a `Connection` from flags, `kubeconfig`, `credential` and `proxy`; `request::Api` sends every request within its timeout.
//! `gather::read_cluster` fills a `Snapshot` as `ReadOptions` ask, through `discover`, `objects`, `exec` and `logs`.
//! `node_state` reads one node during a rollout, `write` sends patches, `permissions` asks what the user may do.
//! `failure` and `error` tell a server that is away from one that refuses; `observe` makes an `Observed` of an answer.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "this room owns the client and the clock")]

mod buffers;
mod clock;
pub mod completion_names;
pub mod connect;
pub mod contexts;
mod credential;
pub mod discover;
pub mod error;
mod exec;
mod exec_order;
mod exec_stream;
mod failure;
pub mod gather;
mod kubeconfig;
pub mod log_stream;
mod logs;
pub mod node_state;
mod objects;
mod observe;
mod pages;
pub mod permissions;
pub mod progress;
mod proxy;
pub mod request;
pub mod timeout;
pub mod write;

pub use connect::{Connection, ProcessEnv, connect, connect_from};
pub use discover::DiscoverError;
pub use error::{ConnectError, GatherError, RequestError};
pub use gather::{LogSelection, NodeFilter, ReadOptions, read_cluster, read_cluster_by, read_logs_of};
pub use progress::{NoProgress, Progress, TerminalProgress};
