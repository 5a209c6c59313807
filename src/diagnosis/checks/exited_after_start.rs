use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::model::NodeModel;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ExitedAfterStart,
        title: "A part of calico-node exits after the start",
        means: "Startup succeeded. Then Felix, confd or another part met an error from which it cannot recover. It restarts and exits \
                again. Probes are not the cause. Examples: the kernel's rp_filter is loose (old releases), a configuration that \
                cannot be read, a missing kernel module.",
        detected: "The log of a node that is not Ready has a FATAL or panic line after \"Calico node started successfully\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node --previous | grep -E 'FATAL|PANIC|panic:'",
        fix: &[
            "Fix what that line names. If it is a loose rp_filter, run this on the node, or use a newer release, which no longer \
             checks it:",
            "  sysctl -w net.ipv4.conf.all.rp_filter=1",
        ],
        restarts: "sysctl restarts nothing. Another release restarts calico-node on every node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = log_line_finding::after_start(view, found, Code::ExitedAfterStart);
    let suffers = |node: &NodeModel| node.ready() != Some(true) && !node.misses_only_peers();
    findings.retain(|finding| finding.nodes.iter().filter_map(|name| view.node(name)).all(suffers));
    findings
}
