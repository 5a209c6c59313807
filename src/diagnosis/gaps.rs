//! What could not be seen, and whether a healthy verdict can do without it.

use std::collections::BTreeMap;

use super::{Scope, passing_gaps};
use crate::calico::events::EventKind;
use crate::diagnosis::context::Context;
use crate::finding::Gap;
use crate::model::{NodeBgp, NodeModel, is_linux};
use crate::observed::Observed;
use crate::snapshot::Origin;
use crate::snapshot::family::Family;
use crate::snapshot::objects::Pod;

pub(super) fn list_gaps(view: &Context, scope: &Scope) -> Vec<Gap> {
    let mut unseen = objects(view);
    unseen.extend(inside(view, scope));
    unseen.extend(idle_bird(view, scope));
    unseen.extend(logs(view, scope));
    unseen.extend(passing_gaps::list(view, scope));
    unseen.extend(expectation(view));
    unseen.extend(podless(view, scope));
    unseen.extend(node_not_ready(view, scope));
    unseen.extend(may_not_be_ready(view, scope));
    unseen.extend(left_out(view));
    unseen.extend(tabular(view, scope));
    unseen.extend(upgrade(view, scope));
    unseen
}

fn objects(view: &Context) -> Vec<Gap> {
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
    let mut unseen: Vec<Gap> = essential
        .into_iter()
        .filter_map(|(what, why, blocks_healthy)| {
            Some(Gap { what: what.to_owned(), nodes: Vec::new(), why: why?, blocks_healthy, passing: false })
        })
        .collect();
    for (name, map) in &snapshot.config_maps {
        if let Some(why) = refused(map) {
            unseen.push(Gap { what: format!("ConfigMap {name}"), nodes: Vec::new(), why, blocks_healthy: false, passing: false });
        }
    }
    if view.install.runs_bird().is_none() && snapshot.daemon_set.seen().is_some() {
        let why = view.install.backend_unknown().unwrap_or_else(|| "its setting could not be resolved".to_owned());
        unseen.push(Gap { what: "Calico's backend".to_owned(), nodes: Vec::new(), why, blocks_healthy: false, passing: false });
    }
    unseen
}

fn why<T>(observed: &Observed<T>, view: &Context) -> Option<String> {
    match observed {
        Observed::NotAsked => Some(absent_in(view).to_owned()),
        other => refused(other),
    }
}

/// A cluster without any is not a healthy one.
fn none_of<T>(observed: &Observed<Vec<T>>) -> Option<String> {
    observed.seen().is_none_or(Vec::is_empty).then(|| "none found".to_owned())
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

fn absent_in(view: &Context) -> &'static str {
    match view.snapshot.origin {
        Origin::Live => "not asked",
        Origin::Files => "not in the given files",
        Origin::Diags => "not in a diagnostics archive",
    }
}

/// BIRD, by reason: one line for hundreds of nodes.
fn inside(view: &Context, scope: &Scope) -> Vec<Gap> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    let mut by_reason: BTreeMap<(Family, String), Vec<String>> = BTreeMap::new();
    // What BIRD of a container that does not run would say is no gap. A pasted answer may be all that is known of a node.
    let runs = |node: &&NodeModel| match node.pod {
        Some(_) => view.pod_state(node).not_running().is_none(),
        None => node.inside.and_then(Observed::seen).is_some_and(|inside| inside.bird(Family::V4).why_not().is_some()),
    };
    for node in shown(view, scope).filter(runs) {
        let unknown = |family: &Family| view.needs_bird(node, *family) && matches!(node.bgp(*family), NodeBgp::Unknown);
        let families: Vec<Family> = Family::ALL.into_iter().filter(unknown).collect();
        let mut reasons: Vec<(Family, String)> = families.into_iter().map(|family| (family, bird_reason(view, node, family))).collect();
        // One reason for both families is said once.
        reasons.dedup_by(|second, first| second.1 == first.1);
        for reason in reasons {
            by_reason.entry(reason).or_default().push(node.name.to_owned());
        }
    }
    by_reason
        .into_iter()
        .map(|((family, why), nodes)| {
            let what = if family == Family::V6 { "BIRD's IPv6 sessions (bird6)" } else { "BIRD's sessions" };
            Gap { what: what.to_owned(), nodes, why, blocks_healthy: true, passing: false }
        })
        .collect()
}

/// BIRD does not run, and nothing tells whether it should: no check judges that.
fn idle_bird(view: &Context, scope: &Scope) -> Option<Gap> {
    let (is_known, why) = match view.install.runs_bird() {
        Some(false) => return None,
        Some(true) => (true, "it does not run, and whether calico-node does was not seen"),
        None => (false, "it does not run, which is right only with the backend vxlan or none, and the backend was not seen"),
    };
    let is_idle = |node: &&NodeModel| matches!(node.bgp(Family::V4), NodeBgp::NotRunning) && !view.is_settled(node);
    let open = shown(view, scope).filter(is_idle).filter(|node| !is_known || node.pod.is_none());
    let nodes: Vec<String> = open.map(|node| node.name.to_owned()).collect();
    let gap = Gap { what: "whether BIRD should run".to_owned(), nodes, why: why.to_owned(), blocks_healthy: true, passing: false };
    (!gap.nodes.is_empty()).then_some(gap)
}

/// Whether sessions are expected at all, where several nodes have none and the configuration is not known.
fn expectation(view: &Context) -> Option<Gap> {
    let asked: Vec<&NodeModel> = view
        .nodes
        .iter()
        .filter(|node| Family::ALL.into_iter().any(|family| view.needs_bird(node, family) && node.bgp(family).seen().is_some()))
        .collect();
    let none = |node: &&NodeModel| Family::ALL.into_iter().filter_map(|family| node.bgp(family).seen()).all(|sessions| sessions.total == 0);
    if view.install.runs_bird() == Some(false) || view.mesh_enabled().is_some() || asked.len() < 2 || !asked.iter().all(none) {
        return None;
    }
    let why = "no node has a BGP session, and whether the node-to-node mesh is on could not be read (BGPConfiguration)".to_owned();
    Some(Gap { what: "which BGP sessions are expected".to_owned(), nodes: Vec::new(), why, blocks_healthy: true, passing: false })
}

const LEFT_OUT: &str = "--no-exec was given";

fn bird_reason(view: &Context, node: &NodeModel, family: Family) -> String {
    match node.inside {
        Some(Observed::Seen(inside)) => inside.bird(family).why_not().unwrap_or("not asked").to_owned(),
        Some(Observed::Forbidden(why) | Observed::Failed(why)) => why.clone(),
        Some(Observed::Absent) => "no running container".to_owned(),
        None | Some(Observed::NotAsked) if view.snapshot.cluster.exec_skipped => LEFT_OUT.to_owned(),
        None | Some(Observed::NotAsked) => match view.snapshot.cluster.exec_sample {
            Some(sample) => format!("not asked, because of --exec-sample {sample}"),
            None => absent_in(view).to_owned(),
        },
    }
}

/// Nodes without a pod although the DaemonSet counts one for each.
fn podless(view: &Context, scope: &Scope) -> Option<Gap> {
    let pods = view.snapshot.pods.seen()?;
    // Pods that wait for the scheduler have a finding of their own.
    let waits = |pod: &Pod| pod.spec.node_name.is_none() && pod.target_node().is_none();
    if view.install.lacks_pods() || pods.iter().any(waits) {
        return None;
    }
    let nodes: Vec<String> = shown(view, scope).filter(|node| node.pod.is_none()).map(|node| node.name.to_owned()).collect();
    let why = "the DaemonSet counts a pod for each node, but none is listed on it".to_owned();
    (!nodes.is_empty()).then(|| Gap { what: "a calico-node pod".to_owned(), nodes, why, blocks_healthy: true, passing: false })
}

/// Tables and pasted texts show a part of an object; the rest is not known.
fn tabular(view: &Context, scope: &Scope) -> Vec<Gap> {
    let names =
        |is_part: fn(&NodeModel) -> bool| shown(view, scope).filter(|node| is_part(node)).map(|node| node.name.to_owned()).collect();
    let nodes: Vec<String> = names(|node| node.node.is_some_and(|node| node.metadata.tabular));
    let pods: Vec<String> = names(|node| node.pod.is_some_and(|pod| pod.metadata.tabular));
    [
        ("addresses that Calico stores", "a table does not show them. Use: kubectl get nodes -o yaml", nodes),
        ("containers, probes and events of pods", "a table does not show them. Use: kubectl get pods,events -o yaml", pods),
    ]
    .into_iter()
    .filter(|(.., nodes)| !nodes.is_empty())
    .map(|(what, why, nodes)| Gap { what: what.to_owned(), nodes, why: why.to_owned(), blocks_healthy: true, passing: false })
    .collect()
}

/// Nodes of which it is not known what the release of a planned upgrade would choose for their address.
fn upgrade(view: &Context, scope: &Scope) -> Vec<Gap> {
    let Some(release) = view.install.upgrade().filter(|_| !view.install.detects_nothing()) else { return Vec::new() };
    let mut by_reason: BTreeMap<(Family, &str), Vec<String>> = BTreeMap::new();
    for family in Family::ALL {
        let matrix = view.matrix(family);
        let Some(current) = matrix.current().filter(|_| view.install.is_detected(family)) else { continue };
        let open = matrix.nodes.iter().zip(&current.cells).filter(|(_, cell)| cell.ends_right.is_none());
        for (row, cell) in open.filter(|(row, _)| shown(view, scope).any(|node| node.name == row.name)) {
            by_reason.entry((family, cell.reason.as_str())).or_default().push(row.name.clone());
        }
    }
    by_reason
        .into_iter()
        .map(|((family, why), nodes)| {
            let what = format!("the {family} address that calico-node would use after an upgrade to {release}");
            Gap { what, nodes, why: why.to_owned(), blocks_healthy: true, passing: false }
        })
        .collect()
}

/// Without the log of a node that is not Ready its cause stays a guess.
fn logs(view: &Context, scope: &Scope) -> Vec<Gap> {
    let mut by_reason: BTreeMap<(bool, String, String), Vec<String>> = BTreeMap::new();
    for node in shown(view, scope) {
        let Some(logs) = node.logs else { continue };
        let troubled = node.ready() != Some(true);
        let mut add = |what: &str, why: String| by_reason.entry((troubled, what.to_owned(), why)).or_default().push(node.name.to_owned());
        if let Some(why) = refused(&logs.current).or_else(|| refused(&logs.previous)) {
            add("logs", why);
        }
        for (container, log) in &logs.init {
            if let Some(why) = refused(log) {
                add(&format!("the log of {container}"), why);
            }
        }
    }
    by_reason.into_iter().map(|((blocks_healthy, what, why), nodes)| Gap { what, nodes, why, blocks_healthy, passing: false }).collect()
}

/// Nodes that are not Ready although their pod is, as it says: it may be old, and Calico is not what is wrong there. Also nodes whose kubelet
/// has never said anything of the pod.
fn node_not_ready(view: &Context, scope: &Scope) -> Vec<Gap> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let is_open = |node: &&NodeModel| match node.pod.map(Pod::is_ready) {
        Some(Some(ready)) => ready,
        Some(None) => node.kubelet_is_silent(),
        None => false,
    };
    for node in shown(view, scope).filter(is_open) {
        let Some(condition) = node.ready_condition().filter(|condition| condition.status != "True") else {
            continue;
        };
        let says = condition.message.as_deref().or(condition.reason.as_deref()).unwrap_or_default();
        let says = crate::text::bounded::clean(says, 200);
        let why = match node.kubelet_is_silent() {
            true if node.pod.is_some() && node.says_ready().is_none() => {
                format!("the kubelet does not report (Ready is Unknown): {says}")
            }
            true => "the kubelet does not report (Ready is Unknown), so the last status of its pod is old".to_owned(),
            false => ["the Node is not Ready", &says].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": "),
        };
        by_reason.entry(why).or_default().push(node.name.to_owned());
    }
    by_reason
        .into_iter()
        .map(|(why, nodes)| Gap { what: "whether calico-node runs".to_owned(), nodes, why, blocks_healthy: true, passing: false })
        .collect()
}

/// Of pods that only events tell of: the newest says that a probe failed, and not whether it still does.
fn may_not_be_ready(view: &Context, scope: &Scope) -> Vec<Gap> {
    let fails = |node: &&NodeModel| node.pod.is_some() && node.ready().is_none() && node.last_event(is_probe_failure).is_some();
    let gap = |nodes: Vec<String>, why: String| {
        (!nodes.is_empty()).then(|| Gap {
            what: "whether calico-node is Ready".to_owned(),
            nodes,
            why,
            blocks_healthy: true,
            passing: false,
        })
    };
    let names =
        |is_one: &dyn Fn(&&NodeModel) -> bool| shown(view, scope).filter(|node| is_one(node)).map(|node| node.name.to_owned()).collect();
    let said = shown(view, scope).find(fails).and_then(|node| node.last_event(is_probe_failure)).map(|told| told.event.message.trim());
    let failed = said.and_then(|said| {
        let said = crate::text::bounded::clean(said, 200);
        gap(names(&fails), format!("a probe failed, and nothing shows whether it still fails: {said}"))
    });
    let changes = |node: &&NodeModel| {
        node.ready().is_none() && node.pod.is_some_and(|pod| pod.metadata.tabular && pod.status.reason.is_some()) && !fails(node)
    };
    let changing = gap(names(&changes), "its pod is being set up or replaced".to_owned());
    // A log alone, as somebody pasted it.
    let mut by_part: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in shown(view, scope).filter(|node| node.ready().is_none() && !fails(node)) {
        if let Some(part) = node.unready_part() {
            by_part.entry(part).or_default().push(node.name.to_owned());
        }
    }
    let says = |part: &str| format!("Felix's newest report says that a part of it is not: {part}");
    let reports = by_part.into_iter().filter_map(|(part, nodes)| gap(nodes, says(&part)));
    failed.into_iter().chain(changing).chain(reports).collect()
}

pub(super) fn is_probe_failure(fact: &EventKind) -> bool {
    !matches!(
        fact,
        EventKind::Other
            | EventKind::PreStopFailed
            | EventKind::BackOff { .. }
            | EventKind::KilledByLiveness { .. }
            | EventKind::KilledByStartup { .. }
    ) && !fact.is_about_pod()
}

/// Nodes that are not judged: of Windows, and those that the DaemonSet does not choose.
fn left_out(view: &Context) -> Vec<Gap> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in &view.left_out {
        let ready = node.condition("Ready").is_none_or(|condition| condition.status == "True");
        let state = if ready { "" } else { "; it is NotReady" };
        let why = if is_linux(node) {
            format!("the DaemonSet has no pod there and wants none{state}")
        } else {
            format!("it runs Windows, and only Linux is judged here{state}")
        };
        by_reason.entry(why).or_default().push(node.metadata.name.clone());
    }
    by_reason
        .into_iter()
        .map(|(why, nodes)| Gap { what: "calico-node".to_owned(), nodes, why, blocks_healthy: false, passing: false })
        .collect()
}

pub(super) fn shown<'v, 'a>(view: &'v Context<'a>, scope: &'v Scope) -> impl Iterator<Item = &'v NodeModel<'a>> {
    view.nodes.iter().filter(|node| scope.nodes.as_ref().is_none_or(|wanted| wanted.contains(node.name)))
}
