//! A method that would find the right address on every node, and the command that sets it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::json;

use super::super::report::Fix;
use super::super::shell::quote;
use super::super::view::View;
use crate::calico::address::Cidr;
use crate::calico::environment::method_variable;
use crate::calico::family::Family;
use crate::calico::flavour::Flavour;
use crate::calico::version::Version;
use crate::snapshot::inside::Interface;

/// For the nodes whose address is wrong; the method is chosen for all, since all nodes share one.
pub fn autodetection(view: &View, family: Family, wrong: &[String]) -> Option<Fix> {
    if !is_changeable(view) {
        return None;
    }
    fix(view, family, &choose(view, family, wrong)?)
}

/// Into one network, where every node has an address in it: the others would exit or keep what they have.
pub fn network(view: &View, family: Family, network: Cidr) -> Option<Fix> {
    let inside = |interfaces: &[Interface]| interfaces.iter().flat_map(|one| &one.addresses).any(|held| network.contains(&held.address));
    let everywhere = view.nodes.iter().all(|node| node.interfaces().is_some_and(inside));
    let known = view.install.version().is_some_and(|version| version.at_least(3, 16, 0));
    (everywhere && known && is_changeable(view)).then(|| fix(view, family, &Choice::Network(network)))?
}

fn is_changeable(view: &View) -> bool {
    !view.install.detects_nothing() && view.install.flavour != Some(Flavour::Aks)
}

fn fix(view: &View, family: Family, choice: &Choice) -> Option<Fix> {
    let command = match view.install.is_operator() {
        true => installation(family, choice),
        false => daemon_set(view, family, choice)?,
    };
    let lasting = view.install.flavour.filter(|_| view.install.owners.len() > usize::from(view.install.is_operator()));
    let place = lasting.map(|flavour| format!(": {}", flavour.durable_place())).unwrap_or_default();
    Some(Fix { command, why: format!("{}; calico-node restarts node by node{}{place}", choice.why(), super::reverted_by(view)) })
}

enum Choice {
    InternalIp,
    CanReach(IpAddr),
    Network(Cidr),
}

impl Choice {
    fn why(&self) -> &'static str {
        match self {
            Self::InternalIp => "every node has an InternalIP of its own, and this method takes it",
            Self::Network(_) => "every node has an address in this network, and this method takes it",
            Self::CanReach(_) => "this method takes the address that each node itself uses towards that node",
        }
    }
}

/// kubernetes-internal-ip where this release has it unbroken and the InternalIPs can be trusted; else the way to a sound node.
fn choose(view: &View, family: Family, wrong: &[String]) -> Option<Choice> {
    let internal: Vec<Option<IpAddr>> = view.nodes.iter().map(|node| node.internal_ip(family)).collect();
    let distinct = internal.iter().flatten().collect::<BTreeSet<_>>().len() == internal.len();
    let on_interfaces = view.nodes.iter().all(|node| match (node.interfaces(), node.internal_ip(family)) {
        (Some(interfaces), Some(ip)) => interfaces.iter().any(|interface| interface.addresses.iter().any(|held| held.address == ip)),
        _ => true,
    });
    if distinct && on_interfaces && view.install.version().is_some_and(takes_internal_ip) {
        return Some(Choice::InternalIp);
    }
    let sound = view.nodes.iter().find(|node| !wrong.iter().any(|name| name == node.name) && node.ready() == Some(true));
    let own = |node: &crate::diagnosis::view::NodeView| node.internal_ip(family).or_else(|| Some(node.stored(family)?.address()));
    let target = sound.and_then(own).or_else(|| distinct.then(|| internal.first().copied().flatten()).flatten())?;
    Some(Choice::CanReach(target))
}

/// Added in 3.22.0; 3.22.0–3.22.3 and 3.23.0–3.23.1 store the network address: node/pkg/lifecycle/startup/autodetection.
fn takes_internal_ip(version: Version) -> bool {
    version.at_least(3, 23, 2) || (version.at_least(3, 22, 4) && !version.at_least(3, 23, 0))
}

/// Merge patch: the other method must be cleared, or the operator goes Degraded (and accepts it without a word before 1.43).
fn installation(family: Family, choice: &Choice) -> String {
    let field = match family {
        Family::V4 => "nodeAddressAutodetectionV4",
        Family::V6 => "nodeAddressAutodetectionV6",
    };
    let (method, cleared) = match choice {
        Choice::InternalIp => (json!({"kubernetes": "NodeInternalIP"}), ["firstFound", "interface", "skipInterface", "canReach", "cidrs"]),
        Choice::Network(network) => {
            (json!({"cidrs": [network.to_string()]}), ["firstFound", "interface", "skipInterface", "kubernetes", "canReach"])
        }
        Choice::CanReach(target) => (json!({"canReach": target}), ["firstFound", "interface", "skipInterface", "kubernetes", "cidrs"]),
    };
    let mut value = method;
    for other in cleared {
        value[other] = serde_json::Value::Null;
    }
    let patch = json!({"spec": {"calicoNetwork": {field: value}}});
    format!("kubectl patch installation default --type merge -p {}", quote(&patch.to_string()))
}

fn daemon_set(view: &View, family: Family, choice: &Choice) -> Option<String> {
    let metadata = &view.install.daemon_set?.metadata;
    let namespace = view.install.namespace()?;
    let method = match choice {
        Choice::InternalIp => "kubernetes-internal-ip".to_owned(),
        Choice::CanReach(target) => format!("can-reach={target}"),
        Choice::Network(network) => format!("cidr={network}"),
    };
    let gate = match (family, view.install.is_detected(family)) {
        (_, true) => "",
        (Family::V4, false) => " IP=autodetect",
        (Family::V6, false) => " IP6=autodetect",
    };
    Some(format!(
        "kubectl set env daemonset/{} -n {} -c calico-node{gate} {}={}",
        quote(&metadata.name),
        quote(namespace),
        method_variable(family),
        quote(&method)
    ))
}
