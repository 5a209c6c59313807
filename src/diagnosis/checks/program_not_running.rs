use std::collections::BTreeMap;

use crate::calico::cni_failure::is_cni_failure;
use crate::calico::startup_log::program_of_pod;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::waits_for_image;
use crate::snapshot::ProgramPod;
use crate::snapshot::objects::ContainerStatus;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ProgramNotRunning,
        title: "Another program of Calico's does not run",
        means: "Not one pod of Typha, calico-kube-controllers, calico-apiserver or the Tigera operator is Ready.\n\
                - Typha: calico-node gets its configuration through Typha. It does not become Ready without Typha.\n\
                - The Tigera operator: nobody creates or updates calico-node.\n\
                - calico-kube-controllers: addresses of deleted pods and nodes are not released.\n\
                - calico-apiserver: kubectl cannot read or write resources of projectcalico.org/v3. calico-node does not need it.",
        detected: "The pods of these programs: not Ready for more than a minute, and no other pod of the same program is Ready. Of \
                   calico-kube-controllers and calico-apiserver only where all calico-node pods are Ready and the network plugin does \
                   not fail, because their own pods need both.\n\
                   From a cluster only Typha and calico-kube-controllers are read, in calico-node's namespace.",
        confirm: "kubectl get pods -A | grep -E 'calico-typha|calico-kube-controllers|calico-apiserver|tigera-operator'",
        fix: &[
            "Its log and the events of its pod give the reason:",
            "  kubectl logs -n NAMESPACE POD --previous",
            "  kubectl describe pod -n NAMESPACE POD",
            "- It gets no answer from the API server: check kube-proxy and the route to the Service address on its node.",
            "- A resource is missing or forbidden: apply the CRDs and the RBAC of the release that the image has.",
            "- Pending: no node has room, or a taint keeps it away.",
        ],
        restarts: "Nothing of calico-node.",
    },
    run,
};

struct Program {
    /// As `program_of_pod` calls it.
    name: &'static str,
    /// What depends on it, as a sentence.
    effect: &'static str,
    /// Its pods are not on the host's network: they need calico-node themselves.
    needs_calico_node: bool,
    is_error: fn(&Context) -> bool,
}

const PROGRAMS: [Program; 4] = [
    Program {
        name: "Typha",
        effect: "calico-node gets its configuration through Typha and does not become Ready without it",
        needs_calico_node: false,
        is_error: |_| true,
    },
    Program {
        name: "the Tigera operator",
        effect: "Until it runs, nobody creates or updates calico-node",
        needs_calico_node: false,
        is_error: |view| view.shows_no_calico_node(),
    },
    Program {
        name: "calico-kube-controllers",
        effect: "Until it runs, addresses of deleted pods and nodes are not released",
        needs_calico_node: true,
        is_error: |_| false,
    },
    Program {
        name: "calico-apiserver",
        effect: "Until it runs, kubectl cannot read resources of projectcalico.org/v3",
        needs_calico_node: true,
        is_error: |_| false,
    },
];

/// A pod may take so long to become Ready.
const YOUNG: i64 = 60;

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    let mut programs: BTreeMap<&str, Vec<&ProgramPod>> = BTreeMap::new();
    for one in view.snapshot.programs.iter().filter(|one| !has_ended(one)) {
        if let Some(program) = program_of_pod(&one.pod.metadata.name) {
            programs.entry(program).or_default().push(one);
        }
    }
    let judged = PROGRAMS.iter().filter(|program| !program.needs_calico_node || !lacks_network(view));
    judged.filter_map(|program| finding(view, program, programs.get(program.name)?)).collect()
}

/// What the kubelet left behind: another pod takes its place.
fn has_ended(one: &ProgramPod) -> bool {
    let reason = one.pod.status.reason.as_deref().unwrap_or_default();
    one.pod.has_ended() || ["Completed", "Evicted", "NodeShutdown", "ContainerStatusUnknown", "Terminated"].contains(&reason)
}

/// Some calico-node is not Ready, or its network plugin fails: pods that need them may wait for that.
fn lacks_network(view: &Context) -> bool {
    let pods = view.snapshot.pods.seen().into_iter().flatten();
    let events = view.snapshot.events.seen().into_iter().flatten();
    pods.into_iter().any(|pod| pod.is_ready() == Some(false)) || events.into_iter().any(is_cni_failure)
}

fn finding(view: &Context, program: &Program, pods: &[&ProgramPod]) -> Option<Finding> {
    if pods.iter().any(|one| one.pod.is_ready() != Some(false)) {
        return None;
    }
    let now = view.snapshot.taken_at;
    let is_young = |one: &&&ProgramPod| {
        let created = one.pod.metadata.creation_timestamp;
        one.pod.metadata.deletion_timestamp.is_some() || created.is_some_and(|at| now.duration_since(at).as_secs() < YOUNG)
    };
    let first = pods.iter().find(|one| !is_young(one))?;
    let more = match pods.len() {
        1 => String::new(),
        others => format!(" (and {} more)", others - 1),
    };
    let evidence = pods.iter().flat_map(|one| shown(one)).take(6).collect();
    Some(Finding {
        code: Code::ProgramNotRunning,
        severity: if (program.is_error)(view) { Severity::Error } else { Severity::Warning },
        nodes: Vec::new(),
        message: format!("{} does not run: {} {}{more}. {}", program.name, first.pod.metadata.name, state(first), program.effect),
        evidence,
        fix: next_step(first),
    })
}

fn status(one: &ProgramPod) -> Option<&ContainerStatus> {
    one.pod.status.container_statuses.iter().find(|status| !status.ready)
}

/// As a clause about the pod.
fn state(one: &ProgramPod) -> String {
    let waiting = status(one).and_then(|status| status.state.waiting.as_ref()?.reason.as_deref());
    let reason = waiting.or(one.pod.status.reason.as_deref()).or(Some(one.pod.status.phase.as_str()));
    match reason.filter(|reason| !["", "Running"].contains(reason)) {
        Some(reason) => format!("is {reason}"),
        None => "is not Ready".to_owned(),
    }
}

fn shown(one: &ProgramPod) -> Vec<Evidence> {
    let restarts = status(one).map_or(0, |status| usize::try_from(status.restart_count).unwrap_or_default());
    let restarts = if restarts > 0 { format!(", {}", crate::text::count(restarts, "restart")) } else { String::new() };
    let of_pod = |source, text| Evidence { source, node: None, text };
    let mut shown = vec![of_pod(Source::Pod, format!("{} {}{restarts}", one.pod.metadata.name, state(one)))];
    shown.extend(one.newest_error.as_ref().map(|line| of_pod(Source::Log, line.clone())));
    shown
}

/// Its log where it has run, else its events.
fn next_step(one: &ProgramPod) -> Option<Fix> {
    let name = shell::object_name(&one.pod.metadata.name)?;
    let namespace = shell::namespace(one.pod.metadata.namespace.as_deref()?)?;
    let has_run = status(one).is_some_and(|status| {
        !waits_for_image(status) && (status.restart_count > 0 || status.state.running.is_some() || status.last_end().is_some())
    });
    let (words, why) = if has_run {
        let mut words = vec!["kubectl", "logs", name, "-n", namespace];
        words.extend(status(one).is_some_and(|status| status.restart_count > 0).then_some("--previous"));
        (words, "Shows why it does not run. This changes nothing")
    } else {
        (vec!["kubectl", "describe", "pod", name, "-n", namespace], "It has no log. Its events give the reason. This changes nothing")
    };
    Some(Fix::next_step(shell::command(&words)?, why))
}
