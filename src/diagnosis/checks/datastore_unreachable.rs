use crate::calico::startup_log::{self, ExitReason, Outcome};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::inspection::{LogEvent, LogEventKind};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::DatastoreUnreachable,
        title: "calico-node cannot reach its datastore",
        means: "calico-node asks the Kubernetes API (or etcd) and gets no usable answer. It tries again until its liveness probe \
                kills it, or it exits and starts again. Common causes: the Service address leads nowhere because kube-proxy is late \
                or absent, a firewall, a wrong KUBERNETES_SERVICE_HOST, an expired certificate. A larger startup limit does not help \
                as long as there is no answer.",
        detected: "The node is not Ready. Its log says \"Hit error connecting to datastore - retry\" or \"Connection to the datastore \
                   is unauthorized\". That attempt never says \"Datastore connection verified\". Or the start ends with an error of a \
                   request that got no answer or was refused. Or the log after the start ends with errors of requests to the API \
                   server.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node --previous | grep -i datastore\n\
                  On the node: curl -k https://SERVICE-ADDRESS:443/healthz",
        fix: &[
            "Restore the connection from that node to the API server or etcd. Check kube-proxy on the node, security groups, routes, \
             and the ConfigMap kubernetes-services-endpoint.",
            "If the datastore answers, but too late for the probe, see: kubectl calico-fix explain killed-while-starting",
        ],
        restarts: "Nothing. calico-node connects at its next attempt.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let suffers = |node: &NodeModel| node.ready() != Some(true);
    let starting = view.nodes.iter().filter(|node| suffers(node) && !found.is_explained(node.name));
    let mut findings: Vec<Finding> = starting.filter_map(|node| finding(view, node)).collect();
    let mut later = log_line_finding::after_start(view, found, Code::DatastoreUnreachable);
    later.retain(|one| {
        one.nodes.iter().all(|name| view.node(name).is_some_and(suffers)) && findings.iter().all(|other| other.nodes != one.nodes)
    });
    findings.extend(later);
    findings
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let exit =
        node.exit().filter(|(_, reason)| matches!(reason, ExitReason::DatastoreUnreachable { .. } | ExitReason::DatastoreUnauthorized));
    let mark =
        exit.as_ref().and_then(|(log, _)| log.marks.iter().rfind(|mark| mark.kind == LogEventKind::Fatal)).or_else(|| unanswered(node))?;
    let refused = exit.is_some_and(|(_, reason)| reason == ExitReason::DatastoreUnauthorized);
    let unauthorized = refused || mark.kind == LogEventKind::DatastoreUnauthorized;
    // On a new node kube-proxy may be a little late too.
    if !unauthorized && view.is_starting(node) {
        return None;
    }
    let attempt = node.attempts().find(|log| log.marks.contains(mark));
    let is_try = |mark: &LogEvent| matches!(mark.kind, LogEventKind::DatastoreRetry | LogEventKind::Fatal);
    let distrusts = |mark: &&LogEvent| is_try(mark) && startup_log::distrusts_certificate(&mark.text);
    let certificate = attempt.and_then(|log| log.marks.iter().rev().find(distrusts)).filter(|_| !unauthorized);
    let (what, mark) = match certificate {
        Some(certificate) => ("does not trust the certificate of its datastore", certificate),
        None if unauthorized => ("is refused by its datastore", mark),
        None => ("gets no answer from its datastore", mark),
    };
    let starts = attempt.is_none_or(|log| startup_log::outcome(log) != Outcome::Started);
    let when = if starts { " while it starts" } else { ", although it had started" };
    let why = certificate.filter(|mark| startup_log::is_out_of_date(&mark.text)).map_or("", |_| log_line_finding::OUT_OF_DATE);
    let message = format!("calico-node on {} {what}{when}{why}", node.name);
    let mut evidence = vec![node.evidence(Source::Log, mark.text.clone())];
    evidence.extend(phrases::restarts(node));
    Some(Finding {
        code: Code::DatastoreUnreachable,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message,
        evidence,
        fix: None,
    })
}

/// The newest attempt that says anything about the datastore decides.
fn unanswered<'a>(node: &NodeModel<'a>) -> Option<&'a LogEvent> {
    let telling = |mark: &&LogEvent| {
        matches!(
            mark.kind,
            LogEventKind::DatastoreRetry | LogEventKind::DatastoreUnauthorized | LogEventKind::DatastoreVerified | LogEventKind::Started
        )
    };
    let last = node.attempts().find_map(|log| log.marks.iter().rev().find(telling))?;
    matches!(last.kind, LogEventKind::DatastoreRetry | LogEventKind::DatastoreUnauthorized).then_some(last)
}
