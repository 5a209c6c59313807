//! What changed between two looks at the same cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::code::Code;
use crate::finding::verdict::Verdict;
use crate::finding::{NodeRow, Report};

/// One thing that changed. Nodes are in the order of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Verdict { before: Verdict, now: Verdict },
    FindingGone { code: Code, nodes: Vec<String> },
    FindingNew { code: Code, nodes: Vec<String> },
    Ready(Vec<String>),
    NotReady(Vec<String>),
    Restarted { node: String, restarts: i32 },
    Joined(Vec<String>),
    Left(Vec<String>),
}

/// Time alone is no change.
pub fn compare(before: &Report, now: &Report) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.verdict != now.verdict {
        changes.push(Change::Verdict { before: before.verdict, now: now.verdict });
    }
    let (old, new) = (findings(before), findings(now));
    changes.extend(only_in(&old, &new).into_iter().map(|(code, nodes)| Change::FindingGone { code, nodes }));
    changes.extend(only_in(&new, &old).into_iter().map(|(code, nodes)| Change::FindingNew { code, nodes }));
    changes.extend(nodes(before, now));
    changes
}

type FoundOn<'a> = BTreeMap<Code, BTreeSet<&'a str>>;

fn findings(report: &Report) -> FoundOn<'_> {
    let mut found = FoundOn::new();
    for finding in &report.findings {
        found.entry(finding.code).or_default().extend(finding.nodes.iter().map(String::as_str));
    }
    found
}

/// What `some` has and `others` lacks. A finding about the whole cluster names no nodes.
fn only_in(some: &FoundOn, others: &FoundOn) -> Vec<(Code, Vec<String>)> {
    let only = some.iter().filter_map(|(code, nodes)| match others.get(code) {
        None => Some((*code, nodes.iter().map(|node| (*node).to_owned()).collect())),
        Some(known) => {
            let more: Vec<String> = nodes.difference(known).map(|node| (*node).to_owned()).collect();
            (!more.is_empty()).then_some((*code, more))
        }
    });
    only.collect()
}

fn nodes(before: &Report, now: &Report) -> Vec<Change> {
    let known: BTreeMap<&str, &NodeRow> = before.nodes.iter().map(|node| (node.name.as_str(), node)).collect();
    let present: BTreeSet<&str> = now.nodes.iter().map(|node| node.name.as_str()).collect();
    let (mut ready, mut not_ready, mut joined, mut restarted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for node in &now.nodes {
        let Some(old) = known.get(node.name.as_str()) else {
            joined.push(node.name.clone());
            continue;
        };
        match (old.ready, node.ready) {
            (old, Some(true)) if old != Some(true) => ready.push(node.name.clone()),
            (Some(true), Some(false)) => not_ready.push(node.name.clone()),
            _ => {}
        }
        // A new pod counts from zero again.
        if let (Some(old), Some(restarts)) = (old.restarts, node.restarts)
            && restarts > old
        {
            restarted.push(Change::Restarted { node: node.name.clone(), restarts });
        }
    }
    let left: Vec<String> =
        before.nodes.iter().filter(|node| !present.contains(node.name.as_str())).map(|node| node.name.clone()).collect();
    let named = [Change::Ready(ready), Change::NotReady(not_ready), Change::Joined(joined), Change::Left(left)];
    let is_any = |change: &Change| matches!(change, Change::Ready(nodes) | Change::NotReady(nodes) | Change::Joined(nodes) | Change::Left(nodes) if !nodes.is_empty());
    named.into_iter().filter(is_any).chain(restarted).collect()
}
