//! A method that would find the right address on every node, and the command that sets it.

use std::net::IpAddr;

use serde_json::json;

use crate::autodetect::{Ground, Verdict};
use crate::calico::address::{Cidr, is_global_unicast};
use crate::calico::environment::method_variable;
use crate::calico::flavour::Flavour;
use crate::calico::method::{self, Method, Problem};
use crate::calico::version::Version;
use crate::calico::virtual_interfaces;
use crate::diagnosis::context::Context;
use crate::diagnosis::next_start;
use crate::finding::{ByHand, Fix};
use crate::model::{NodeModel, Stored, effective_installation};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;
use crate::snapshot::objects::CALICO_NODE;
use crate::text::shell;

/// What puts these nodes' addresses right: a restart of their pods where the configured method finds the right address there, else
/// another method, which all nodes share. `None` where no change is known to help.
pub(crate) fn autodetection(view: &Context, family: Family, wrong: &[String]) -> Option<Fix> {
    if let Some(fix) = restart(view, family, wrong) {
        return Some(fix);
    }
    if view.install.daemon_set.is_none() && view.snapshot.daemon_set.is_not_asked() {
        return Some(super::compare_addresses(family));
    }
    if !is_changeable(view) {
        return None;
    }
    if let Some(fix) = switch_off(view, family) {
        return Some(fix);
    }
    let recommended = view.recommended(family);
    if let Some(method) = recommended.method.as_ref() {
        if recommended.keep || is_refused_now(view, method) {
            return None;
        }
        let correct = match (recommended.unsure.is_empty(), view.nodes.len()) {
            (true, 1) => "correct on 1 node".to_owned(),
            (true, nodes) => format!("correct on all {nodes} nodes"),
            (false, _) => "correct on every node that could be checked".to_owned(),
        };
        return guarded(view, family, method, false, &correct);
    }
    // Where every host was seen and no method is right on all of them, none is proposed.
    let seen = view.nodes.iter().all(|node| node.interfaces().is_some());
    if seen && view.install.version().is_some() {
        return None;
    }
    let (method, why) = choose(view, family, wrong)?;
    guarded(view, family, &method, true, why)
}

/// The configured method finds the right address on each of these nodes, so that a new start is all it takes.
fn restart(view: &Context, family: Family, wrong: &[String]) -> Option<Fix> {
    // A restart now is one of the release that runs, whatever that of a planned upgrade would find.
    if view.install.upgrade().is_some_and(|upgrade| Some(upgrade) != view.install.version()) {
        return None;
    }
    let matrix = view.matrix(family);
    let current = matrix.current()?;
    let choice = matrix.choice(current);
    let mut pods = Vec::new();
    let mut finds = Vec::new();
    for (prediction, cell) in choice.predictions.iter().zip(&current.cells).filter(|(one, _)| wrong.contains(&one.node)) {
        let found = cell.outcome.found().filter(|_| cell.ends_right == Some(true) && prediction.changes() == Some(true))?;
        let node = view.node(&prediction.node)?;
        if next_start::is_too_long(view, node) {
            return None;
        }
        let runs = node.container().is_some_and(|status| status.state.running.is_some());
        if !runs || prediction.held_now_by.is_some() {
            return None;
        }
        pods.push(shell::object_name(&node.pod?.metadata.name)?);
        finds.push(format!("{} on {}", found.address, node.name));
    }
    if pods.is_empty() || pods.len() != wrong.len() {
        return None;
    }
    let namespace = view.install.namespace().or_else(|| view.node(wrong.first()?)?.pod?.metadata.namespace.as_deref())?;
    let words = [&["kubectl", "delete", "pod"], pods.as_slice(), &["-n", shell::namespace(namespace)?]].concat();
    let command = shell::command(&words)?;
    let on = crate::text::list(wrong, 3);
    let finds = crate::text::list(&finds, 3);
    Some(Fix::next_step(command, format!("Restarts calico-node on {on} only. The configured method {} finds {finds}", current.method)))
}

/// The guarded change, where a method is known to be right on every node now and after a restart.
pub(crate) fn guarded_change(view: &Context, family: Family) -> Option<Fix> {
    let recommended = view.recommended(family);
    let method = recommended.method.as_ref().filter(|_| !recommended.keep && recommended.unsure.is_empty())?;
    if !is_changeable(view) || is_refused_now(view, method) {
        return None;
    }
    guarded(view, family, method, false, "correct on every node")
}

/// `named`: the method must be given, because the command would not recommend it.
fn guarded(view: &Context, family: Family, method: &str, named: bool, correct: &str) -> Option<Fix> {
    let by_hand = is_changeable(view).then(|| command_by_hand(view, family, method))??;
    let mut words = vec!["kubectl", "calico-fix", "autodetect"];
    words.extend((family == Family::V6).then_some("--ipv6"));
    if named {
        words.extend(["--method", method]);
    }
    let parsed = Method::parse(method);
    let field = match parsed {
        Method::KubernetesInternalIp if view.install.is_operator() => " (kubernetes: NodeInternalIP)",
        _ => "",
    };
    let why = format!("Sets the method {method}{field}: {}, {correct}", effect(&parsed));
    let mut fix = super::guarded(view, &words, &place(view, &why), by_hand)?;
    if let Some(slow) = too_slow(view) {
        fix.why = format!(
            "First run kubectl calico-fix probes: its probes would kill calico-node on {slow} at the next start. Then: {}",
            fix.why
        );
        fix.by_hand = None;
    }
    Some(fix)
}

/// The nodes on which a restart, which a changed method brings, would not come through its start.
fn too_slow(view: &Context) -> Option<String> {
    let slow: Vec<String> = view.nodes.iter().filter(|node| next_start::is_too_long(view, node)).map(|node| node.name.to_owned()).collect();
    (!slow.is_empty()).then(|| crate::text::list(&slow, 3))
}

/// What a method makes a node use.
fn effect(method: &Method) -> &'static str {
    match method {
        Method::KubernetesInternalIp => "each node uses its InternalIP",
        Method::CanReach { .. } => "each node uses the address that it sends from towards that destination",
        Method::Cidr { .. } => "each node uses its address in that network",
        Method::Interface { .. } => "each node uses the address of that interface",
        Method::SkipInterface { .. } => "each node skips those interfaces",
        Method::FirstFound | Method::Invalid { .. } => "each node uses its first valid address",
    }
}

/// A method that only the release of a planned upgrade knows.
fn is_refused_now(view: &Context, method: &str) -> bool {
    let Some(running) = view.install.version() else { return false };
    let problem = method::problem(&Method::parse(method), running);
    matches!(problem, Some(Problem::Invalid { .. } | Problem::UnknownToRelease { .. } | Problem::StoresNetworkAddress))
}

/// No node has an address of this family to detect, and some have one of the other.
pub(crate) fn is_without(view: &Context, family: Family) -> bool {
    view.nodes.iter().any(|node| node.internal_ip(family.other()).is_some()) && !view.nodes.iter().any(|node| has_address(node, family))
}

/// Nodes whose interfaces were read and have no address of this family, while other nodes have one.
pub(crate) fn hosts_without(view: &Context, family: Family) -> Vec<String> {
    let lack = view.nodes.iter().filter(|node| node.interfaces().is_some() && !has_address(node, family));
    lack.map(|node| node.name.to_owned()).collect()
}

fn has_address(node: &NodeModel, family: Family) -> bool {
    let counts = |address: &IpAddr| Family::from_address(*address) == family && is_global_unicast(*address);
    let cards = node.interfaces().into_iter().flatten();
    let cards = cards.filter(|one| virtual_interfaces::describe(&one.name, one.kind.as_deref()).is_none());
    let mut held = cards.flat_map(|interface| &interface.addresses).map(|held| held.address);
    node.internal_ips.iter().any(counts) || node.stored(family).is_some() || held.any(|address| counts(&address))
}

/// Detection of a family that no node has: `IP=none` or `IP6=none`. Without an IPv4 address BIRD takes its router id from the node's name.
pub(crate) fn switch_off(view: &Context, family: Family) -> Option<Fix> {
    // of IPv6 a node may have what nobody has seen
    let seen = family == Family::V4 || view.nodes.iter().all(|node| node.interfaces().is_some());
    if !seen || !is_changeable(view) || !view.install.is_detected(family) || !is_without(view, family) {
        return None;
    }
    let (other, field, off): (_, _, &[&str]) = match family {
        Family::V4 => ("IPv6", "nodeAddressAutodetectionV4", &["IP=none", "CALICO_ROUTER_ID=hash"]),
        Family::V6 => ("IPv4", "nodeAddressAutodetectionV6", &["IP6=none"]),
    };
    let what = format!("The nodes have only {other} addresses, so no {family} method can find one");
    if view.install.is_operator() {
        let cleared: serde_json::Map<String, serde_json::Value> = METHODS.iter().map(|name| ((*name).to_owned(), json!(null))).collect();
        let patch = json!({"spec": {"calicoNetwork": {field: cleared}}});
        let command = patch_installation(view, &patch)?;
        let why = format!("{what}. This turns {family} detection off ({field}: {{}}). Restarts {}", super::restarts(view));
        return Some(Fix::next_step(command, place(view, &why)));
    }
    let (target, namespace) = (view.install.command_target()?, shell::namespace(view.install.namespace()?)?);
    let words = [&["kubectl", "set", "env", &target, "-n", namespace, "-c", CALICO_NODE], off].concat();
    let command = shell::command(&words)?;
    let why = format!("{what}. This turns {family} detection off. Restarts {}", super::restarts(view));
    Some(Fix::next_step(command, place(view, &why)))
}

/// Into one network, where every node has an address in it: the others would exit or keep what they have.
pub(crate) fn network(view: &Context, family: Family, network: Cidr) -> Option<Fix> {
    let inside = |interfaces: &[Interface]| interfaces.iter().flat_map(|one| &one.addresses).any(|held| network.contains(&held.address));
    let everywhere = view.nodes.iter().all(|node| node.interfaces().is_some_and(inside));
    let known = view.install.version().is_some_and(|version| version.at_least(3, 16, 0));
    let why = "and every node has one";
    (everywhere && known && is_changeable(view)).then(|| guarded(view, family, &format!("cidr={network}"), true, why))?
}

/// The kubectl command that sets this method, where the restarts that it brings do no harm.
pub(crate) fn set_method(view: &Context, family: Family, method: &str) -> Option<ByHand> {
    if !is_changeable(view) || too_slow(view).is_some() {
        return None;
    }
    let command = command_by_hand(view, family, method)?;
    Some(ByHand { command, restarts: place(view, &super::restarts(view)) })
}

fn command_by_hand(view: &Context, family: Family, method: &str) -> Option<String> {
    match view.install.is_operator() {
        true => installation(view, family, &Method::parse(method)),
        false => daemon_set(view, family, method),
    }
}

fn is_changeable(view: &Context) -> bool {
    !view.install.is_detection_off() && !view.install.flavour.is_some_and(Flavour::is_managed)
}

/// The reason, who may revert the change, and where it lasts.
fn place(view: &Context, why: &str) -> String {
    let lasting = view.install.flavour.filter(|_| view.install.owners.len() > usize::from(view.install.is_operator()));
    let place = lasting.map(|flavour| format!(": {}", flavour.durable_place())).unwrap_or_default();
    format!("{why}{}{place}", super::reverted_by(view))
}

/// Where hosts were not seen: kubernetes-internal-ip if this release has it unbroken and every InternalIP is credible, else the way to a
/// sound node. Never the method that is configured: it would change nothing.
fn choose(view: &Context, family: Family, wrong: &[String]) -> Option<(String, &'static str)> {
    let matrix = view.matrix(family);
    let configured = view.install.method(family).map(|text| Method::parse(&text)).filter(|_| view.install.is_detected(family));
    let credible = matrix.internal_ips_unreliable.is_none() && !matrix.nodes.is_empty();
    let own_works = view.nodes.iter().zip(&matrix.nodes).any(|(node, judged)| {
        judged.judgement.verdict == Verdict::Right
            && judged.judgement.ground != Ground::InternalIp
            && !wrong.iter().any(|name| name == node.name)
    });
    if credible && !own_works && configured != Some(Method::KubernetesInternalIp) && view.install.version().is_some_and(takes_internal_ip) {
        let why = "and every node has one of its own";
        return Some(("kubernetes-internal-ip".to_owned(), why));
    }
    let is_sound = |node: &&NodeModel| !wrong.iter().any(|name| name == node.name) && node.ready() == Some(true);
    let target = view.nodes.iter().zip(&matrix.nodes).find(|(node, judged)| is_sound(node) && judged.judgement.verdict == Verdict::Right);
    let sound = target.and_then(|(node, _)| node.stored(family)).map(Stored::address);
    let target = sound.or_else(|| view.nodes.first().filter(|_| credible)?.internal_ip(family))?;
    let method = format!("can-reach={target}");
    let changes = configured != Some(Method::parse(&method));
    changes.then_some((method, "which is a healthy node"))
}

/// Added in 3.22.0; 3.22.0–3.22.3 and 3.23.0–3.23.1 store the network address: node/pkg/lifecycle/startup/autodetection.
fn takes_internal_ip(version: Version) -> bool {
    version.at_least(3, 23, 2) || (version.at_least(3, 22, 4) && !version.at_least(3, 23, 0))
}

/// The fields of the Installation's `NodeAddressAutodetection` (operator api/v1/installation_types.go).
const METHODS: [&str; 6] = ["firstFound", "interface", "skipInterface", "kubernetes", "canReach", "cidrs"];

/// Merge patch: the other methods must be cleared, or the operator goes Degraded (and accepts it without a word before 1.43).
fn installation(view: &Context, family: Family, method: &Method) -> Option<String> {
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
    if let Some(fields) = value.as_object_mut() {
        for other in METHODS {
            fields.entry(other).or_insert(serde_json::Value::Null);
        }
    }
    let patch = json!({"spec": {"calicoNetwork": {field: value}}});
    patch_installation(view, &patch)
}

/// Of the Installation that rules the network: `overlay` where it has these fields.
fn patch_installation(view: &Context, patch: &serde_json::Value) -> Option<String> {
    let installations = view.snapshot.resources.installations.seen().map_or(&[][..], Vec::as_slice);
    let name = effective_installation(installations, "calicoNetwork");
    shell::command(&["kubectl", "patch", "installation", name, "--type", "merge", "-p", &shell::json(patch)])
}

fn daemon_set(view: &Context, family: Family, method: &str) -> Option<String> {
    let (target, namespace) = (view.install.command_target()?, shell::namespace(view.install.namespace()?)?);
    let gate = match (family, view.install.is_detected(family)) {
        (_, true) => None,
        (Family::V4, false) => Some("IP=autodetect"),
        (Family::V6, false) => Some("IP6=autodetect"),
    };
    let variable = format!("{}={method}", method_variable(family));
    let mut words = vec!["kubectl", "set", "env", &target, "-n", namespace, "-c", CALICO_NODE];
    words.extend(gate);
    words.push(&variable);
    shell::command(&words)
}
