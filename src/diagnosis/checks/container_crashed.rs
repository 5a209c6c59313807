use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{fixes, log_line_finding};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity};
use crate::model::{NodeModel, phrases};
use crate::snapshot::objects::{ContainerStatus, Terminated};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ContainerCrashed,
        title: "calico-node crashes, or the container runtime cannot start it",
        means: "A program of the image dies of a signal (exit code 139 is 128 + 11, a segmentation fault; 132 an illegal instruction), before it \
                can write why. Or the runtime cannot run it at all. The image's libc or instructions do not fit the CPU, its files are damaged, \
                or the memory is faulty. No probe, address or BGP setting helps.",
        detected: "The container's last exit code is that of a signal other than KILL and TERM, or its reason is StartError or ContainerCannotRun, \
                   on a node that is not Ready. Or its log says \"Segmentation fault\" or \"Illegal instruction\".",
        confirm: "kubectl describe pod -n NAMESPACE POD | grep -A6 'Last State'\nOn the node: dmesg -T | grep -iE 'segfault|invalid opcode'",
        fix: "Try the image on another node. If only some CPUs are affected: an image with another base (an older or newer release), or other \
              hardware. If every node is: the image is damaged; pull it again. dmesg on the node names the program and the library.",
    },
    run,
};

/// Signals that a fault of the program or the machine raises, by exit code: 128 and the signal's number.
const SIGNALS: [(i32, &str); 7] = [
    (132, "illegal instruction, signal 4"),
    (133, "trap, signal 5"),
    (134, "abort, signal 6"),
    (135, "bus error, signal 7"),
    (136, "arithmetic error, signal 8"),
    (139, "segmentation fault, signal 11"),
    (159, "bad system call, signal 31, as a seccomp profile or an old kernel refuses one"),
];

/// Reasons with which a container runtime says that the program could not be run.
const NOT_RUN: [&str; 2] = ["StartError", "ContainerCannotRun"];

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let by_state = view.nodes.iter().filter(|node| !found.is_explained(node.name) && node.ready() != Some(true));
    let mut findings: Vec<Finding> = by_state.filter_map(|node| finding(view, node)).collect();
    let known = |finding: &Finding| findings.iter().any(|other| other.nodes == finding.nodes);
    let logged: Vec<Finding> =
        log_line_finding::after_start(view, found, Code::ContainerCrashed).into_iter().filter(|one| !known(one)).collect();
    findings.extend(logged);
    findings
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let status = node.container()?;
    let ended = status.last_end()?;
    let message = match (signal(ended), ended.reason.as_deref().filter(|reason| NOT_RUN.contains(reason))) {
        (Some(signal), _) => format!("calico-node on {} crashes: exit code {} ({signal})", node.name, ended.exit_code),
        (None, Some(reason)) => {
            let says = ended.message.as_deref().map(|text| format!(": {}", text.trim())).unwrap_or_default();
            format!("the container runtime on {} cannot start calico-node ({reason}, exit code {}){says}", node.name, ended.exit_code)
        }
        (None, None) => return None,
    };
    let nodes = vec![node.name.to_owned()];
    let fix = fixes::describe_pod(view, node, "Shows how the container ended. dmesg on the node names the program that crashed");
    Some(Finding { code: Code::ContainerCrashed, severity: Severity::Error, nodes, message, evidence: evidence(node, status), fix })
}

fn evidence(node: &NodeModel, status: &ContainerStatus) -> Vec<Evidence> {
    let mut shown = vec![phrases::container_state(node, status)];
    shown.extend(phrases::network_not_ready(node));
    shown.extend(log_line_finding::last_line(node));
    shown
}

fn signal(ended: &Terminated) -> Option<&'static str> {
    // The field `signal` is set by few runtimes; the exit code says the same.
    let code = ended.signal.filter(|signal| *signal > 0).map_or(ended.exit_code, |signal| 128 + signal);
    SIGNALS.iter().find(|(known, _)| *known == code).map(|(_, signal)| *signal)
}
