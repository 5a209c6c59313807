//! One node with all that is known of it.

pub(super) mod build;

use std::net::IpAddr;

use jiff::Timestamp;

use super::bgp::NodeBgp;
use super::pod_state::NotRunning;
use crate::calico::events::EventKind;
use crate::calico::startup_log::{self, ExitReason, Outcome};
use crate::calico::tunnel_addresses::TUNNELS;
use crate::finding::{Evidence, Source};
use crate::model::stored_address::Stored;
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Interface, LogEventKind, NodeInspection, NodeLogs, StartupLog};
use crate::snapshot::objects::{Condition, ContainerStatus, Custom, Event, Node, Pod, Terminated};

pub(super) const REVISION: &str = "controller-revision-hash";

pub struct NodeModel<'a> {
    /// Place in `ClusterModel::nodes`.
    pub index: usize,
    pub name: &'a str,
    pub node: Option<&'a Node>,
    pub pod: Option<&'a Pod>,
    /// The address Calico has stored, IPv4 and IPv6.
    pub stored: [Option<Stored>; 2],
    pub internal_ips: Vec<IpAddr>,
    pub inside: Option<&'a Observed<NodeInspection>>,
    /// CalicoNodeStatus, where it was asked for.
    pub status: Option<&'a Custom>,
    pub logs: Option<&'a NodeLogs>,
    /// Events about the pod that runs now, oldest first.
    pub events: Vec<NodeEvent<'a>>,
    bgp: [NodeBgp<'a>; 2],
    // Looked up once: every check asks for them, and the objects of thousands of nodes are in no cache.
    container: Option<&'a ContainerStatus>,
    says_ready: Option<bool>,
    not_running: Option<NotRunning<'a>>,
    ready_condition: Option<&'a Condition>,
    /// In the order of `TUNNELS`.
    pub(super) tunnels: [Option<IpAddr>; TUNNELS.len()],
}

pub struct NodeEvent<'a> {
    pub event: &'a Event,
    pub kind: EventKind,
}

impl NodeEvent<'_> {
    /// Nothing listens, whatever else it says.
    pub fn is_refused(&self) -> bool {
        self.event.message.contains("refused")
    }

    /// Felix answered a probe of liveness, and that it is not live.
    pub fn is_felix_503(&self) -> bool {
        match &self.kind {
            EventKind::FelixNotLive { text } => text.contains("503") && !self.is_refused(),
            EventKind::HttpProbeFailed { status, .. } => *status == Some(503) && self.event.message.starts_with("Liveness"),
            _ => false,
        }
    }
}

pub fn is_linux(node: &Node) -> bool {
    let label = node.metadata.labels.get("kubernetes.io/os").map(String::as_str);
    !matches!(label, Some("windows")) && node.status.node_info.operating_system != "windows"
}

impl<'a> NodeModel<'a> {
    pub fn bgp(&self, family: Family) -> &NodeBgp<'a> {
        match family {
            Family::V4 => &self.bgp[0],
            Family::V6 => &self.bgp[1],
        }
    }

    pub fn stored(&self, family: Family) -> Option<&Stored> {
        match family {
            Family::V4 => self.stored[0].as_ref(),
            Family::V6 => self.stored[1].as_ref(),
        }
    }

    pub fn internal_ip(&self, family: Family) -> Option<IpAddr> {
        self.internal_ips.iter().copied().find(|address| Family::from_address(*address) == family)
    }

    pub fn interfaces(&self) -> Option<&'a [Interface]> {
        self.inside?.seen()?.interfaces.seen().map(Vec::as_slice)
    }

    /// The hash of the DaemonSet's template that its pod was made from.
    pub fn revision(&self) -> Option<&'a str> {
        Some(self.pod?.metadata.labels.get(REVISION)?.as_str())
    }

    pub fn container(&self) -> Option<&'a ContainerStatus> {
        self.container
    }

    /// Of the calico-node pod; `None` when there is no pod, it does not say, or what it said last may be over.
    pub fn ready(&self) -> Option<bool> {
        self.says_ready.filter(|ready| !(*ready && self.kubelet_is_silent()))
    }

    /// What the pod's status says of readiness, however old.
    pub fn says_ready(&self) -> Option<bool> {
        self.says_ready
    }

    /// What keeps its calico-node from running, by the pod's status alone.
    pub(super) fn not_running(&self) -> Option<NotRunning<'a>> {
        self.not_running
    }

    /// The Node's condition Ready.
    pub fn ready_condition(&self) -> Option<&'a Condition> {
        self.ready_condition
    }

    pub fn is_not_ready(&self) -> bool {
        self.ready() == Some(false)
    }

    pub fn restarts(&self) -> Option<i32> {
        self.container().map(|status| status.restart_count)
    }

    /// The kubelet says that the node is Ready; `False` also where the network plugin is missing.
    pub fn kubelet_ready(&self) -> Option<bool> {
        self.ready_condition.map(|condition| condition.status == "True")
    }

    /// Nothing was heard of the kubelet for a while: what it said of pods is old.
    pub fn kubelet_is_silent(&self) -> bool {
        self.ready_condition.is_some_and(|condition| condition.status == "Unknown")
    }

    /// The attempts to start whose logs were read, newest first.
    pub fn attempts(&self) -> impl Iterator<Item = &'a StartupLog> {
        self.logs.into_iter().flat_map(|logs| [&logs.current, &logs.previous]).filter_map(Observed::seen)
    }

    /// The condition of a node that is NotReady because its container runtime has no network plugin, in the words of containerd, CRI-O and
    /// dockershim.
    pub fn lacks_network_plugin(&self) -> Option<&'a Condition> {
        const SAYS: [&str; 4] =
            ["cni plugin not initialized", "NetworkPluginNotReady", "cni config uninitialized", "No CNI configuration file in"];
        let condition = self.ready_condition.filter(|condition| condition.status == "False")?;
        let text = condition.message.as_deref().unwrap_or_default();
        SAYS.iter().any(|says| text.contains(says)).then_some(condition)
    }

    /// Why no log of calico-node could be read, where one was asked for and refused.
    pub fn log_refusal(&self) -> Option<&'a str> {
        let logs = self.logs?;
        if self.attempts().next().is_some() {
            return None;
        }
        [&logs.current, &logs.previous].into_iter().find_map(|log| match log {
            Observed::Forbidden(why) | Observed::Failed(why) => Some(why.as_str()),
            _ => None,
        })
    }

    /// The attempt that gave up, and why. One that runs now and has not ended says nothing against the exit before it, one that started does.
    pub fn exit(&self) -> Option<(&'a StartupLog, ExitReason)> {
        let log = self.attempts().find(|log| !matches!(startup_log::outcome(log), Outcome::CutOff))?;
        Some((log, startup_log::exit_reason(log)?))
    }

    /// What the detection said in the logs, newest first.
    pub fn detections(&self) -> impl Iterator<Item = (&'a str, startup_log::Detection)> {
        self.attempts().flat_map(|log| log.marks.iter().rev()).filter_map(|mark| Some((mark.text.as_str(), startup_log::detection(mark)?)))
    }

    pub fn mark(&self, kind: LogEventKind) -> Option<&'a str> {
        self.attempts().flat_map(|log| log.marks.iter().rev()).find(|mark| mark.kind == kind).map(|mark| mark.text.as_str())
    }

    /// The component that Felix's newest health report names, and why: `| COMPONENT | TIMEOUT | LIVENESS | READINESS | DETAIL |`.
    pub fn unready_part(&self) -> Option<String> {
        let row = self.current_log()?.marks.iter().rev().find(|mark| mark.kind == LogEventKind::FelixNotReady)?;
        let cells: Vec<&str> = row.text.split('|').map(str::trim).collect();
        let (part, why) = (cells.get(1)?, cells.get(5).copied().unwrap_or_default());
        Some(if why.is_empty() { (*part).to_owned() } else { format!("{part} ({why})") })
    }

    /// How often a kind of event was told of the pod that runs now.
    pub fn times(&self, matches: impl Fn(&EventKind) -> bool) -> i32 {
        self.events.iter().filter(|told| matches(&told.kind)).map(|told| told.event.times()).sum()
    }

    pub fn last_event(&self, matches: impl Fn(&EventKind) -> bool) -> Option<&NodeEvent<'a>> {
        self.events.iter().rev().find(|told| matches(&told.kind))
    }

    /// The peers that the newest readiness event names, and the event: BIRD's word without an exec.
    pub fn not_established(&self) -> Option<(&NodeEvent<'a>, Family, &[IpAddr])> {
        self.events.iter().rev().find_map(|told| match &told.kind {
            EventKind::NotEstablished { family, peers, .. } => Some((told, *family, peers.as_slice())),
            _ => None,
        })
    }

    /// The newest complaint of its readiness probe is of sessions: start-up and Felix are past that.
    pub fn misses_only_peers(&self) -> bool {
        let complains = |kind: &EventKind| {
            !matches!(kind, EventKind::Other | EventKind::PreStopFailed | EventKind::GracefulRestart { .. }) && !kind.is_about_pod()
        };
        self.last_event(complains).is_some_and(|told| matches!(told.kind, EventKind::NotEstablished { .. }))
    }

    pub fn running_since(&self) -> Option<Timestamp> {
        self.container()?.state.running.as_ref()?.started_at
    }

    /// The container that ended last.
    pub fn ended(&self) -> Option<&'a Terminated> {
        let status = self.container()?;
        status.state.terminated.as_ref().or(status.last_state.terminated.as_ref())
    }

    /// Seconds since the container that runs now was started.
    pub fn age(&self, now: Timestamp) -> Option<f64> {
        Some(now.duration_since(self.running_since()?).as_secs_f64())
    }

    /// Seconds since its pod was created.
    pub fn pod_age(&self, now: Timestamp) -> Option<f64> {
        Some(now.duration_since(self.pod?.metadata.creation_timestamp?).as_secs_f64())
    }

    /// The kubelet is at the init containers or the image; no container of calico-node has run in this pod.
    pub fn is_initializing(&self) -> bool {
        const ON_ITS_WAY: [&str; 2] = ["PodInitializing", "ContainerCreating"];
        let Some(pod) = self.pod else { return false };
        match self.container {
            None => pod.status.conditions.iter().all(|condition| condition.r#type != "PodScheduled" || condition.status == "True"),
            Some(status) => {
                let waiting = status.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
                let fresh = status.restart_count == 0 && status.last_state.terminated.is_none();
                fresh && waiting.is_some_and(|reason| ON_ITS_WAY.contains(&reason))
            }
        }
    }

    /// Of the container that runs now.
    pub fn current_log(&self) -> Option<&'a StartupLog> {
        self.logs?.current.seen()
    }

    pub fn evidence(&self, source: Source, text: impl Into<String>) -> Evidence {
        Evidence { source, node: Some(self.name.to_owned()), text: text.into() }
    }
}
