use crate::calico::startup_log::ExitReason;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::fixes;
use crate::finding::code::Code;
use crate::finding::{Finding, Fix, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::StartupLog;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::StartupExited,
        title: "calico-node exits while starting",
        means: "Startup met an error from which it cannot recover, and exited with code 1. Examples: no address was detected and none \
                is stored, the Node object was changed at the same moment, the datastore refused a request. Probes are not the cause.",
        detected: "The log of a node that is not Ready ends with \"Terminating\", \"Calico node failed to start\" or a FATAL line. \
                   The line before gives the reason.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node --previous | tail",
        fix: &[
            "Fix what the last lines name:",
            "- No address: choose a method that finds one. Compare the methods with: kubectl calico-fix autodetect",
            "- \"update conflict\": wait. The next start tries again. On a slow link several starts may be needed.",
        ],
        restarts: "Another method restarts calico-node on every node, usually one at a time. Waiting restarts nothing.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes
        .iter()
        .filter(|node| !found.is_explained(node.name) && node.ready() != Some(true))
        .filter_map(|node| finding(view, node))
        .collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let (log, reason) = node.exit()?;
    let nodes = vec![node.name.to_owned()];
    let (why, fix) = match &reason {
        ExitReason::NoAddress => {
            let family = phrases::family_of(log);
            let fix = fixes::autodetection(view, family, &nodes);
            let hosts = fixes::hosts_without(view, family);
            let alone = match family {
                Family::V4 if fixes::is_without(view, family) => "; the nodes have only IPv6 addresses, no node has an IPv4 address",
                Family::V6 if fixes::is_without(view, family) => "; the nodes have only IPv4 addresses",
                _ if hosts.iter().any(|host| host == node.name) => "; its interfaces have none, those of other nodes do",
                _ => "",
            };
            (format!("it could not detect an {family} address and has none stored{alone}"), fix)
        }
        ExitReason::UpdateConflict => (reason.outlook(), None),
        ExitReason::Conflict { node: other, .. } if is_down(view, other) => (
            format!("{}. {other} is NotReady, as the Node of a host that was renamed stays", reason.outlook()),
            shell::object_name(other).and_then(|name| shell::command(&["kubectl", "describe", "node", name])).map(|command| {
                let why = format!(
                    "Shows since when {other} does not report. If its host is gone or was renamed, delete the Node. This changes nothing"
                );
                Fix::next_step(command, why)
            }),
        ),
        other => (other.outlook(), fixes::whole_log(view, node)),
    };
    let message = format!("calico-node on {} exits while starting: {why}", node.name);
    let mut evidence = last_words(node, log);
    evidence.extend(phrases::restarts(node));
    Some(Finding { code: Code::StartupExited, severity: Severity::Error, nodes, message, evidence, fix })
}

/// Its Node is there and not Ready.
fn is_down(view: &Context, name: &str) -> bool {
    let node = view.snapshot.nodes.seen().into_iter().flatten().find(|node| node.metadata.name == name);
    node.and_then(|node| node.condition("Ready")).is_some_and(|ready| ready.status != "True")
}

fn last_words(node: &NodeModel, log: &StartupLog) -> Vec<crate::finding::Evidence> {
    let earlier = log.marks.len().saturating_sub(4);
    log.marks.iter().skip(earlier).map(|mark| node.evidence(Source::Log, mark.text.clone())).collect()
}
