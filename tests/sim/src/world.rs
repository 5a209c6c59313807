//! Everything the server answers from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fault::Fault;
use crate::host::Host;
use crate::store::Store;
use crate::users::{USERS, User};

/// A log with the kubelet's timestamps, made when asked for: hundreds of pods have one.
pub type Text = Arc<dyn Fn() -> String + Send + Sync>;

/// The logs of one container; `None` is "not found".
#[derive(Clone, Default)]
pub struct Logs {
    pub current: Option<Text>,
    pub previous: Option<Text>,
}

impl Logs {
    pub fn fixed(current: Option<&str>, previous: Option<&str>) -> Self {
        let text = |text: &str| -> Text {
            let text = text.to_string();
            Arc::new(move || text.clone())
        };
        Self { current: current.map(text), previous: previous.map(text) }
    }
}

pub struct World {
    pub store: Store,
    /// By node name.
    pub hosts: BTreeMap<String, Host>,
    /// By namespace, pod and container.
    pub logs: BTreeMap<(String, String, String), Logs>,
    pub faults: Vec<Fault>,
    pub users: Vec<User>,
    /// What the cluster takes for now: ages in tables are counted from it.
    pub now: jiff::Timestamp,
    /// `gitVersion` of the API server.
    pub version: String,
}

impl World {
    pub fn empty(now: jiff::Timestamp) -> Self {
        Self {
            store: Store::default(),
            hosts: BTreeMap::new(),
            logs: BTreeMap::new(),
            faults: Vec::new(),
            users: USERS.to_vec(),
            now,
            version: "v1.36.2".into(),
        }
    }
}
