use std::collections::{BTreeMap, BTreeSet};

use crate::calico::bgp_error::ErrorMeaning;
use crate::calico::environment::Value;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation};
use crate::diagnosis::fixes;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::RouterIdConflict,
        title: "Two nodes have the same BGP router ID",
        means: "BIRD refuses a peer that has its own router ID (\"Bad BGP identifier\"), so there is no session between these nodes. \
                Behind a route reflector they ignore each other's routes without a message.",
        detected: "BIRD's `show status` prints the same \"Router ID is\" on two nodes, and a session between them is down. Two nodes \
                   that claim one address are another finding.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- birdcl -s /var/run/calico/bird.ctl show status",
        fix: &[
            "The router ID is the node's IPv4 address, unless CALICO_ROUTER_ID sets it. A fixed value in the DaemonSet gives every \
             node the same ID. Remove the variable:",
            "  kubectl set env daemonset/calico-node -n NAMESPACE -c calico-node CALICO_ROUTER_ID-",
            "On an IPv6-only cluster set CALICO_ROUTER_ID=hash instead. It makes the ID from the node's name.",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut holders: BTreeMap<&str, Vec<&NodeModel>> = BTreeMap::new();
    for node in view.nodes.iter().filter(|node| !found.is_explained(node.name)) {
        let ids: BTreeSet<&str> = Family::ALL.into_iter().filter_map(|family| node.bgp(family).seen()?.router_id).collect();
        for id in ids.into_iter().filter(|id| !matches!(*id, "" | "0.0.0.0")) {
            holders.entry(id).or_default().push(node);
        }
    }
    holders.into_iter().filter(|(_, nodes)| nodes.len() > 1).filter_map(|(id, nodes)| finding(view, id, &nodes)).collect()
}

fn finding(view: &Context, id: &str, nodes: &[&NodeModel]) -> Option<Finding> {
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let sessions =
        || nodes.iter().flat_map(|node| Family::ALL.into_iter().flat_map(|family| node.bgp(family).down()).map(move |down| (*node, down)));
    let refused = sessions().filter(|(_, down)| {
        let says = down.session.last_error().is_some_and(|error| error.meaning == ErrorMeaning::SameRouterId);
        says || view.peer(down.session.address).is_some_and(|peer| names.iter().any(|name| name == peer.name))
    });
    let mut evidence: Vec<Evidence> = refused.map(|(node, down)| node.evidence(down.source, down.row())).collect();
    if evidence.is_empty() {
        return None;
    }
    let own = nodes.iter().map(|node| node.evidence(Source::Birdcl, format!("Router ID is {id}")));
    evidence = own.chain(evidence).collect();
    let set = matches!(view.install.environment().map(|environment| environment.get("CALICO_ROUTER_ID")), Some(Value::Literal(literal)) if literal == id);
    let origin = if set { format!(", set by CALICO_ROUTER_ID in {}", view.install.name()) } else { String::new() };
    let message = format!(
        "{} have the same BGP router ID {id}{origin}, expected one of its own on each node: they refuse each other's sessions (Bad BGP identifier)",
        phrases::list(&names)
    );
    let fix = if set { fixes::router_id(view) } else { None };
    Some(Finding { code: Code::RouterIdConflict, severity: Severity::Error, nodes: names, message, evidence, fix })
}
