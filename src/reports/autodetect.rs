//! Everything that `autodetect` shows and a change begins with, from one snapshot.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::autodetect::{AutodetectOptions, Choice, Matrix, Recommendation, Verdict, matrix, recommend};
use crate::calico::method::AddressSource;
use crate::diagnosis::context::Context;
use crate::diagnosis::{self, Scope, fixes};
use crate::finding::code::Code;
use crate::finding::verdict;
use crate::finding::{ClusterSummary, Fix, Severity};
use crate::input_source::InputSource;
use crate::model::summary;
use crate::snapshot::Snapshot;

#[derive(Clone, Debug)]
pub struct AutodetectResult {
    pub matrix: Matrix,
    pub recommendation: Recommendation,
    /// The one method that was asked for, whatever is thought of it; else what is recommended, where that is a change.
    pub choice: Option<Choice>,
    /// How the choice is set by hand, where it may be set and does no harm.
    pub by_hand: Option<Fix>,
    pub cluster: ClusterSummary,
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
    AutodetectResult {
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
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error && !finding.code.is_about_addresses());
    let mut codes: Vec<Code> = Vec::new();
    for code in errors.map(|finding| finding.code) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

impl AutodetectResult {
    /// Of the cluster, as far as this verb sees it: the addresses, and errors that are not about them.
    pub fn verdict(&self, only: Option<&BTreeSet<String>>) -> verdict::Verdict {
        match self.state(only) {
            State::Wrong => verdict::Verdict::Sick,
            _ if !self.elsewhere.is_empty() => verdict::Verdict::Sick,
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
