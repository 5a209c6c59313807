//! The changes between two checks of the same cluster.

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

/// The time of the check does not count.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{ClusterSummary, Finding, Severity};

    fn report(nodes: &[(&str, Option<bool>, i32)], findings: &[(Code, &[&str])]) -> Report {
        let node = |(name, ready, restarts): &(&str, Option<bool>, i32)| NodeRow {
            name: (*name).to_owned(),
            ready: *ready,
            restarts: Some(*restarts),
            ..NodeRow::default()
        };
        let finding = |(code, nodes): &(Code, &[&str])| Finding {
            code: *code,
            severity: Severity::Error,
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
            message: String::new(),
            evidence: vec![],
            fix: None,
        };
        Report {
            api_version: String::new(),
            kind: String::new(),
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            verdict: if findings.is_empty() { Verdict::Healthy } else { Verdict::Sick },
            cluster: ClusterSummary::default(),
            nodes: nodes.iter().map(node).collect(),
            findings: findings.iter().map(finding).collect(),
            unseen: vec![],
            sources: vec![],
        }
    }

    #[test]
    fn the_same_is_no_change() {
        let one = report(&[("a", Some(true), 1)], &[(Code::PodNotReady, &["a"])]);
        let later = Report { taken_at: jiff::Timestamp::MAX, ..one.clone() };
        assert_eq!(compare(&one, &later), []);
    }

    #[test]
    fn what_went_and_what_came_is_named_by_node() {
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let before = report(
            &[("a", Some(false), 3), ("b", Some(true), 0), ("c", None, 0), ("gone", Some(true), 0)],
            &[(Code::PodNotReady, &["a", "x"]), (Code::StaleNode, &[])],
        );
        let now = report(
            &[("a", Some(true), 0), ("b", Some(false), 2), ("c", Some(true), 0), ("new", Some(false), 0)],
            &[(Code::PodNotReady, &["b", "x"]), (Code::BirdNotRunning, &["b"])],
        );
        let changes = compare(&before, &now);
        for expected in [
            Change::FindingGone { code: Code::PodNotReady, nodes: text(&["a"]) },
            Change::FindingGone { code: Code::StaleNode, nodes: vec![] },
            Change::FindingNew { code: Code::PodNotReady, nodes: text(&["b"]) },
            Change::FindingNew { code: Code::BirdNotRunning, nodes: text(&["b"]) },
            Change::Ready(text(&["a", "c"])),
            Change::NotReady(text(&["b"])),
            Change::Joined(text(&["new"])),
            Change::Left(text(&["gone"])),
            Change::Restarted { node: "b".to_owned(), restarts: 2 },
        ] {
            assert!(changes.contains(&expected), "{expected:?} is not in {changes:?}");
        }
        assert_eq!(changes.len(), 9, "a new pod's count begins anew: {changes:?}");
        let healed = compare(&before, &report(&[("a", Some(true), 3)], &[]));
        assert_eq!(healed.first(), Some(&Change::Verdict { before: Verdict::Sick, now: Verdict::Healthy }));
    }
}
