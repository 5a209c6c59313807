//! The DaemonSet controller: a pod on every node, replaced as the strategy says (kubernetes pkg/controller/daemon).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::revision::{self, HASH};
use super::template::{self, node_of};
use super::{Cache, MANAGER, owned_by, ready_condition, tell, text};
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
    match daemonset["spec"]["updateStrategy"]["type"] != "OnDelete" {
        true if surge(daemonset, nodes.len()) > 0 => roll_by_surge(&store, daemonset, &hash, &nodes, &pods),
        true => roll(&store, daemonset, &hash, &nodes, &pods),
        false => {}
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

/// The pods it owns, oldest first, without those that ended and are only to be cleared away.
fn pods(cache: &Cache, daemonset: &Value) -> Vec<Arc<Value>> {
    let ended = |pod: &Value| matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let all = cache.objects("Pod").filter(|pod| owned_by(pod, text(daemonset, "uid")));
    let mut all: Vec<Arc<Value>> = all.filter(|pod| !(going(pod) && ended(pod))).cloned().collect();
    all.sort_by(|one, other| text(one, "creationTimestamp").cmp(text(other, "creationTimestamp")));
    all
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

/// One pod on each wanted node, none elsewhere; with `maxSurge` an old one may stay beside a new one. True when something was to be done.
fn manage(store: &Store, daemonset: &Value, hash: &str, nodes: &BTreeSet<String>, pods: &[Arc<Value>]) -> bool {
    let by_node = by_node(pods);
    let mut doomed = Vec::new();
    for (node, here) in &by_node {
        let standing: Vec<_> = here.iter().filter(|pod| !going(pod)).collect();
        let spare = usize::from(nodes.contains(*node));
        let failed = |pod: &&&&Value| pod["status"]["phase"] == "Failed";
        doomed.extend(standing.iter().filter(failed).map(|pod| text(pod, "name")));
        let whole: Vec<&Value> = standing.iter().filter(|pod| !failed(pod)).map(|pod| **pod).collect();
        match spare == 1 && whole.len() > 1 && surge(daemonset, nodes.len()) > 0 {
            true => doomed.extend(crowded(daemonset, hash, &whole, store.now())),
            false => doomed.extend(whole.iter().skip(spare).map(|pod| text(pod, "name"))),
        }
    }
    remove(store, daemonset, &doomed);
    let missing: Vec<_> = nodes.iter().map(String::as_str).filter(|node| !by_node.contains_key(*node)).collect();
    create(store, daemonset, hash, &missing);
    !doomed.is_empty() || !missing.is_empty()
}

/// Of several pods on a node with `maxSurge`: the oldest new one stays, and the oldest old one as long as it is Ready and the new one is not
/// available.
fn crowded<'a>(daemonset: &Value, hash: &str, whole: &[&'a Value], now: Timestamp) -> Vec<&'a str> {
    let (new, old): (Vec<&Value>, Vec<&Value>) = whole.iter().partition(|pod| pod["metadata"]["labels"][HASH] == hash);
    let mut doomed: Vec<&str> = new.iter().skip(1).chain(old.iter().skip(1)).map(|pod| text(pod, "name")).collect();
    if let (Some(new), Some(old)) = (new.first(), old.first())
        && (!is_ready(old) || available(daemonset, new, now))
    {
        doomed.push(text(old, "name"));
    }
    doomed
}

fn create(store: &Store, daemonset: &Value, hash: &str, nodes: &[&str]) {
    for node in nodes {
        if let Ok(pod) = store.create(template::pod(daemonset, hash, node), MANAGER) {
            tell(store, daemonset, "daemonset-controller", "SuccessfulCreate", format!("Created pod: {}", text(&pod, "name")));
        }
    }
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

/// New pods beside old ones: at once where the old one is not available, of the others as many as `maxSurge` allows together. An old one goes
/// when the new one beside it is available (update.go).
fn roll_by_surge(store: &Store, daemonset: &Value, hash: &str, nodes: &BTreeSet<String>, pods: &[Arc<Value>]) {
    let now = store.now();
    let by_node = by_node(pods);
    let (mut surging, mut doomed, mut urgent, mut candidates) = (0, Vec::new(), Vec::new(), Vec::new());
    for node in nodes {
        let here: Vec<&Value> = by_node.get(node.as_str()).into_iter().flatten().copied().filter(|pod| !going(pod)).collect();
        let (new, old): (Vec<&Value>, Vec<&Value>) = here.iter().partition(|pod| pod["metadata"]["labels"][HASH] == hash);
        match (&new[..], &old[..]) {
            (_, []) => {}
            ([], [old]) if !available(daemonset, old, now) => urgent.push(node.as_str()),
            ([], [_]) => candidates.push(node.as_str()),
            ([new], [old]) if available(daemonset, new, now) => doomed.push(text(old, "name")),
            _ => surging += 1,
        }
    }
    let room = surge(daemonset, nodes.len()).saturating_sub(surging).min(candidates.len());
    urgent.extend(&candidates[..room]);
    remove(store, daemonset, &doomed);
    create(store, daemonset, hash, &urgent);
}

fn surge(daemonset: &Value, nodes: usize) -> usize {
    share(&daemonset["spec"]["updateStrategy"]["rollingUpdate"]["maxSurge"], nodes).unwrap_or(0)
}

/// With neither number nor share, one.
fn max_unavailable(daemonset: &Value, nodes: usize) -> usize {
    share(&daemonset["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"], nodes).unwrap_or(1).max(1)
}

/// A share is rounded up.
fn share(asked: &Value, nodes: usize) -> Option<usize> {
    let percent = asked.as_str().and_then(|text| text.strip_suffix('%')?.parse::<usize>().ok());
    percent.map(|percent| (nodes * percent).div_ceil(100)).or_else(|| usize::try_from(asked.as_u64()?).ok())
}

fn is_ready(pod: &Value) -> bool {
    ready_condition(pod).is_some()
}

fn available(daemonset: &Value, pod: &Value, now: Timestamp) -> bool {
    available_from(daemonset, pod).is_some_and(|from| from <= now)
}

/// Ready for `minReadySeconds`; without those from the beginning of time.
fn available_from(daemonset: &Value, pod: &Value) -> Option<Timestamp> {
    let wait = SignedDuration::from_secs(daemonset["spec"]["minReadySeconds"].as_i64().unwrap_or(0));
    let ready = ready_condition(pod)?;
    if wait.is_zero() {
        return Some(Timestamp::MIN);
    }
    Some(ready["lastTransitionTime"].as_str()?.parse::<Timestamp>().ok()? + wait)
}

fn status(daemonset: &Value, hash: &str, nodes: &BTreeSet<String>, pods: &[Arc<Value>], now: Timestamp) -> Value {
    let on = |pod: &&Arc<Value>| node_of(pod).is_some_and(|node| nodes.contains(node));
    let here: Vec<_> = pods.iter().filter(on).collect();
    // Of a surge the oldest pod of a node counts.
    let first: Vec<&Value> = by_node(pods).into_iter().filter(|(node, _)| nodes.contains(*node)).map(|(_, pods)| pods[0]).collect();
    let count = |number: usize| -> Value { number.into() };
    let available = first.iter().filter(|pod| available(daemonset, pod, now)).count();
    json!({
        "currentNumberScheduled": count(first.len()),
        "numberMisscheduled": count(pods.len() - here.len()),
        "desiredNumberScheduled": count(nodes.len()),
        "numberReady": count(first.iter().filter(|pod| is_ready(pod)).count()),
        "observedGeneration": daemonset["metadata"]["generation"],
        "updatedNumberScheduled": count(first.iter().filter(|pod| pod["metadata"]["labels"][HASH] == hash).count()),
        "numberAvailable": count(available),
        "numberUnavailable": count(nodes.len().saturating_sub(available)),
    })
}
