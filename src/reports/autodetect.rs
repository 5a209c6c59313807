//! Everything that `autodetect` shows and a change begins with, from one snapshot.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::autodetect::{self, AutodetectOptions, Choice, Column, Matrix, Preference, Recommendation, Verdict, matrix, recommend};
use crate::calico::method::{AddressSource, Method};
use crate::diagnosis::context::Context;
use crate::diagnosis::{self, Scope, fixes};
use crate::finding::code::Code;
use crate::finding::verdict;
use crate::finding::{ByHand, ClusterSummary, Finding, Fix, Severity};
use crate::input_source::InputSource;
use crate::model::summary;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::text::shell;

#[derive(Clone, Debug)]
pub struct AutodetectResult {
    pub matrix: Matrix,
    pub recommendation: Recommendation,
    /// The one method that was asked for, whatever is thought of it; else what is recommended, where that is a change.
    pub choice: Option<Choice>,
    /// How the choice is set by hand, where it may be set and does no harm.
    pub by_hand: Option<ByHand>,
    pub cluster: ClusterSummary,
    /// Where no method can find an address of this family: how its detection is switched off by hand.
    pub switch_off: Option<Fix>,
    /// Of the nodes that are wrong those whose interfaces have no address of this family.
    pub hosts_without: Vec<String>,
    /// The other family, and the nodes whose start ends because no address of it is found.
    pub other_family: Option<(Family, Vec<String>)>,
    /// Errors that are not about addresses: `status` shows them.
    pub elsewhere: Vec<Code>,
    pub taken_at: Timestamp,
    /// Files, where no cluster was read.
    pub sources: Vec<InputSource>,
}

/// The judgement of the configured method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Right on every node, as is what is stored.
    Right,
    /// Some node has, or would get, an address that is not right, or none.
    Wrong,
    /// Nothing is known to be wrong, but not every node could be told.
    NotKnown,
    /// Calico configures no addresses here, or none of this family.
    Off,
}

pub fn evaluate(snapshot: &Snapshot, ask: &AutodetectOptions) -> AutodetectResult {
    let view = Context::new(snapshot);
    let matrix = matrix::from_model(&view, ask);
    let recommendation = recommend(&matrix);
    let chosen = match ask.methods.as_slice() {
        [one] => Some(one),
        _ => recommendation.method.as_ref().filter(|_| !recommendation.keep),
    };
    let choice = chosen.and_then(|method| Some(matrix.choice(matrix.columns.iter().skip(1).find(|column| column.method == *method)?)));
    // What another release would do is no reason to change this one now.
    let harmless = choice.as_ref().filter(|choice| choice.does_no_harm() && matrix.version == matrix.running);
    let by_hand = harmless.and_then(|choice| fixes::set_method(&view, choice.family, &choice.method));
    let unfound = |family: Family| -> Vec<String> {
        let nodes = view.nodes.iter().filter(|node| autodetect::found_nothing(node, family));
        nodes.map(|node| node.name.to_owned()).collect()
    };
    let other = ask.family.other();
    let other_family = Some((other, unfound(other))).filter(|(_, nodes)| !nodes.is_empty());
    let own = unfound(ask.family);
    let hosts_without = fixes::hosts_without(&view, ask.family).into_iter().filter(|name| own.contains(name)).collect();
    let switch_off = fixes::switch_off(&view, ask.family).filter(|_| recommendation.method.is_none());
    AutodetectResult {
        switch_off,
        hosts_without,
        other_family,
        matrix,
        recommendation,
        choice,
        by_hand,
        cluster: summary::summarize(&view),
        elsewhere: elsewhere(&view),
        taken_at: snapshot.taken_at,
        sources: snapshot.sources.clone(),
    }
}

fn elsewhere(view: &Context) -> Vec<Code> {
    let findings = diagnosis::find(view, &Scope::default());
    let found_nothing = |finding: &Finding| {
        let nodes = || finding.nodes.iter().filter_map(|name| view.node(name));
        finding.code == Code::StartupExited
            && nodes().all(|node| Family::ALL.into_iter().any(|family| autodetect::found_nothing(node, family)))
    };
    let is_elsewhere =
        |finding: &&Finding| finding.severity == Severity::Error && !finding.code.is_about_addresses() && !found_nothing(finding);
    let errors = findings.iter().filter(is_elsewhere);
    let mut codes: Vec<Code> = Vec::new();
    for code in errors.map(|finding| finding.code) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// What can make a method pick another address one day; empty where that is not known.
pub fn risk(column: &Column) -> &'static str {
    match (&column.refused, Preference::of(&Method::parse(&column.method))) {
        (_, None) => "",
        (Some(_), _) => "not usable in this release",
        (None, Some(preference)) => preference.risk,
    }
}

/// What the command that makes the change does.
pub const GUARDED: &str = "shows the change, asks, verifies, rolls back on failure";

impl AutodetectResult {
    /// The choice is what is recommended, not what was asked for.
    pub fn is_recommended(&self, choice: &Choice) -> bool {
        !self.recommendation.keep && self.recommendation.method.as_deref() == Some(choice.method.as_str())
    }

    /// The command that makes the change; `None` where its method cannot be printed as one word of a shell.
    pub fn guarded_command(&self, choice: &Choice) -> Option<String> {
        let mut words = vec!["kubectl", "calico-fix", "autodetect"];
        if choice.family == Family::V6 {
            words.push("--ipv6");
        }
        if !self.is_recommended(choice) {
            words.extend(["--method", &choice.method]);
        }
        shell::command(&words)
    }

    /// The commands that make the change: the guarded one, and the one by hand.
    pub fn fix(&self) -> Option<Fix> {
        let (choice, by_hand) = (self.choice.as_ref()?, self.by_hand.as_ref()?);
        Some(Fix { command: self.guarded_command(choice)?, why: GUARDED.to_owned(), by_hand: Some(by_hand.clone()) })
    }

    /// Of the cluster, as far as this verb sees it: the addresses, and errors that are not about them.
    pub fn verdict(&self, only: Option<&BTreeSet<String>>) -> verdict::Verdict {
        match self.state(only) {
            State::Wrong => verdict::Verdict::Sick,
            _ if !self.elsewhere.is_empty() || self.other_family.is_some() => verdict::Verdict::Sick,
            // Of chosen nodes only the addresses are judged.
            State::Right | State::Off if only.is_some() || self.cluster.nodes_ready == self.cluster.nodes => verdict::Verdict::Healthy,
            State::NotKnown | State::Right | State::Off => verdict::Verdict::Unknown,
        }
    }

    /// Of these nodes alone, where given.
    pub fn state(&self, only: Option<&BTreeSet<String>>) -> State {
        let kept = matches!(self.matrix.gate, Some(AddressSource::Kept))
            && self.matrix.nodes.iter().all(|node| node.judgement.verdict == Verdict::None);
        if self.matrix.is_off() || kept {
            return State::Off;
        }
        let Some(current) = self.matrix.current() else { return State::NotKnown };
        let wanted = |name: &String| only.is_none_or(|only| only.contains(name));
        let of_node = || self.matrix.nodes.iter().zip(&current.cells).filter(|(node, _)| wanted(&node.name));
        if of_node().any(|(node, cell)| node.judgement.verdict == Verdict::Wrong || cell.ends_right == Some(false)) {
            State::Wrong
        } else if of_node().next().is_none() || of_node().any(|(_, cell)| cell.ends_right.is_none()) {
            State::NotKnown
        } else {
            State::Right
        }
    }
}
