use std::net::IpAddr;

use crate::calico::address;
use crate::calico::node_annotations;
use crate::calico::startup_log::ExitReason;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::evidence;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::objects::Node;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::StaleNode,
        title: "A Node that no longer exists holds the address of a live node",
        means: "A host was renamed, or its address was given to another host. The old Node object is still there, and its kubelet no \
                longer reports. Calico compares a detected address with every Node object. So calico-node on the live host clears its \
                own address and exits.",
        detected: "Two Nodes claim the same address. Either projectcalico.org/IPv4Address (or IPv6Address) shows it, or the log line \
                   \"Calico node 'N' is already using the IPv4 address A.\" The Ready condition of one Node is Unknown, and the \
                   kubelet of the other one reports.",
        confirm: "kubectl get nodes -o wide\n\
                  kubectl describe node NODE",
        fix: &[
            "Make sure that the old host is gone or renamed. Then delete its Node object:",
            "  kubectl delete node NODE",
            "With the etcd datastore, delete it there too:",
            "  calicoctl delete node NODE",
            "A host that still runs under that name registers again.",
            "Another autodetection method does not help. DISABLE_NODE_IP_CHECK only hides the conflict.",
        ],
        restarts: "Nothing. Pods that are recorded on the deleted Node are removed, and its pod addresses are released. calico-node \
                   on the live node succeeds at its next attempt.",
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    let stale = view.nodes.iter().filter(|node| node.kubelet_is_silent());
    let found = stale.flat_map(|node| Family::ALL.into_iter().filter_map(move |family| finding(view, node, family)));
    // Where the DaemonSet wants no pod on it, the Node is not among those that are judged.
    let silent = |node: &&Node| node.condition("Ready").is_some_and(|ready| ready.status == "Unknown");
    let apart = view.left_out.iter().copied().filter(silent);
    let apart = apart.flat_map(|node| Family::ALL.into_iter().filter_map(move |family| without_calico(view, node, family)));
    found.chain(apart).collect()
}

fn without_calico(view: &Context, stale: &Node, family: Family) -> Option<Finding> {
    let text = stale.metadata.annotations.get(node_annotations::address(family)).filter(|_| view.install.keeps_annotations())?;
    let address = address::parse(text)?.addr();
    let live = view.nodes.iter().find(|node| !node.kubelet_is_silent() && claims(node, family, address))?;
    let of_stale = |source, text: String| Evidence { source, node: Some(stale.metadata.name.clone()), text };
    let shown = vec![
        of_stale(Source::Node, "Ready: Unknown".to_owned()),
        of_stale(Source::Annotation, format!("{}: {text}", node_annotations::address(family))),
    ];
    Some(about(&stale.metadata.name, live, family, address, shown))
}

fn finding(view: &Context, stale: &NodeModel, family: Family) -> Option<Finding> {
    let stored = stale.stored(family)?;
    let address = stored.address();
    let live = view.nodes.iter().find(|node| node.name != stale.name && !node.kubelet_is_silent() && claims(node, family, address))?;
    let mut shown = vec![stale.evidence(Source::Node, "Ready: Unknown")];
    shown.extend(evidence::of_address(stale, family, stored));
    Some(about(stale.name, live, family, address, shown))
}

fn about(stale: &str, live: &NodeModel, family: Family, address: IpAddr, mut shown: Vec<Evidence>) -> Finding {
    if let Some(stored) = live.stored(family).filter(|stored| stored.address() == address) {
        shown.extend(evidence::of_address(live, family, stored));
    }
    let lines = live.exit().into_iter().flat_map(|(log, _)| &log.marks).filter(|mark| phrases::tells_conflict(mark));
    shown.extend(lines.map(|mark| live.evidence(Source::Log, mark.text.clone())));
    shown.extend(phrases::restarts(live));
    let message = format!(
        "{} no longer reports but still holds the {family} address {address} of {}, whose calico-node cannot keep it",
        stale, live.name
    );
    let command = shell::object_name(stale).and_then(|name| shell::command(&["kubectl", "delete", "node", name]));
    let fix = command.map(|command| {
        let why = format!(
            "First make sure that the host {} is gone or was renamed: its pods are removed with the Node. {} then starts without another change",
            stale, live.name
        );
        Fix::next_step(command, why)
    });
    Finding { code: Code::StaleNode, severity: Severity::Error, nodes: vec![stale.to_owned()], message, evidence: shown, fix }
}

/// The address is stored for this node too, or its calico-node gave it up because the other has it.
fn claims(node: &NodeModel, family: Family, address: IpAddr) -> bool {
    let stored = node.stored(family).is_some_and(|stored| stored.address() == address);
    let gave_up = || match node.exit() {
        Some((_, ExitReason::Conflict { address: lost, .. })) => node.ready() != Some(true) && lost.parse() == Ok(address),
        _ => false,
    };
    stored || gave_up()
}
