//! What could not be seen, and whether a healthy verdict can do without it.

use std::collections::BTreeMap;

use super::Scope;
use super::report::Unseen;
use super::view::{Bgp, NodeView, View};
use crate::calico::family::Family;
use crate::observed::Observed;
use crate::snapshot::Origin;

pub fn all(view: &View, scope: &Scope) -> Vec<Unseen> {
    let mut unseen = objects(view);
    unseen.extend(inside(view, scope));
    unseen.extend(logs(view, scope));
    unseen.extend(starting(view, scope));
    unseen.extend(podless(view, scope));
    unseen.extend(tabular(view, scope));
    unseen
}

fn objects(view: &View) -> Vec<Unseen> {
    let snapshot = view.snapshot;
    let resources = &snapshot.resources;
    let essential = [
        ("nodes", why(&snapshot.nodes, view).or_else(|| none_of(&snapshot.nodes)), true),
        ("the calico-node DaemonSet", why(&snapshot.daemon_set, view).or_else(|| absent(&snapshot.daemon_set)), true),
        ("calico-node pods", why(&snapshot.pods, view).or_else(|| none_of(&snapshot.pods)), true),
        ("events", why(&snapshot.events, view), false),
        ("controller revisions", why(&snapshot.controller_revisions, view), false),
        ("Installation", refused(&resources.installations), false),
        ("what an Installation can set of probes", refused(&resources.installation_probes), false),
        ("TigeraStatus", refused(&resources.tigera_statuses), false),
        ("BGP peers", refused(&resources.bgp_peers), false),
        ("BGP configuration", refused(&resources.bgp_configurations), false),
        ("IP pools", refused(&resources.ip_pools), false),
        ("ClusterInformation", refused(&resources.cluster_informations), false),
    ];
    let mut unseen: Vec<Unseen> = essential
        .into_iter()
        .filter_map(|(what, why, matters)| Some(Unseen { what: what.to_owned(), nodes: Vec::new(), why: why?, matters }))
        .collect();
    for (name, map) in &snapshot.config_maps {
        if let Some(why) = refused(map) {
            unseen.push(Unseen { what: format!("ConfigMap {name}"), nodes: Vec::new(), why, matters: false });
        }
    }
    if view.install.runs_bird().is_none() && snapshot.daemon_set.seen().is_some() {
        let why = view.install.backend_unknown().unwrap_or_else(|| "its setting could not be resolved".to_owned());
        unseen.push(Unseen { what: "Calico's backend".to_owned(), nodes: Vec::new(), why, matters: false });
    }
    unseen
}

fn why<T>(observed: &Observed<T>, view: &View) -> Option<String> {
    match observed {
        Observed::NotAsked => Some(absent_in(view).to_owned()),
        other => refused(other),
    }
}

/// A cluster without any is not a healthy one.
fn none_of<T>(observed: &Observed<Vec<T>>) -> Option<String> {
    observed.seen().is_none_or(Vec::is_empty).then(|| "there are none".to_owned())
}

fn absent<T>(observed: &Observed<T>) -> Option<String> {
    matches!(observed, Observed::Absent).then(|| "does not exist".to_owned())
}

fn refused<T>(observed: &Observed<T>) -> Option<String> {
    match observed {
        Observed::Forbidden(why) | Observed::Failed(why) => Some(why.clone()),
        _ => None,
    }
}

fn absent_in(view: &View) -> &'static str {
    match view.snapshot.origin {
        Origin::Live => "not asked",
        Origin::Files => "not in the given files",
        Origin::Diags => "not in a diagnostics archive",
    }
}

/// BIRD, by reason: one line for hundreds of nodes.
fn inside(view: &View, scope: &Scope) -> Vec<Unseen> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    let left_out = view.snapshot.cluster.exec_left_out;
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in shown(view, scope).filter(|node| node.pod.is_some()) {
        if matches!(node.bgp(Family::V4), Bgp::Unknown) {
            by_reason.entry(bird_reason(view, node)).or_default().push(node.name.to_owned());
        }
    }
    by_reason
        .into_iter()
        .map(|(why, nodes)| {
            let by_choice = left_out && why == LEFT_OUT;
            Unseen { what: "BIRD's sessions".to_owned(), nodes, why, matters: !by_choice }
        })
        .collect()
}

const LEFT_OUT: &str = "--no-exec was given";

fn bird_reason(view: &View, node: &NodeView) -> String {
    match node.inside {
        Some(Observed::Seen(inside)) => inside.bird4.why_not().unwrap_or("not asked").to_owned(),
        Some(Observed::Forbidden(why) | Observed::Failed(why)) => why.clone(),
        Some(Observed::Absent) => "no container to ask".to_owned(),
        None | Some(Observed::NotAsked) if view.snapshot.cluster.exec_left_out => LEFT_OUT.to_owned(),
        None | Some(Observed::NotAsked) => absent_in(view).to_owned(),
    }
}

/// Nodes without a pod although the DaemonSet counts one for each.
fn podless(view: &View, scope: &Scope) -> Option<Unseen> {
    if view.snapshot.pods.seen().is_none() || view.install.lacks_pods() {
        return None;
    }
    let nodes: Vec<String> = shown(view, scope).filter(|node| node.pod.is_none()).map(|node| node.name.to_owned()).collect();
    let why = "the DaemonSet counts a pod for each node, but none is listed on it".to_owned();
    (!nodes.is_empty()).then(|| Unseen { what: "a calico-node pod".to_owned(), nodes, why, matters: true })
}

/// Tables and pasted texts show a part of an object; the rest is not known.
fn tabular(view: &View, scope: &Scope) -> Vec<Unseen> {
    let names = |is_part: fn(&NodeView) -> bool| shown(view, scope).filter(|node| is_part(node)).map(|node| node.name.to_owned()).collect();
    let nodes: Vec<String> = names(|node| node.node.is_some_and(|node| node.metadata.tabular));
    let pods: Vec<String> = names(|node| node.pod.is_some_and(|pod| pod.metadata.tabular));
    [
        ("addresses that Calico stores", "a table does not show them; kubectl get nodes -o yaml does", nodes),
        ("containers, probes and events of pods", "a table does not show them; kubectl get pods,events -o yaml does", pods),
    ]
    .into_iter()
    .filter(|(.., nodes)| !nodes.is_empty())
    .map(|(what, why, nodes)| Unseen { what: what.to_owned(), nodes, why: why.to_owned(), matters: true })
    .collect()
}

/// Whether it will be healthy is not known yet.
fn starting(view: &View, scope: &Scope) -> Option<Unseen> {
    let nodes: Vec<String> = shown(view, scope).filter(|node| view.is_starting(node)).map(|node| node.name.to_owned()).collect();
    let why = "calico-node was started less than a minute ago and is not Ready yet".to_owned();
    (!nodes.is_empty()).then(|| Unseen { what: "the outcome of a start".to_owned(), nodes, why, matters: true })
}

fn logs(view: &View, scope: &Scope) -> Vec<Unseen> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in shown(view, scope) {
        let Some(logs) = node.logs else { continue };
        if let Some(why) = refused(&logs.current).or_else(|| refused(&logs.previous)) {
            by_reason.entry(why).or_default().push(node.name.to_owned());
        }
    }
    by_reason.into_iter().map(|(why, nodes)| Unseen { what: "logs".to_owned(), nodes, why, matters: false }).collect()
}

fn shown<'v, 'a>(view: &'v View<'a>, scope: &'v Scope) -> impl Iterator<Item = &'v NodeView<'a>> {
    view.nodes.iter().filter(|node| scope.nodes.as_ref().is_none_or(|wanted| wanted.contains(node.name)))
}
