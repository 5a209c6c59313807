//! Everything the server answers from.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::SignedDuration;

use crate::api::{Operator, Webhook};
use crate::fault::Fault;
use crate::host::{Bird, Host};
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

/// A cluster as plain data, before it runs.
pub struct Scenario {
    pub store: Store,
    /// By node name.
    pub hosts: BTreeMap<String, Host>,
    /// By namespace, pod and container.
    pub logs: BTreeMap<(String, String, String), Logs>,
    pub faults: Vec<Fault>,
    pub users: Vec<User>,
    /// No kubelet acts here: the server itself ends pods whose deletion was asked for.
    pub unattended: bool,
    /// Whose Installation the cluster knows.
    pub operator: Operator,
    /// `gitVersion` of the API server.
    pub version: String,
    /// Controllers learn of a change of a DaemonSet this much later; of pods at once, for each has a watch of its own.
    pub controller_lag: SignedDuration,
    /// How far the `Date` header is ahead of the simulated clock; `None`: it has the machine's time.
    pub clock_skew: Option<SignedDuration>,
}

impl Scenario {
    pub fn empty(now: jiff::Timestamp) -> Self {
        let store = Store::default();
        store.set_clock(move || now);
        Self {
            store,
            hosts: BTreeMap::new(),
            logs: BTreeMap::new(),
            faults: Vec::new(),
            users: USERS.to_vec(),
            unattended: true,
            operator: Operator::default(),
            version: "v1.36.2".into(),
            controller_lag: SignedDuration::ZERO,
            clock_skew: None,
        }
    }
}

type Place = (String, String, String);
/// Both BIRDs of a host as they are now; `None` for a host that nobody lets live.
type Birds = Arc<dyn Fn(&Host) -> Option<(Option<Bird>, Option<Bird>)> + Send + Sync>;

/// A world that runs: what the API server, the controllers and the kubelets share.
pub struct Cluster {
    pub store: Store,
    pub users: Vec<User>,
    pub version: String,
    pub controller_lag: SignedDuration,
    pub clock_skew: Option<SignedDuration>,
    unattended: AtomicBool,
    pub operator: Operator,
    birds: RwLock<Option<Birds>>,
    hosts: RwLock<BTreeMap<String, Arc<Host>>>,
    logs: RwLock<BTreeMap<Place, Logs>>,
    faults: RwLock<Vec<Arc<Fault>>>,
    webhooks: RwLock<Vec<Arc<Webhook>>>,
}

impl From<Scenario> for Cluster {
    fn from(world: Scenario) -> Self {
        let Scenario { store, hosts, logs, faults, users, unattended, operator, version, controller_lag, clock_skew } = world;
        Self {
            store,
            users,
            version,
            controller_lag,
            clock_skew,
            unattended: unattended.into(),
            operator,
            birds: RwLock::new(None),
            hosts: RwLock::new(hosts.into_iter().map(|(name, host)| (name, Arc::new(host))).collect()),
            logs: RwLock::new(logs),
            faults: RwLock::new(faults.into_iter().map(Arc::new).collect()),
            webhooks: RwLock::default(),
        }
    }
}

impl Cluster {
    /// A still picture of it as it is now, with the host's BIRDs and the pods' logs.
    pub(crate) fn still(&self) -> Scenario {
        let now = self.store.now();
        self.store.set_clock(move || now);
        Scenario {
            store: self.store.clone(),
            hosts: self.hosts().into_iter().map(|host| (host.node.clone(), Host::clone(&host))).collect(),
            logs: self.logs.read().unwrap_or_else(PoisonError::into_inner).clone(),
            faults: Vec::new(),
            users: self.users.clone(),
            unattended: true,
            operator: self.operator,
            version: self.version.clone(),
            controller_lag: self.controller_lag,
            clock_skew: self.clock_skew,
        }
    }

    /// No kubelet acts: the server itself ends pods.
    pub(crate) fn is_unattended(&self) -> bool {
        self.unattended.load(Ordering::SeqCst)
    }

    /// Kubelets act from now on.
    pub(crate) fn attend(&self) {
        self.unattended.store(false, Ordering::SeqCst);
    }

    pub fn host(&self, node: &str) -> Option<Arc<Host>> {
        let host = self.hosts.read().unwrap_or_else(PoisonError::into_inner).get(node).cloned();
        host.map(|host| self.alive(host))
    }

    pub fn hosts(&self) -> Vec<Arc<Host>> {
        let hosts: Vec<_> = self.hosts.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        hosts.into_iter().map(|host| self.alive(host)).collect()
    }

    fn alive(&self, host: Arc<Host>) -> Arc<Host> {
        let birds = self.birds.read().unwrap_or_else(PoisonError::into_inner).clone();
        match birds.and_then(|birds| birds(&host)) {
            Some((bird, bird6)) => Arc::new(Host { bird, bird6, ..Host::clone(&host) }),
            None => host,
        }
    }

    /// Who says what BIRD shows, instead of what the hosts have.
    pub(crate) fn set_birds(&self, birds: impl Fn(&Host) -> Option<(Option<Bird>, Option<Bird>)> + Send + Sync + 'static) {
        *self.birds.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(birds));
    }

    /// Puts a host in the place of the one of the same name.
    pub fn set_host(&self, host: Host) {
        self.hosts.write().unwrap_or_else(PoisonError::into_inner).insert(host.node.clone(), Arc::new(host));
    }

    pub fn logs(&self, namespace: &str, pod: &str, container: &str) -> Option<Logs> {
        let place = (namespace.to_string(), pod.to_string(), container.to_string());
        self.logs.read().unwrap_or_else(PoisonError::into_inner).get(&place).cloned()
    }

    pub fn set_logs(&self, namespace: &str, pod: &str, container: &str, logs: Logs) {
        let place = (namespace.to_string(), pod.to_string(), container.to_string());
        self.logs.write().unwrap_or_else(PoisonError::into_inner).insert(place, logs);
    }

    pub fn faults(&self) -> Vec<Arc<Fault>> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn add_fault(&self, fault: Fault) {
        self.faults.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(fault));
    }

    pub(crate) fn webhooks(&self) -> Vec<Arc<Webhook>> {
        self.webhooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn add_webhook(&self, webhook: Webhook) {
        self.webhooks.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(webhook));
    }

    pub fn clear_webhooks(&self) {
        self.webhooks.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// From now on nothing goes wrong by plan.
    pub fn clear_faults(&self) {
        self.faults.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
