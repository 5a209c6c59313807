use crate::calico::events::EventKind;
use crate::calico::startup_log::{self, InitFailure};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, NotRunning, PodState, phrases};
use crate::observed::Observed;
use crate::snapshot::inspection::{LogEventKind, StartupLog};
use crate::snapshot::objects::{ContainerStatus, UNNAMED_INIT};
use crate::text::seconds;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::InitContainerFailed,
        title: "An init container of calico-node's pod fails",
        means: "calico-node starts only after its init containers have succeeded: upgrade-ipam, install-cni, mount-bpffs (or \
                ebpf-bootstrap) and flexvol-driver. One of them fails, so calico-node has not run at all. It has no log, and its BGP \
                sessions are down. On a new node the network plugin is missing too (\"cni plugin not initialized\"). Probes and \
                addresses are not the cause.",
        detected: "An init container ended with an error, waits to be started again, or runs for more than five minutes. The reason \
                   comes from its log and its last state.",
        confirm: "kubectl get pod -n NAMESPACE POD\n\
                  kubectl logs -n NAMESPACE POD -c install-cni",
        fix: &[
            "The log of the init container gives the reason:",
            "- API server unreachable (timeout, refused): check kube-proxy on the node, the route to the Service address, firewalls, \
             and the ConfigMap kubernetes-services-endpoint.",
            "- Forbidden: apply the manifests (RBAC) of the release that the image has.",
            "- Unauthorized: delete the pod to get a new token. If that does not help, check the signing keys of the API server.",
            "- Not writable: check /opt/cni/bin and /etc/cni/net.d on the host. Possible reasons are a read-only file system, SELinux \
             and AppArmor.",
            "- Mounts: check that the kernel has the bpf and cgroup2 file systems.",
            "- upgrade-ipam tries without end: check /var/lib/cni/networks on the host. Addresses that another network plugin left there \
             are in no IP pool. Remove them only if no pod uses them.",
        ],
        restarts: "Nothing that works. The kubelet starts the init container again automatically.",
    },
    run,
};

/// Seconds that an init container may take; install-cni tries the API for 30 s at most.
const HANGS: f64 = 300.0;

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let open = view.nodes.iter().filter(|node| !found.is_explained(node.name));
    open.filter_map(|node| finding(view, node).or_else(|| by_its_log_alone(node))).collect()
}

/// Of a pod that was not seen, or waits for an init container that its table does not name: the log of the one that failed, or never ends.
fn by_its_log_alone(node: &NodeModel) -> Option<Finding> {
    let waits = node.pod.is_none_or(|pod| pod.status.phase == "Pending");
    let logs = node.logs.filter(|logs| waits && logs.current.seen().is_none())?;
    let (name, log) = logs.init.iter().find(|(_, log)| log.seen().is_some_and(startup_log::is_stuck))?;
    let texts = log.seen().into_iter().flat_map(|log| &log.marks).map(|mark| mark.text.as_str());
    let why = InitFailure::in_texts(texts).phrase().map(|phrase| format!(": {phrase}")).unwrap_or_default();
    let message = format!("the init container {name} failed on {}, so calico-node did not start there{why}", node.name);
    let evidence = last_lines(node, name, Some(log));
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::InitContainerFailed, severity: Severity::Error, nodes, message, evidence, fix: None })
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let PodState::NotRunning(NotRunning::InitContainer(status)) = view.pod_state(node) else { return None };
    let named = named_by_its_log(node, status);
    let status = named.as_ref().unwrap_or(status);
    let name = status.name.as_str();
    let failed = status.last_end().is_some_and(|ended| ended.exit_code != 0) || status.restart_count > 0 || waits_in_trouble(status);
    let began = status.state.running.as_ref().and_then(|running| running.started_at);
    let runs_for = began.map(|began| view.snapshot.taken_at.duration_since(began).as_secs_f64());
    let hangs = runs_for.filter(|runs| *runs > HANGS);
    if !failed && hangs.is_none() {
        return None;
    }
    let log = node.logs.and_then(|logs| logs.init.get(name));
    let reason = reason(status, log.and_then(Observed::seen));
    let verb = match hangs {
        Some(runs) if !failed => format!("has not ended after {}", seconds::whole(runs)),
        _ => "fails".to_owned(),
    };
    let never_ran = status.last_end().is_some_and(|ended| ended.never_ran());
    let not_started = never_ran.then_some("the container runtime cannot start it");
    let why = reason.phrase().or(not_started).map(|phrase| format!(": {phrase}")).unwrap_or_default();
    let which = if name == UNNAMED_INIT { "an init container".to_owned() } else { format!("the init container {name}") };
    let message = format!("{which} {verb} on {}, so calico-node does not start there{why}", node.name);
    let mut shown = vec![phrases::container_state(node, status)];
    shown.extend(phrases::network_not_ready(node));
    shown.extend(evidence::of_event(node, |fact| matches!(fact, EventKind::BackOff { container } if container.as_deref() == Some(name))));
    shown.extend(last_lines(node, name, log));
    let nodes = vec![node.name.to_owned()];
    let told = log.is_some_and(|log| log.seen().is_some_and(|log| !log.marks.is_empty()));
    let fix = match name {
        UNNAMED_INIT => fixes::describe_pod(view, node, "Names the init container and how it ended"),
        _ if never_ran => fixes::describe_pod(view, node, "The container never ran and has no log. Shows what the container runtime says"),
        _ => fixes::container_log(view, node, status, if told { "Shows all of its log" } else { "Check its log for the reason" }),
    };
    Some(Finding { code: Code::InitContainerFailed, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

/// A table does not name the init container that fails; the only log that says why one does.
fn named_by_its_log(node: &NodeModel, status: &ContainerStatus) -> Option<ContainerStatus> {
    let logs = node.logs.filter(|_| status.name == UNNAMED_INIT)?;
    let says_why = |log: &StartupLog| {
        log.marks.iter().any(|mark| matches!(mark.kind, LogEventKind::Fatal | LogEventKind::InitError))
            || InitFailure::in_texts(log.marks.iter().map(|mark| mark.text.as_str())) != InitFailure::Other
    };
    let mut failing = logs.init.iter().filter(|(_, log)| log.seen().is_some_and(says_why));
    match (failing.next(), failing.next()) {
        (Some((name, _)), None) => Some(ContainerStatus { name: name.clone(), ..status.clone() }),
        _ => None,
    }
}

/// CreateContainerConfigError, CrashLoopBackOff and the like: not the wait for its turn.
fn waits_in_trouble(status: &ContainerStatus) -> bool {
    let reason = status.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
    reason.is_some_and(|reason| reason.ends_with("Error") || reason == "CrashLoopBackOff")
}

fn reason(status: &ContainerStatus, log: Option<&StartupLog>) -> InitFailure {
    let state = [
        status.state.waiting.as_ref().and_then(|waiting| waiting.message.as_deref()),
        status.last_end().and_then(|ended| ended.reason.as_deref()),
        status.last_end().and_then(|ended| ended.message.as_deref()),
    ];
    let lines = log.into_iter().flat_map(|log| &log.marks).map(|mark| mark.text.as_str());
    let texts: Vec<&str> = state.into_iter().flatten().chain(lines).collect();
    InitFailure::in_texts(texts.into_iter())
}

fn last_lines(node: &NodeModel, name: &str, log: Option<&Observed<StartupLog>>) -> Vec<Evidence> {
    const SHOWN: usize = 2;
    match log {
        Some(Observed::Seen(log)) => {
            let from = log.marks.len().saturating_sub(SHOWN);
            let lines = log.marks.get(from..).unwrap_or_default();
            lines.iter().map(|mark| node.evidence(Source::Log, format!("{name}: {}", mark.text))).collect()
        }
        Some(Observed::Forbidden(why) | Observed::Failed(why)) => {
            vec![node.evidence(Source::Log, format!("the log of {name} could not be read: {why}"))]
        }
        _ => Vec::new(),
    }
}
