//! A node of the snapshot as detection sees it: the best source there is of its interfaces.

use crate::calico::detect::{ANNOTATION, Annotated, Found, Host, Interfaces, Logged, Routing};
use crate::calico::environment::{Environment, Value, method_variable};
use crate::calico::family::Family;
use crate::calico::method::Method;
use crate::diagnosis::report::Source;
use crate::diagnosis::view::{NodeView, View};
use crate::observed::Observed;
use crate::snapshot::Origin;

pub fn of<'a>(view: &View<'a>, node: &'a NodeView<'a>) -> Host<'a> {
    let inside = node.inside.and_then(Observed::seen);
    let routing = inside.and_then(|inside| Some((inside.routes.seen()?, inside.rules.seen()?)));
    let knows = node.node.is_some() || !node.internal_ips.is_empty();
    Host {
        interfaces: interfaces(view, node),
        logged: logged(view, node),
        reaches: inside.map(|inside| &inside.reaches),
        routing: routing.map(|(routes, rules)| Routing { routes, main_table_only: rules.is_empty() }),
        internal_ips: knows.then_some(node.internal_ips.as_slice()),
        has_kubernetes_node: knows.then_some(true),
    }
}

pub fn source(host: &Host) -> Option<Source> {
    match host.interfaces {
        Interfaces::Kernel(_) => Some(Source::Interfaces),
        Interfaces::Annotated(_) => Some(Source::Annotation),
        Interfaces::Unseen { .. } if !host.logged.is_empty() => Some(Source::Log),
        Interfaces::Unseen { .. } => None,
    }
}

fn interfaces<'a>(view: &View<'a>, node: &NodeView<'a>) -> Interfaces<'a> {
    if let Some(seen) = node.interfaces() {
        return Interfaces::Kernel(seen);
    }
    let annotation = node.node.and_then(|node| node.metadata.annotations.get(ANNOTATION));
    if let Some(annotated) = annotation.and_then(|text| Annotated::parse(text)) {
        return Interfaces::Annotated(annotated);
    }
    Interfaces::Unseen { why: unseen(view, node) }
}

fn unseen(view: &View, node: &NodeView) -> String {
    let left_out = || match (view.snapshot.origin, view.snapshot.cluster.exec_left_out) {
        (_, true) => "--no-exec was given",
        (Origin::Live, false) => "it was not looked into",
        (Origin::Files | Origin::Diags, false) => "the files do not have them",
    };
    let why = match node.inside {
        None | Some(Observed::NotAsked) if node.pod.is_none() => "no calico-node runs there",
        None | Some(Observed::NotAsked) => left_out(),
        Some(Observed::Seen(inside)) => inside.interfaces.why_not().unwrap_or_default(),
        Some(other) => other.why_not().unwrap_or_default(),
    };
    format!("the node's interfaces were not seen: {why}")
}

/// What its log tells of the method that its own pod runs with, newest first.
fn logged(view: &View, node: &NodeView) -> Vec<Logged> {
    let detections = || node.detections().map(|(_, detection)| detection);
    let of_family = |family| {
        let method = method_of_pod(view, node, family)?;
        let detection = detections().find(|detection| detection.family == family)?;
        let found = Found { address: detection.address, prefix_length: detection.prefix_length, interface: detection.interface };
        Some(Logged { method, family, found })
    };
    Family::ALL.into_iter().filter_map(of_family).collect()
}

/// The pod may be of an older revision than the DaemonSet: only what is set for sure counts.
pub fn method_of_pod(view: &View, node: &NodeView, family: Family) -> Option<Method> {
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
