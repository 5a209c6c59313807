//! Where the log of one container run can be read, by its pod's status.

use crate::snapshot::objects::Pod;

/// Place of the log of one container run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLocation {
    /// The run has not begun; why, if the kubelet says so.
    NotYet(Option<String>),
    Runs,
    /// Ended; `kubectl logs` still shows it.
    Over,
    /// Ended, and the next run has begun: `kubectl logs --previous` shows it.
    Followed,
    /// Overwritten by later runs: the kubelet keeps two logs.
    Lost,
}

/// The first run is number 0.
pub fn locate_log(pod: &Pod, number: i32) -> LogLocation {
    let Some(status) = pod.calico_node_status() else {
        let unscheduled = pod.status.conditions.iter().find(|condition| condition.status != "True" && condition.reason.is_some());
        return LogLocation::NotYet(unscheduled.and_then(|condition| condition.reason.clone()));
    };
    let (state, newest) = (&status.state, status.restart_count);
    let waits = || LogLocation::NotYet(state.waiting.as_ref().and_then(|waiting| waiting.reason.clone()));
    match newest - number {
        ..0 => waits(),
        0 if state.running.is_some() => LogLocation::Runs,
        0 if state.terminated.is_some() || status.last_state.terminated.is_some() => LogLocation::Over,
        0 => waits(),
        1 if state.running.is_some() || state.terminated.is_some() => LogLocation::Followed,
        _ => LogLocation::Lost,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(restarts: i32, state: serde_json::Value, last: serde_json::Value) -> Pod {
        let status = json!({"name": "calico-node", "restartCount": restarts, "state": state, "lastState": last});
        serde_json::from_value(json!({"metadata": {"name": "calico-node-x"}, "status": {"containerStatuses": [status]}})).expect("a pod")
    }

    #[test]
    fn a_run_is_found_wherever_the_kubelet_has_put_it() {
        let running = || json!({"running": {"startedAt": "2026-11-20T08:00:00Z"}});
        let ended = || json!({"terminated": {"exitCode": 137, "reason": "Error"}});
        let waiting = |reason: &str| json!({"waiting": {"reason": reason}});
        let back_off = || waiting("CrashLoopBackOff");
        let none = || json!({});
        let not_yet = |why: &str| LogLocation::NotYet(Some(why.to_owned()));
        for (pod, number, expected) in [
            (pod(0, waiting("ContainerCreating"), none()), 0, not_yet("ContainerCreating")),
            (pod(0, running(), none()), 0, LogLocation::Runs),
            (pod(0, ended(), none()), 0, LogLocation::Over),
            (pod(0, back_off(), ended()), 0, LogLocation::Over),
            (pod(0, back_off(), ended()), 1, not_yet("CrashLoopBackOff")),
            (pod(1, running(), ended()), 0, LogLocation::Followed),
            (pod(1, running(), ended()), 1, LogLocation::Runs),
            (pod(1, ended(), ended()), 0, LogLocation::Followed),
            (pod(1, back_off(), ended()), 0, LogLocation::Lost),
            (pod(1, back_off(), ended()), 1, LogLocation::Over),
            (pod(3, running(), ended()), 1, LogLocation::Lost),
        ] {
            assert_eq!(locate_log(&pod, number), expected, "{number} {:?}", pod.status.container_statuses);
        }
        let unscheduled = json!({"metadata": {"name": "x"}, "status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}});
        assert_eq!(locate_log(&serde_json::from_value(unscheduled).expect("a pod"), 0), not_yet("Unschedulable"));
    }
}
