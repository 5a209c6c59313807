//! Findings of logs, in the codes that `status` has too.

use std::collections::BTreeSet;

use crate::calico::startup_log::{self, ExitReason, InitFailure, StartPhase};
use crate::diagnosis::fixes::compare_addresses;
use crate::diagnosis::{Scope, diagnose, log_line_finding, start_budget_fix};
use crate::finding::code::Code;
use crate::finding::{ByHand, Evidence, Finding, Fix, Severity, Source};
use crate::probes::change::daemon_set_patch;
use crate::probes::strategy;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};
use crate::startup::budget::{BudgetEstimate, ObservedStarts, estimate_budget};
use crate::startup::estimate;
use crate::startup::log_source::LogSource;
use crate::startup::timeline::{AttemptEnd, AttemptRow, EstimateBasis, StartEstimate, Timeline};
use crate::text::{count, seconds, shell};

pub(super) fn findings(sources: &[LogSource], logs: &[Timeline], snapshot: Option<&Snapshot>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (source, log) in sources.iter().zip(logs) {
        let place = LogFindings { source, log, snapshot };
        findings.extend(place.ending());
        findings.extend(place.address());
    }
    if let Some(snapshot) = snapshot {
        findings = join(findings, of_cluster(sources, snapshot));
    } else {
        findings.iter_mut().filter(|finding| finding.fix.is_none()).for_each(|finding| finding.fix = compare(finding));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// What a log alone cannot tell: which method is right on every node.
fn compare(finding: &Finding) -> Option<Fix> {
    let is_v6 = finding.evidence.iter().any(|row| row.text.contains("IPv6"));
    let family = if is_v6 { Family::V6 } else { Family::V4 };
    let is_address =
        matches!(finding.code, Code::AddressConflict | Code::AddressOnVirtualInterface | Code::MethodInvalid | Code::MethodIneffective);
    is_address.then(|| compare_addresses(family))
}

fn of_cluster(sources: &[LogSource], snapshot: &Snapshot) -> Vec<Finding> {
    let nodes: BTreeSet<String> = sources.iter().filter_map(|source| source.node.clone()).collect();
    let mut seen = diagnose(snapshot, &Scope { nodes: Some(nodes), sessions: false, ..Scope::default() }).findings;
    seen.retain(|finding| finding.code.is_about_a_start());
    seen
}

/// The cluster knows causes that a log does not, and where to make the change; the log knows where the time went.
fn join(own: Vec<Finding>, mut seen: Vec<Finding>) -> Vec<Finding> {
    let mut joined = Vec::new();
    for mut finding in own {
        let about = |other: &Finding| finding.nodes.iter().any(|node| other.nodes.contains(node));
        if let Some(at) = seen.iter().position(|other| other.code == finding.code && about(other)) {
            // Of many nodes with the same fault each has a row of its own here.
            let same = seen.remove(at);
            if same.nodes.len() > 1 {
                seen.insert(at, same.clone());
            }
            finding.fix = finding.fix.or(same.fix);
            finding
                .evidence
                .extend(same.evidence.into_iter().filter(|row| row.source != Source::Log && row.node == finding.nodes.first().cloned()));
            joined.push(finding);
        } else if !seen.iter().any(|other| about(other) && other.code.is_root_cause() && other.code < finding.code) {
            joined.push(finding);
        }
    }
    let told = |other: &Finding| {
        joined.iter().any(|own: &Finding| own.code == other.code && other.nodes.iter().all(|node| own.nodes.contains(node)))
    };
    seen.retain(|other| !(told(other) || other.nodes.len() > 1 && joined.iter().any(|own| own.code == other.code)));
    joined.extend(seen);
    joined
}

struct LogFindings<'a> {
    source: &'a LogSource,
    log: &'a Timeline,
    snapshot: Option<&'a Snapshot>,
}

impl LogFindings<'_> {
    fn node(&self) -> &str {
        self.log.node.as_deref().unwrap_or("this node")
    }

    fn finding(&self, code: Code, severity: Severity, message: String, evidence: Vec<Evidence>) -> Finding {
        let nodes = self.log.node.iter().cloned().collect();
        Finding { code, severity, nodes, message, evidence, fix: None }
    }

    fn evidence(&self, text: impl Into<String>) -> Evidence {
        Evidence { source: Source::Log, node: self.log.node.clone(), text: text.into() }
    }

    fn seen(&self) -> impl DoubleEndedIterator<Item = &startup_log::Attempt> {
        self.source.runs().flat_map(|recording| &recording.attempts.attempts)
    }

    /// The newest attempt that ended decides; one that runs says nothing against those before it.
    fn ending(&self) -> Option<Finding> {
        if let Some(finding) = self.init_container() {
            return Some(finding);
        }
        let ended = |attempt: &&AttemptRow| !matches!(attempt.end.how, AttemptEnd::Running | AttemptEnd::NotKnown);
        let numbered = || self.log.attempts.iter().enumerate();
        let Some((at, attempt)) = numbered().rfind(|(_, attempt)| ended(attempt)) else { return self.no_answer() };
        let seen = self.seen().nth(at)?;
        let conflict = startup_log::exit_reason(&seen.log) == Some(ExitReason::UpdateConflict);
        if let Some(killed) = self.log.attempts.iter().rfind(|attempt| attempt.end.how == AttemptEnd::Killed).filter(|_| conflict) {
            // Kills and such exits in turn are one slow link.
            return Some(self.killed(killed));
        }
        match attempt.end.how {
            AttemptEnd::Exited => Some(self.exited(attempt, seen)),
            AttemptEnd::Killed if answers(seen) => Some(self.killed(attempt)),
            AttemptEnd::Killed => self.no_answer(),
            AttemptEnd::OutOfMemory => {
                let message = format!("calico-node on {} ran out of memory while it started. No probe change can help", self.node());
                Some(self.finding(Code::OutOfMemory, Severity::Error, message, self.ended(attempt)))
            }
            AttemptEnd::Started => self.after_start(seen).or_else(|| self.killed_before(attempt)),
            AttemptEnd::Running | AttemptEnd::NotKnown => None,
        }
    }

    fn init_container(&self) -> Option<Finding> {
        let fails = |log: &StartupLog| log.marks.iter().any(|mark| matches!(mark.kind, LogEventKind::Fatal | LogEventKind::InitError));
        let failure = |log: &StartupLog| InitFailure::in_texts(log.marks.iter().map(|mark| mark.text.as_str()));
        let (name, log) = self.source.init_logs().find(|(_, log)| fails(log) || failure(log) != InitFailure::Other)?;
        let why = failure(log).phrase().map(|phrase| format!(": {phrase}")).unwrap_or_default();
        let message = format!("the init container {name} fails on {}, so calico-node does not start there{why}", self.node());
        let from = log.marks.len().saturating_sub(2);
        let lines = log.marks.get(from..).unwrap_or_default();
        let evidence = lines.iter().map(|mark| self.evidence(format!("{name}: {}", mark.text))).collect();
        Some(self.finding(Code::InitContainerFailed, Severity::Error, message, evidence))
    }

    /// A fault that the log shows after the start; a node that is Ready by now is over it.
    fn after_start(&self, seen: &startup_log::Attempt) -> Option<Finding> {
        let pods = self.snapshot.and_then(|snapshot| snapshot.pods.seen()).into_iter().flatten();
        let own = pods.filter(|pod| pod.spec.node_name.is_some() && pod.spec.node_name == self.log.node);
        if own.into_iter().any(|pod| pod.is_ready() == Some(true)) {
            return None;
        }
        let fault = log_line_finding::first_fault(&seen.log, self.node())?;
        let evidence = fault.lines.iter().map(|mark| self.evidence(mark.text.clone())).collect();
        Some(self.finding(fault.code, Severity::Error, fault.message, evidence))
    }

    fn no_answer(&self) -> Option<Finding> {
        let tries =
            |seen: &startup_log::Attempt| seen.log.marks.iter().rev().find(|mark| mark.kind == LogEventKind::DatastoreRetry).cloned();
        let mark = self.seen().rev().filter(|seen| !answers(seen)).find_map(tries)?;
        let what = if startup_log::distrusts_certificate(&mark.text) { "does not trust the certificate of" } else { "gets no answer from" };
        let message = format!("calico-node on {} {what} its datastore while it starts", self.node());
        Some(self.finding(Code::DatastoreUnreachable, Severity::Error, message, vec![self.evidence(mark.text)]))
    }

    fn exited(&self, attempt: &AttemptRow, seen: &startup_log::Attempt) -> Finding {
        let reason = startup_log::exit_reason(&seen.log);
        let code = match &reason {
            Some(ExitReason::Conflict { .. }) => Code::AddressConflict,
            Some(ExitReason::InvalidMethod { .. }) => Code::MethodInvalid,
            Some(ExitReason::Forbidden { .. } | ExitReason::CrdMissing) => Code::ForbiddenToCalico,
            Some(ExitReason::DatastoreUnauthorized | ExitReason::DatastoreUnreachable { .. }) => Code::DatastoreUnreachable,
            Some(ExitReason::TyphaUnreachable) => Code::TyphaUnreachable,
            Some(ExitReason::NoAddress | ExitReason::UpdateConflict | ExitReason::Fatal { .. }) | None => Code::StartupExited,
        };
        let why = attempt.end.why.as_deref().unwrap_or("its log gives no reason");
        let evidence = seen.log.marks.iter().rev().take(4).rev().map(|mark| self.evidence(mark.text.clone())).collect();
        let message = format!("calico-node on {} exits while starting: {why}. No probe change can help", self.node());
        self.finding(code, Severity::Error, message, evidence)
    }

    fn kills(&self) -> usize {
        self.log.attempts.iter().filter(|attempt| attempt.end.how == AttemptEnd::Killed).count()
    }

    fn killed(&self, attempt: &AttemptRow) -> Finding {
        let kills = self.kills();
        let after = attempt.end.after_seconds.map(|after| format!(" after {after:.0}s")).unwrap_or_default();
        let sure = if attempt.end.certain { "" } else { " (its log stops without \"Terminating\")" };
        let mut message = format!("calico-node on {} was killed{after}{sure}, while still {}", self.node(), self.doing(attempt));
        if let Some(read) = reading(attempt) {
            message += &format!(": {read}");
        }
        message += ".";
        let size = self.size(attempt);
        let lasted = attempt.end.after_seconds.unwrap_or_default();
        message += &match &attempt.needs {
            // An estimate that the start has outlived says nothing.
            Some(need) if need.seconds <= lasted => {
                format!(" A whole start takes longer than that; a startup limit of {}s is the next step.", size.seconds)
            }
            Some(need) => takes(need, &size),
            None => String::new(),
        };
        let mut finding = self.finding(Code::KilledWhileStarting, Severity::Error, message, self.ended(attempt));
        if kills > 1 {
            finding.evidence.push(self.evidence(format!("{kills} of {} were killed", count(self.log.attempts.len(), "attempt"))));
        }
        if let Some(mark) = self.update_conflict() {
            finding.evidence.push(self.evidence(format!("another attempt exited, as happens on a slow link: {}", mark.text)));
        }
        finding.fix = self.budget(&size);
        finding
    }

    fn update_conflict(&self) -> Option<&LogEvent> {
        self.seen().flat_map(|seen| &seen.log.marks).find(|mark| mark.kind == LogEventKind::UpdateConflict)
    }

    fn doing(&self, attempt: &AttemptRow) -> String {
        let phase = attempt.last.as_ref().and_then(|last| last.phase);
        match phase {
            Some(StartPhase::CheckingConflicts) if attempt.requests.as_ref().is_some_and(|requests| requests.nodes.is_some()) => {
                "reading the nodes' data".to_owned()
            }
            Some(phase) => phase.describe().to_owned(),
            None => "starting".to_owned(),
        }
    }

    /// It works now, but was close to never starting. The start that was killed decides the budget: an earlier one may have
    /// stored the addresses for it, which makes the next one shorter.
    fn killed_before(&self, attempt: &AttemptRow) -> Option<Finding> {
        let kills = self.kills();
        if kills == 0 {
            return None;
        }
        let killed = self.log.attempts.iter().filter(|attempt| attempt.end.how == AttemptEnd::Killed && attempt.needs.is_some());
        let longest = |attempt: &AttemptRow| attempt.needs.as_ref().map_or(0.0, |needs| needs.seconds);
        let worst = killed.chain([attempt]).max_by(|a, b| longest(a).total_cmp(&longest(b))).unwrap_or(attempt);
        let times = count(kills, "attempt");
        let mut message = format!(
            "calico-node on {} started only after {times} that {}.",
            self.node(),
            if kills == 1 { "was killed" } else { "were killed" }
        );
        let size = self.size(worst);
        message += &worst.needs.as_ref().map(|need| takes(need, &size)).unwrap_or_default();
        let mut finding = self.finding(Code::KilledWhileStarting, Severity::Warning, message, Vec::new());
        finding.fix = self.budget(&size);
        Some(finding)
    }

    fn ended(&self, attempt: &AttemptRow) -> Vec<Evidence> {
        let how = attempt.end.why.as_deref().map(|why| self.evidence(format!("attempt {}: {why}", attempt.number)));
        let last = attempt.last.as_ref().map(|last| self.evidence(format!("last log line: {}", last.text)));
        how.into_iter().chain(last).collect()
    }

    fn size(&self, attempt: &AttemptRow) -> BudgetEstimate {
        let of_kill = |attempt: &&AttemptRow| attempt.end.how == AttemptEnd::Killed;
        let lasted = self.log.attempts.iter().filter(of_kill).filter_map(|attempt| attempt.end.after_seconds).reduce(f64::max);
        let needs = attempt.needs.as_ref().map(|need| estimate::observed_starts(need.seconds, need.basis, lasted));
        let killed_at = self.source.budget.filter(|_| attempt.end.how == AttemptEnd::Killed).map(|budget| budget.as_secs());
        estimate_budget(&ObservedStarts { cut_off: lasted, killed_at, ..needs.unwrap_or_default() })
    }

    fn budget(&self, size: &BudgetEstimate) -> Option<Fix> {
        match (self.snapshot, &self.log.node) {
            (Some(snapshot), Some(node)) => start_budget_fix(snapshot, node, size),
            _ => published(size),
        }
    }

    /// What detection chose that it should not have.
    fn address(&self) -> Option<Finding> {
        let attempt = self.log.attempts.last()?;
        if attempt.end.how == AttemptEnd::Exited {
            return None;
        }
        let found = &attempt.detection;
        if let Some((chosen, made)) = found.chosen.iter().rev().find_map(|chosen| Some((chosen, chosen.made.as_deref()?))) {
            let from = chosen.interface.as_deref().unwrap_or_default();
            let message =
                format!("calico-node on {} took {} from {from}, {made}: its peers cannot reach it there", self.node(), chosen.address);
            let looked = found.interfaces.iter().flatten().map(|one| format!("{} {}", one.name, one.addresses.join(" ")));
            let evidence = looked.map(|text| self.evidence(format!("detection looked at {text}"))).collect();
            return Some(self.finding(Code::AddressOnVirtualInterface, Severity::Error, message, evidence));
        }
        if !found.kept_old {
            return None;
        }
        let message = format!("the autodetection method finds no address on {}: the stored one was kept", self.node());
        let kept = self
            .seen()
            .next_back()?
            .log
            .marks
            .iter()
            .filter(|mark| matches!(mark.kind, LogEventKind::AutodetectKept | LogEventKind::AutodetectFailed));
        let evidence = kept.map(|mark| self.evidence(mark.text.clone())).collect();
        Some(self.finding(Code::MethodIneffective, Severity::Warning, message, evidence))
    }
}

/// Its datastore answered, or was not asked.
fn answers(seen: &startup_log::Attempt) -> bool {
    let tells = |mark: &&LogEvent| {
        matches!(mark.kind, LogEventKind::DatastoreRetry | LogEventKind::DatastoreVerified | LogEventKind::DatastoreSkipped)
    };
    seen.log.marks.iter().rev().find(tells).is_none_or(|mark| mark.kind != LogEventKind::DatastoreRetry)
}

fn reading(attempt: &AttemptRow) -> Option<String> {
    let nodes = attempt.requests.as_ref()?.nodes.as_ref()?;
    let of = nodes.listed.map(|listed| format!(" of {listed}")).unwrap_or_default();
    let each = nodes.reads_per_node.map(|each| format!(", {each} reads a node")).unwrap_or_default();
    let rate = nodes.reads_per_second.map(|rate| format!(", {rate} reads a second")).unwrap_or_default();
    Some(format!("{}{of} nodes read{each}{rate}", nodes.read))
}

fn takes(need: &StartEstimate, size: &BudgetEstimate) -> String {
    let about = format!("{:.0}s", need.seconds);
    let what = match (need.basis, need.nodes) {
        (EstimateBasis::Measured, _) => format!("It took {about}"),
        (EstimateBasis::NodeReads, Some(nodes)) => format!("A whole start takes about {about} for {nodes} nodes, and more with each node"),
        (EstimateBasis::NodeReads, None) => format!("A whole start takes about {about}"),
        (EstimateBasis::RoundTrips, _) => {
            let each = need.round_trip_seconds.unwrap_or_default();
            format!("At {} per request, a whole start takes up to {about}", seconds::precise(each))
        }
    };
    format!(" {what}; a startup limit of {}s is enough.", size.seconds)
}

/// Where only a log was given.
fn published(size: &BudgetEstimate) -> Option<Fix> {
    let change = strategy::published_remedy(size);
    let allows = change.timing.on(None).total().as_secs();
    let patch = shell::json(&daemon_set_patch(&[change]));
    let by_hand = shell::command(&["kubectl", "patch", "daemonset", "calico-node", "-n", "kube-system", "-p", &patch])?;
    Some(Fix {
        command: "kubectl calico-fix probes".to_owned(),
        why: format!(
            "Raises the startup limit to {allows}s (Calico's manifest allows 70s). \
             Shows the change, asks, starts with one node, verifies, rolls back on failure"
        ),
        by_hand: Some(ByHand {
            command: by_hand,
            restarts: "calico-node on every node; only for installs from the manifest without a startup probe".to_owned(),
        }),
    })
}
