//! What acts on the store by itself.

mod cache;
mod daemonset;
mod garbage;
pub mod operator;
mod revision;
mod scheduler;
mod template;

use serde_json::Value;

pub(crate) use cache::Cache;

use crate::store::{Store, Writer};

const MANAGER: Writer<'static> = Writer { manager: "kube-controller-manager", subresource: None, dry_run: false, applied: None };

/// Lets the DaemonSet controller and the scheduler act until they have nothing left to do.
pub fn settle(store: &Store) {
    settle_cached(&mut Cache::new(store));
}

/// Controllers that remember what they saw before.
pub struct Controllers(Cache);

impl Controllers {
    pub fn new(store: &Store) -> Self {
        Self(Cache::new(store))
    }

    /// Lets them act until they have nothing left to do.
    pub fn settle(&mut self) {
        settle_cached(&mut self.0);
    }
}

pub(crate) fn settle_cached(cache: &mut Cache) {
    while cache.take_changed() {
        garbage::sync(cache);
        daemonset::sync(cache);
        scheduler::sync(cache);
    }
}

/// Whether the object's controller is the owner with this UID.
fn owned_by(object: &Value, uid: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| owner["controller"] == true && owner["uid"] == uid)
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object["metadata"][key].as_str().unwrap_or_default()
}

/// The condition that says that a pod is ready.
pub(crate) fn ready_condition(pod: &Value) -> Option<&Value> {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// An event that happened once.
fn tell(store: &Store, about: &Value, component: &str, reason: &str, message: String) {
    let now = crate::scenario::logs::seconds_of(store.now());
    let (namespace, name) = (text(about, "namespace"), text(about, "name"));
    // Two of one second have names of their own: the number of writes is in them.
    let event = serde_json::json!({
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": format!("{name}.{:016x}", store.resource_version()), "namespace": namespace},
        "involvedObject": {
            "kind": about["kind"], "apiVersion": about["apiVersion"], "namespace": namespace, "name": name, "uid": text(about, "uid"),
        },
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "reportingComponent": component,
        "type": "Normal",
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
    });
    // Nobody waits for an event.
    let _ = store.create(event, MANAGER);
}
