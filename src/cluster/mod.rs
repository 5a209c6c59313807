//! Every request to Kubernetes. It reads and reports; it judges nothing.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "this room owns the client and the clock")]

mod clock;
pub mod completion_names;
pub mod connect;
mod credential;
pub mod discover;
pub mod error;
mod exec;
mod failure;
pub mod gather;
mod kubeconfig;
pub mod log_stream;
mod logs;
pub mod node_state;
mod objects;
mod observe;
pub mod permissions;
pub mod progress;
mod proxy;
pub mod request;
pub mod timeout;
pub mod write;

pub use connect::{Connection, ProcessEnv, connect, connect_from};
pub use discover::DiscoverError;
pub use error::{ConnectError, GatherError, RequestError};
pub use gather::{LogSelection, NodeFilter, ReadOptions, read_cluster};
pub use progress::{NoProgress, Progress, TerminalProgress};
