//! What time will tell: a start, sessions that come up, a probe that failed a moment ago. Neither a fault yet, nor healthy.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::gaps::{is_probe_failure, shown};
use super::{Scope, session_pairs};
use crate::calico::events::EventKind;
use crate::diagnosis::context::Context;
use crate::finding::{Gap, Source};
use crate::model::{NodeBgp, NodeEvent, NodeModel};
use crate::snapshot::family::Family;
use crate::startup::container_run::{RunEnd, at_least};
use crate::startup::forecast::round_trip_start_of;
use crate::text::seconds;

pub(super) fn list(view: &Context, scope: &Scope) -> Vec<Gap> {
    starts(view, scope).into_iter().chain(sessions(view, scope)).chain(failed_probes(view, scope)).collect()
}

/// Whether a start will succeed is not known yet. A slow one has a line of its own.
fn starts(view: &Context, scope: &Scope) -> Vec<Gap> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in shown(view, scope).filter(|node| view.is_starting(node)) {
        let why = slow_start(view, node).unwrap_or_else(|| "calico-node was started a moment ago and is not Ready yet".to_owned());
        by_reason.entry(why).or_default().push(node.name.to_owned());
    }
    by_reason
        .into_iter()
        .map(|(why, nodes)| Gap { what: "the outcome of a start".to_owned(), nodes, why, blocks_healthy: true, passing: true })
        .collect()
}

/// Shorter starts need no forecast.
const SLOW_SECONDS: f64 = 10.0;

fn slow_start(view: &Context, node: &NodeModel) -> Option<String> {
    let measured = view.measurement(node)?;
    let run = measured.runs.first()?;
    let allowed =
        measured.budget().map(|budget| format!(" of the {} that its probes allow", seconds::of_duration(budget))).unwrap_or_default();
    let so_far = run.start.or(run.lived.map(at_least)).filter(|start| start.seconds >= SLOW_SECONDS)?;
    if run.end == RunEnd::Runs {
        return Some(format!("started after {}{allowed}, not Ready yet", seconds::whole(so_far.seconds)));
    }
    let forecast = match round_trip_start_of(view, measured) {
        Some(start) => format!(
            "forecast {} to {}, by a round trip to the datastore of {}",
            seconds::whole(start.least_seconds()),
            seconds::whole(start.most_seconds()),
            seconds::precise(start.round_trip)
        ),
        None => "no forecast, because no log shows the round trip to the datastore".to_owned(),
    };
    Some(format!("starting for {}{allowed}; {forecast}", seconds::whole(so_far.seconds)))
}

/// Sessions with nodes that were restarted a moment ago: not up is no fault yet, and no health.
fn sessions(view: &Context, scope: &Scope) -> Option<Gap> {
    let names = session_pairs::settling(view);
    let bird = |node: &&NodeModel| {
        view.is_settling(node)
            && Family::ALL.into_iter().any(|family| view.needs_bird(node, family) && matches!(node.bgp(family), NodeBgp::NotRunning))
    };
    let waits = |node: &&NodeModel| names.contains(&node.name) || bird(node);
    let waiting: Vec<&NodeModel> = shown(view, scope).filter(waits).filter(|node| !view.is_starting(node)).collect();
    let known_at: Option<Vec<Timestamp>> = waiting.iter().map(|node| view.settled_at(node)).collect();
    let until = known_at.and_then(|times| times.into_iter().max());
    let until = until.map(|until| format!(". A session that is still down at {} is a fault", clock(until))).unwrap_or_default();
    let why = format!("calico-node was restarted less than a minute ago, and its sessions are not up yet{until}");
    let nodes: Vec<String> = waiting.iter().map(|node| node.name.to_owned()).collect();
    (!nodes.is_empty()).then(|| Gap { what: "BGP sessions in progress".to_owned(), nodes, why, blocks_healthy: true, passing: true })
}

/// Two more readiness probes of every published manifest, or one of each other kind, come within this time.
const LATELY: SignedDuration = SignedDuration::from_secs(60);

/// Nodes that are Ready, and whose newest event is a probe that failed since: whether they stay Ready is not known.
fn failed_probes(view: &Context, scope: &Scope) -> Option<Gap> {
    let failed = |node: &NodeModel| {
        node.events.last().filter(|told| is_probe_failure(&told.kind))?;
        let ready = node.pod.and_then(|pod| pod.status.conditions.iter().find(|one| one.r#type == "Ready"));
        let since = ready.and_then(|condition| condition.last_transition_time);
        let open = node.events.iter().filter(|told| is_probe_failure(&told.kind)).filter_map(|told| {
            let at = told.event.last_seen()?;
            let counts = view.snapshot.taken_at.duration_since(at) < LATELY && since.is_none_or(|since| at > since);
            (counts && !was_a_peers_restart(view, node, told, at)).then_some(at)
        });
        open.max().filter(|_| node.ready() == Some(true))
    };
    let doubtful: Vec<(String, Timestamp)> = shown(view, scope).filter_map(|node| Some((node.name.to_owned(), failed(node)?))).collect();
    let last = doubtful.iter().map(|(_, at)| *at).max()?;
    let why = format!(
        "a probe of calico-node failed at {}, after it had become Ready. Known at {} if no probe fails until then",
        clock(last),
        clock(last + LATELY)
    );
    let nodes = doubtful.into_iter().map(|(name, _)| name).collect();
    Some(Gap { what: "whether calico-node stays Ready".to_owned(), nodes, why, blocks_healthy: true, passing: true })
}

/// The probe named sessions with nodes whose calico-node was starting then, and BIRD has all of its sessions again.
fn was_a_peers_restart(view: &Context, node: &NodeModel, told: &NodeEvent, at: Timestamp) -> bool {
    let EventKind::NotEstablished { family, peers } = &told.kind else { return false };
    let all_up = node.bgp(*family).seen().is_some_and(|bgp| bgp.source == Source::Birdcl && bgp.total > 0 && bgp.established == bgp.total);
    let restarted = |address: &IpAddr| view.peer(*address).and_then(NodeModel::running_since).is_some_and(|since| since + LATELY >= at);
    all_up && !peers.is_empty() && peers.iter().all(restarted)
}

/// `08:32:02 UTC`
fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S UTC").to_string()
}
