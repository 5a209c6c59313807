use crate::calico::events::{self, EventKind};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes, log_line_finding};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::{NodeModel, NotRunning, PodState, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;
use crate::snapshot::objects::{CALICO_NODE, ContainerStatus};
use crate::startup::container_run::is_kill;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::PodNotReady,
        title: "calico-node is not Ready, and no other finding explains why",
        means: "The readiness probe of the pod fails, or the node has no calico-node pod. Nothing that was read explains why.",
        detected: "The Ready condition of the pod. No other finding names this node, or the nodes that it waits for.",
        confirm: "kubectl describe pod -n NAMESPACE POD",
        fix: &[
            "Read the newest events, then the log from its first line. For more detail, log a start at DEBUG for a while:",
            "  kubectl calico-fix debug-log",
        ],
        restarts: "Reading restarts nothing. debug-log asks first. If it needs DEBUG, it restarts calico-node twice on one node.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, found, node)).collect()
}

fn finding(view: &Context, found: &EarlierFindings, node: &NodeModel) -> Option<Finding> {
    let Some(pod) = node.pod else { return missing(view, node).or_else(|| without_plugin(view, node)) };
    if !node.is_not_ready() || view.is_starting(node) || waits_for_culprits(view, found, node) {
        return None;
    }
    let silent = node.kubelet_is_silent();
    let why = match view.pod_state(node) {
        _ if silent => "its node is NotReady: the kubelet does not report".to_owned(),
        PodState::NotRunning(why) => why.describe(),
        _ => match other_container(node) {
            Some(other) => format!("its container {} is not ready", other.name),
            None => probe_fails(node),
        },
    };
    let mut shown = vec![node.evidence(Source::Pod, format!("{}: Ready is False", pod.metadata.name))];
    if let Some(condition) = node.node.and_then(|node| node.condition("Ready")).filter(|condition| condition.status != "True") {
        let text =
            format!("Ready is {}: {}", condition.status, condition.message.as_deref().or(condition.reason.as_deref()).unwrap_or_default());
        shown.push(node.evidence(Source::Node, text));
    }
    shown.extend(pressures(node));
    // As the kubelet ends a pod: Evicted, NodeShutdown.
    if let Some(reason) = &pod.status.reason {
        let says = pod.status.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        shown.push(node.evidence(Source::Pod, format!("{reason}{says}")));
    }
    shown.extend(phrases::restarts(node));
    shown.extend(other_container(node).map(|status| phrases::container_state(node, status)));
    shown.extend(evidence::of_event(node, |fact| !matches!(fact, EventKind::Other | EventKind::PreStopFailed) && !is_kill(fact)));
    // the newest may only tell that the kubelet waits: what a probe said before that
    shown.extend(evidence::of_event(node, is_complaint).filter(|complaint| shown.iter().all(|one| one.text != complaint.text)));
    shown.extend(evidence::of_event(node, is_kill));
    // not of a run that is over
    shown.extend(evidence::of_mark(node, LogEventKind::FelixNotReady).filter(|_| node.unready_part().is_some()));
    shown.extend(log_line_finding::last_line(node));
    let nodes = vec![node.name.to_owned()];
    let message = format!("calico-node on {} is not Ready: {why}", node.name);
    let fix = match other_container(node) {
        _ if silent => None,
        Some(other) => fixes::container_log(view, node, other, "calico-node itself is ready. Check the log of the other container"),
        None if is_not_set_up(node) || is_ended(view, node) => {
            fixes::describe_pod(view, node, "calico-node does not run there and has no log. The pod's events give the reason")
        }
        None => fixes::startup_log(view, node).or_else(|| fixes::log_of(view, pod)),
    };
    Some(Finding { code: Code::PodNotReady, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

/// What the node is short of, as its kubelet says.
fn pressures(node: &NodeModel) -> Vec<Evidence> {
    let conditions = ["MemoryPressure", "DiskPressure", "PIDPressure"].into_iter().filter_map(|kind| node.node?.condition(kind));
    let short = conditions.filter(|condition| condition.status == "True");
    short
        .map(|condition| {
            node.evidence(Source::Node, format!("{} is True: {}", condition.r#type, condition.message.as_deref().unwrap_or_default()))
        })
        .collect()
}

/// The newest complaint tells how far it is: the start writes the nodename file at its end (node/pkg/lifecycle/startup/startup.go).
fn probe_fails(node: &NodeModel) -> String {
    if is_not_set_up(node) {
        return "the kubelet cannot set its pod up".to_owned();
    }
    if let Some(obstacle) = node.probe_obstacle() {
        return obstacle.phrase();
    }
    if node.last_event(is_of_container).is_none() && node.last_event(events::misses_nodename).is_some() {
        return "the network plugin lacks the file that calico-node writes when it starts".to_owned();
    }
    let times_out = node.last_event(|fact| is_of_container(fact) && !is_kill(fact)).is_some_and(|told| is_timeout(&told.kind));
    let unfinished = node.last_event(|fact| matches!(fact, EventKind::NodenameFile)).is_some();
    match (unfinished, node.times(is_kill)) {
        (true, 0) => "its start has not finished".to_owned(),
        (true, kills) => format!("its probe killed it {} before its start had finished", crate::text::count_times(kills)),
        (false, 0) if times_out => "its probes get no answer in time".to_owned(),
        (false, 0) => match node.unready_part() {
            Some(part) => format!("Felix reports that a part of it is not: {part}"),
            None => "its readiness probe fails".to_owned(),
        },
        (false, kills) => {
            let why = if times_out { ", as calico-node does not answer in time" } else { "" };
            format!("its liveness probe has killed it {}{why}", crate::text::count_times(kills))
        }
    }
}

/// Of a probe that calico-node itself answered, or that nothing answered.
fn is_complaint(fact: &EventKind) -> bool {
    matches!(
        fact,
        EventKind::NotEstablished { .. }
            | EventKind::BirdSocketRefused { .. }
            | EventKind::BirdNotAnswering { .. }
            | EventKind::BirdNotLive { .. }
            | EventKind::FelixNotReady { .. }
            | EventKind::FelixNotLive { .. }
            | EventKind::HttpProbeFailed { .. }
            | EventKind::ProbeTimedOut
    )
}

/// Its logs are gone with it.
fn is_ended(view: &Context, node: &NodeModel) -> bool {
    matches!(view.pod_state(node), PodState::NotRunning(NotRunning::PodEnded))
}

fn is_timeout(fact: &EventKind) -> bool {
    match fact {
        EventKind::ProbeTimedOut => true,
        EventKind::HttpProbeFailed { text, .. } => events::is_late_answer(text),
        _ => false,
    }
}

fn is_of_container(fact: &EventKind) -> bool {
    !fact.is_about_pod() && *fact != EventKind::Other
}

/// No container of it has begun: a volume cannot be mounted, or the sandbox not be made.
fn is_not_set_up(node: &NodeModel) -> bool {
    let fails = |fact: &EventKind| matches!(fact, EventKind::SetupFailed { .. } | EventKind::SandboxFailed { .. });
    let ran = node.container().is_some_and(|status| status.state.running.is_some() || status.last_end().is_some());
    !ran && node.last_event(is_of_container).is_none() && node.last_event(fails).is_some()
}

/// A container beside a calico-node that is ready, as flannel's in canal.
fn other_container<'a>(node: &NodeModel<'a>) -> Option<&'a ContainerStatus> {
    let statuses = &node.pod?.status.container_statuses;
    statuses.iter().find(|status| status.name != CALICO_NODE && !status.ready).filter(|_| node.container().is_some_and(|own| own.ready))
}

/// All the peers that it misses have findings of their own, or do not run.
fn waits_for_culprits(view: &Context, found: &EarlierFindings, node: &NodeModel) -> bool {
    let explains = |peer: &NodeModel| found.is_explained(peer.name) || !view.can_have_sessions(peer);
    let accounted = |address| view.peer(address).is_some_and(explains);
    let down: Vec<_> = Family::ALL.into_iter().flat_map(|family| node.bgp(family).down()).map(|down| down.session.address).collect();
    if !down.is_empty() {
        return down.into_iter().all(accounted);
    }
    match node.not_established() {
        Some((_, _, peers)) if !peers.is_empty() => peers.iter().copied().all(accounted),
        _ => false,
    }
}

/// The Node says that no network plugin is ready there, and which pods it has was not read.
fn without_plugin(view: &Context, node: &NodeModel) -> Option<Finding> {
    let condition = node.lacks_network_plugin().filter(|_| !view.snapshot.pods.is_answered())?;
    let text = condition.message.as_deref().unwrap_or_default();
    let name = shell::object_name(node.name)?;
    let on_node = format!("spec.nodeName={name}");
    let command = shell::command(&["kubectl", "get", "pods", "-A", "-o", "wide", "--field-selector", &on_node])?;
    let fix = Fix::next_step(command, "Shows the state of calico-node on that node. This changes nothing");
    Some(Finding {
        code: Code::PodNotReady,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message: format!("{} is NotReady: no network plugin is ready there, as on a node where calico-node does not start", node.name),
        evidence: vec![node.evidence(Source::Node, format!("Ready is False: {text}"))],
        fix: Some(fix),
    })
}

/// A node that should have a pod and has none.
fn missing(view: &Context, node: &NodeModel) -> Option<Finding> {
    let status = &view.install.daemon_set.filter(|_| view.lacks_its_pod(node))?.status;
    let text =
        format!("{}: {} of {} pods scheduled", view.install.name(), status.current_number_scheduled, status.desired_number_scheduled);
    Some(Finding {
        code: Code::PodNotReady,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message: format!("{} has no calico-node pod", node.name),
        evidence: vec![Evidence { source: Source::DaemonSet, node: None, text }],
        fix: None,
    })
}
