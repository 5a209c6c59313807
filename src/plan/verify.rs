//! Verification: whether one node meets its expectation.

use std::net::IpAddr;
use std::time::Duration;

use super::expectation::NodeExpectation;
use super::node_state::NodeState;
use crate::finding::code::Code;
use crate::finding::{Report, Severity};
use crate::snapshot::objects::{ContainerStatus, Pod};
use crate::text;

/// One node as it was read once.
#[derive(Clone, Copy, Debug)]
pub struct NodeObservation<'a> {
    /// The newest calico-node pod.
    pub pod: Option<&'a Pod>,
    pub state: &'a NodeState,
    /// BIRD answered. Without an answer sessions are unknown, and readiness decides.
    pub sessions_seen: bool,
    /// How long this run of the container has been seen Ready, by this machine's clock.
    pub steady: Duration,
    /// Restarts by update conflicts, which do not count.
    pub ignored_restarts: i32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Reached,
    /// What is waited for: a noun phrase.
    Waiting(String),
    /// Waiting will not help: why.
    Failed(String),
    /// The container has restarted; the reason decides.
    Restarted(String),
}

/// One restart may be an update conflict on a slow link; two in a row are a failure.
const RESTARTS: i32 = 2;

/// `before` is the UID of the pod that was there when the change began.
pub fn verify(aim: &NodeExpectation, before: Option<&str>, look: &NodeObservation) -> Progress {
    let waiting = |what: &str| Progress::Waiting(what.to_owned());
    let Some(pod) = look.pod else { return waiting("its pod") };
    if pod.metadata.uid.as_deref() == before || pod.metadata.deletion_timestamp.is_some() {
        return waiting("its new pod");
    }
    let Some(container) = pod.calico_node_status() else { return waiting("its container to start") };
    // As sick as it was before is all that can be asked of it.
    if aim.is_empty() && (container.restart_count > 0 || container.state.terminated.is_some()) {
        return Progress::Reached;
    }
    let ready = pod.is_ready() == Some(true);
    let restarts = container.restart_count - look.ignored_restarts;
    if restarts > 0 && (aim.steady_seconds.is_some() || (restarts >= RESTARTS && !ready)) {
        return Progress::Restarted(format!("calico-node restarted {}{}", text::count_times(container.restart_count), ended(container)));
    }
    if container.state.running.is_none() {
        return Progress::Waiting(format!("its container to run (currently {})", run_state(container)));
    }
    if let Some(wrong) = wrong_address(aim, look.state) {
        // The address is stored before calico-node can be Ready: it will not change any more.
        return if ready { Progress::Failed(format!("it is Ready without {wrong}")) } else { Progress::Waiting(wrong) };
    }
    if let Some(lacking) =
        unmet(&NodeExpectation { ready: false, ..aim.clone() }, look.state, look.sessions_seen).filter(|_| ready || !aim.ready)
    {
        return Progress::Waiting(lacking);
    }
    if aim.ready && !ready {
        return waiting("its Ready condition");
    }
    if let Some(seconds) = aim.steady_seconds.filter(|seconds| look.steady.as_secs() < u64::from(*seconds)) {
        return Progress::Waiting(format!("{seconds}s without a restart ({}s so far)", look.steady.as_secs()));
    }
    Progress::Reached
}

/// What the node still lacks at the end, whatever its pod has been through: a noun phrase.
pub fn unmet(aim: &NodeExpectation, state: &NodeState, sessions_seen: bool) -> Option<String> {
    if let Some(wrong) = wrong_address(aim, state) {
        return Some(wrong);
    }
    if aim.ready && state.ready == Some(false) {
        return Some("its Ready condition".to_owned());
    }
    if sessions_seen { missing(aim, state) } else { None }
}

/// Codes of a node's own address or method.
pub const ADDRESS_FAULTS: [Code; 6] = [
    Code::AddressConflict,
    Code::AddressOnVirtualInterface,
    Code::AddressNotInternalIp,
    Code::AddressMissing,
    Code::MethodInvalid,
    Code::MethodIneffective,
];

/// Each node with an address fault, and the sentence about it.
pub fn address_faults(report: &Report) -> impl Iterator<Item = (&str, &str)> {
    let faults = report.findings.iter().filter(|finding| finding.severity == Severity::Error && ADDRESS_FAULTS.contains(&finding.code));
    faults.flat_map(|finding| finding.nodes.iter().map(|node| (node.as_str(), finding.message.as_str())))
}

fn run_state(container: &ContainerStatus) -> String {
    let waiting = container.state.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
    let terminated = container.state.terminated.as_ref().and_then(|terminated| terminated.reason.clone());
    waiting.or(terminated).unwrap_or_else(|| "not running".to_owned())
}

fn ended(container: &ContainerStatus) -> String {
    let last = container.last_state.terminated.as_ref().or(container.state.terminated.as_ref());
    last.map(|last| format!(" (exit code {}{})", last.exit_code, last.reason.as_deref().map(|why| format!(", {why}")).unwrap_or_default()))
        .unwrap_or_default()
}

fn wrong_address(aim: &NodeExpectation, state: &NodeState) -> Option<String> {
    let wrong = aim.addresses.iter().find(|goal| !state.addresses.contains(goal))?;
    let has: Option<IpAddr> = state.addresses.iter().find(|one| one.family == wrong.family).map(|one| one.address);
    Some(match has {
        Some(has) => format!("address {} (currently {has})", wrong.address),
        None => format!("address {} (currently no {} address)", wrong.address, wrong.family),
    })
}

fn missing(aim: &NodeExpectation, state: &NodeState) -> Option<String> {
    let up: Vec<IpAddr> = state.sessions.iter().filter(|session| session.established).map(|session| session.address).collect();
    let missing: Vec<String> = aim
        .sessions
        .iter()
        .filter(|peer| !peer.addresses.iter().any(|address| up.contains(address)))
        .map(|peer| peer.peer.clone().or_else(|| peer.addresses.first().map(ToString::to_string)).unwrap_or_default())
        .collect();
    let (lacks, wanted) = (missing.len(), aim.sessions.len());
    (lacks > 0)
        .then(|| format!("{} ({} established, missing: {})", text::count(wanted, "BGP session"), wanted - lacks, text::list(&missing, 3)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::expectation::ExpectedPeer;
    use super::super::expectation::tests::{goal, session, state};
    use super::super::node_state::PeerSession;
    use super::*;

    fn pod(ready: bool, restarts: i32, run: &Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "calico-node-x", "uid": "new"},
            "status": {
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                "containerStatuses": [{"name": "calico-node", "restartCount": restarts, "state": run,
                    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}],
            },
        }))
        .expect("a pod")
    }

    fn running() -> Value {
        json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}})
    }

    fn aim() -> NodeExpectation {
        let peers = ["10.0.0.1", "10.0.0.2"].map(|address| ExpectedPeer {
            peer: Some(format!("node-{address}")),
            addresses: [address.parse().expect("an address")].into(),
        });
        NodeExpectation {
            node: "c".into(),
            addresses: goal("c", "10.0.0.3").addresses,
            ready: true,
            sessions: peers.into(),
            ..NodeExpectation::default()
        }
    }

    fn both() -> Vec<PeerSession> {
        vec![session("a", "10.0.0.1", true), session("b", "10.0.0.2", true)]
    }

    fn progress(aim: &NodeExpectation, pod: Option<&Pod>, node: &NodeState, steady: u64) -> Progress {
        verify(
            aim,
            Some("old"),
            &NodeObservation { pod, state: node, sessions_seen: true, steady: Duration::from_secs(steady), ignored_restarts: 0 },
        )
    }

    #[test]
    fn a_node_is_verified_by_pod_address_readiness_and_sessions_together() {
        let up = state("c", "10.0.0.3", true, both());
        let half = state("c", "10.0.0.3", true, vec![session("a", "10.0.0.1", true), session("b", "10.0.0.2", false)]);
        let wrong = state("c", "172.18.0.1", true, both());
        let none = NodeState { addresses: vec![], ..up.clone() };
        let (good, unready, waiting) =
            (pod(true, 0, &running()), pod(false, 0, &running()), json!({"waiting": {"reason": "CrashLoopBackOff"}}));
        let old = Pod { metadata: crate::snapshot::objects::Meta { uid: Some("old".into()), ..good.metadata.clone() }, ..good.clone() };
        let wait = |text: &str| Progress::Waiting(text.into());
        for (pod, node, expected) in [
            (Some(&good), &up, Progress::Reached),
            (None, &up, wait("its pod")),
            (Some(&old), &up, wait("its new pod")),
            (Some(&unready), &up, wait("its Ready condition")),
            (Some(&unready), &wrong, wait("address 10.0.0.3 (currently 172.18.0.1)")),
            (Some(&unready), &none, wait("address 10.0.0.3 (currently no IPv4 address)")),
            (Some(&good), &wrong, Progress::Failed("it is Ready without address 10.0.0.3 (currently 172.18.0.1)".into())),
            (Some(&good), &half, wait("2 BGP sessions (1 established, missing: node-10.0.0.2)")),
            (Some(&pod(false, 1, &waiting)), &up, wait("its container to run (currently CrashLoopBackOff)")),
            (Some(&pod(false, 2, &waiting)), &up, Progress::Restarted("calico-node restarted 2 times (exit code 1, Error)".into())),
        ] {
            assert_eq!(progress(&aim(), pod, node, 0), expected);
        }
    }

    #[test]
    fn a_larger_budget_is_verified_by_staying_up() {
        let aim = NodeExpectation { steady_seconds: Some(70), addresses: vec![], sessions: vec![], ..aim() };
        let node = state("c", "10.0.0.3", true, vec![]);
        let good = pod(true, 0, &running());
        assert_eq!(progress(&aim, Some(&good), &node, 60), Progress::Waiting("70s without a restart (60s so far)".into()));
        assert_eq!(progress(&aim, Some(&good), &node, 70), Progress::Reached);
        let killed = progress(&aim, Some(&pod(true, 1, &running())), &node, 500);
        assert_eq!(killed, Progress::Restarted("calico-node restarted once (exit code 1, Error)".into()));
    }

    #[test]
    fn a_node_that_was_sick_before_may_be_sick_again() {
        let node = state("c", "172.18.0.1", false, vec![]);
        let loops = pod(false, 2, &json!({"waiting": {"reason": "CrashLoopBackOff"}}));
        assert_eq!(
            progress(&NodeExpectation { node: "c".into(), ..NodeExpectation::default() }, Some(&loops), &node, 0),
            Progress::Reached
        );
        let sound = NodeExpectation { ready: true, ..NodeExpectation::default() };
        assert!(matches!(progress(&sound, Some(&loops), &node, 0), Progress::Restarted(_)));
        let first = pod(false, 0, &json!({"waiting": {"reason": "ContainerCreating"}}));
        assert!(matches!(progress(&NodeExpectation::default(), Some(&first), &node, 0), Progress::Waiting(_)));
    }

    #[test]
    fn restarts_that_mean_nothing_are_not_counted() {
        let aim = NodeExpectation { steady_seconds: Some(70), addresses: vec![], sessions: vec![], ..aim() };
        let (node, pod) = (state("c", "10.0.0.3", true, vec![]), pod(true, 1, &running()));
        for (ignored_restarts, expected) in [(0, false), (1, true)] {
            let look =
                NodeObservation { pod: Some(&pod), state: &node, sessions_seen: true, steady: Duration::from_secs(70), ignored_restarts };
            assert_eq!(verify(&aim, Some("old"), &look) == Progress::Reached, expected);
        }
    }

    #[test]
    fn sessions_that_cannot_be_seen_are_not_waited_for() {
        let node = state("c", "10.0.0.3", true, vec![]);
        let good = pod(true, 0, &running());
        let look = NodeObservation { pod: Some(&good), state: &node, sessions_seen: false, steady: Duration::ZERO, ignored_restarts: 0 };
        assert_eq!(verify(&aim(), Some("old"), &look), Progress::Reached);
    }
}
