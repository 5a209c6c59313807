use crate::calico::startup_log;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Source};
use crate::model::NodeModel;
use crate::snapshot::inspection::{LogEvent, LogEventKind};
use crate::snapshot::objects::CALICO_NODE;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::TyphaUnreachable,
        title: "Felix cannot connect to Typha",
        means: "Typha passes changes of the datastore on to every calico-node. Without a connection to Typha, Felix does not become \
                ready. In older releases it exits. More time for probes does not help.",
        detected: "The log of a node that is not Ready says \"Failed to connect to Typha\", or that the connection to a Typha failed for \
                   its certificate.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -i typha\n\
                  kubectl get pods -A -l k8s-app=calico-typha -o wide",
        fix: &[
            "- Check that the calico-typha pods run.",
            "- Open TCP port 5473 from this node to the nodes that run Typha, in security groups and host firewalls.",
            "- Check that the certificates of Typha and of calico-node are valid. If one has expired, let its issuer make a new one (the \
             tigera-operator, or your own CA), then restart Typha.",
        ],
        restarts: "Nothing. Felix connects automatically.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = log_line_finding::finding(view, found, Code::TyphaUnreachable, LogEventKind::TyphaFailed, |nodes, lines| {
        let why = match lines.iter().rev().find(|mark| is_of_tls(mark)) {
            Some(mark) if startup_log::is_out_of_date(&mark.text) => ": Typha's certificate has expired, or the node's clock is wrong",
            Some(_) => ": one of the two does not trust the other's certificate",
            None => "",
        };
        // confd and the allocator of tunnel addresses connect too
        let others = lines.iter().any(|mark| OTHER_CLIENTS.iter().any(|client| mark.text.contains(client)));
        let who = if others { CALICO_NODE } else { "Felix" };
        format!("{who} on {nodes} cannot connect to Typha{why}")
    });
    for finding in &mut findings {
        let nodes = finding.nodes.iter().filter_map(|name| view.node(name));
        finding.evidence.extend(nodes.filter_map(why_not_tls));
    }
    findings
}

/// How calico-node's other programs name themselves to Typha (typha/pkg/syncproto).
const OTHER_CLIENTS: [&str; 2] = ["type=\"bgp\"", "type=\"tunnel-ip-allocation\""];

fn is_of_tls(mark: &LogEvent) -> bool {
    startup_log::distrusts_certificate(&mark.text) || mark.text.contains("tls: ")
}

/// The line that says why TLS does not come about.
fn why_not_tls(node: &NodeModel) -> Option<Evidence> {
    let says = |mark: &&LogEvent| mark.kind == LogEventKind::TyphaFailed && is_of_tls(mark);
    let mark = node.attempts().find_map(|log| log.marks.iter().rev().find(says))?;
    Some(node.evidence(Source::Log, mark.text.clone()))
}
