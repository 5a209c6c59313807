//! What an undo leads to: the addresses and budgets of each node under the restored settings, and the faults that come back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{GoalAddress, NodeGoal};
use crate::autodetect::matrix::matrix;
use crate::autodetect::{AutodetectOptions, Verdict};
use crate::calico::environment::method_variable;
use crate::calico::node_annotations;
use crate::calico::{address, probe};
use crate::diagnosis::next_start::next_start;
use crate::diagnosis::{Scope, diagnose};
use crate::edit::target::Target;
use crate::finding::code::Code;
use crate::model::effective_installation::effective_installation;
use crate::model::{ClusterModel, NodeModel};
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::objects::{Container, DaemonSet, EnvVar, Pod};
use crate::snapshot::{Snapshot, from_tree, trim};
use crate::startup::budget::TIGHT;
use crate::startup::measure::measure;
use crate::text::seconds;

/// Codes that a restored method can bring back.
const ADDRESS_FAULTS: [Code; 5] =
    [Code::AddressConflict, Code::AddressOnVirtualInterface, Code::AddressNotInternalIp, Code::AddressMissing, Code::MethodInvalid];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoForecast {
    /// Of every node that is expected to be as sound as before.
    pub goals: Vec<NodeGoal>,
    pub returning: Vec<ReturningFault>,
}

/// A fault that the restored settings cause on a node that is sound now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturningFault {
    pub node: String,
    pub code: Code,
    /// `false`: it may come back.
    pub is_certain: bool,
    pub what: String,
}

impl std::fmt::Display for ReturningFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let brings = if self.is_certain { "brings" } else { "may bring" };
        write!(f, "this undo {brings} {} back on {}: {}", self.code, self.node, self.what)
    }
}

/// `restored` is the target as it will be.
pub fn forecast(snapshot: &Snapshot, target: &Target, restored: &Value) -> UndoForecast {
    let Some(mut then) = with_settings(snapshot, target, restored) else { return UndoForecast::default() };
    let view = ClusterModel::new(snapshot);
    let mut goals: BTreeMap<String, NodeGoal> =
        view.nodes.iter().map(|node| (node.name.to_owned(), NodeGoal { name: node.name.to_owned(), ..NodeGoal::default() })).collect();
    let mut returning = addresses(snapshot, &mut then, &mut goals);
    if let Some(container) =
        then.daemon_set.seen().and_then(|set| set.spec.template.spec.calico_node()).filter(|_| !target.is_installation())
    {
        returning.extend(view.nodes.iter().filter_map(|node| killed(&view, node, container)));
    }
    for fault in &returning {
        goals.remove(&fault.node);
    }
    UndoForecast { goals: goals.into_values().collect(), returning }
}

/// The same cluster, configured as the restored target says.
fn with_settings(snapshot: &Snapshot, target: &Target, restored: &Value) -> Option<Snapshot> {
    let mut then = snapshot.clone();
    if let Target::DaemonSet { .. } = target {
        then.daemon_set = Observed::Seen(from_tree(restored).ok()?);
        return Some(then);
    }
    let Observed::Seen(installations) = &mut then.resources.installations else { return None };
    installations
        .iter_mut()
        .filter(|one| one.metadata.name == target.name())
        .for_each(|one| one.spec = restored.get("spec").cloned().unwrap_or_default());
    let name = effective_installation(installations, "calicoNetwork");
    let network = installations.iter().find(|one| one.metadata.name == name).and_then(|one| one.spec.get("calicoNetwork").cloned())?;
    let Observed::Seen(set) = &mut then.daemon_set else { return None };
    let container = set.spec.template.spec.calico_node_mut()?;
    let method = network.get("nodeAddressAutodetectionV4").unwrap_or(&Value::Null);
    set_variable(container, method_variable(Family::V4), &method_text(method)?);
    Some(then)
}

/// As the operator renders it; `None` for a form that it refuses.
fn method_text(method: &Value) -> Option<String> {
    let Some(fields) = method.as_object() else { return Some("first-found".to_owned()) };
    let (field, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let text = || value.as_str().map(str::to_owned);
    match field.as_str() {
        "firstFound" => Some("first-found".to_owned()),
        "kubernetes" => Some("kubernetes-internal-ip".to_owned()),
        "interface" => Some(format!("interface={}", text()?)),
        "skipInterface" => Some(format!("skip-interface={}", text()?)),
        "canReach" => Some(format!("can-reach={}", text()?)),
        "cidrs" => {
            let networks: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
            Some(format!("cidr={}", networks?.join(",")))
        }
        _ => None,
    }
}

fn set_variable(container: &mut Container, name: &str, value: &str) {
    container.env.retain(|variable| variable.name != name);
    container.env.push(EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None });
}

/// Fills in the addresses that each node will have; what comes back where such an address is wrong.
fn addresses(snapshot: &Snapshot, then: &mut Snapshot, goals: &mut BTreeMap<String, NodeGoal>) -> Vec<ReturningFault> {
    let mut faults: Vec<(String, Family, Option<String>, String)> = Vec::new();
    for family in Family::ALL {
        let found = matrix(then, &AutodetectOptions::new(family));
        let Some(column) = found.current().filter(|_| !found.is_off()) else { continue };
        for (node, cell) in found.nodes.iter().zip(&column.cells) {
            let sound = node.judgement.verdict == Verdict::Right;
            if sound && cell.ends_right == Some(false) {
                faults.push((node.name.clone(), family, cell.will_store.clone(), cell.reason.clone()));
            }
            let will = cell.will_store.as_deref().filter(|_| sound && cell.ends_right == Some(true)).and_then(address::parse);
            if let (Some(goal), Some(cidr)) = (goals.get_mut(&node.name), will) {
                goal.addresses.push(GoalAddress { family, address: cidr.addr() });
            }
        }
    }
    let codes = codes(snapshot, then, &faults);
    let fault = |(node, family, will, reason): (String, Family, Option<String>, String)| {
        let code = codes.get(&node).copied().unwrap_or(Code::RestartWouldChangeAddress);
        let what = match will {
            Some(will) => format!("its {family} address becomes {will} ({reason})"),
            None => format!("it loses its {family} address ({reason})"),
        };
        ReturningFault { node, code, is_certain: true, what }
    };
    faults.into_iter().map(fault).collect()
}

/// By node: what `status` would call it, once those addresses are stored.
fn codes(snapshot: &Snapshot, then: &mut Snapshot, faults: &[(String, Family, Option<String>, String)]) -> BTreeMap<String, Code> {
    let nodes = if let Observed::Seen(nodes) = &mut then.nodes { nodes.as_mut_slice() } else { &mut [] };
    for (name, family, will, _) in faults {
        for node in nodes.iter_mut().filter(|node| node.metadata.name == *name) {
            match will {
                Some(will) => drop(node.metadata.annotations.insert(node_annotations::address(*family).to_owned(), will.clone())),
                None => drop(node.metadata.annotations.remove(node_annotations::address(*family))),
            }
        }
    }
    let known: BTreeSet<(Code, String)> = of_addresses(snapshot).collect();
    of_addresses(then).filter(|found| !known.contains(found)).map(|(code, node)| (node, code)).collect()
}

fn of_addresses(snapshot: &Snapshot) -> impl Iterator<Item = (Code, String)> {
    let findings = diagnose(snapshot, &Scope::default()).findings.into_iter().filter(|finding| ADDRESS_FAULTS.contains(&finding.code));
    findings.flat_map(|finding| finding.nodes.into_iter().map(move |node| (finding.code, node)))
}

/// Nodes whose next start may not fit the restored probes, by the time until they were Ready: their logs say more.
pub fn slow_starts(snapshot: &Snapshot, target: &Target, restored: &Value) -> BTreeSet<String> {
    let view = ClusterModel::new(snapshot);
    let then: Option<DaemonSet> = from_tree(restored).ok();
    let container = then.as_ref().and_then(|set| set.spec.template.spec.calico_node()).filter(|_| !target.is_installation());
    let Some(container) = container else { return BTreeSet::new() };
    view.nodes.iter().filter(|node| killed(&view, node, container).is_some()).map(|node| node.name.to_owned()).collect()
}

/// The next start does not fit what the restored probes allow, or may not, and fits what they allow now.
fn killed(view: &ClusterModel, node: &NodeModel, restored: &Container) -> Option<ReturningFault> {
    let measured = measure(view, node);
    let allowed = probe::start_guard(restored)?.1.total();
    if node.is_not_ready() || measured.budget().is_some_and(|now| now <= allowed) {
        return None;
    }
    let (limit, seconds) = (allowed.as_secs_f64(), seconds::of_duration(allowed));
    let fault = |is_certain, what| ReturningFault { node: node.name.to_owned(), code: Code::KilledWhileStarting, is_certain, what };
    if let Some(start) = next_start(view, &measured) {
        let is_close = start.most > limit * TIGHT;
        let what = format!("the next start there takes {}, and the restored probes allow {seconds}", start.takes());
        return is_close.then(|| fault(start.least > limit, what));
    }
    // Readiness comes later than the start, by less than a minute where nothing is wrong.
    let ready = measured.ready_after?.as_secs_f64();
    let what = format!(
        "calico-node was Ready there after {ready:.0}s, and the restored probes allow {seconds}. The next start is shorter if the last one \
         stored the node's address"
    );
    (ready > limit).then(|| fault(false, what))
}

/// Nodes whose pod is made again, as far as can be told: its template is not the one that the target then has.
pub fn restarting(snapshot: &Snapshot, target: &Target, then: &Value) -> usize {
    let pods = || snapshot.pods.seen().into_iter().flatten().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let set: Option<DaemonSet> = from_tree(then).ok();
    match set.filter(|_| !target.is_installation()) {
        Some(set) => pods().filter(|pod| !has_template(pod, &set)).count(),
        // The operator makes the template: which pods have it already is not known.
        None => pods().count(),
    }
}

/// By what of a template this program changes, and a snapshot keeps of a pod.
fn has_template(pod: &Pod, set: &DaemonSet) -> bool {
    let mut made = Pod { spec: set.spec.template.spec.clone(), ..Pod::default() };
    let mut pod = pod.clone();
    trim::pod(&mut made);
    trim::pod(&mut pod);
    let fields = |pod: &Pod| {
        let container = pod.spec.calico_node().cloned().unwrap_or_default();
        (container.env, container.startup_probe, container.liveness_probe, container.readiness_probe)
    };
    fields(&pod) == fields(&made)
}

#[cfg(test)]
mod tests;
