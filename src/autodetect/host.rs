//! A node of the snapshot as detection sees it: the best source there is of its interfaces.

use crate::calico::detect::{ANNOTATION, Annotated, Found, Host, Interfaces, Listed, Logged, Routing};
use crate::calico::environment::{Environment, Value, method_variable};
use crate::calico::method::Method;
use crate::calico::startup_log::{self, ExitReason};
use crate::finding::Source;
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::observed::Observed;
use crate::snapshot::Origin;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Interface, InterfaceAddress};

pub(super) fn from_node<'a>(view: &ClusterModel<'a>, node: &'a NodeModel<'a>) -> Host<'a> {
    let inside = node.inside.and_then(Observed::seen);
    let routing = inside.and_then(|inside| Some((inside.routes.seen()?, inside.rules.seen()?)));
    let knows = node.node.is_some() || !node.internal_ips.is_empty();
    Host {
        interfaces: interfaces(view, node),
        logged: logged(view, node),
        route_lookups: inside.map(|inside| &inside.route_lookups),
        routing: routing.map(|(routes, rules)| Routing { routes, main_table_only: rules.is_empty() }),
        internal_ips: knows.then_some(node.internal_ips.as_slice()),
        has_kubernetes_node: knows.then_some(true),
    }
}

pub(super) fn source(host: &Host) -> Option<Source> {
    match host.interfaces {
        Interfaces::Kernel(_) => Some(Source::Interfaces),
        Interfaces::Annotated(_) => Some(Source::Annotation),
        Interfaces::Listed(_) => Some(Source::Log),
        Interfaces::Unseen { .. } if !host.logged.is_empty() => Some(Source::Log),
        Interfaces::Unseen { .. } => None,
    }
}

fn interfaces<'a>(view: &ClusterModel<'a>, node: &NodeModel<'a>) -> Interfaces<'a> {
    if let Some(seen) = node.interfaces() {
        return Interfaces::Kernel(seen);
    }
    let annotation = node.node.and_then(|node| node.metadata.annotations.get(ANNOTATION));
    if let Some(annotated) = annotation.and_then(|text| Annotated::parse(text)) {
        return Interfaces::Annotated(annotated);
    }
    if let Some(listed) = listed(view, node) {
        return Interfaces::Listed(listed);
    }
    Interfaces::Unseen { why: unseen(view, node) }
}

/// Of the newest start that came past its detection at DEBUG. What is listed is what the pod's own method lets in; IPv6 is listed anew,
/// and only where it is detected.
fn listed(view: &ClusterModel, node: &NodeModel) -> Option<Listed> {
    let log = node.attempts().find(|log| !log.interfaces.is_empty() && startup_log::has_beginning(log))?;
    let told = |family| log.marks.iter().any(|mark| startup_log::detection(mark).is_some_and(|found| found.family == family));
    let families: Vec<Family> = Family::ALL.into_iter().filter(|family| told(*family)).collect();
    let methods: Vec<Method> = families.iter().map(|family| method_of_pod(view, node, *family)).collect::<Option<_>>()?;
    let whole = methods.iter().all(|method| matches!(method, Method::Cidr { .. }));
    if families.is_empty() || !(whole || methods.iter().all(|method| *method == Method::DEFAULT)) {
        return None;
    }
    // Each is read last listed first (node/pkg/lifecycle/startup/autodetection/interfaces.go).
    let interfaces = log.interfaces.iter().rev().map(|one| Interface {
        name: one.name.clone(),
        addresses: one.addresses.iter().filter_map(|text| held(text)).collect(),
        ..Interface::default()
    });
    Some(Listed { interfaces: interfaces.collect(), whole, families })
}

fn held(text: &str) -> Option<InterfaceAddress> {
    let (address, length) = text.split_once('/')?;
    Some(InterfaceAddress { address: address.parse().ok()?, prefix_length: length.parse().ok()?, peer: None })
}

fn unseen(view: &ClusterModel, node: &NodeModel) -> String {
    let left_out = || match (view.snapshot.origin, view.snapshot.cluster.exec_skipped) {
        (_, true) => "--no-exec was given",
        (Origin::Live, false) => "it was not inspected",
        (Origin::Files | Origin::Diags, false) => "the files do not have them",
    };
    let why = match node.inside {
        None | Some(Observed::NotAsked) if node.pod.is_none() => "no calico-node runs there",
        None | Some(Observed::NotAsked) => left_out(),
        Some(Observed::Seen(inside)) => inside.interfaces.why_not().unwrap_or_default(),
        Some(other) => other.why_not().unwrap_or_default(),
    };
    format!("the node's interfaces were not read: {why}")
}

/// What its log tells of the method that its own pod runs with, newest first.
fn logged(view: &ClusterModel, node: &NodeModel) -> Vec<Logged> {
    let detections = || node.detections().map(|(_, detection)| detection);
    let of_family = |family| {
        let detection = detections().find(|detection| detection.family == family)?;
        let method = method_of_pod(view, node, family)?;
        let found = Found { address: detection.address, prefix_length: detection.prefix_length, interface: detection.interface };
        Some(Logged { method, family, found })
    };
    Family::ALL.into_iter().filter_map(of_family).collect()
}

/// Its last start ended because no address was found and none was stored.
pub(crate) fn found_nothing(node: &NodeModel, family: Family) -> bool {
    let exit = node.exit().filter(|_| node.ready() != Some(true));
    exit.is_some_and(|(log, reason)| reason == ExitReason::NoAddress && phrases::family_of(log) == family)
}

/// The pod may be of an older revision than the DaemonSet: only what is set for sure counts.
pub(super) fn method_of_pod(view: &ClusterModel, node: &NodeModel, family: Family) -> Option<Method> {
    let pod = node.pod?;
    let container = pod.spec.calico_node()?;
    let environment = Environment::resolve(container, &view.snapshot.config_maps, pod.metadata.namespace.as_deref().unwrap_or_default());
    let name = method_variable(family);
    let now = view.install.environment().map(|environment| environment.get(name));
    match environment.get(name) {
        // A pod is kept without its `envFrom`: what the DaemonSet has from there now speaks for it.
        Value::Unset if now == Some(Value::Unset) => Some(Method::DEFAULT),
        Value::Unset if view.install.container.is_some_and(|container| container.env_from.is_empty()) => Some(Method::DEFAULT),
        Value::Unset => None,
        value => Some(Method::parse(&value.at(|path| pod.field(path))?)),
    }
}
