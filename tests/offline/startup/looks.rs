//! Looks at real starts over slow links, and at a pod that is replaced: what all three verbs say of them.

use std::path::PathBuf;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Severity;
use calico_fix::finding::code::Code::{self, *};
use calico_fix::finding::verdict::Verdict;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::reports::probes::probes_report;
use calico_fix::snapshot::Snapshot;

fn load(name: &str) -> Snapshot {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/starts")).join(format!("{name}.yaml"));
    calico_fix::import::load(&[path], &mut std::io::empty()).expect("loads")
}

struct Look {
    name: &'static str,
    verdict: Verdict,
    finding: Option<(Code, Severity)>,
    /// In the message of the finding, or in the reason why the outcome is not known.
    says: &'static str,
    /// Seconds of the proposed budget.
    budget: Option<u32>,
}

const LOOKS: [Look; 10] = [
    starting("restart-02", "started a moment ago"),
    starting("restart-04", "started a moment ago"),
    starting("restart-08", "started a moment ago"),
    starting("slow-1", "starting for 30s of the 70s that its probes allow; forecast 55s to 71s, by a round trip to the datastore of 0.99s"),
    starting("slow-3", "starting for 66s of the 70s that its probes allow; forecast 55s to 71s"),
    starting("rtt980-starting", "starting for 61s of the 70s that its probes allow; forecast 54s to 69s"),
    found("rtt980-started", StartNearBudget, Severity::Warning, "took 59s of 70s", 120),
    found("rtt900-killed-once-started", KilledWhileStarting, Severity::Error, "needs 63s of the 70s", 130),
    found("rtt1080-killed", KilledWhileStarting, Severity::Error, "kills it at 70s", 160),
    found("rtt1240-second-attempt-fits", KilledWhileStarting, Severity::Error, "kills it at 70s", 180),
];

const fn starting(name: &'static str, says: &'static str) -> Look {
    Look { name, verdict: Verdict::Unknown, finding: None, says, budget: None }
}

const fn found(name: &'static str, code: Code, severity: Severity, says: &'static str, budget: u32) -> Look {
    Look { name, verdict: Verdict::Sick, finding: Some((code, severity)), says, budget: Some(budget) }
}

#[test]
fn a_start_in_progress_is_no_finding() {
    for look in LOOKS {
        let report = diagnose(&load(look.name), &Scope::default());
        let codes: Vec<_> = report.findings.iter().map(|finding| (finding.code, finding.severity)).collect();
        assert_eq!((report.verdict, codes), (look.verdict, look.finding.into_iter().collect()), "{}: {:#?}", look.name, report.findings);
        assert!(report.findings.iter().all(|finding| finding.nodes == ["node-2"]), "{}", look.name);
        let outcome = report.unseen.iter().find(|unseen| unseen.what == "the outcome of a start").map(|unseen| unseen.why.as_str());
        let text = report.findings.first().map(|finding| finding.message.as_str()).or(outcome).unwrap_or_default();
        assert!(text.contains(look.says), "{}: {text}", look.name);
    }
}

#[test]
fn probes_proposes_a_budget_only_after_a_kill_or_close_to_one() {
    for look in LOOKS {
        let report = probes_report(&load(look.name), &Scope::default(), &ProbeOptions::default()).expect("no options");
        let budget = report.proposal.as_ref().and_then(|proposal| proposal.budget_after_seconds);
        assert_eq!((report.verdict, budget), (look.verdict, look.budget), "{}: {:#?}", look.name, report.proposal);
    }
}
