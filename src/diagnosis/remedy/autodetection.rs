//! A method that would find the right address on every node, and the command that sets it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::json;

use super::super::report::Fix;
use super::super::shell::quote;
use super::super::view::View;
use crate::autodetect::Preference;
use crate::calico::address::Cidr;
use crate::calico::environment::method_variable;
use crate::calico::family::Family;
use crate::calico::flavour::Flavour;
use crate::calico::method::Method;
use crate::calico::version::Version;
use crate::snapshot::inside::Interface;

/// For the nodes whose address is wrong; the method is chosen for all, since all nodes share one.
pub fn autodetection(view: &View, family: Family, wrong: &[String]) -> Option<Fix> {
    if !is_changeable(view) {
        return None;
    }
    let recommended = view.recommended(family);
    if let Some(method) = recommended.method.as_ref().filter(|_| !recommended.keep) {
        let because = Preference::of(&Method::parse(method)).map_or("", |preference| preference.because);
        let doubt = if recommended.unsure.is_empty() { "on every node" } else { "on every node that could be looked into" };
        return proven(fix(view, family, method, &format!("right {doubt}: {because}")));
    }
    // Where every host was seen and no method is right on all of them, none is proposed.
    let seen = view.nodes.iter().all(|node| node.interfaces().is_some());
    if seen && recommended.method.is_none() && view.install.version().is_some() {
        return None;
    }
    let (method, why) = choose(view, family, wrong)?;
    proven(fix(view, family, &method, why))
}

/// Into one network, where every node has an address in it: the others would exit or keep what they have.
pub fn network(view: &View, family: Family, network: Cidr) -> Option<Fix> {
    let inside = |interfaces: &[Interface]| interfaces.iter().flat_map(|one| &one.addresses).any(|held| network.contains(&held.address));
    let everywhere = view.nodes.iter().all(|node| node.interfaces().is_some_and(inside));
    let known = view.install.version().is_some_and(|version| version.at_least(3, 16, 0));
    let why = "every node has an address in this network, and this method takes it";
    (everywhere && known && is_changeable(view)).then(|| proven(fix(view, family, &format!("cidr={network}"), why)))?
}

/// The same with a diff, a preflight and a proof.
fn proven(fix: Option<Fix>) -> Option<Fix> {
    fix.map(|fix| Fix { why: fix.why + "; with a preview and a proof: kubectl calico-fix autodetect", ..fix })
}

/// This very method, wherever it may be set.
pub fn set_method(view: &View, family: Family, method: &str) -> Option<Fix> {
    let fix = is_changeable(view).then(|| fix(view, family, method, ""))??;
    Some(Fix { why: fix.why.trim_start_matches("; ").to_owned(), ..fix })
}

fn is_changeable(view: &View) -> bool {
    !view.install.is_detection_off() && !view.install.flavour.is_some_and(Flavour::is_managed)
}

fn fix(view: &View, family: Family, method: &str, why: &str) -> Option<Fix> {
    let command = match view.install.is_operator() {
        true => installation(family, &Method::parse(method))?,
        false => daemon_set(view, family, method)?,
    };
    let lasting = view.install.flavour.filter(|_| view.install.owners.len() > usize::from(view.install.is_operator()));
    let place = lasting.map(|flavour| format!(": {}", flavour.durable_place())).unwrap_or_default();
    Some(Fix { command, why: format!("{why}; calico-node restarts node by node{}{place}", super::reverted_by(view)) })
}

/// Where hosts were not seen: kubernetes-internal-ip if this release has it unbroken and the InternalIPs can be trusted, else the way to a
/// sound node.
fn choose(view: &View, family: Family, wrong: &[String]) -> Option<(String, &'static str)> {
    let internal: Vec<Option<IpAddr>> = view.nodes.iter().map(|node| node.internal_ip(family)).collect();
    let distinct = internal.iter().flatten().collect::<BTreeSet<_>>().len() == internal.len();
    let on_interfaces = view.nodes.iter().all(|node| match (node.interfaces(), node.internal_ip(family)) {
        (Some(interfaces), Some(ip)) => interfaces.iter().any(|interface| interface.addresses.iter().any(|held| held.address == ip)),
        _ => true,
    });
    if distinct && on_interfaces && view.install.version().is_some_and(takes_internal_ip) {
        let why = "every node has an InternalIP of its own, and this method takes it";
        return Some(("kubernetes-internal-ip".to_owned(), why));
    }
    let sound = view.nodes.iter().find(|node| !wrong.iter().any(|name| name == node.name) && node.ready() == Some(true));
    let own = |node: &crate::diagnosis::view::NodeView| node.internal_ip(family).or_else(|| Some(node.stored(family)?.address()));
    let target = sound.and_then(own).or_else(|| distinct.then(|| internal.first().copied().flatten()).flatten())?;
    Some((format!("can-reach={target}"), "this method takes the address that each node itself uses towards that node"))
}

/// Added in 3.22.0; 3.22.0–3.22.3 and 3.23.0–3.23.1 store the network address: node/pkg/lifecycle/startup/autodetection.
fn takes_internal_ip(version: Version) -> bool {
    version.at_least(3, 23, 2) || (version.at_least(3, 22, 4) && !version.at_least(3, 23, 0))
}

/// Merge patch: the other methods must be cleared, or the operator goes Degraded (and accepts it without a word before 1.43).
fn installation(family: Family, method: &Method) -> Option<String> {
    const METHODS: [&str; 6] = ["firstFound", "interface", "skipInterface", "kubernetes", "canReach", "cidrs"];
    let field = match family {
        Family::V4 => "nodeAddressAutodetectionV4",
        Family::V6 => "nodeAddressAutodetectionV6",
    };
    let mut value = match method {
        Method::FirstFound => json!({"firstFound": true}),
        Method::Interface { regexes } => json!({"interface": regexes.join(",")}),
        Method::SkipInterface { regexes } => json!({"skipInterface": regexes.join(",")}),
        Method::KubernetesInternalIp => json!({"kubernetes": "NodeInternalIP"}),
        Method::CanReach { destination } => json!({"canReach": destination}),
        Method::Cidr { cidrs, .. } => json!({"cidrs": cidrs.iter().map(Cidr::to_string).collect::<Vec<_>>()}),
        Method::Invalid { .. } => return None,
    };
    for other in METHODS {
        if value.get(other).is_none() {
            value[other] = serde_json::Value::Null;
        }
    }
    let patch = json!({"spec": {"calicoNetwork": {field: value}}});
    Some(format!("kubectl patch installation default --type merge -p {}", quote(&patch.to_string())))
}

fn daemon_set(view: &View, family: Family, method: &str) -> Option<String> {
    let metadata = &view.install.daemon_set?.metadata;
    let namespace = view.install.namespace()?;
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
        quote(method)
    ))
}
