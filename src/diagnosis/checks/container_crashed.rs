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
        means: "A program of the image ends by a signal before it can log a reason. Exit code 139 is a segmentation fault (128 + 11), \
                and 132 is an illegal instruction. Or the runtime cannot run the program at all. The libc or the instructions of the \
                image do not fit the CPU, its files are damaged, or the memory is faulty. No probe, address or BGP setting helps.",
        detected: "The last exit code of the container is that of a signal other than KILL and TERM, or its reason is StartError or \
                   ContainerCannotRun. The node is not Ready. Or the log says \"Segmentation fault\" or \"Illegal instruction\".",
        confirm: "kubectl describe pod -n NAMESPACE POD | grep -A6 'Last State'\n\
                  On the node: dmesg -T | grep -iE 'segfault|invalid opcode'",
        fix: &[
            "dmesg on the node names the program and the library. Then compare with other nodes:",
            "- Only nodes with a certain CPU crash: use an older or newer release of the image, or other hardware.",
            "- Only one node crashes: remove the image there, so that it is pulled again. If the crash stays, test the memory.",
            "- Every node crashes: use another release of the image.",
        ],
        restarts: "Another release restarts calico-node on every node, usually one at a time. A new pull restarts it on that node \
                   only.",
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
    let message = match (signal(ended), ended.reason.as_deref().filter(|_| ended.never_ran())) {
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
