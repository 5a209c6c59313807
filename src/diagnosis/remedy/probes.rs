//! Larger budgets and timeouts: the proposals of `probes` as a command.

use serde_json::Value;

use super::super::report::Fix;
use super::super::view::View;
use crate::snapshot::objects::CALICO_NODE;
use crate::startup::change::daemon_set_patch;
use crate::startup::fix;
use crate::startup::measure::{Measurement, measure};
use crate::startup::place::Place;
use crate::startup::proposal::{Proposal, Wishes, allow, propose};
use crate::startup::sizing::Size;
use crate::startup::strategy::Strategy;
use crate::text::shell;

/// For nodes that more time to start would cure.
pub fn start_budget(view: &View, slow: &[Measurement]) -> Option<Fix> {
    let names: Vec<&str> = slow.iter().map(|measured| measured.node).collect();
    larger(view, &propose(view, slow, &names, &Wishes::default()).ok()??)
}

/// For a node whose log tells how much time it needs.
pub fn start_budget_of(view: &View, node: &str, size: &Size) -> Option<Fix> {
    let measured = measure(view, view.node(node)?);
    larger(view, &allow(view, std::slice::from_ref(&measured), (Strategy::default(), 0), size).ok()??)
}

fn larger(view: &View, proposal: &Proposal) -> Option<Fix> {
    let why = format!(
        "{} s to start instead of {} s: {}; calico-node restarts node by node{}; with a preview and a proof: kubectl calico-fix probes",
        proposal.budget_after_seconds?,
        proposal.budget_before_seconds?,
        lower(proposal.why.first()?),
        super::reverted_by(view)
    );
    Some(Fix { command: command(view, proposal)?, why })
}

pub fn probe_timeout(view: &View) -> Option<Fix> {
    if view.install.is_operator() {
        return None;
    }
    let changes = fix::changes(&view.install, fix::Fix::Timeouts).ok()?;
    let why = format!(
        "ten seconds, as in the manifests from 3.20.0; calico-node restarts node by node{}; with a preview and a proof: kubectl calico-fix probes --fix timeouts",
        super::reverted_by(view)
    );
    Some(Fix { command: on_daemon_set(view, &daemon_set_patch(&changes))?, why })
}

/// As the manifests have it. A limit is the owner's own decision: no command there.
pub fn cpu_request(view: &View) -> Option<Fix> {
    let resources = &view.install.container?.resources;
    if view.install.is_operator() || resources.requests.contains_key("cpu") || resources.limits.contains_key("cpu") {
        return None;
    }
    let (target, namespace) = (view.install.command_target()?, shell::namespace(view.install.namespace()?)?);
    let command = shell::command(&["kubectl", "set", "resources", &target, "-n", namespace, "-c", CALICO_NODE, "--requests=cpu=250m"])?;
    let why = format!("the request of Calico's own manifests; calico-node restarts node by node{}", super::reverted_by(view));
    Some(Fix { command, why })
}

fn command(view: &View, proposal: &Proposal) -> Option<String> {
    match &proposal.place {
        Place::DaemonSet { .. } => on_daemon_set(view, &proposal.patch(&Value::Null)?),
        Place::Installation { name } => {
            let all = view.snapshot.resources.installations.seen()?;
            let patch = proposal.patch(&all.iter().find(|one| one.metadata.name == *name)?.spec)?;
            let name = shell::object_name(name)?;
            shell::command(&["kubectl", "patch", "installation", name, "--type", "merge", "-p", &shell::json(&patch)])
        }
        Place::Nowhere { .. } => None,
    }
}

fn on_daemon_set(view: &View, patch: &Value) -> Option<String> {
    let metadata = &view.install.daemon_set?.metadata;
    let namespace = shell::namespace(view.install.namespace()?)?;
    shell::command(&["kubectl", "patch", "daemonset", shell::object_name(&metadata.name)?, "-n", namespace, "-p", &shell::json(patch)])
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
