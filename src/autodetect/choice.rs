//! A method that was chosen, and what it will make of each node: what a change is announced with and measured by.

use std::collections::HashMap;

use super::{Column, Matrix, Verdict};
use crate::calico::method::AddressSource;
use crate::snapshot::family::Family;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub family: Family,
    /// The value of `IP_AUTODETECTION_METHOD` or `IP6_AUTODETECTION_METHOD`.
    pub method: String,
    /// `IP` (or `IP6`) has to become `autodetect`, or the method decides nothing.
    pub needs_gate: bool,
    /// The release does not know the method, or breaks it.
    pub is_refused: bool,
    /// In the nodes' order.
    pub predictions: Vec<Prediction>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    pub node: String,
    /// With its prefix length, where that is known.
    pub stored_now: Option<String>,
    /// `None`: nothing, or it is not known; the verdict says which.
    pub will_store: Option<String>,
    pub interface: Option<String>,
    pub verdict: Verdict,
    pub reason: String,
    /// What is stored now is not right.
    pub is_wrong_now: bool,
    /// The present method finds another address there than the one that is stored: it may change at any moment.
    pub is_restless: bool,
    /// Another node has `will_store` stored now: while it does, this one would clear its own address and exit.
    pub held_now_by: Option<String>,
}

impl Choice {
    /// No node is known to end with a wrong address, or with none.
    pub fn does_no_harm(&self) -> bool {
        let harms = |one: &Prediction| match one.verdict {
            Verdict::Wrong | Verdict::None | Verdict::Exits => true,
            Verdict::Unchanged => one.is_wrong_now,
            Verdict::Right | Verdict::Unknown => false,
        };
        !self.is_refused && !self.predictions.iter().any(harms)
    }
}

impl Prediction {
    /// Another address than now; a prefix length that is not known on either side is no difference.
    pub fn changes(&self) -> Option<bool> {
        let (now, then) = (self.stored_now.as_deref(), self.will_store.as_deref());
        match (now, then) {
            (_, None) => (self.verdict == Verdict::Unchanged).then_some(false),
            (None, Some(_)) => Some(true),
            (Some(now), Some(then)) if now.contains('/') && then.contains('/') => Some(now != then),
            (Some(now), Some(then)) => Some(bare(now) != bare(then)),
        }
    }
}

fn bare(text: &str) -> &str {
    text.split_once('/').map_or(text, |(address, _)| address)
}

impl Matrix {
    /// What this column's method would make of each node, were it set.
    pub fn choice(&self, column: &Column) -> Choice {
        let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
        for node in &self.nodes {
            if let Some(stored) = node.stored.as_deref() {
                holders.entry(bare(stored)).or_default().push(&node.name);
            }
        }
        let restless = |at: usize, node: &super::Node| {
            let found = self.current().and_then(|column| column.cells.get(at)?.outcome.found());
            found.is_some_and(|found| node.stored.as_deref().map(bare) != Some(&found.address.to_string()))
        };
        let predict = |(at, (node, cell)): (usize, (&super::Node, &super::Cell))| {
            let found = cell.outcome.found();
            let held_now_by = found.and_then(|found| {
                let holders = holders.get(found.address.to_string().as_str())?;
                holders.iter().find(|other| **other != node.name).map(|other| (*other).to_owned())
            });
            Prediction {
                node: node.name.clone(),
                stored_now: node.stored.clone(),
                will_store: cell.will_store.clone(),
                interface: found.and_then(|found| found.interface.clone()),
                verdict: cell.verdict,
                reason: cell.reason.clone(),
                is_wrong_now: node.judgement.verdict == Verdict::Wrong,
                is_restless: restless(at, node),
                held_now_by,
            }
        };
        Choice {
            family: self.family,
            method: column.method.clone(),
            is_refused: column.refused.is_some(),
            needs_gate: !matches!(self.gate, Some(AddressSource::Detected)),
            predictions: self.nodes.iter().zip(&column.cells).enumerate().map(predict).collect(),
        }
    }
}
