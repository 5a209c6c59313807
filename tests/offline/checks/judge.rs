//! Judging a case, and what must hold of every finding whatever the case.

use std::collections::BTreeSet;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::verdict::Verdict;
use calico_fix::finding::{Evidence, Finding, Fix, Report, Severity, Source};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::redact::redact;

use super::build::World;

pub(super) struct Case {
    pub report: Report,
}

/// Judges it, and its redacted self too.
pub(super) fn judge(world: &World) -> Case {
    let snapshot = world.snapshot();
    let report = diagnose(&snapshot, &Scope::default());
    sound(&report, &snapshot);
    let sentences = report.findings.iter().all(|finding| finding.message.starts_with(char::is_alphanumeric));
    assert!(sentences, "{:#?}", report.findings);
    let redacted = redact(snapshot).expect("redacts");
    let again = diagnose(&redacted, &Scope::default());
    sound(&again, &redacted);
    assert_eq!(outline(&report), outline(&again), "redacted\n{:#?}\n{:#?}", report.findings, again.findings);
    assert_eq!(report.verdict, again.verdict, "redacted");
    Case { report }
}

fn outline(report: &Report) -> BTreeSet<(&'static str, Severity, usize)> {
    report.findings.iter().map(|finding| (finding.code.name(), finding.severity, finding.nodes.len())).collect()
}

/// Holds of every report.
pub(super) fn sound(report: &Report, snapshot: &Snapshot) {
    let known: BTreeSet<&str> = report.nodes.iter().map(|row| row.name.as_str()).collect();
    for finding in &report.findings {
        one_line(&finding.message, 700);
        assert!(finding.nodes.iter().all(|node| known.contains(node.as_str())), "nodes: {finding:#?}");
        assert_eq!(finding.nodes.iter().collect::<BTreeSet<_>>().len(), finding.nodes.len(), "a node twice: {finding:#?}");
        assert!(!finding.evidence.is_empty(), "without evidence: {finding:#?}");
        for evidence in &finding.evidence {
            assert!(!evidence.text.trim().is_empty(), "{finding:#?}");
            assert!(evidence.node.as_deref().is_none_or(|node| known.contains(node)), "{evidence:?}");
            assert!(can_come_from(evidence, snapshot), "where from? {evidence:?}");
        }
        if let Some(fix) = &finding.fix {
            one_line(&fix.command, 4000);
            one_line(&fix.why, 600);
            assert!(fix.command.starts_with("kubectl "), "{}", fix.command);
        }
        for row in report.nodes.iter().filter(|row| finding.nodes.contains(&row.name)) {
            assert!(row.findings.contains(&finding.code), "{} does not show {}", row.name, finding.code);
        }
    }
    assert!(report.findings.is_sorted_by_key(|finding| finding.severity), "worst first");
    let healthy = report.findings.is_empty() && !report.unseen.iter().any(|unseen| unseen.blocks_healthy);
    assert_eq!(report.verdict == Verdict::Healthy, healthy);
}

fn one_line(text: &str, limit: usize) {
    assert!(!text.is_empty() && text.chars().count() <= limit && !text.contains(['\n', '\r']), "not one short line: {text:?}");
}

fn can_come_from(evidence: &Evidence, snapshot: &Snapshot) -> bool {
    let node = evidence.node.as_deref();
    let inside = || node.and_then(|node| snapshot.inside.get(node)?.seen());
    match evidence.source {
        Source::Annotation | Source::Node => node.is_some() && snapshot.nodes.seen().is_some(),
        Source::DaemonSet => node.is_none() && snapshot.daemon_set.seen().is_some(),
        // A pod that no node has taken may name none.
        Source::Pod => snapshot.pods.seen().is_some(),
        Source::Event => snapshot.events.seen().is_some(),
        Source::Installation => snapshot.resources.installations.seen().is_some(),
        Source::TigeraStatus => snapshot.resources.tigera_statuses.seen().is_some(),
        Source::Birdcl => inside().is_some(),
        Source::Interfaces => inside().is_some_and(|inside| inside.interfaces.seen().is_some()),
        Source::Log => node.is_some_and(|node| snapshot.logs.contains_key(node)),
        Source::ClusterInformation => matches!(snapshot.resources.cluster_informations, Observed::Seen(_)),
        Source::CalicoNodeStatus => matches!(snapshot.resources.node_statuses, Observed::Seen(_)),
    }
}

/// The kubectl command that makes the change, or shows what is next.
pub(super) fn by_hand(fix: &Fix) -> &str {
    fix.by_hand.as_ref().map_or(&fix.command, |by_hand| &by_hand.command)
}

impl Case {
    /// `error address-conflict node-2,node-3`, worst first.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |finding: &Finding| {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            format!("{severity} {} {}", finding.code, finding.nodes.join(",")).trim_end().to_owned()
        };
        self.report.findings.iter().map(line).collect()
    }

    /// The only finding.
    pub(super) fn only(&self) -> &Finding {
        assert_eq!(self.report.findings.len(), 1, "{:#?}", self.report.findings);
        &self.report.findings[0]
    }

    pub(super) fn of(&self, code: &str) -> &Finding {
        self.report.findings.iter().find(|finding| finding.code.name() == code).unwrap_or_else(|| panic!("no {code}: {:?}", self.lines()))
    }

    pub(super) fn command(&self) -> Option<&str> {
        self.only().fix.as_ref().map(by_hand)
    }
}

/// Exactly these findings.
#[track_caller]
pub(super) fn finds(world: &World, expected: &[&str]) -> Case {
    let case = judge(world);
    assert_eq!(case.lines(), expected, "{:#?}", case.report.findings);
    case
}

/// No finding, and everything that matters was seen.
#[track_caller]
pub(super) fn healthy(world: &World) {
    let case = finds(world, &[]);
    assert_eq!(case.report.verdict, Verdict::Healthy, "{:#?}", case.report.unseen);
}

#[track_caller]
pub(super) fn shows(finding: &Finding, source: Source, node: &str, text: &str) {
    let fits = |evidence: &Evidence| {
        evidence.source == source && evidence.node.as_deref().unwrap_or_default() == node && evidence.text.contains(text)
    };
    assert!(finding.evidence.iter().any(fits), "no {source:?} {node} {text:?} in {:#?}", finding.evidence);
}
