//! One node with all that is known of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use jiff::Timestamp;

use super::bgp::Bgp;
use super::install::Install;
use super::stored::{self, Stored};
use crate::calico::event_text::{self, EventKind};
use crate::calico::family::Family;
use crate::calico::session;
use crate::calico::startup_log::{self, ExitReason, Outcome};
use crate::diagnosis::report::{Evidence, Source};
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::inside::{Inside, Interface, MarkKind, NodeLogs, StartupLog};
use crate::snapshot::objects::{ContainerStatus, Custom, Event, Node, Pod, Terminated};

pub(super) const REVISION: &str = "controller-revision-hash";

pub struct NodeView<'a> {
    pub name: &'a str,
    pub node: Option<&'a Node>,
    pub pod: Option<&'a Pod>,
    /// The address Calico has stored, IPv4 and IPv6.
    pub stored: [Option<Stored>; 2],
    pub internal_ips: Vec<IpAddr>,
    pub inside: Option<&'a Observed<Inside>>,
    /// CalicoNodeStatus, where it was asked for.
    pub status: Option<&'a Custom>,
    pub logs: Option<&'a NodeLogs>,
    /// Events about the pod that runs now, oldest first.
    pub events: Vec<Told<'a>>,
    bgp: [Bgp<'a>; 2],
}

pub struct Told<'a> {
    pub event: &'a Event,
    pub fact: EventKind,
}

impl Told<'_> {
    /// Nothing listens, whatever else it says.
    pub fn is_refused(&self) -> bool {
        self.event.message.contains("refused")
    }

    /// Felix answered a probe of liveness, and that it is not live.
    pub fn is_felix_503(&self) -> bool {
        match &self.fact {
            EventKind::FelixNotLive { text } => text.contains("503") && !self.is_refused(),
            EventKind::HttpProbeFailed { status, .. } => *status == Some(503) && self.event.message.starts_with("Liveness"),
            _ => false,
        }
    }
}

/// Every Linux node: those of the cluster, or, where nodes could not be listed, those that pods run on.
pub fn all<'a>(snapshot: &'a Snapshot, install: &Install<'a>) -> Vec<NodeView<'a>> {
    let mut pods: BTreeMap<&str, &Pod> = BTreeMap::new();
    for pod in snapshot.pods.seen().into_iter().flatten() {
        let Some(node) = pod.spec.node_name.as_deref() else { continue };
        // While a rollout replaces a pod both are listed; the one that stays counts.
        let keeps =
            |kept: &&Pod| kept.metadata.deletion_timestamp.is_none() && kept.metadata.creation_timestamp >= pod.metadata.creation_timestamp;
        if !pods.get(node).is_some_and(keeps) {
            pods.insert(node, pod);
        }
    }
    let nodes: BTreeMap<&str, &Node> =
        snapshot.nodes.seen().into_iter().flatten().map(|node| (node.metadata.name.as_str(), node)).collect();
    let mut events: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in snapshot.events.seen().into_iter().flatten() {
        events.entry(event.involved_object.name.as_str()).or_default().push(event);
    }
    let statuses: HashMap<&str, &Custom> = snapshot
        .resources
        .node_statuses
        .seen()
        .into_iter()
        .flatten()
        .filter_map(|status| Some((status.spec.get("node")?.as_str()?, status)))
        .collect();

    let peers = if snapshot.nodes.seen().is_none() { peer_addresses(snapshot) } else { HashSet::new() };
    let annotated =
        nodes.values().any(|node| Family::ALL.iter().any(|family| node.metadata.annotations.contains_key(stored::annotation(*family))));
    // The DaemonSet does not want every node: one without a pod is not Calico's.
    let linux = nodes.values().filter(|node| is_linux(node)).count();
    let podless_too = snapshot.pods.seen().is_none() || install.wants(linux);

    let mut names: Vec<&str> = nodes.keys().chain(pods.keys()).copied().collect();
    if snapshot.nodes.seen().is_none() {
        // pasted texts may be all that is known of a host
        names.extend(snapshot.inside.keys().chain(snapshot.logs.keys()).map(String::as_str));
    }
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        // A damaged file can hold one; nothing can be said about it.
        .filter(|name| !name.is_empty())
        .filter(|name| nodes.get(name).is_none_or(|node| is_linux(node) && (podless_too || pods.contains_key(name))))
        .map(|name| {
            let pod = pods.get(name).copied();
            let inside = snapshot.inside.get(name);
            let bgp = Family::ALL.map(|family| match install.runs_bird() {
                Some(false) => Bgp::NotUsed,
                _ => Bgp::of(inside, statuses.get(name).copied(), family),
            });
            let mut view = NodeView {
                name,
                node: nodes.get(name).copied(),
                pod,
                stored: [None, None],
                internal_ips: internal_ips(nodes.get(name).copied(), pod),
                inside,
                status: statuses.get(name).copied(),
                logs: snapshot.logs.get(name),
                events: told(pod, &events),
                bgp,
            };
            view.stored = Family::ALL.map(|family| stored::of(&view, family, annotated, &peers));
            view
        })
        .collect()
}

/// Addresses that any BIRD has a session with.
fn peer_addresses(snapshot: &Snapshot) -> HashSet<IpAddr> {
    let inside = || snapshot.inside.values().filter_map(Observed::seen);
    let of_family = |family: Family| {
        let rows = inside().filter_map(move |inside| inside.bird(family).seen()).flat_map(|bird| &bird.protocols);
        rows.filter_map(move |row| session::of(row, family)).map(|session| session.address)
    };
    Family::ALL.into_iter().flat_map(of_family).collect()
}

/// calico-node is on the host's network: where Nodes could not be read, its pod has the InternalIP too.
fn internal_ips(node: Option<&Node>, pod: Option<&Pod>) -> Vec<IpAddr> {
    match (node, pod) {
        (Some(node), _) => node.addresses("InternalIP").filter_map(|ip| ip.parse().ok()).collect(),
        (None, Some(pod)) => pod.status.host_ip.as_deref().and_then(|ip| ip.parse().ok()).into_iter().collect(),
        (None, None) => Vec::new(),
    }
}

fn is_linux(node: &Node) -> bool {
    let label = node.metadata.labels.get("kubernetes.io/os").map(String::as_str);
    !matches!(label, Some("windows")) && node.status.node_info.operating_system != "windows"
}

fn told<'a>(pod: Option<&'a Pod>, events: &HashMap<&str, Vec<&'a Event>>) -> Vec<Told<'a>> {
    let Some(pod) = pod else { return Vec::new() };
    let mut told: Vec<Told> = events
        .get(pod.metadata.name.as_str())
        .into_iter()
        .flatten()
        .filter(|event| event.involved_object.uid.is_none() || pod.metadata.uid.is_none() || event.involved_object.uid == pod.metadata.uid)
        .map(|event| Told { event, fact: event_text::parse(&event.reason, &event.message).kind })
        .collect();
    told.sort_by_key(|told| told.event.last_seen());
    told
}

impl<'a> NodeView<'a> {
    pub fn bgp(&self, family: Family) -> &Bgp<'a> {
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
        self.internal_ips.iter().copied().find(|address| Family::of(*address) == family)
    }

    pub fn interfaces(&self) -> Option<&'a [Interface]> {
        self.inside?.seen()?.interfaces.seen().map(Vec::as_slice)
    }

    /// The hash of the DaemonSet's template that its pod was made from.
    pub fn revision(&self) -> Option<&'a str> {
        Some(self.pod?.metadata.labels.get(REVISION)?.as_str())
    }

    pub fn container(&self) -> Option<&'a ContainerStatus> {
        self.pod?.calico_node_status()
    }

    /// Of the calico-node pod; `None` when there is no pod or it does not say.
    pub fn ready(&self) -> Option<bool> {
        self.pod?.is_ready()
    }

    pub fn is_not_ready(&self) -> bool {
        self.ready() == Some(false)
    }

    pub fn restarts(&self) -> Option<i32> {
        self.container().map(|status| status.restart_count)
    }

    /// The kubelet itself says that it is there.
    pub fn kubelet_ready(&self) -> Option<bool> {
        self.node?.condition("Ready").map(|condition| condition.status == "True")
    }

    /// The attempts to start whose logs were read, newest first.
    pub fn attempts(&self) -> impl Iterator<Item = &'a StartupLog> {
        self.logs.into_iter().flat_map(|logs| [&logs.current, &logs.previous]).filter_map(Observed::seen)
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

    pub fn mark(&self, kind: MarkKind) -> Option<&'a str> {
        self.attempts().flat_map(|log| log.marks.iter().rev()).find(|mark| mark.kind == kind).map(|mark| mark.text.as_str())
    }

    /// How often a kind of event was told of the pod that runs now.
    pub fn times(&self, matches: impl Fn(&EventKind) -> bool) -> i32 {
        self.events.iter().filter(|told| matches(&told.fact)).map(|told| told.event.times()).sum()
    }

    pub fn last_event(&self, matches: impl Fn(&EventKind) -> bool) -> Option<&Told<'a>> {
        self.events.iter().rev().find(|told| matches(&told.fact))
    }

    /// The peers that the newest readiness event names, and the event: BIRD's word without an exec.
    pub fn not_established(&self) -> Option<(&Told<'a>, Family, &[IpAddr])> {
        self.events.iter().rev().find_map(|told| match &told.fact {
            EventKind::NotEstablished { family, peers, .. } => Some((told, *family, peers.as_slice())),
            _ => None,
        })
    }

    /// The newest complaint of its readiness probe is of sessions: start-up and Felix are past that.
    pub fn misses_only_peers(&self) -> bool {
        let complains = |fact: &EventKind| !matches!(fact, EventKind::Other | EventKind::PreStopFailed | EventKind::GracefulRestart { .. });
        self.last_event(complains).is_some_and(|told| matches!(told.fact, EventKind::NotEstablished { .. }))
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

    pub fn evidence(&self, source: Source, text: impl Into<String>) -> Evidence {
        Evidence { source, node: Some(self.name.to_owned()), text: text.into() }
    }
}
