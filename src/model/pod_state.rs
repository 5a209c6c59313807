//! Whether a node's calico-node container runs, by the status of its pod.

use super::{ClusterModel, NodeModel};
use crate::calico::events::EventKind;
use crate::snapshot::Origin;
use crate::snapshot::inspection::{LogEventKind, StartupLog};
use crate::snapshot::objects::{CALICO_NODE, ContainerStatus, Event, Pod, Terminated};
use crate::text;
use jiff::SignedDuration;

/// State of the container calico-node on one node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PodState<'a> {
    /// It runs, and has had its time to start.
    Running,
    /// Its pod was created or its container started a moment ago; not Ready is no fault yet.
    Starting,
    NotRunning(NotRunning<'a>),
    /// The DaemonSet has no pod on this node.
    Missing,
    /// Pods were not read, or the kubelet does not report: the status is old.
    Unknown,
}

/// What keeps the container calico-node from running.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NotRunning<'a> {
    NotScheduled {
        why: Option<&'a str>,
    },
    /// An init container before it has not succeeded.
    InitContainer(&'a ContainerStatus),
    /// Waits for something else than an image: CrashLoopBackOff, CreateContainerConfigError, …
    Waiting(&'a ContainerStatus),
    ImageNotPulled(&'a ContainerStatus),
    Ended {
        status: &'a ContainerStatus,
        ended: &'a Terminated,
    },
    /// It runs for the moment: it has ended before, and a probe or a failure of its own ends it again before it is Ready.
    Restarting(&'a ContainerStatus),
    /// The pod was deleted, and has not gone since.
    Terminating,
    /// Its phase says that nothing in it runs.
    PodEnded,
}

/// Reasons for which a container waits for its image: pkg/kubelet/images/types.go.
const IMAGE_REASONS: [&str; 8] = [
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ErrImageInspect",
    "RegistryUnavailable",
    "ImageInspectError",
    "SignatureValidationFailed",
];

/// Reasons of a pod that is being set up.
const SETTING_UP: [&str; 2] = ["PodInitializing", "ContainerCreating"];

impl<'a> PodState<'a> {
    /// The container runs, started long ago or just now.
    pub fn runs(self) -> bool {
        matches!(self, Self::Running | Self::Starting)
    }

    pub fn not_running(self) -> Option<NotRunning<'a>> {
        match self {
            Self::NotRunning(why) => Some(why),
            _ => None,
        }
    }
}

impl NotRunning<'_> {
    /// A clause about the container: "its init container install-cni waits (CrashLoopBackOff)".
    pub fn describe(self) -> String {
        match self {
            Self::NotScheduled { why: Some(why) } => format!("its pod is not scheduled: {why}"),
            Self::NotScheduled { why: None } => "its pod is not scheduled".to_owned(),
            Self::InitContainer(status) => format!("its init container {} {}", status.name, doing(status)),
            Self::Waiting(status) | Self::ImageNotPulled(status) => match init_progress(status) {
                Some((ended, all)) => format!("its init containers have not finished ({ended} of {all})"),
                None => format!("its container {} {}", status.name, doing(status)),
            },
            Self::Ended { status, ended } => format!("its container {} ended with exit code {}", status.name, ended.exit_code),
            Self::Restarting(status) => {
                let times = usize::try_from(status.restart_count).unwrap_or_default();
                format!("its container {} was restarted {}{}", status.name, text::count(times, "time"), last_exit(status))
            }
            Self::Terminating => "its pod was deleted and does not end".to_owned(),
            Self::PodEnded => "its pod has ended".to_owned(),
        }
    }
}

/// `Init:0/3`, as a table of pods has it.
fn init_progress(status: &ContainerStatus) -> Option<(u32, u32)> {
    let (ended, all) = waiting_reason(status)?.strip_prefix("Init:")?.split_once('/')?;
    Some((ended.parse().ok()?, all.parse().ok()?))
}

/// What a container that does not run does, as a verb phrase.
fn doing(status: &ContainerStatus) -> String {
    let last = last_exit(status);
    match waiting_reason(status) {
        Some(reason) => format!("waits ({reason}{last})"),
        None if status.state.running.is_some() => "has not ended".to_owned(),
        None => format!("does not run{last}"),
    }
}

fn last_exit(status: &ContainerStatus) -> String {
    status.last_end().map(|ended| format!(", last exit code {}", ended.exit_code)).unwrap_or_default()
}

fn waiting_reason(status: &ContainerStatus) -> Option<&str> {
    status.state.waiting.as_ref()?.reason.as_deref()
}

pub fn waits_for_image(status: &ContainerStatus) -> bool {
    waiting_reason(status).is_some_and(|reason| IMAGE_REASONS.contains(&reason))
}

/// Seconds that a pod may take to be set up, or a container without a known budget to become Ready.
const FIRST_MINUTE: f64 = 60.0;
/// Seconds from "started successfully" until BIRD, Felix and the probes have had their first rounds.
const AFTER_START: f64 = 30.0;
/// Seconds by which the kubelet may be late with a probe or with the end of a pod.
const LATE: f64 = 10.0;
/// Seconds between two kills or exits of a container that keeps restarting, the longest back-off (five minutes) included.
const RESTARTS_WITHIN: f64 = 900.0;
/// A larger budget does not keep a start from being reported.
const LONGEST: f64 = 600.0;
/// How the kubelet records a container whose end it did not see, as after a reboot of the host.
const NOT_SEEN_TO_END: [&str; 2] = ["Unknown", "ContainerStatusUnknown"];

impl ClusterModel<'_> {
    /// A start that may still succeed, or a pod that is being replaced: not Ready is no fault yet, and no health either.
    pub fn is_starting(&self, node: &NodeModel) -> bool {
        let Some(pod) = node.pod.filter(|_| node.says_ready() != Some(true) && !node.kubelet_is_silent()) else { return false };
        let now = self.snapshot.taken_at;
        if let Some(deleted) = pod.metadata.deletion_timestamp {
            return now.duration_since(deleted) < SignedDuration::from_secs_f64(FIRST_MINUTE);
        }
        let failed = |status: &ContainerStatus| status.last_state.terminated.is_some() && is_seen_to_end(status);
        let statuses = || pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
        let cut_down = |status: &ContainerStatus| status.restart_count > 0 && status.last_state.terminated.is_none();
        if statuses().any(|status| failed(status) || cut_down(status) || waits_for_image(status)) {
            return self.has_just_started(node);
        }
        match node.age(now) {
            Some(age) => age < self.start_allowance(node),
            // Its init containers are at work, or its image is being pulled.
            None => {
                let age = pod.metadata.creation_timestamp.map(|created| now.duration_since(created).as_secs_f64());
                node.not_running().is_none_or(|why| is_set_up(why)) && age.is_some_and(|age| age < FIRST_MINUTE)
            }
        }
    }

    /// A probe kills it, or it exits, before it has ever become Ready: what it does in between explains nothing else.
    fn is_restarting(&self, node: &NodeModel) -> bool {
        let Some(status) = node.container().filter(|status| status.state.running.is_some() && node.ready() != Some(true)) else {
            return false;
        };
        let now = self.snapshot.taken_at;
        let killed = node.last_event(is_kill).and_then(|told| told.event.last_seen());
        if status.restart_count > 0 && killed.is_some_and(|at| now.duration_since(at).as_secs_f64() < RESTARTS_WITHIN) {
            return true;
        }
        let Some(ended) = status.last_state.terminated.as_ref().filter(|_| is_seen_to_end(status)) else { return false };
        let lived = ended.started_at.zip(ended.finished_at).map(|(began, end)| end.duration_since(began).as_secs_f64());
        let again = (lived.unwrap_or_default() + LATE).clamp(self.start_allowance(node), LONGEST);
        node.age(now).is_some_and(|age| age < again)
    }

    /// The first run that came through its start, after others that did not, has said so a moment ago.
    fn has_just_started(&self, node: &NodeModel) -> bool {
        let Some(logs) = node.logs.filter(|_| self.snapshot.origin == Origin::Live && node.running_since().is_some()) else { return false };
        let started = |log: &StartupLog| log.marks.iter().find(|mark| mark.kind == LogEventKind::Started).and_then(|mark| mark.at);
        let before = logs.previous.seen().is_some_and(|log| started(log).is_none());
        let at = logs.current.seen().and_then(started);
        before && at.is_some_and(|at| self.snapshot.taken_at.duration_since(at).as_secs_f64() < AFTER_START)
    }

    /// Neither the DaemonSet nor a pod of it was seen.
    pub fn shows_no_calico_node(&self) -> bool {
        self.install.daemon_set.is_none() && self.nodes.iter().all(|node| node.pod.is_none())
    }

    /// The DaemonSet wants a pod there, and none is listed.
    pub fn lacks_its_pod(&self, node: &NodeModel) -> bool {
        let counted = self.snapshot.pods.seen().is_some() && self.install.daemon_set.is_some() && self.install.lacks_pods();
        node.pod.is_none()
            && !node.stands_for_another(self.snapshot)
            && counted
            && !node.kubelet_is_silent()
            && !self.pod_was_just_deleted()
    }

    /// The DaemonSet's controller or somebody deleted a pod a moment ago: the next one may not be there yet.
    pub fn pod_was_just_deleted(&self) -> bool {
        const SOON: i64 = 30;
        let now = self.snapshot.taken_at;
        let events = self.snapshot.events.seen().into_iter().flatten();
        let deletes = |event: &&Event| event.reason == "SuccessfulDelete" && event.involved_object.kind == "DaemonSet";
        events.filter(deletes).filter_map(Event::last_seen).any(|at| now.duration_since(at).as_secs() < SOON)
    }

    /// Seconds after its start within which a container need not be Ready.
    fn start_allowance(&self, node: &NodeModel) -> f64 {
        // Files do not say when they were written: their newest time is the earliest that it can have been.
        if self.snapshot.origin != Origin::Live {
            return FIRST_MINUTE;
        }
        let log = node.logs.and_then(|logs| logs.current.seen());
        let started = log.and_then(|log| log.marks.iter().find(|mark| mark.kind == LogEventKind::Started)?.at);
        let allowed = match (started, node.running_since()) {
            (Some(started), Some(began)) => started.duration_since(began).as_secs_f64() + AFTER_START,
            _ => self.start_budget(node).map_or(0.0, |budget| budget.as_secs_f64()) + LATE,
        };
        allowed.clamp(FIRST_MINUTE, LONGEST)
    }
}

fn is_seen_to_end(status: &ContainerStatus) -> bool {
    status.last_end().and_then(|ended| ended.reason.as_deref()).is_none_or(|reason| !NOT_SEEN_TO_END.contains(&reason))
}

fn is_kill(kind: &EventKind) -> bool {
    matches!(kind, EventKind::KilledByLiveness { container } | EventKind::KilledByStartup { container }
        if container.as_deref().is_none_or(|name| name == CALICO_NODE))
}

/// The steps that every new pod goes through.
fn is_set_up(why: NotRunning) -> bool {
    match why {
        NotRunning::InitContainer(status) => status.last_end().is_none_or(|ended| ended.exit_code == 0),
        NotRunning::Waiting(status) => waiting_reason(status).is_none_or(|reason| SETTING_UP.contains(&reason)),
        NotRunning::NotScheduled { .. }
        | NotRunning::ImageNotPulled(_)
        | NotRunning::Ended { .. }
        | NotRunning::Restarting(_)
        | NotRunning::Terminating
        | NotRunning::PodEnded => false,
    }
}

impl<'a> ClusterModel<'a> {
    /// `false` where calico-node does not run, or has no pod: its sessions are down for that reason.
    pub fn can_have_sessions(&self, node: &NodeModel) -> bool {
        self.pod_state(node).not_running().is_none() && !self.lacks_its_pod(node)
    }

    /// Whether this node's calico-node runs: the one answer for every check, sessions included.
    pub fn pod_state<'n>(&self, node: &NodeModel<'n>) -> PodState<'n> {
        if node.kubelet_is_silent() {
            return PodState::Unknown;
        }
        let Some(pod) = node.pod else {
            return if self.snapshot.pods.seen().is_some() { PodState::Missing } else { PodState::Unknown };
        };
        match node.not_running() {
            Some(_) if self.is_starting(node) => PodState::Starting,
            Some(why) => PodState::NotRunning(why),
            None if self.is_starting(node) => PodState::Starting,
            None if node.says_ready() != Some(true) && pod.metadata.deletion_timestamp.is_some() => {
                PodState::NotRunning(NotRunning::Terminating)
            }
            None if self.is_restarting(node) => match node.container() {
                Some(status) => PodState::NotRunning(NotRunning::Restarting(status)),
                None => PodState::Unknown,
            },
            None if node.container().is_some_and(|status| status.state.running.is_some()) => PodState::Running,
            // A cut-down or composed pod has no container states.
            None => match node.says_ready() {
                Some(true) => PodState::Running,
                _ => PodState::Unknown,
            },
        }
    }
}

/// `None` where the container runs, or nothing is said of it.
pub(super) fn not_running(pod: &Pod) -> Option<NotRunning<'_>> {
    if let Some(condition) = pod.status.conditions.iter().find(|one| one.r#type == "PodScheduled" && one.status == "False") {
        return Some(NotRunning::NotScheduled { why: condition.message.as_deref() });
    }
    if pod.has_ended() {
        return Some(NotRunning::PodEnded);
    }
    let status = pod.calico_node_status();
    if status.is_some_and(|status| status.state.running.is_some()) {
        return None;
    }
    let unfinished = |init: &&ContainerStatus| !init.is_done() && (init.restart_count > 0 || !is_waiting_its_turn(init));
    if let Some(init) = pod.status.init_container_statuses.iter().find(unfinished) {
        return Some(if waits_for_image(init) { NotRunning::ImageNotPulled(init) } else { NotRunning::InitContainer(init) });
    }
    let status = status?;
    if waits_for_image(status) {
        return Some(NotRunning::ImageNotPulled(status));
    }
    if status.state.waiting.is_some() {
        return Some(NotRunning::Waiting(status));
    }
    status.state.terminated.as_ref().map(|ended| NotRunning::Ended { status, ended })
}

fn is_waiting_its_turn(status: &ContainerStatus) -> bool {
    status.state.running.is_none()
        && status.state.terminated.is_none()
        && waiting_reason(status).is_none_or(|reason| SETTING_UP.contains(&reason))
}

/// Reasons with which a container runtime says that the program could not be run.
const NOT_RUN: [&str; 2] = ["StartError", "ContainerCannotRun"];

impl Terminated {
    /// The container runtime could not start it: it has no log.
    pub fn never_ran(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| NOT_RUN.contains(&reason))
    }
}

impl ContainerStatus {
    /// The run that ended last.
    pub fn last_end(&self) -> Option<&Terminated> {
        self.state.terminated.as_ref().or(self.last_state.terminated.as_ref())
    }

    /// An init container that succeeded.
    fn is_done(&self) -> bool {
        self.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_keeps_it_from_running() {
        let waits = |name: &str, reason: &str| json!({"name": name, "state": {"waiting": {"reason": reason}}});
        let failed = json!({"name": "install-cni", "restartCount": 6, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1}}});
        let runs = json!({"name": "calico-node", "state": {"running": {}}});
        let done = json!({"name": "upgrade-ipam", "state": {"terminated": {"exitCode": 0}}});
        for (inits, node, phase, expected) in [
            (vec![done.clone()], runs, "Running", None),
            (vec![], waits("calico-node", "PodInitializing"), "Pending", Some("its container calico-node waits (PodInitializing)")),
            (
                vec![done.clone(), failed, waits("mount-bpffs", "PodInitializing")],
                waits("calico-node", "PodInitializing"),
                "Pending",
                Some("its init container install-cni waits (CrashLoopBackOff, last exit code 1)"),
            ),
            (
                vec![waits("install-cni", "ErrImagePull")],
                waits("calico-node", "PodInitializing"),
                "Pending",
                Some("its container install-cni waits (ErrImagePull)"),
            ),
            (
                vec![done],
                json!({"name": "calico-node", "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 139}}}),
                "Running",
                Some("its container calico-node waits (CrashLoopBackOff, last exit code 139)"),
            ),
            (vec![], json!({"name": "calico-node"}), "Failed", Some("its pod has ended")),
        ] {
            let pod: Pod =
                serde_json::from_value(json!({"status": {"phase": phase, "initContainerStatuses": inits, "containerStatuses": [node]}}))
                    .expect("a pod");
            assert_eq!(not_running(&pod).map(NotRunning::describe).as_deref(), expected);
        }
    }
}
