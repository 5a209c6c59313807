//! What happened in one run, as plain data: the invariants judge nothing else.

use serde_json::Value;

use crate::cluster::{Moment, Target};
use crate::play::{Edit, Verb};

#[derive(Clone, Debug)]
pub(crate) struct History {
    pub target: Target,
    /// The last node has no right address, and a method cures it.
    pub incident: bool,
    /// Before the command, and before the change that it undoes.
    pub before: Moment,
    /// Every command, in the order of their ends.
    pub commands: Vec<Command>,
    /// Writes to the target, oldest first.
    pub versions: Vec<Version>,
    /// Pods that were asked to go.
    pub deletions: Vec<Deletion>,
    pub edits: Vec<ForeignEdit>,
    /// A minute after the last command.
    pub after: Moment,
    /// Exit code and findings of severity error that `status` gave then.
    pub status: (Option<i32>, Vec<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub verb: Verb,
    pub arguments: Vec<String>,
    /// `None`: it was killed.
    pub code: Option<i32>,
    pub err: String,
    /// Store versions between which it ran.
    pub began: u64,
    pub ended: u64,
    /// Writing requests that it sent, alone or with others that ran meanwhile; some were refused.
    pub requests: Vec<String>,
    pub alone: bool,
    /// Started to clear up what the others left.
    pub cleans_up: bool,
    /// The cluster when it had ended.
    pub moment: Moment,
}

/// The target after one write.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub number: u64,
    pub spec: Value,
    pub record: Option<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub number: u64,
    pub pod: String,
    pub node: String,
    /// By an editor of the play.
    pub foreign: bool,
    /// What of its template this program can change, and the same of the DaemonSet at that time.
    pub template: Value,
    pub wanted: Value,
}

/// What somebody else did, and what the target's spec would be after it if this program had never written.
#[derive(Clone, Debug)]
pub(crate) struct ForeignEdit {
    pub number: u64,
    pub edit: Option<Edit>,
    pub shadow: Value,
}

impl ForeignEdit {
    /// Pods are replaced for it. A reverter's edits are.
    pub(crate) fn changes_template(&self) -> bool {
        matches!(self.edit, None | Some(Edit::OtherSetting | Edit::Applied | Edit::SameSetting | Edit::Strategy))
    }
}

impl Command {
    pub(crate) fn line(&self) -> String {
        self.arguments.join(" ")
    }

    /// Nothing is watched, or a failed change is left as it is.
    pub(crate) fn is_quiet(&self) -> bool {
        self.arguments.iter().any(|word| word == "--no-wait" || word == "--no-rollback")
    }
}

impl History {
    /// The spec as others alone would have it, at a version of the store.
    pub(crate) fn shadow(&self, number: u64) -> &Value {
        self.edits.iter().rev().find(|edit| edit.number <= number).map_or(&self.before.spec, |edit| &edit.shadow)
    }

    /// A command asked for it, not the controller or somebody else.
    pub(crate) fn is_ours(&self, deletion: &Deletion) -> bool {
        let path = format!("/pods/{}", deletion.pod);
        self.commands.iter().flat_map(|command| &command.requests).any(|line| line.starts_with("DELETE ") && line.ends_with(&path))
    }

    /// The target was changed by a command meanwhile, not by the others of the play.
    pub(crate) fn wrote(&self, command: &Command) -> bool {
        self.own_writes(command).next().is_some()
    }

    /// What changed spec or record in a command's time, without the others' edits. Controllers write the status alone, and the record with it.
    fn own_writes(&self, command: &Command) -> impl DoubleEndedIterator<Item = &Version> {
        let mut last = (&self.before.spec, None);
        let mut changes = Vec::new();
        for version in &self.versions {
            let now = (&version.spec, version.record.as_ref());
            let foreign = self.edits.iter().any(|edit| edit.number == version.number);
            if version.number > command.began && version.number <= command.ended && !foreign && now != last {
                changes.push(version);
            }
            last = now;
        }
        changes.into_iter()
    }

    /// Somebody else has written to the target after `number`.
    pub(crate) fn edited_after(&self, number: u64) -> bool {
        self.edits.iter().any(|edit| edit.number > number)
    }

    /// Somebody else did this.
    pub(crate) fn has(&self, kinds: &[Edit]) -> bool {
        self.edits.iter().any(|edit| edit.edit.is_some_and(|edit| kinds.contains(&edit)))
    }

    /// Records of a command's time, oldest first.
    pub(crate) fn records(&self, command: &Command) -> impl DoubleEndedIterator<Item = (&Version, &Value)> {
        let during = self.versions.iter().filter(|version| version.number > command.began && version.number <= command.ended);
        during.filter_map(|version| Some((version, version.record.as_ref()?)))
    }

    /// The write with which a change of this command was closed: as verified, or as not to be watched.
    pub(crate) fn verified(&self, command: &Command) -> Option<(&Version, &Value)> {
        let is_its_own = |record: &Value| recorded_as(command.verb).is_none_or(|verb| record["command"] == verb);
        let mut closed = self.own_writes(command).filter_map(|version| Some((version, version.record.as_ref()?)));
        closed.rfind(|(_, record)| record["phase"] == "done" && is_its_own(record))
    }
}

/// The verb as a record has it; `None`: whatever is resumed.
fn recorded_as(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Resume(_) => None,
        Verb::Apply(_) => Some("autodetect"),
        other => Some(other.name()),
    }
}
