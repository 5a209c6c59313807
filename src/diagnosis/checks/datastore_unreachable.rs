use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::snapshot::inspection::{LogEvent, LogEventKind};

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::DatastoreUnreachable,
        title: "calico-node cannot reach its datastore",
        means: "While starting, calico-node asks the Kubernetes API (or etcd) and gets no answer: the Service address leads nowhere \
                (kube-proxy late or absent), a firewall, a wrong KUBERNETES_SERVICE_HOST, an expired certificate. It asks again until \
                its liveness probe kills it. A larger start-up budget does not help as long as no answer comes.",
        detected: "The log of a node that is not Ready says \"Hit error connecting to datastore - retry\" or \"Connection to the datastore \
                   is unauthorized\", and never \"Datastore connection verified\" in that attempt.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node --previous | grep -i datastore\n\
                  On the node: curl -k https://SERVICE-ADDRESS:443/healthz",
        fix: "Restore the way from that node to the API server or etcd: kube-proxy on the node, security groups, routes, \
              the ConfigMap kubernetes-services-endpoint. If it does verify in the end and the kill beat it, it is killed-while-starting.",
    },
    run,
};

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes
        .iter()
        .filter(|node| !found.is_explained(node.name) && node.ready() != Some(true))
        .filter_map(|node| finding(view, node))
        .collect()
}

fn finding(view: &ClusterModel, node: &NodeModel) -> Option<Finding> {
    let mark = unanswered(node)?;
    let unauthorized = mark.kind == LogEventKind::DatastoreUnauthorized;
    // On a new node kube-proxy may be a little late too.
    if !unauthorized && view.is_starting(node) {
        return None;
    }
    let what = if unauthorized { "is refused by its datastore" } else { "gets no answer from its datastore" };
    let message = format!("calico-node on {} {what} while it starts", node.name);
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
