//! The tigera-operator's Installation controller, as far as calico-node goes: it renders the DaemonSet, reverts what others
//! change in it, refuses what it cannot do, and says so in TigeraStatus and Installation.

mod render;
mod status;
mod validate;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Cache;
use crate::api::Operator as Edition;
use crate::store::Writer;

const NAMESPACE: &str = "calico-system";
const NAME: &str = "calico-node";
const MANAGER: Writer<'static> = Writer { manager: "operator", subresource: None, dry_run: false, applied: None };
/// "For development and testing only": the object is left as it is.
const IGNORE: &str = "unsupported.operator.tigera.io/ignore";

/// From a change to what the operator does about it (recorded: 0.05 to 0.6 s).
const ANSWERS: SignedDuration = SignedDuration::from_millis(100);
/// One pass takes so long; the next waits.
const PASS: SignedDuration = SignedDuration::from_millis(300);
/// The status manager looks this often.
const TICK: SignedDuration = SignedDuration::from_secs(5);
/// Again without a reason; sooner while something is not available.
const PERIOD: SignedDuration = SignedDuration::from_mins(5);
const IMPATIENT: SignedDuration = SignedDuration::from_secs(30);
/// A failed pass is repeated after 5 ms, 10 ms, 20 ms, … up to the longest.
const FIRST_RETRY: SignedDuration = SignedDuration::from_millis(5);
const LONGEST_RETRY: SignedDuration = SignedDuration::from_secs(1000);

pub struct Operator {
    edition: Edition,
    /// The DaemonSet that everything not said by an Installation comes from.
    base: Value,
    /// What was looked at last: a change wakes the operator.
    seen: Vec<Value>,
    due: Timestamp,
    tick: Timestamp,
    last: Timestamp,
    failures: u32,
    /// Generation of the Installation that the last pass read.
    observed: i64,
    /// Why the Installation is not accepted.
    refused: Option<String>,
    /// What the status manager found last.
    available: bool,
}

impl Operator {
    /// `None` without an Installation.
    pub(crate) fn new(cache: &Cache, edition: Edition, now: Timestamp) -> Option<Self> {
        let default = cache.object("Installation", "", "default")?;
        let base = cache.object("DaemonSet", NAMESPACE, NAME)?;
        let available = cache.object("TigeraStatus", "", "calico").is_some_and(|found| status::is(found, "Available"));
        Some(Self {
            edition,
            base: Value::clone(base),
            seen: looked_at(cache),
            due: now + PERIOD,
            tick: now + TICK,
            last: now - PASS,
            failures: 0,
            observed: default["metadata"]["generation"].as_i64().unwrap_or(0),
            refused: None,
            available,
        })
    }

    pub(crate) fn next_due(&self) -> Timestamp {
        self.due.min(self.tick)
    }

    /// Something was written: whether that wakes it.
    pub(crate) fn notice(&mut self, cache: &Cache, now: Timestamp) {
        let now_seen = looked_at(cache);
        if self.seen != now_seen {
            self.seen = now_seen;
            self.due = self.due.min((now + ANSWERS).max(self.last + PASS));
        }
    }

    /// Does what is due.
    pub(crate) fn advance(&mut self, cache: &mut Cache, now: Timestamp) {
        if self.due <= now {
            self.reconcile(cache, now);
        }
        if self.tick <= now {
            self.tick = now + TICK;
            cache.refresh();
            self.available = status::report(cache, self.edition, self.observed, self.refused.as_deref());
        }
    }

    fn reconcile(&mut self, cache: &mut Cache, now: Timestamp) {
        cache.refresh();
        self.last = now;
        self.due = now + PERIOD;
        let Some(default) = cache.object("Installation", "", "default").cloned() else { return };
        self.observed = default["metadata"]["generation"].as_i64().unwrap_or(0);
        status::copy(cache);
        let (wanted, whole) = wishes(cache, &default);
        if let Err(reason) = validate::all(&wanted, self.edition).and_then(|()| validate::all(&whole, self.edition)) {
            let pause = (FIRST_RETRY * (1 << self.failures.min(20))).min(LONGEST_RETRY);
            self.refused = Some(reason);
            self.failures += 1;
            self.due = now + pause;
            return;
        }
        self.refused = None;
        self.failures = 0;
        if wanted != default["spec"] {
            // Somebody else has written since it was read: the server refuses the update, and the pass is repeated.
            let replaced = |object: &mut Value| {
                object["metadata"]["resourceVersion"] = default["metadata"]["resourceVersion"].clone();
                object["spec"] = wanted.clone();
            };
            if cache.store.edit_as(MANAGER, "Installation", "", "default", replaced).is_err() {
                self.due = now + FIRST_RETRY;
                return;
            }
        }
        self.apply(cache, &whole);
        if !self.available {
            self.due = now + IMPATIENT;
            return;
        }
        let computed = |object: &mut Value| {
            object["status"]["computed"] = whole.clone();
            object["status"]["variant"] = whole["variant"].clone();
        };
        let _ = cache.store.edit_as(MANAGER.status(), "Installation", "", "default", computed);
    }

    fn apply(&self, cache: &Cache, whole: &Value) {
        let spec = render::daemonset(&self.base["spec"], whole, self.edition);
        if cache.object("DaemonSet", NAMESPACE, NAME).is_some() {
            // As the object is when it is written: the real operator's update is refused where somebody else has written since it was read
            // (operator pkg/controller/utils/component.go, `mergeState`).
            let replaced = |object: &mut Value| {
                if object["metadata"]["annotations"][IGNORE] != "true" {
                    object["spec"] = spec;
                }
            };
            let _ = cache.store.edit_as(MANAGER, "DaemonSet", NAMESPACE, NAME, replaced);
            return;
        }
        let metadata = &self.base["metadata"];
        let kept = json!({
            "name": NAME, "namespace": NAMESPACE, "labels": metadata["labels"], "ownerReferences": metadata["ownerReferences"],
        });
        let object = json!({"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": kept, "spec": spec});
        let _ = cache.store.create(object, MANAGER);
    }
}

/// What `default` says with its defaults filled in, and with the overlay over it.
fn wishes(cache: &Cache, default: &Value) -> (Value, Value) {
    let wanted = render::filled(&default["spec"]);
    let overlay = cache.object("Installation", "", "overlay").map(|overlay| &overlay["spec"]);
    let whole = overlay.map_or_else(|| wanted.clone(), |overlay| render::overlaid(&wanted, overlay));
    (wanted, whole)
}

/// Installations and TigeraStatus with every write, the DaemonSet without its status.
fn looked_at(cache: &Cache) -> Vec<Value> {
    let version = |object: Option<&Arc<Value>>| object.map_or(Value::Null, |object| object["metadata"]["resourceVersion"].clone());
    let daemonset = cache.object("DaemonSet", NAMESPACE, NAME);
    let metadata = daemonset.map_or(Value::Null, |found| json!([found["metadata"]["generation"], found["metadata"]["annotations"]]));
    vec![
        version(cache.object("Installation", "", "default")),
        version(cache.object("Installation", "", "overlay")),
        version(cache.object("TigeraStatus", "", "calico")),
        metadata,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the moment between the operator's read and its write.
    #[test]
    fn a_write_since_the_operator_read_is_not_overwritten() {
        let world = crate::scenario::named("operator", 3).expect("is a scenario");
        let mut cache = Cache::new(&world.store);
        let mut operator = Operator::new(&cache, Edition::default(), world.store.now()).expect("an Installation");
        let ignored = |object: &mut Value| {
            object["metadata"]["annotations"][IGNORE] = "true".into();
            object["spec"]["minReadySeconds"] = 7.into();
        };
        let edited = world.store.edit_as(Writer::new("kubectl-patch"), "DaemonSet", NAMESPACE, NAME, ignored).expect("edited");
        let whole = wishes(&cache, cache.object("Installation", "", "default").expect("is there")).1;
        operator.apply(&cache, &whole);
        assert_eq!(world.store.object("DaemonSet", NAMESPACE, NAME), Some(edited.clone()));
        operator.reconcile(&mut cache, world.store.now());
        assert_eq!(world.store.object("DaemonSet", NAMESPACE, NAME), Some(edited));
    }
}
