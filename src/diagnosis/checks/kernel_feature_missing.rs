use crate::calico::startup_log;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::KernelFeatureMissing,
        title: "Felix cannot program the node: its kernel lacks a feature",
        means: "Felix asks the kernel for IP sets, iptables matches, a tunnel device or eBPF, and the kernel refuses. Felix tries \
                again and again. It is not ready, or the tunnel is missing. Probes, addresses and BGP are not the cause.\n\
                Common causes: a kernel module is missing (as on small edge devices and in some cloud images), the kernel is too old, \
                or the container is not privileged.",
        detected: "Felix's log has such errors of ipset, iptables-restore or netlink up to its end. On a node that is not Ready one \
                   error is enough. A Ready node must have logged it several times, or must have logged that it works without eBPF or \
                   WireGuard.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -iE 'ipset|iptables|tunnel device|BPF'\n\
                  On the node: lsmod | grep -E 'ip_set|xt_set|ipip|vxlan'\n\
                  On the node: uname -r",
        fix: &[
            "- Load the module on the node with modprobe MODULE. Add it to /etc/modules-load.d, so that it is loaded at each boot.",
            "- The kernel does not have the module: install the package linux-modules-extra, or another kernel.",
            "- The kernel is newer than the tools in the image: use a newer release of Calico.",
            "- The eBPF dataplane needs a newer kernel: run kube-proxy again and disable eBPF until the kernel is new enough.",
        ],
        restarts: "Loading a module restarts nothing. Another kernel needs a reboot of the node. Another release restarts calico-node \
                   on every node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = log_line_finding::after_start(view, found, Code::KernelFeatureMissing);
    // a Ready node may have said it once while a module was loaded
    let repeats = |name: &String| {
        let logs = view.node(name).into_iter().flat_map(|node| node.attempts().take(1));
        let lines: Vec<_> = logs.flat_map(|log| &log.marks).filter(|mark| mark.kind == LogEventKind::KernelFeatureMissing).collect();
        lines.iter().any(|mark| startup_log::is_kernel_fallback(&mark.text)) || lines.iter().map(|mark| mark.times).sum::<u32>() > 1
    };
    findings.retain(|finding| finding.severity == Severity::Error || finding.nodes.iter().all(repeats));
    findings
}
