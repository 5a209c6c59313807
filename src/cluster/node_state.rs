//! Small looks while a change is under way: the DaemonSet, its pods, one node.

use std::collections::BTreeMap;

use super::error::RequestError;
use super::progress::NoProgress;
use super::request::Api;
use super::{exec, logs, objects, timeout};
use crate::limits::MAX_EXEC_TOTAL;
use crate::observed::Observed;
use crate::permissions::request::{DAEMON_SETS, NODES};
use crate::snapshot::inspection::NodeLogs;
use crate::snapshot::objects::{DaemonSet, Event, Node, Pod};
use crate::snapshot::{Snapshot, trim};

pub async fn daemon_set(api: &Api, namespace: &str, name: &str) -> Result<DaemonSet, RequestError> {
    let mut set: DaemonSet = api.get(&DAEMON_SETS.path(Some(namespace), Some(name)), &DAEMON_SETS.get(Some(namespace), name)).await?;
    trim::daemon_set(&mut set);
    Ok(set)
}

/// One a node, by node name.
pub async fn pods(api: &Api, set: &DaemonSet) -> Result<BTreeMap<String, Pod>, RequestError> {
    let pods = objects::list_pods(api, set, None).await?;
    Ok(by_node(&pods))
}

/// Calico's newest pod on a node, where there is one.
pub async fn pod_on(api: &Api, set: &DaemonSet, node: &str) -> Result<Option<Pod>, RequestError> {
    Ok(by_node(&objects::list_pods(api, set, Some(node)).await?).remove(node))
}

/// The template hash of the DaemonSet's newest revision; `None` where revisions cannot be read.
pub async fn newest_revision(api: &Api, set: &DaemonSet) -> Result<Option<String>, RequestError> {
    match objects::controller_revisions(api, set).await {
        Observed::Seen(revisions) => {
            let newest = revisions.into_iter().max_by_key(|revision| revision.revision);
            Ok(newest.and_then(|revision| revision.metadata.labels.get("controller-revision-hash").cloned()))
        }
        _ => Ok(None),
    }
}

/// What the cluster says of one pod. Events are help, and no more: without them there is less to tell.
pub async fn events_of(api: &Api, pod: &Pod) -> Vec<Event> {
    objects::events_of(api, pod).await.unwrap_or_default()
}

/// A snapshot of `base` in which this node is as it is now; its pod is read first, so that what the pod has done is seen at the node.
pub async fn node(api: &Api, base: &Snapshot, set: &DaemonSet, name: &str, exec: bool) -> Result<Snapshot, RequestError> {
    let pods = objects::list_pods(api, set, Some(name)).await?;
    let mut pods: Vec<Pod> = by_node(&pods).into_values().collect();
    pods.retain(|pod| pod.spec.node_name.as_deref() == Some(name));
    let node = async {
        let mut node: Node = api.get(&NODES.path(None, Some(name)), &NODES.get(None, name)).await?;
        trim::node(&mut node);
        Ok::<Node, RequestError>(node)
    };
    let inside = async {
        let wanted: Vec<&Pod> = pods.iter().filter(|_| exec).collect();
        Ok(exec::look(api, &wanted, &|_| Vec::new(), &exec::Limits { at_once: 1, each: timeout::EXEC, total: MAX_EXEC_TOTAL }, &NoProgress)
            .await)
    };
    let (node, inside) = futures::future::try_join(node, inside).await?;
    let mut seen = Snapshot::empty(base.origin, api.now());
    seen.cluster = base.cluster.clone();
    seen.daemon_set = Observed::Seen(set.clone());
    seen.config_maps = base.config_maps.clone();
    seen.resources = base.resources.clone();
    seen.nodes = Observed::Seen(vec![node]);
    seen.pods = Observed::Seen(pods);
    seen.inside = inside;
    Ok(seen)
}

/// The same with what tells of its start: events and the pod's logs, and no look inside.
pub async fn start(api: &Api, base: &Snapshot, set: &DaemonSet, name: &str) -> Result<Snapshot, RequestError> {
    let mut seen = node(api, base, set, name, false).await?;
    let pods = seen.pods.seen().cloned().unwrap_or_default();
    let (events, logs) = futures::join!(objects::events(api, set), logs(api, &pods));
    seen.events = events.map(|events| objects::about(events, set, Some(&pods)));
    seen.logs = logs;
    Ok(seen)
}

/// By node name.
pub async fn logs(api: &Api, pods: &[Pod]) -> BTreeMap<String, NodeLogs> {
    logs::read(api, &pods.iter().collect::<Vec<_>>(), LOGS, &NoProgress).await
}

/// Read at once.
const LOGS: usize = 8;

fn by_node(pods: &[Pod]) -> BTreeMap<String, Pod> {
    objects::one_a_node(pods).into_iter().filter_map(|pod| Some((pod.spec.node_name.clone()?, pod.clone()))).collect()
}
