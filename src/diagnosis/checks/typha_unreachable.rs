use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::TyphaUnreachable,
        title: "Felix cannot connect to Typha",
        means: "Typha passes changes of the datastore on to every calico-node. Without it Felix does not become ready. In older releases \
                it exits. More time for probes does not help.",
        detected: "The log of a node that is not Ready says \"Failed to connect to Typha\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -i typha\nkubectl get pods -A -l k8s-app=calico-typha -o wide",
        fix: "Open TCP 5473 from the node to the nodes that run Typha (security groups, host firewalls). Check that the calico-typha pods \
              run and that their certificates are valid.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::finding(view, found, Code::TyphaUnreachable, LogEventKind::TyphaFailed, |nodes| {
        format!("Felix on {nodes} cannot connect to Typha")
    })
}
