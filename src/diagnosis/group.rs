//! Many nodes with one trouble are one finding: 300 screens say less than one.

use std::collections::HashMap;

use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::phrases;

/// Up to so many stand for themselves.
const MAX_UNGROUPED: usize = 3;

/// Folds findings that differ only in names, addresses and numbers; the first, with the others' nodes and evidence, stands for all.
pub(super) fn group_similar(findings: Vec<Finding>) -> Vec<Finding> {
    let mut alike: HashMap<(Code, Severity, String), usize> = HashMap::new();
    for finding in &findings {
        *alike.entry(key(finding)).or_default() += 1;
    }
    let mut folded: Vec<Finding> = Vec::new();
    let mut place: HashMap<(Code, Severity, String), usize> = HashMap::new();
    for finding in findings {
        let key = key(&finding);
        match place.get(&key) {
            Some(at) => {
                let first = &mut folded[*at];
                let new = finding.nodes.into_iter().filter(|node| !first.nodes.contains(node)).collect::<Vec<_>>();
                first.nodes.extend(new);
                first.evidence.extend(finding.evidence);
                if first.fix.is_none() {
                    first.fix = finding.fix;
                }
            }
            None => {
                if alike[&key] > MAX_UNGROUPED {
                    place.insert(key, folded.len());
                }
                folded.push(finding);
            }
        }
    }
    for at in place.into_values() {
        let finding = &mut folded[at];
        let others: Vec<String> = finding.nodes.iter().filter(|node| !finding.message.contains(node.as_str())).cloned().collect();
        if !others.is_empty() {
            finding.message = format!("{}; the same on {}", finding.message, phrases::list(&others));
        }
    }
    folded
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

    fn finding(node: &str, message: &str) -> Finding {
        let message = message.replace("NODE", node);
        Finding { code: Code::PodNotReady, severity: Severity::Error, nodes: vec![node.into()], message, evidence: Vec::new(), fix: None }
    }

    #[test]
    fn a_few_stand_apart_and_many_are_one() {
        let alike =
            |count: usize| (0..count).map(|at| finding(&format!("worker-{}", (b'a' + at as u8) as char), "NODE lost 10.0.0.1")).collect();
        assert_eq!(group_similar(alike(3)).len(), 3);
        let one = group_similar(alike(5));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].nodes.len(), 5);
        assert_eq!(one[0].message, "worker-a lost 10.0.0.1; the same on worker-b, worker-c and 2 more nodes");
    }

    #[test]
    fn another_reason_is_another_finding() {
        let mut findings: Vec<Finding> = (0..5).map(|at| finding(&format!("n{at}"), "NODE is late")).collect();
        findings.push(finding("n9", "NODE is gone"));
        let folded = group_similar(findings);
        assert_eq!(folded.iter().map(|finding| finding.nodes.len()).collect::<Vec<_>>(), [5, 1]);
    }
}
