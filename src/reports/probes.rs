//! A snapshot measured, diagnosed, forecast, and the change that follows.

use super::probes_document::{Cure, KIND, ProbeRow, ProbesReport};
use crate::calico::probe::{self, CommandForm, Handler, ProbeUse};
use crate::diagnosis::context::Context;
use crate::diagnosis::{API_VERSION, Scope, diagnose, explain, fixes};
use crate::finding::code::Code;
use crate::finding::verdict::Verdict;
use crate::finding::{Finding, Fix, Gap, Severity};
use crate::probes::proposal::{ProbeOptions, ProbeProposalError, propose};
use crate::probes::strategy::Strategy;
use crate::probes::{budget_steps, misfit_fix};
use crate::snapshot::Snapshot;
use crate::startup::forecast;
use crate::startup::measure::{BudgetStatus, Measurement, measure};
use crate::startup::rows::{by_danger, distribution, node_start};

/// Asks for nothing, changes nothing, reads no clock.
pub fn probes_report(snapshot: &Snapshot, scope: &Scope, wishes: &ProbeOptions) -> Result<ProbesReport, ProbeProposalError> {
    let view = Context::new(snapshot);
    let report = diagnose(snapshot, scope);
    let mut measured: Vec<Measurement> = view.nodes.iter().map(|node| measure(&view, node)).collect();
    measured.sort_by(by_danger);
    let (mut findings, others): (Vec<Finding>, Vec<Finding>) =
        report.findings.into_iter().partition(|finding| finding.code.affects_startup());
    let wanting = findings.iter().filter(|finding| finding.code.needs_larger_budget());
    let slow: Vec<String> = wanting.flat_map(|finding| finding.nodes.iter().cloned()).collect();
    // Whether such a start is slow or gets no answer only its log could tell.
    let (unread, slow): (Vec<&str>, Vec<&str>) =
        slow.iter().map(String::as_str).partition(|name| view.node(name).is_some_and(|node| node.log_refusal().is_some()));
    let (proposal, refused) = match propose(&view, &measured, &slow, wishes) {
        Ok(proposal) => (proposal, None),
        // Found, not asked for: no mistake of the command line.
        Err(refusal) if !wishes.by_hand() && refusal != ProbeProposalError::DelayHasNoEffect => (None, Some(refusal.to_string())),
        Err(refusal) => return Err(refusal),
    };
    let shown: Vec<&Measurement> =
        measured.iter().filter(|measured| scope.nodes.as_ref().is_none_or(|nodes| nodes.contains(measured.node))).collect();
    let codes = |name: &str| report.nodes.iter().find(|row| row.name == name).map(|row| row.findings.clone()).unwrap_or_default();
    let no_proposal = if proposal.is_some() { None } else { refused.or_else(|| because(&findings, &slow, &unread)) };
    let of_shown: Vec<Measurement> = shown.iter().map(|measured| (*measured).clone()).collect();
    let unseen = unseen(report.unseen, &of_shown);
    // The proposal takes the place of their commands.
    let slow = findings.iter_mut().filter(|finding| finding.code.needs_larger_budget());
    slow.filter(|finding| finding.fix.as_ref().is_some_and(Fix::is_guarded)).for_each(|finding| finding.fix = None);
    let fix = proposal
        .as_ref()
        .and_then(|proposal| fixes::proposed(&view, proposal, &words(wishes).iter().map(String::as_str).collect::<Vec<_>>()));
    let mut elsewhere: Vec<Code> = others.iter().map(|finding| finding.code).collect();
    elsewhere.sort();
    elsewhere.dedup();
    // Of the cluster, as far as this verb sees it: also what is not about starts.
    let verdict = Verdict::judge(!findings.is_empty() || !elsewhere.is_empty(), &unseen);
    let cures = cures(&findings);
    Ok(ProbesReport {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        taken_at: snapshot.taken_at,
        verdict,
        cluster: report.cluster,
        probes: view.install.container.map(probe::uses).unwrap_or_default().iter().map(probe_row).collect(),
        distribution: distribution(&of_shown),
        nodes: shown.iter().map(|measured| node_start(&view, measured, codes(measured.node))).collect(),
        forecast: forecast::forecast(&view, &of_shown),
        findings,
        cures,
        elsewhere,
        proposal,
        fix,
        no_proposal,
        fixable: misfit_fix::needed(&view.install).into_iter().map(|fix| fix.name().to_owned()).collect(),
        unseen,
        sources: snapshot.sources.clone(),
    })
}

/// The command that asks for the same.
fn words(wishes: &ProbeOptions) -> Vec<String> {
    let mut words: Vec<String> = ["kubectl", "calico-fix", "probes"].map(str::to_owned).into();
    if wishes.strategy == Strategy::InitialDelay {
        words.extend(["--strategy", "initial-delay"].map(str::to_owned));
    }
    // None or 0: nothing grows, because no node is first.
    let ceiling = wishes.ceiling.filter(|ceiling| !matches!(*ceiling, 0 | budget_steps::MAX_BUDGET));
    words.extend(ceiling.into_iter().flat_map(|ceiling| ["--ceiling".to_owned(), format!("{ceiling}s")]));
    words.extend(wishes.fixes.iter().flat_map(|fix| ["--fix".to_owned(), fix.name().to_owned()]));
    words.extend(wishes.settings.iter().flat_map(|setting| ["--set".to_owned(), setting.to_string()]));
    words
}

fn cures(findings: &[Finding]) -> Vec<Cure> {
    let mut cures: Vec<Cure> = Vec::new();
    for code in findings.iter().map(|finding| finding.code).filter(|code| !code.needs_larger_budget()) {
        if cures.iter().all(|cure| cure.code != code) {
            cures.push(Cure { code, cure: explain::explanation_for(code).fix.join("\n") });
        }
    }
    cures
}

/// More time does not help: another cause stops the start.
fn because(findings: &[Finding], slow: &[&str], unread: &[&str]) -> Option<String> {
    if slow.is_empty() && !unread.is_empty() {
        let nodes = crate::text::list(unread, 3);
        return Some(format!(
            "the log of calico-node on {nodes} could not be read. Only the log shows whether more time to start would help"
        ));
    }
    if !slow.is_empty() {
        return Some("the DaemonSet already allows enough. Pods that are older than its last change must be replaced first".to_owned());
    }
    let mut codes: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        if !codes.contains(&finding.code.name()) {
            codes.push(finding.code.name());
        }
    }
    let (last, others) = codes.split_last()?;
    let list = if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
    Some(format!("more time to start does not fix {list}"))
}

/// Findings about sessions and addresses are left to `status`.
fn unseen(all: Vec<Gap>, measured: &[Measurement]) -> Vec<Gap> {
    const BGP: [&str; 6] = ["BIRD's sessions", "BGP peers", "BGP configuration", "IP pools", "controller revisions", "Calico's backend"];
    let mut unseen: Vec<Gap> = all.into_iter().filter(|unseen| !BGP.contains(&unseen.what.as_str())).collect();
    let unknown = measured.iter().filter(|measured| measured.start.is_none() && measured.budget_status() == BudgetStatus::Unknown);
    let nodes: Vec<String> = unknown.map(|measured| measured.node.to_owned()).collect();
    if !nodes.is_empty() {
        let why = "neither a log nor the pod shows how long a start took".to_owned();
        unseen.push(Gap { what: "the time of a start".to_owned(), nodes, why, blocks_healthy: false, passing: false });
    }
    unseen
}

fn probe_row(probe: &ProbeUse) -> ProbeRow {
    let checks = [(probe.checks_felix, "Felix"), (probe.checks_bird, "BIRD")];
    let whom: Vec<&str> = checks.into_iter().filter(|(checks, _)| *checks).map(|(_, whom)| whom).collect();
    let how = match &probe.handler {
        Handler::Command(CommandForm::CalicoNode) => "exec calico-node".to_owned(),
        Handler::Command(CommandForm::CalicoComponent) => "exec calico component node health".to_owned(),
        Handler::Http { host, path, port } => {
            let port = port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
            format!("httpGet {}{port}{path}", host.as_deref().unwrap_or("NODE"))
        }
        Handler::Other => "another handler".to_owned(),
    };
    let asks = if whom.is_empty() { how } else { format!("{} ({how})", whom.join(", ")) };
    ProbeRow {
        probe: probe.kind,
        asks,
        initial_delay_seconds: probe.budget.initial_delay,
        period_seconds: probe.budget.period,
        timeout_seconds: probe.budget.timeout,
        failure_threshold: probe.budget.failure_threshold,
    }
}
