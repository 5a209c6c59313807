//! Larger budgets and timeouts: the proposals of `probes` as a command.

use serde_json::{Value, json};

use crate::diagnosis::context::Context;
use crate::finding::Fix;
use crate::probes::change::{self, ProbeChange, daemon_set_with};
use crate::probes::misfit_fix::{self, MisfitFix};
use crate::probes::proposal::{ProbeOptions, ProbeProposal, propose, propose_budget};
use crate::probes::strategy::Strategy;
use crate::probes::target::{ProbeTarget, probe_target};
use crate::snapshot::objects::CALICO_NODE;
use crate::startup::budget::BudgetEstimate;
use crate::startup::measure::{Measurement, measure};
use crate::text::shell;

/// For nodes that more time to start would cure.
pub(crate) fn start_budget(view: &Context, slow: &[Measurement]) -> Option<Fix> {
    let names: Vec<&str> = slow.iter().map(|measured| measured.node).collect();
    larger(view, &propose(view, slow, &names, &ProbeOptions::default()).ok()??)
}

/// For a node whose log tells how much time it needs.
pub(crate) fn start_budget_of(view: &Context, node: &str, size: &BudgetEstimate) -> Option<Fix> {
    let measured = measure(view, view.node(node)?);
    larger(view, &propose_budget(view, std::slice::from_ref(&measured), (Strategy::default(), 0), size).ok()??)
}

fn larger(view: &Context, proposal: &ProbeProposal) -> Option<Fix> {
    let why = format!(
        "Raises the startup limit from {}s to {}s. {}{}",
        proposal.budget_before_seconds?,
        proposal.budget_after_seconds?,
        proposal.why.first()?.trim_end_matches('.'),
        super::reverted_by(view)
    );
    super::guarded(view, &["kubectl", "calico-fix", "probes"], &why, command(view, proposal)?)
}

/// What `probes` proposes, as the command that asked for it.
pub(crate) fn proposed(view: &Context, proposal: &ProbeProposal, words: &[&str]) -> Option<Fix> {
    let changes: Vec<String> = proposal.changes.iter().map(ProbeChange::describe).collect();
    let why = format!("Sets {}{}", changes.join("; "), super::reverted_by(view));
    super::guarded(view, words, &why, command(view, proposal)?)
}

pub(crate) fn probe_timeout(view: &Context) -> Option<Fix> {
    if view.install.is_operator() {
        return None;
    }
    let changes = misfit_fix::changes(&view.install, MisfitFix::Timeouts).ok()?;
    let why = format!("Sets the probes' timeoutSeconds to 10, as in Calico's manifests from 3.20.0{}", super::reverted_by(view));
    let by_hand = on_daemon_set(view, &change::patch(&probe_target(view), &changes, &daemon_set_with(view.install.container?))?)?;
    super::guarded(view, &["kubectl", "calico-fix", "probes", "--fix", "timeouts"], &why, by_hand)
}

/// As the manifests have it. A limit is the owner's own decision: no command there.
pub(crate) fn cpu_request(view: &Context) -> Option<Fix> {
    let resources = &view.install.container?.resources;
    if view.install.is_operator() || resources.requests.contains_key("cpu") || resources.limits.contains_key("cpu") {
        return None;
    }
    let (target, namespace) = (view.install.command_target()?, shell::namespace(view.install.namespace()?)?);
    let command = shell::command(&["kubectl", "set", "resources", &target, "-n", namespace, "-c", CALICO_NODE, "--requests=cpu=250m"])?;
    let why = format!("Sets the request of Calico's own manifests. Restarts {}{}", super::restarts(view), super::reverted_by(view));
    Some(Fix::next_step(command, why))
}

fn command(view: &Context, proposal: &ProbeProposal) -> Option<String> {
    match &proposal.place {
        ProbeTarget::DaemonSet { .. } => on_daemon_set(view, &proposal.patch(&daemon_set_with(view.install.container?))?),
        ProbeTarget::Installation { name } => {
            let all = view.snapshot.resources.installations.seen()?;
            let spec = &all.iter().find(|one| one.metadata.name == *name)?.spec;
            let patch = proposal.patch(&json!({"spec": spec}))?;
            let name = shell::object_name(name)?;
            shell::command(&["kubectl", "patch", "installation", name, "--type", "merge", "-p", &shell::json(&patch)])
        }
        ProbeTarget::Nowhere { .. } => None,
    }
}

fn on_daemon_set(view: &Context, patch: &Value) -> Option<String> {
    let metadata = &view.install.daemon_set?.metadata;
    let namespace = shell::namespace(view.install.namespace()?)?;
    shell::command(&["kubectl", "patch", "daemonset", shell::object_name(&metadata.name)?, "-n", namespace, "-p", &shell::json(patch)])
}
