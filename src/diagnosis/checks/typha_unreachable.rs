use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::code::Code;
use crate::finding::{Finding, Source};
use crate::model::NodeModel;
use crate::snapshot::inspection::{LogEvent, LogEventKind};

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
    let mut findings = log_line_finding::finding(view, found, Code::TyphaUnreachable, LogEventKind::TyphaFailed, |nodes| {
        format!("Felix on {nodes} cannot connect to Typha")
    });
    for finding in &mut findings {
        let marks = finding.nodes.iter().filter_map(|name| view.node(name)).filter_map(|node| Some((node, certificate_problem(node)?)));
        let shown: Vec<_> = marks.map(|(node, text)| node.evidence(Source::Log, text)).collect();
        if !shown.is_empty() {
            finding.message += ": one of the two does not trust the other's certificate";
            finding.evidence.extend(shown);
        }
    }
    findings
}

/// The line that says why TLS does not come about.
fn certificate_problem(node: &NodeModel) -> Option<String> {
    let says = |mark: &&LogEvent| mark.kind == LogEventKind::TyphaFailed && (mark.text.contains("x509: ") || mark.text.contains("tls: "));
    node.attempts().find_map(|log| log.marks.iter().rev().find(says)).map(|mark| mark.text.clone())
}
