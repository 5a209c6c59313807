//! What events tell of a pod, and whose they are where nothing names it.

use serde_json::{Value, json};

use super::describe::Age;
use crate::calico::events::{self, EventKind, Probe};
use crate::snapshot::objects::{CALICO_NODE, Event, Pod, UNNAMED_INIT};

/// The kubelet repeats an event within some minutes: an older one may be over.
pub(super) const STILL: i64 = 600;

/// Of what fails all the time a kubelet sends an event every 5 minutes at least (client-go, `tools/record/events_cache.go`): what fails more
/// seldom, in seconds, comes and goes.
const SELDOM: i64 = 1_200;

/// How the name of a pod begins that nothing names; no name of Kubernetes has parentheses.
const UNNAMED: &str = "(pod at ";

/// One row, as far as it tells of the pod's state.
pub(super) struct Told<'a> {
    pub reason: &'a str,
    pub message: String,
    /// `None` where somebody quotes the message alone: it is how things are.
    pub age: Option<Age>,
}

/// What stands for a pod that nothing names.
pub(super) fn unnamed_pod(file: &str, line: usize) -> String {
    format!("{UNNAMED}{}:{line})", file.rsplit(['/', '\\']).next().unwrap_or_default())
}

fn is_unnamed(pod: &Pod) -> bool {
    pod.metadata.name.starts_with(UNNAMED)
}

/// The pod as its events show it: there, and not ready where a probe still fails or the kubelet backs off.
pub(super) fn pod(name: &str, namespace: Option<&str>, node: Option<&str>, told: &[Told<'_>]) -> Value {
    let lately = |one: &&Told| one.age.as_ref().is_none_or(|age| age.last <= STILL);
    let kind = |one: &Told| events::parse(one.reason, &one.message);
    let repeats = |one: &Told| one.age.as_ref().is_none_or(|age| age.times > 2 && age.first / i64::from(age.times) < SELDOM);
    let is_stuck = |kind: &EventKind| {
        matches!(kind, EventKind::SetupFailed { .. } | EventKind::ImageFailed { .. } | EventKind::SandboxFailed { .. })
            || events::misses_nodename(kind)
    };
    let fails = |one: &Told| {
        let fact = kind(one);
        repeats(one) && (fact.probe.is_some_and(|probe| probe != Probe::Startup) || is_stuck(&fact.kind))
    };
    let backs_off = |one: &Told| match kind(one).kind {
        EventKind::BackOff { container } => Some(container.unwrap_or_else(|| CALICO_NODE.to_owned())),
        _ => None,
    };
    let waits = told.iter().filter(lately).find_map(backs_off);
    let unpulled = |one: &Told| match kind(one).kind {
        EventKind::ImageFailed { text } if repeats(one) => Some(text),
        _ => None,
    };
    let unpulled = told.iter().filter(lately).filter_map(unpulled).max_by_key(|text| text.starts_with("Failed to pull image"));
    let kills = told.iter().filter(|one| matches!(kind(one).kind, EventKind::KilledByLiveness { .. } | EventKind::KilledByStartup { .. }));
    let kills: i32 = kills.map(|one| one.age.as_ref().map_or(1, |age| age.times)).sum();
    let mut status = json!({});
    if waits.is_some() || told.iter().filter(lately).any(fails) {
        status["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    }
    if let Some(text) = unpulled {
        let list = if is_of_init(&text) { "initContainerStatuses" } else { "containerStatuses" };
        let name = if is_of_init(&text) { UNNAMED_INIT } else { CALICO_NODE };
        let state = json!({"waiting": {"reason": "ImagePullBackOff", "message": text}});
        status[list] = json!([{"name": name, "ready": false, "restartCount": 0, "state": state}]);
    } else if let Some(container) = waits {
        let list = if container == CALICO_NODE { "containerStatuses" } else { "initContainerStatuses" };
        let state = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        status[list] = json!([{"name": container, "ready": false, "restartCount": kills, "state": state}]);
    }
    json!({
        "metadata": {"name": name, "namespace": namespace, "tabular": true},
        "spec": {"nodeName": node, "containers": [{"name": CALICO_NODE}]},
        "status": status,
    })
}

/// Images of init containers, in the manifests of every release: calico/cni and calico/pod2daemon-flexvol.
fn is_of_init(text: &str) -> bool {
    ["cni:", "cni@", "flexvol:", "flexvol@"].iter().any(|name| text.contains(name))
}

/// The newest event is the end of the container: of a pod that was deleted or replaced.
pub(super) fn has_ended(told: &[Told<'_>]) -> bool {
    let newest = told.iter().min_by_key(|one| one.age.as_ref().map_or(i64::MAX, |age| age.last));
    newest.is_some_and(|one| matches!(events::parse(one.reason, &one.message).kind, EventKind::Stopped { .. }))
}

/// Gives events without a pod's name to the only pod that they can be of; what is left stands for a pod of its own.
pub(super) fn adopt(mut told: Vec<Pod>, events: &mut [Event], known: &[&Pod], default: Option<&str>) -> Vec<Pod> {
    told.retain_mut(|pod| {
        if !is_unnamed(pod) {
            return true;
        }
        if let Some(owner) = owner_of(pod, known, default) {
            for event in events.iter_mut().filter(|event| event.involved_object.name == pod.metadata.name) {
                event.involved_object.name.clone_from(&owner.metadata.name);
                event.involved_object.namespace.clone_from(&owner.metadata.namespace);
            }
            return false;
        }
        if pod.spec.node_name.is_none() {
            let place = pod.metadata.name.trim_start_matches(UNNAMED);
            pod.spec.node_name = Some(default.map_or_else(|| format!("(node at {place}"), str::to_owned));
        }
        true
    });
    told
}

/// On the node that is named; else the only one that is not ready, or the only one at all.
fn owner_of<'a>(pod: &Pod, known: &[&'a Pod], default: Option<&str>) -> Option<&'a Pod> {
    if let Some(node) = pod.spec.node_name.as_deref().or(default) {
        return known.iter().find(|other| other.spec.node_name.as_deref() == Some(node)).copied();
    }
    let is_sick = pod.is_ready() == Some(false);
    let mut sick = known.iter().filter(|other| is_sick && other.is_ready() == Some(false));
    match (known, sick.next(), sick.next()) {
        ([only], ..) => Some(only),
        (_, Some(only), None) => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reason: &'static str, age: &str, message: &str) -> Told<'static> {
        Told { reason, message: message.to_owned(), age: Age::parse(age) }
    }

    fn state(rows: &[Told<'_>]) -> Pod {
        serde_json::from_value(pod("calico-node-p2x4d", None, Some("node-3"), rows)).expect("a pod")
    }

    #[test]
    fn what_the_newest_events_show() {
        let unready = "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1";
        let back_off = "Back-off restarting failed container";
        for (rows, ready, waits) in [
            (vec![told("Unhealthy", "3m (x134 over 69m)", unready)], Some(false), false),
            (vec![told("Unhealthy", "40m (x134 over 69m)", unready)], None, false),
            (vec![told("Unhealthy", "12s", unready)], None, false),
            (vec![told("Unhealthy", "25s (x725 over 38d)", unready)], None, false),
            (vec![told("Unhealthy", "25s (x9000 over 38d)", unready)], Some(false), false),
            (vec![Told { reason: "Unhealthy", message: unready.to_owned(), age: None }], Some(false), false),
            (vec![told("BackOff", "83s (x210 over 60m)", back_off)], Some(false), true),
            (vec![told("BackOff", "50m (x210 over 110m)", back_off)], None, false),
            (
                vec![told(
                    "FailedMount",
                    "64s (x9 over 21m)",
                    "MountVolume.SetUp failed for volume \"x\" : mkdir /x: read-only file system",
                )],
                Some(false),
                false,
            ),
            (vec![told("Scheduled", "3m", "Successfully assigned a/b to c")], None, false),
        ] {
            let pod = state(&rows);
            assert_eq!(pod.is_ready(), ready, "{:?}", rows[0].message);
            assert_eq!(pod.calico_node_status().is_some(), waits);
        }
        let init = state(&[told(
            "BackOff",
            "30s (x12 over 5m)",
            "Back-off restarting failed container install-cni in pod calico-node-p2x4d_a(b)",
        )]);
        assert_eq!(init.status.init_container_statuses[0].name, "install-cni");
    }

    #[test]
    fn events_without_a_name_go_to_the_only_pod_that_they_can_be_of() {
        let named = |name: &str, node: &str, ready: &str| -> Pod {
            serde_json::from_value(json!({"metadata": {"name": name}, "spec": {"nodeName": node},
                "status": {"conditions": [{"type": "Ready", "status": ready}]}}))
            .expect("a pod")
        };
        let [a, b, sick, other] =
            [named("a", "n1", "True"), named("b", "n2", "True"), named("c", "n3", "False"), named("d", "n4", "False")];
        for (known, node, owner) in [
            (vec![&a], None, Some("a")),
            (vec![&a, &b], None, None),
            (vec![&a, &b, &sick], None, Some("c")),
            (vec![&a, &sick, &other], None, None),
            (vec![&a, &b, &sick], Some("n2"), Some("b")),
            (vec![&a, &b, &sick], Some("n9"), None),
        ] {
            let name = unnamed_pod("x/page.md", 7);
            let rows = [Told { reason: "Unhealthy", message: "Readiness probe failed: x".into(), age: None }];
            let pod: Pod = serde_json::from_value(super::pod(&name, None, node, &rows)).expect("a pod");
            let mut events = [Event::default()];
            events[0].involved_object.name.clone_from(&name);
            let left = adopt(vec![pod], &mut events, &known, None);
            assert_eq!(events[0].involved_object.name, owner.unwrap_or(&name), "{known:?}");
            assert_eq!(left.len(), usize::from(owner.is_none()));
        }
    }
}
