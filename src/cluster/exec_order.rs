//! Which calico-node is looked into first, and which not at all.

use std::collections::BTreeSet;

use super::logs::is_troubled;
use crate::snapshot::objects::{Event, Pod};

/// Names of pods that the cluster warns of.
pub(super) fn warned_of(events: &[Event]) -> BTreeSet<String> {
    let warnings = events.iter().filter(|event| event.r#type == "Warning" && event.involved_object.kind == "Pod");
    warnings.map(|event| event.involved_object.name.clone()).collect()
}

/// Those in trouble first: not Ready, then restarted, then with warnings. Of the rest, in the order they came in, at most `sample`,
/// spread evenly.
pub(super) fn in_order<'p>(pods: Vec<&'p Pod>, warned: &BTreeSet<String>, sample: Option<usize>) -> Vec<&'p Pod> {
    let (mut troubled, rest): (Vec<&Pod>, Vec<&Pod>) =
        pods.into_iter().partition(|pod| is_troubled(pod) || warned.contains(&pod.metadata.name));
    troubled.sort_by_key(|pod| (pod.is_ready() == Some(true), !is_troubled(pod)));
    let count = sample.unwrap_or(rest.len()).min(rest.len());
    let chosen = (0..count).filter_map(|number| rest.get(number * rest.len() / count));
    troubled.into_iter().chain(chosen.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, ready: bool, restarts: i32) -> Pod {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": name},
            "status": {
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                "containerStatuses": [{"name": "calico-node", "restartCount": restarts}],
            },
        }))
        .expect("a pod")
    }

    #[test]
    fn trouble_comes_first_and_is_never_left_out() {
        let pods = [
            pod("a", true, 0),
            pod("warned", true, 0),
            pod("b", true, 0),
            pod("restarted", true, 2),
            pod("c", true, 0),
            pod("sick", false, 0),
            pod("d", true, 0),
        ];
        let warned = BTreeSet::from(["warned".to_owned(), "of-another".to_owned()]);
        for (sample, rest) in
            [(None, &["a", "b", "c", "d"][..]), (Some(9), &["a", "b", "c", "d"]), (Some(2), &["a", "c"]), (Some(1), &["a"]), (Some(0), &[])]
        {
            let ordered = in_order(pods.iter().collect(), &warned, sample);
            let names: Vec<&str> = ordered.iter().map(|pod| pod.metadata.name.as_str()).collect();
            assert_eq!(names, [&["sick", "restarted", "warned"][..], rest].concat(), "{sample:?}");
        }
    }

    #[test]
    fn only_warnings_about_pods_count() {
        let event = |kind: &str, name: &str, r#type: &str| -> Event {
            serde_json::from_value(serde_json::json!({"type": r#type, "involvedObject": {"kind": kind, "name": name}})).expect("an event")
        };
        let events = [event("Pod", "a", "Warning"), event("Pod", "b", "Normal"), event("DaemonSet", "c", "Warning")];
        assert_eq!(warned_of(&events), BTreeSet::from(["a".to_owned()]));
    }
}
