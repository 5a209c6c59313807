//! Reads everything there is to see into a snapshot, each part as soon as what it needs is known.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use tokio::sync::oneshot;

use super::connect::Connection;
use super::discover::discover;
use super::error::{GatherError, RequestError};
use super::progress::{NoProgress, Progress};
use super::request::{Api, Query};
use super::timeout::{self, Deadline};
use super::{exec, exec_order, logs, objects};
use crate::calico::environment::{Environment, Value, method_variable};
use crate::calico::method::Method;
use crate::calico::route_get::Destination;
use crate::limits::MAX_EXEC_TOTAL;
use crate::observed::Observed;
use crate::permissions::request::NODES;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{NodeInspection, NodeLogs};
use crate::snapshot::objects::{ConfigMap, ControllerRevision, DaemonSet, Event, Node, Pod};
use crate::snapshot::{Cluster, Origin, ProgramPod, Snapshot, trim};

/// What to read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Where Calico's DaemonSet is (`-n`); found when not given.
    pub namespace: Option<String>,
    /// Its name (`--daemonset`).
    pub daemon_set: Option<String>,
    /// Look inside each calico-node.
    pub exec: bool,
    /// Which nodes to exec into and read logs of; objects are always read whole, for sessions have two ends.
    pub nodes: Option<NodeFilter>,
    pub max_concurrent: usize,
    /// Of the nodes that are not in trouble exec into this many at most.
    pub exec_sample: Option<usize>,
    pub logs: LogSelection,
    /// Destinations that each node is asked the way to, beside those that its configuration and the API server name.
    pub destinations: Vec<Destination>,
    /// For one exec, from start to end.
    pub exec_timeout: std::time::Duration,
    /// Bytes that all execs together may print; nodes that are not asked by then are a gap.
    pub exec_total: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            namespace: None,
            daemon_set: None,
            exec: true,
            nodes: None,
            max_concurrent: 32,
            exec_sample: None,
            logs: LogSelection::WhereTroubled,
            destinations: Vec::new(),
            exec_timeout: timeout::EXEC,
            exec_total: MAX_EXEC_TOTAL,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeFilter {
    Names(BTreeSet<String>),
    /// A label selector, judged by the API server.
    Selector(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogSelection {
    /// Of pods that are not Ready or have restarted.
    #[default]
    WhereTroubled,
    All,
    None,
}

/// Fails only where nothing at all can be told: no answer within the deadline, no right, no Calico.
pub async fn read_cluster(connection: &Connection, wanted: &ReadOptions, progress: &dyn Progress) -> Result<Snapshot, GatherError> {
    read_cluster_by(connection, wanted, Deadline::starting_now(connection.deadline), progress).await
}

/// As `read_cluster`, with the connection's own deadline replaced.
pub async fn read_cluster_by(
    connection: &Connection,
    wanted: &ReadOptions,
    deadline: Option<Deadline>,
    progress: &dyn Progress,
) -> Result<Snapshot, GatherError> {
    let api = Api::with_deadline(connection, deadline);
    progress.begin("Reading the cluster", None);
    let whole = async { Ok(objects::whole_cluster(&api).await) };
    let read = Box::pin(futures::future::try_join(whole, around(&api, wanted, progress))).await;
    progress.finish();
    let (whole, around) = read?;
    let mut snapshot = Snapshot::empty(Origin::Live, api.now());
    snapshot.cluster = Cluster {
        context: connection.context.clone(),
        server: Some(connection.server.clone()),
        version: whole.version,
        api_addresses: around.api_addresses,
        exec_skipped: !wanted.exec,
        exec_sample: wanted.exec_sample,
    };
    snapshot.nodes = whole.nodes;
    trim::forget_heartbeats(&mut snapshot);
    snapshot.resources = whole.resources;
    snapshot.daemon_set = Observed::Seen(around.daemon_set);
    snapshot.pods = around.pods;
    snapshot.programs = around.programs;
    snapshot.events = around.events;
    snapshot.controller_revisions = around.controller_revisions;
    snapshot.config_maps = around.config_maps;
    snapshot.inside = around.inside;
    snapshot.logs = around.logs;
    Ok(snapshot)
}

/// The logs of the pods on these nodes, and nothing else.
pub async fn read_logs_of(connection: &Connection, pods: &[Pod], nodes: &BTreeSet<String>, at_once: usize) -> BTreeMap<String, NodeLogs> {
    let api = Api::with_deadline(connection, Deadline::starting_now(connection.deadline));
    let mut pods = objects::one_a_node(pods);
    pods.retain(|pod| pod.spec.node_name.as_ref().is_some_and(|node| nodes.contains(node)));
    logs::read(&api, &pods, at_once, &NoProgress).await
}

/// What hangs on the DaemonSet.
struct Around {
    daemon_set: DaemonSet,
    api_addresses: Observed<Vec<IpAddr>>,
    pods: Observed<Vec<Pod>>,
    programs: Vec<ProgramPod>,
    events: Observed<Vec<Event>>,
    controller_revisions: Observed<Vec<ControllerRevision>>,
    config_maps: BTreeMap<String, Observed<ConfigMap>>,
    inside: BTreeMap<String, Observed<NodeInspection>>,
    logs: BTreeMap<String, NodeLogs>,
}

async fn around(api: &Api, wanted: &ReadOptions, progress: &dyn Progress) -> Result<Around, GatherError> {
    let chosen = chosen_nodes(api, wanted.nodes.as_ref());
    let (daemon_set, chosen) = futures::future::try_join(discover(api, wanted), async { Ok(chosen.await?) }).await?;
    let (warn, warnings) = oneshot::channel();
    let events = async {
        let events = objects::events(api, &daemon_set).await;
        // Nobody waits for it where there is nothing to look into.
        let _ = warn.send(events.seen().map(|events| exec_order::warned_of(events)).unwrap_or_default());
        events
    };
    let deep = async {
        let (pods, api_addresses, config_maps) =
            futures::join!(objects::pods(api, &daemon_set), objects::api_addresses(api), objects::config_maps(api, &daemon_set));
        let api_server = match &api_addresses {
            Observed::Seen(addresses) if !addresses.is_empty() => addresses.clone(),
            _ if wanted.exec => objects::control_plane(api).await,
            _ => Vec::new(),
        };
        let destinations = destinations(&daemon_set, &config_maps, &api_server, &wanted.destinations);
        let warned = tokio::time::timeout(EVENTS_HEAD_START, warnings).await.ok().and_then(Result::ok).unwrap_or_default();
        let pods_to_ask = Asked { pods: &pods, chosen: chosen.as_ref(), warned: &warned };
        let (inside, logs) = inspect_nodes(api, &pods_to_ask, &destinations, wanted, progress).await;
        (pods, api_addresses, config_maps, inside, logs)
    };
    let ((pods, api_addresses, config_maps, inside, logs), events, controller_revisions, programs) =
        futures::join!(deep, events, objects::controller_revisions(api, &daemon_set), objects::programs(api, &daemon_set));
    let events = events.map(|events| objects::about(events, &daemon_set, pods.seen()));
    Ok(Around { daemon_set, api_addresses, pods, programs, events, controller_revisions, config_maps, inside, logs })
}

/// Where each node may be asked the way to: what is configured now, for its pod, first.
fn destinations(
    daemon_set: &DaemonSet,
    config_maps: &BTreeMap<String, Observed<ConfigMap>>,
    api_server: &[IpAddr],
    wanted: &[Destination],
) -> impl Fn(&Pod) -> Vec<Destination> + use<> {
    let namespace = daemon_set.metadata.namespace.as_deref().unwrap_or_default();
    let container = daemon_set.spec.template.spec.calico_node();
    let methods: Vec<Value> = container
        .map(|container| Environment::resolve(container, config_maps, namespace))
        .map(|environment| Family::ALL.map(|family| environment.get(method_variable(family))).to_vec())
        .unwrap_or_default();
    let shared: Vec<Destination> =
        wanted.iter().cloned().chain(api_server.iter().filter_map(|ip| Destination::parse(&ip.to_string()))).collect();
    move |pod| {
        let configured = methods.iter().filter_map(|value| match Method::parse(&value.at(|path| pod.field(path))?) {
            Method::CanReach { destination } => Destination::parse(&destination),
            _ => None,
        });
        configured.chain(shared.iter().cloned()).collect()
    }
}

/// `None` means all.
async fn chosen_nodes(api: &Api, filter: Option<&NodeFilter>) -> Result<Option<BTreeSet<String>>, RequestError> {
    match filter {
        None => Ok(None),
        Some(NodeFilter::Names(names)) => Ok(Some(names.clone())),
        Some(NodeFilter::Selector(selector)) => {
            let query = Query { label_selector: Some(selector), ..Query::default() };
            let names = api.list(&NODES, &query, |node: Node| Some(node.metadata.name)).await?;
            Ok(Some(names.into_iter().collect()))
        }
    }
}

/// Execs wait so long for the events that say which nodes are in trouble.
const EVENTS_HEAD_START: std::time::Duration = std::time::Duration::from_secs(2);

struct Asked<'a> {
    pods: &'a Observed<Vec<Pod>>,
    /// `None` means all.
    chosen: Option<&'a BTreeSet<String>>,
    warned: &'a BTreeSet<String>,
}

async fn inspect_nodes(
    api: &Api,
    asked: &Asked<'_>,
    destinations: &dyn Fn(&Pod) -> Vec<Destination>,
    wanted: &ReadOptions,
    progress: &dyn Progress,
) -> (BTreeMap<String, Observed<NodeInspection>>, BTreeMap<String, NodeLogs>) {
    let mut pods: Vec<&Pod> = objects::one_a_node(asked.pods.seen().map_or(&[], Vec::as_slice))
        .into_iter()
        .filter(|pod| asked.chosen.is_none_or(|names| pod.spec.node_name.as_ref().is_some_and(|node| names.contains(node))))
        // Where nothing is run in the pods, few are left to sort.
        .filter(|pod| wanted.exec || logs::is_wanted(pod, wanted.logs))
        .collect();
    pods.sort_by(|a, b| a.spec.node_name.cmp(&b.spec.node_name));
    let to_log: Vec<&Pod> = pods.iter().copied().filter(|pod| logs::is_wanted(pod, wanted.logs)).collect();
    let to_exec = if wanted.exec { exec_order::in_order(pods, asked.warned, wanted.exec_sample) } else { Vec::new() };
    progress.begin("Inspecting calico-node", Some((to_exec.len() + to_log.len()) as u64));
    let limits = exec::Limits { at_once: wanted.max_concurrent, each: wanted.exec_timeout, total: wanted.exec_total };
    futures::join!(exec::look(api, &to_exec, destinations, &limits, progress), logs::read(api, &to_log, wanted.max_concurrent, progress))
}
