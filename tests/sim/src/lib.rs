//! A simulated Kubernetes cluster with Calico: small, strict, and honest about what it does not simulate (README.md).
//! It shares no code with what it tests.

mod api;
mod background;
pub mod calico;
pub mod clock;
pub mod controller;
mod fault;
mod host;
mod kinds;
pub mod kubelet;
mod routing;
pub mod scenario;
mod schema;
mod server;
pub mod simulation;
mod store;
mod tls;
mod users;

pub use api::{Denial, Failure, Operator, Review, Webhook};
pub use background::BackgroundSimulation;
pub use fault::{Effect, Fault, Hook, Switch, Victim};
pub use host::{Bird, Flapping, Host, Interface, Kubelet, Recovery, Session};
pub use kinds::Kind;
pub use scenario::world::{Cluster, Logs, Scenario, Text};
pub use server::{RecordedRequest, Server, TestServer, start, start_playback};
pub use store::{Change, Deletion, Feed, Store, Stored, What, Writer};
pub use users::{Rule, User};
