//! Every request to Kubernetes. It reads and reports; it judges nothing.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "this room owns the client and the clock")]

mod clock;
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
pub mod look;
pub mod names;
mod objects;
mod observe;
pub mod progress;
mod proxy;
pub mod request;
pub mod resource;
pub mod rights;
pub mod timeout;
pub mod write;

pub use connect::{Connection, Surroundings, connect, connect_from};
pub use discover::DiscoverError;
pub use error::{ConnectError, GatherError, RequestError};
pub use gather::{LogsWanted, NodeFilter, Wanted, gather};
pub use progress::{Bar, Progress, Silent};
