use crate::calico::events::EventKind;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{NodeModel, phrases};
use crate::startup::container_run::is_kill;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::PodSandboxRecreated,
        title: "The container runtime recreates the pod's sandbox again and again",
        means: "The kubelet finds the pod's sandbox gone or changed, stops calico-node and starts it again. Or the sandbox cannot be \
                created at all. calico-node itself works: it starts, and it exits with code 0 when it is stopped.\n\
                A common cause: the kubelet uses the systemd cgroup driver, but containerd does not (SystemdCgroup is false). Then \
                systemd removes the pod's cgroups.",
        detected: "At least three events SandboxChanged or FailedCreatePodSandBox for the pod that runs now, and no event that a \
                   probe killed it. One such event after a reboot of the host is ignored.",
        confirm: "kubectl describe pod -n NAMESPACE POD\n\
                  On the node: grep SystemdCgroup /etc/containerd/config.toml\n\
                  On the node: journalctl -u containerd -u kubelet | grep -i sandbox",
        fix: &[
            "- On the node, set SystemdCgroup = true in /etc/containerd/config.toml, or set the kubelet's cgroupDriver to match. Then \
             restart containerd and the kubelet.",
            "- If both drivers already match, read the log of the container runtime for the reason.",
            "Other probes or another autodetection method do not help.",
        ],
        restarts: "containerd and the kubelet of that node. The sandbox of every pod on that node may be created again, so drain the \
                   node first.",
    },
    run,
};

const OFTEN: i32 = 3;

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let changed = node.times(is_change);
    let failed = node.times(is_failure);
    if node.ready() == Some(true) || node.times(is_kill) > 0 || changed.max(failed) < OFTEN {
        return None;
    }
    let message = if changed >= failed {
        format!(
            "the container runtime on {} has recreated the sandbox of calico-node's pod {changed} times: usually the cgroup drivers of kubelet and \
             container runtime (containerd) differ",
            node.name
        )
    } else {
        format!("the container runtime on {} cannot create the sandbox of calico-node's pod ({failed} times)", node.name)
    };
    let mut shown: Vec<_> =
        [is_change as fn(&EventKind) -> bool, is_failure, is_stop].into_iter().filter_map(|kind| evidence::of_event(node, kind)).collect();
    shown.extend(phrases::restarts(node));
    let nodes = vec![node.name.to_owned()];
    let fix = fixes::describe_pod(view, node, "Shows the sandbox events. The cause is on the node, in the container runtime");
    Some(Finding { code: Code::PodSandboxRecreated, severity: Severity::Error, nodes, message, evidence: shown, fix })
}

fn is_change(fact: &EventKind) -> bool {
    matches!(fact, EventKind::SandboxChanged)
}

fn is_failure(fact: &EventKind) -> bool {
    matches!(fact, EventKind::SandboxFailed { .. })
}

fn is_stop(fact: &EventKind) -> bool {
    matches!(fact, EventKind::Stopped { .. })
}
