//! Every outcome and failure, and its exit code: the same for every output format.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::output::FailOn;
use crate::finding::verdict::Verdict;
use crate::finding::{Report, Severity};
use crate::render::notice;
use crate::text::{self, shell};

/// `EX_SOFTWARE` of sysexits(3).
const PANICKED: u8 = 70;

/// For the manual.
pub const CODES: [(u8, &str); 8] = [
    (0, "Healthy, or nothing to do, or the change is verified."),
    (1, "Findings, missing permissions, or a change that was shown and not applied."),
    (2, "A mistake in the command line."),
    (3, "The cluster could not be inspected, or not enough of it to call it healthy."),
    (4, "A change failed and was rolled back."),
    (5, "A change failed and could not be rolled back. The next step is printed."),
    (PANICKED, "Internal error. If a change was in progress, check it with status and roll it back with undo."),
    (130, "Interrupted. A change that was in progress was rolled back first."),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for was printed, and no cluster was judged.
    Done,
    Healthy,
    Findings,
    /// Nothing was found, but not everything that matters could be seen.
    Inconclusive,
    /// `--wait` ended by its timeout.
    NotHealthyInTime,
    Interrupted,
    /// The mistake in the command line is printed already.
    UsageError,
    /// Changed, and verified.
    Applied,
    /// Changed, and not watched.
    Sent,
    /// There is something to change, and it was not changed: declined, a dry run, a plan that was saved.
    NotApplied,
    /// Another program was run: its own code.
    Delegated(u8),
}

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("error: {message}")]
    Usage { message: String, hint: Option<String> },
    /// `--node` names a node that does not exist: it must not pass for a healthy one.
    #[error("error: node {name:?} not found")]
    UnknownNode { name: String, hint: String },
    /// The message is whole: some are the server's words, as kubectl prints them.
    #[error("{message}")]
    ReadFailed { message: String, hint: Option<String> },
    /// Nothing was changed, and why not.
    #[error("{message}")]
    NotApplied { message: String, hint: Option<String> },
    /// Something speaks against the change, and `--force` was not given.
    #[error("error: nothing was changed")]
    Blocked,
    #[error("interrupted: nothing was changed")]
    Interrupted,
    #[error("error: {message}: the change was rolled back, and the nodes are as before")]
    RolledBack { message: String },
    #[error("error: {message}\nerror: the change is NOT rolled back: {why}")]
    RollbackFailed { message: String, why: String },
    #[error("error: calicoctl is not on PATH")]
    NoCalicoctl,
    #[error("error: cannot write {}: {}", path.display(), text::without_number(source))]
    NotWritten { path: PathBuf, source: io::Error },
    #[error("error: {what}: {}", text::without_number(source))]
    Files { what: String, source: io::Error },
    #[error("error: the output could not be written: {}", text::without_number(.0))]
    Output(#[from] io::Error),
}

const GET_CALICOCTL: &str = "Download the one of your Calico version from https://github.com/projectcalico/calico/releases and put it on PATH. \
     `calico-fix status` and `calico-fix node status` work without it.";

const FORCE: &str = "Resolve the issues above, or continue anyway with --force.";

const UNDO: &str = "Check the cluster with: kubectl calico-fix status. Finish the rollback with: kubectl calico-fix undo";

impl Failure {
    fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match self {
            Self::Usage { hint, .. } | Self::ReadFailed { hint, .. } | Self::NotApplied { hint, .. } => hint.as_deref(),
            Self::UnknownNode { hint, .. } => Some(hint.as_str()),
            Self::Blocked => Some(FORCE),
            Self::RollbackFailed { .. } => Some(UNDO),
            Self::Interrupted | Self::RolledBack { .. } => None,
            Self::NoCalicoctl => Some(GET_CALICOCTL),
            Self::NotWritten { path, source } => return make_folder(path, source).map(Cow::Owned),
            Self::Files { .. } | Self::Output(_) => None,
        };
        hint.map(Cow::Borrowed)
    }
}

fn make_folder(path: &Path, source: &io::Error) -> Option<String> {
    let folder = path.parent().filter(|folder| source.kind() == io::ErrorKind::NotFound && !folder.exists())?;
    Some(format!("Make the folder first: {}", shell::command(&["mkdir", "-p", folder.to_str()?])?))
}

pub fn code(result: &Result<Outcome, Failure>) -> u8 {
    match result {
        Ok(Outcome::Done | Outcome::Healthy | Outcome::Applied | Outcome::Sent) => 0,
        Ok(Outcome::Findings | Outcome::NotApplied | Outcome::NotHealthyInTime) | Err(Failure::NotApplied { .. } | Failure::Blocked) => 1,
        Ok(Outcome::Inconclusive) => 3,
        Err(Failure::RolledBack { .. }) => 4,
        Err(Failure::RollbackFailed { .. }) => 5,
        Ok(Outcome::Interrupted) | Err(Failure::Interrupted) => 130,
        Ok(Outcome::Delegated(code)) => *code,
        Ok(Outcome::UsageError) | Err(Failure::Usage { .. } | Failure::UnknownNode { .. }) => 2,
        Err(
            Failure::ReadFailed { .. } | Failure::NoCalicoctl | Failure::NotWritten { .. } | Failure::Files { .. } | Failure::Output(_),
        ) => 3,
    }
}

/// A mistake in this program becomes one sentence and a documented code, not a backtrace and an abort signal.
#[expect(clippy::disallowed_methods, reason = "a panic has no way back to main")]
pub fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        let sentence = format!(
            "error: internal error{place}. This is a mistake in kubectl calico-fix; please report it. \
             If a change was in progress, run kubectl calico-fix status, then kubectl calico-fix undo"
        );
        // With stderr gone the code still says it.
        let _ = writeln!(io::stderr(), "{sentence}");
        std::process::exit(i32::from(PANICKED));
    }));
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Healthy => Self::Healthy,
            Verdict::Sick => Self::Findings,
            Verdict::Unknown => Self::Inconclusive,
        }
    }
}

impl Outcome {
    /// The cluster was changed, perhaps there and back: the exit code says what became of it, also where the output is lost.
    pub fn is_of_a_change(self) -> bool {
        matches!(self, Self::Applied | Self::Sent | Self::Interrupted)
    }

    /// The verdict, without the findings that `--fail-on` lets pass. A report without nodes is never healthy.
    pub fn from_report(report: &Report, fail_on: FailOn) -> Self {
        let counts = |severity| severity == Severity::Error || fail_on == FailOn::Warning;
        match Verdict::judge(report.findings.iter().any(|finding| counts(finding.severity)), &report.unseen) {
            Verdict::Healthy if report.nodes.is_empty() => Self::Inconclusive,
            verdict => verdict.into(),
        }
    }
}

/// Says on stderr what went wrong and what to do about it.
pub fn explain(failure: &Failure, err: &mut dyn Write) -> io::Result<()> {
    let message = failure.to_string();
    let hint = failure.hint().unwrap_or_default();
    let mut lines = message.lines().chain(hint.lines());
    lines.try_for_each(|line| notice::plain(line, err))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::code::Code;
    use crate::finding::{ClusterSummary, Finding, Gap, NodeRow};

    fn outcome(severities: &[Severity], unseen: bool, fail_on: FailOn) -> Outcome {
        let finding = |severity: &Severity| Finding {
            code: Code::PodNotReady,
            severity: *severity,
            nodes: vec![],
            message: String::new(),
            evidence: vec![],
            fix: None,
        };
        let report = Report {
            api_version: String::new(),
            kind: String::new(),
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            verdict: Verdict::Healthy,
            cluster: ClusterSummary::default(),
            nodes: vec![NodeRow::default()],
            findings: severities.iter().map(finding).collect(),
            unseen: vec![Gap { what: String::new(), nodes: vec![], why: String::new(), blocks_healthy: unseen, passing: false }],
            sources: vec![],
        };
        Outcome::from_report(&report, fail_on)
    }

    #[test]
    fn a_file_that_cannot_be_written_names_the_folder_that_is_missing() {
        let said = |path: &str, kind: io::ErrorKind| {
            let mut out = Vec::new();
            explain(&Failure::NotWritten { path: path.into(), source: kind.into() }, &mut out).expect("writes");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(
            said("/no such/x.json", io::ErrorKind::NotFound),
            "error: cannot write /no such/x.json: entity not found\nMake the folder first: mkdir -p '/no such'\n"
        );
        assert_eq!(said("/x.json", io::ErrorKind::PermissionDenied), "error: cannot write /x.json: permission denied\n");
        assert_eq!(text::without_number(&io::Error::from_raw_os_error(2)), "No such file or directory");
    }

    #[test]
    fn what_counts_as_a_failure() {
        use FailOn::{Error as OnError, Warning as OnWarning};
        use Severity::{Error, Warning};
        for (severities, unseen, fail_on, expected) in [
            (&[][..], false, OnWarning, Outcome::Healthy),
            (&[], true, OnWarning, Outcome::Inconclusive),
            (&[], true, OnError, Outcome::Inconclusive),
            (&[Warning], false, OnWarning, Outcome::Findings),
            (&[Warning], false, OnError, Outcome::Healthy),
            (&[Warning], true, OnError, Outcome::Inconclusive),
            (&[Error], false, OnError, Outcome::Findings),
            (&[Error, Warning], true, OnWarning, Outcome::Findings),
        ] {
            assert_eq!(outcome(severities, unseen, fail_on), expected, "{severities:?} {unseen} {fail_on:?}");
        }
    }

    const CHILD: &str = "CALICO_FIX_TEST_PANICS";

    /// Run by the test below, in a process of its own.
    #[test]
    #[ignore = "ends the process"]
    fn a_process_that_panics() {
        if std::env::var_os(CHILD).is_some() {
            explain_panics();
            panic!("a mistake");
        }
    }

    #[test]
    fn a_panic_is_one_sentence_and_a_documented_code() {
        let program = std::env::current_exe().expect("a program");
        let mut child = std::process::Command::new(program);
        child
            .args(["--exact", "exit::tests::a_process_that_panics", "--ignored", "--nocapture"])
            .env(CHILD, "1")
            .env("RUST_BACKTRACE", "1");
        let output = child.output().expect("runs");
        assert_eq!(output.status.code(), Some(i32::from(PANICKED)), "{output:?}");
        assert!(CODES.iter().any(|(code, _)| *code == PANICKED));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("error: internal error at src/exit.rs:") && told.contains("kubectl calico-fix undo"), "{told}");
    }

    #[test]
    fn each_verdict_has_one_code() {
        for (verdict, expected) in [(Verdict::Healthy, 0), (Verdict::Sick, 1), (Verdict::Unknown, 3)] {
            assert_eq!(code(&Ok(verdict.into())), expected, "{verdict:?}");
        }
    }

    #[test]
    fn codes_are_the_promised_ones() {
        let usage = Failure::Usage { message: String::new(), hint: None };
        let unseen = Failure::ReadFailed { message: String::new(), hint: None };
        for (result, expected) in [
            (Ok(Outcome::Done), 0),
            (Ok(Outcome::Healthy), 0),
            (Ok(Outcome::Findings), 1),
            (Ok(Outcome::NotHealthyInTime), 1),
            (Ok(Outcome::Inconclusive), 3),
            (Ok(Outcome::Interrupted), 130),
            (Ok(Outcome::Delegated(7)), 7),
            (Err(usage), 2),
            (Err(unseen), 3),
            (Err(Failure::NoCalicoctl), 3),
            (Err(Failure::RolledBack { message: String::new() }), 4),
            (Err(Failure::RollbackFailed { message: String::new(), why: String::new() }), 5),
            (Err(Failure::Interrupted), 130),
        ] {
            assert_eq!(code(&result), expected, "{result:?}");
            assert!(expected == 7 || CODES.iter().any(|(code, _)| *code == expected), "{expected} is not in the manual");
        }
    }
}
