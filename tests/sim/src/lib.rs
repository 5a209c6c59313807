//! A simulated Kubernetes cluster with Calico: small, strict, and honest about what it does not simulate (README.md).
//! It shares no code with what it tests.

mod api;
pub mod calico;
pub mod clock;
pub mod controller;
mod fault;
mod host;
mod kinds;
pub mod kubelet;
pub mod live;
mod living;
mod routing;
mod running;
mod sandbox;
pub mod scenario;
mod schema;
mod store;
mod tls;
mod users;
mod world;

pub use api::{Failure, Operator};
pub use fault::{Effect, Fault, Hook, Victim};
pub use host::{Bird, Host, Interface, Kubelet, Recovery, Session};
pub use kinds::Kind;
pub use living::Living;
pub use running::{RecordedRequest, Running, Server, start};
pub use store::{Change, Deletion, Feed, Store, Stored, What, Writer};
pub use users::{Rule, User};
pub use world::{Cluster, Logs, Text, World};
