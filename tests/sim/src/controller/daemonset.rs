//! The DaemonSet controller: a pod on every node, replaced as the strategy says (kubernetes pkg/controller/daemon).
//! `maxSurge` is not simulated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::revision::{self, HASH};
use super::template::{self, node_of};
use super::{Cache, MANAGER, owned_by, tell, text};
use crate::store::{Deletion, Store};

/// One pass over every DaemonSet. To be called again until nothing changes.
pub(super) fn sync(cache: &mut Cache) {
    let all: Vec<_> = cache.objects("DaemonSet").cloned().collect();
    for daemonset in all {
        one(cache, &daemonset);
    }
}

fn one(cache: &mut Cache, daemonset: &Value) {
    let hash = revision::current(cache, daemonset);
    let nodes = wanted(cache, daemonset);
    let pods = pods(cache, daemonset);
    let store = cache.store.clone();
    if manage(&store, daemonset, &hash, &nodes, &pods) {
        // It counts once it has seen what it did.
        return;
    }
    if daemonset["spec"]["updateStrategy"]["type"] != "OnDelete" {
        roll(&store, daemonset, &hash, &nodes, &pods);
    }
    cache.refresh();
    let pods = self::pods(cache, daemonset);
    revision::clean_up(cache, daemonset, &pods, &hash);
    if let Some(at) = pods.iter().filter_map(|pod| available_from(daemonset, pod)).filter(|at| *at > store.now()).min() {
        cache.requeue(at);
    }
    let status = status(daemonset, &hash, &nodes, &pods, store.now());
    let written = |object: &mut Value| {
        for (field, value) in status.as_object().into_iter().flatten() {
            object["status"][field] = value.clone();
        }
        if let Some(fields) = object["status"].as_object_mut() {
            // Go leaves out these when they are zero.
            for field in ["updatedNumberScheduled", "numberAvailable", "numberUnavailable"] {
                if fields.get(field).is_some_and(|value| *value == 0) {
                    fields.remove(field);
                }
            }
        }
    };
    let _ = store.edit_as(MANAGER.status(), "DaemonSet", text(daemonset, "namespace"), text(daemonset, "name"), written);
}

/// Names of the nodes that the template's node selector picks.
fn wanted(cache: &Cache, daemonset: &Value) -> BTreeSet<String> {
    let selector = daemonset["spec"]["template"]["spec"]["nodeSelector"].as_object().cloned().unwrap_or_default();
    let picked = |node: &&Arc<Value>| selector.iter().all(|(key, value)| node["metadata"]["labels"][key] == *value);
    cache.objects("Node").filter(picked).map(|node| text(node, "name").to_string()).collect()
}

/// The pods it owns, without those that ended and are only to be cleared away.
fn pods(cache: &Cache, daemonset: &Value) -> Vec<Arc<Value>> {
    let ended = |pod: &Value| matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let all = cache.objects("Pod").filter(|pod| owned_by(pod, text(daemonset, "uid")));
    all.filter(|pod| !(going(pod) && ended(pod))).cloned().collect()
}

fn going(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_string()
}

fn by_node(pods: &[Arc<Value>]) -> BTreeMap<&str, Vec<&Value>> {
    let mut by_node: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for pod in pods {
        by_node.entry(node_of(pod).unwrap_or_default()).or_default().push(pod);
    }
    by_node
}

/// One pod on each wanted node, none elsewhere. True when something was to be done.
fn manage(store: &Store, daemonset: &Value, hash: &str, nodes: &BTreeSet<String>, pods: &[Arc<Value>]) -> bool {
    let by_node = by_node(pods);
    let mut doomed = Vec::new();
    for (node, here) in &by_node {
        let standing: Vec<_> = here.iter().filter(|pod| !going(pod)).collect();
        let spare = usize::from(nodes.contains(*node));
        let failed = |pod: &&&&Value| pod["status"]["phase"] == "Failed";
        doomed.extend(standing.iter().filter(failed).map(|pod| text(pod, "name")));
        doomed.extend(standing.iter().filter(|pod| !failed(pod)).skip(spare).map(|pod| text(pod, "name")));
    }
    remove(store, daemonset, &doomed);
    let missing: Vec<_> = nodes.iter().filter(|node| !by_node.contains_key(node.as_str())).collect();
    for node in &missing {
        if let Ok(pod) = store.create(template::pod(daemonset, hash, node), MANAGER) {
            tell(store, daemonset, "daemonset-controller", "SuccessfulCreate", format!("Created pod: {}", text(&pod, "name")));
        }
    }
    !doomed.is_empty() || !missing.is_empty()
}

fn remove(store: &Store, daemonset: &Value, names: &[&str]) {
    for name in names {
        if store.delete("Pod", text(daemonset, "namespace"), name, &Deletion::default()).is_ok() {
            tell(store, daemonset, "daemonset-controller", "SuccessfulDelete", format!("Deleted pod: {name}"));
        }
    }
}

/// Old pods that are not available go at once, however many; of the others as many as may be unavailable together.
fn roll(store: &Store, daemonset: &Value, hash: &str, nodes: &BTreeSet<String>, pods: &[Arc<Value>]) {
    let now = store.now();
    let by_node = by_node(pods);
    let (mut unavailable, mut doomed, mut candidates) = (0, Vec::new(), Vec::new());
    for node in nodes {
        let here: Vec<_> = by_node.get(node.as_str()).into_iter().flatten().filter(|pod| !going(pod)).collect();
        let [pod] = here[..] else {
            unavailable += 1;
            continue;
        };
        let available = available(daemonset, pod, now);
        unavailable += usize::from(!available);
        match (pod["metadata"]["labels"][HASH] == hash, available) {
            (true, _) => {}
            (false, false) => doomed.push(text(pod, "name")),
            (false, true) => candidates.push(text(pod, "name")),
        }
    }
    let room = max_unavailable(daemonset, nodes.len()).saturating_sub(unavailable).min(candidates.len());
    doomed.extend(&candidates[..room]);
    remove(store, daemonset, &doomed);
}

/// A share is rounded up; with neither, one.
fn max_unavailable(daemonset: &Value, nodes: usize) -> usize {
    let asked = &daemonset["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"];
    let share = asked.as_str().and_then(|text| text.strip_suffix('%')?.parse::<usize>().ok());
    let count = share.map(|percent| (nodes * percent).div_ceil(100)).or_else(|| usize::try_from(asked.as_u64()?).ok());
    count.unwrap_or(1).max(1)
}

fn available(daemonset: &Value, pod: &Value, now: Timestamp) -> bool {
    available_from(daemonset, pod).is_some_and(|from| from <= now)
}

/// Ready for `minReadySeconds`; without those from the beginning of time.
fn available_from(daemonset: &Value, pod: &Value) -> Option<Timestamp> {
    let wait = SignedDuration::from_secs(daemonset["spec"]["minReadySeconds"].as_i64().unwrap_or(0));
    let conditions = pod["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready" && condition["status"] == "True")?;
    if wait.is_zero() {
        return Some(Timestamp::MIN);
    }
    Some(ready["lastTransitionTime"].as_str()?.parse::<Timestamp>().ok()? + wait)
}

fn status(daemonset: &Value, hash: &str, nodes: &BTreeSet<String>, pods: &[Arc<Value>], now: Timestamp) -> Value {
    let on = |pod: &&Arc<Value>| node_of(pod).is_some_and(|node| nodes.contains(node));
    let is_ready = |pod: &&&Arc<Value>| {
        let conditions = pod["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let here: Vec<_> = pods.iter().filter(on).collect();
    let count = |number: usize| -> Value { number.into() };
    let available = here.iter().filter(|pod| available(daemonset, pod, now)).count();
    json!({
        "currentNumberScheduled": count(by_node(pods).keys().filter(|node| nodes.contains(**node)).count()),
        "numberMisscheduled": count(pods.len() - here.len()),
        "desiredNumberScheduled": count(nodes.len()),
        "numberReady": count(here.iter().filter(is_ready).count()),
        "observedGeneration": daemonset["metadata"]["generation"],
        "updatedNumberScheduled": count(here.iter().filter(|pod| pod["metadata"]["labels"][HASH] == hash).count()),
        "numberAvailable": count(available),
        "numberUnavailable": count(nodes.len().saturating_sub(available)),
    })
}
