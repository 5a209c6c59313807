//! Many nodes with one trouble are one finding: 300 screens say less than one.
//!
//! Findings that are the same but for the node are one from two nodes on, those that differ in addresses and numbers from four on.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::phrases;

/// Up to so many stand for themselves.
const MAX_UNGROUPED: usize = 3;

/// Folds findings that differ only in names, addresses and numbers; the first, with the others' nodes and evidence, stands for all.
pub(super) fn group_similar(findings: Vec<Finding>) -> Vec<Finding> {
    let findings = join_equal(findings);
    let mut alike: HashMap<(Code, Severity, String), usize> = HashMap::new();
    for finding in &findings {
        *alike.entry(key(finding)).or_default() += 1;
    }
    let mut folded: Vec<Finding> = Vec::new();
    let mut place: HashMap<(Code, Severity, String), usize> = HashMap::new();
    let mut named: HashMap<(Code, Severity, String), HashSet<String>> = HashMap::new();
    for finding in findings {
        let key = key(&finding);
        match place.get(&key).and_then(|at| folded.get_mut(*at)) {
            Some(first) => {
                let known = named.entry(key).or_insert_with(|| first.nodes.iter().cloned().collect());
                first.nodes.extend(finding.nodes.into_iter().filter(|node| known.insert(node.clone())));
                first.evidence.extend(finding.evidence);
                if first.fix.is_none() {
                    first.fix = finding.fix;
                }
            }
            None => {
                if alike.get(&key).is_some_and(|number| *number > MAX_UNGROUPED) {
                    place.insert(key, folded.len());
                }
                folded.push(finding);
            }
        }
    }
    let of_many: HashSet<usize> = place.into_values().collect();
    for (_, finding) in folded.iter_mut().enumerate().filter(|(at, _)| of_many.contains(at)) {
        let others: Vec<String> = finding.nodes.iter().filter(|node| !finding.message.contains(node.as_str())).cloned().collect();
        if !others.is_empty() {
            finding.message = format!("{}; the same on {}", finding.message, phrases::list(&others));
        }
    }
    folded
}

/// What tells two findings apart that are about one node each: sentence, cause and fix, without the node.
type Kind = (Code, Severity, String, Option<(bool, String)>);

/// Joins findings whose sentence, cause and fix are the same but for the node.
fn join_equal(findings: Vec<Finding>) -> Vec<Finding> {
    let mut joined: Vec<Finding> = Vec::new();
    let mut place: HashMap<Kind, usize> = HashMap::new();
    let mut several = BTreeSet::new();
    for finding in findings {
        let at = kind(&finding).map_or(joined.len(), |kind| *place.entry(kind).or_insert(joined.len()));
        match joined.get_mut(at) {
            Some(first) => {
                if let (Some(own), Some(other)) = (&mut first.fix, &finding.fix)
                    && own.command != other.command
                    && let [only] = first.nodes.as_slice()
                {
                    own.why = format!("{}. Shown for {only}; the other nodes need the same", own.why.trim_end_matches('.'));
                }
                first.nodes.extend(finding.nodes);
                first.evidence.extend(finding.evidence);
                several.insert(at);
            }
            None => joined.push(finding),
        }
    }
    for at in several {
        joined.get_mut(at).into_iter().for_each(name_every_node);
    }
    joined
}

/// `None` for a finding that is not about one node, or does not name that node.
fn kind(finding: &Finding) -> Option<Kind> {
    let [node] = finding.nodes.as_slice() else { return None };
    let without = |text: &str| split_at_name(text, node).map_or_else(|| text.to_owned(), |(before, after)| format!("{before}#{after}"));
    split_at_name(&finding.message, node)?;
    let fix = finding.fix.as_ref().map(|fix| match fix.is_guarded() {
        true => (true, format!("{} {} {:?}", fix.command, fix.why, fix.by_hand)),
        // Other commands name the pod, which no two nodes share.
        false => (false, without(&fix.why)),
    });
    Some((finding.code, finding.severity, without(&finding.message), fix))
}

/// The text before and after the first occurrence of the name as a whole word.
fn split_at_name<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    text.match_indices(name).filter(|(_, found)| !found.is_empty()).find_map(|(at, found)| {
        let (before, after) = (text.get(..at)?, text.get(at + found.len()..)?);
        (!before.ends_with(is_word) && !after.starts_with(|c: char| c.is_alphanumeric() || c == '-')).then_some((before, after))
    })
}

/// The sentence of the first node, about all of them.
fn name_every_node(finding: &mut Finding) {
    let Some((before, after)) = finding.nodes.first().and_then(|first| split_at_name(&finding.message, first)) else { return };
    let names = phrases::list(&finding.nodes);
    finding.message = match before {
        "" => format!("{names}:{after}"),
        _ => format!("{before}{names}{after}"),
    };
}

fn key(finding: &Finding) -> (Code, Severity, String) {
    (finding.code, finding.severity, pattern(finding))
}

/// The message without what is particular: node names, and words with a digit in them.
fn pattern(finding: &Finding) -> String {
    let particular =
        |word: &str| word.bytes().any(|byte| byte.is_ascii_digit()) || finding.nodes.iter().any(|node| word.contains(node.as_str()));
    finding.message.split(' ').map(|word| if particular(word) { "#" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Fix;

    fn finding(node: &str, message: &str) -> Finding {
        let message = message.replace("NODE", node);
        Finding { code: Code::PodNotReady, severity: Severity::Error, nodes: vec![node.into()], message, evidence: Vec::new(), fix: None }
    }

    #[test]
    fn a_few_stand_apart_and_many_are_one() {
        let alike = |count: usize| {
            (0..count).map(|at| finding(&format!("worker-{}", (b'a' + at as u8) as char), &format!("NODE lost 10.0.0.{at}"))).collect()
        };
        assert_eq!(group_similar(alike(3)).len(), 3);
        let one = group_similar(alike(5));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].nodes.len(), 5);
        assert_eq!(one[0].message, "worker-a lost 10.0.0.0; the same on worker-b, worker-c and 2 more nodes");
    }

    #[test]
    fn what_is_the_same_but_for_the_node_is_said_once() {
        let with_fix = |node: &str, message: &str, why: &str| Finding {
            fix: Some(Fix { command: format!("kubectl logs pod-of-{node}"), why: why.to_owned(), by_hand: None }),
            ..finding(node, message)
        };
        for (message, expected) in [
            ("BIRD does not run on NODE: no routes", "BIRD does not run on w1, w2 and w3: no routes"),
            ("NODE has no address", "w1, w2 and w3: has no address"),
        ] {
            let joined = group_similar(["w1", "w2", "w3"].map(|node| with_fix(node, message, "Check the log.")).into());
            assert_eq!(joined.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>(), [expected]);
            assert_eq!(joined[0].nodes, ["w1", "w2", "w3"]);
            let fix = joined[0].fix.as_ref().expect("a fix");
            assert_eq!(
                (fix.command.as_str(), fix.why.as_str()),
                ("kubectl logs pod-of-w1", "Check the log. Shown for w1; the other nodes need the same")
            );
        }
        // Another reason, another code, or a name that only begins alike.
        assert_eq!(group_similar(vec![with_fix("w1", "on NODE", "a"), with_fix("w2", "on NODE", "b")]).len(), 2);
        assert_eq!(
            group_similar(vec![finding("w1", "on NODE"), Finding { code: Code::BirdNotRunning, ..finding("w2", "on NODE") }]).len(),
            2
        );
        assert_eq!(group_similar(vec![finding("w1", "on w12 and NODE"), finding("w12", "on w12 and NODE")]).len(), 2);
        let of_two = Finding { nodes: vec!["w1".into(), "w2".into()], ..finding("w1", "w1 and w2 have one ID") };
        assert_eq!(group_similar(vec![of_two])[0].message, "w1 and w2 have one ID");
    }

    #[test]
    fn another_reason_is_another_finding() {
        let mut findings: Vec<Finding> = (0..5).map(|at| finding(&format!("n{at}"), "NODE is late")).collect();
        findings.push(finding("n9", "NODE is gone"));
        let folded = group_similar(findings);
        assert_eq!(folded.iter().map(|finding| finding.nodes.len()).collect::<Vec<_>>(), [5, 1]);
    }
}
