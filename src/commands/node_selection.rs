//! Which nodes a verb is about: `--node` and `-l`, the same for every verb, live and with `--from`.

use std::collections::BTreeSet;

use crate::cluster::NodeFilter;
use crate::exit::Failure;
use crate::snapshot::Snapshot;
use crate::snapshot::selector::Selector;
use crate::text;

#[derive(Debug)]
pub(super) enum NodeSelection {
    All,
    Names(BTreeSet<String>),
    Labels(Selector),
}

impl NodeSelection {
    pub(super) fn from_flags(names: &[String], labels: Option<&str>) -> Result<Self, Failure> {
        Ok(match labels {
            Some(labels) => Self::Labels(labels.parse().map_err(|error| Failure::Usage {
                message: format!("{error}"),
                hint: Some("Write it as kubectl does: -l key=value,other!=value,'zone in (a,b)',!key".to_owned()),
            })?),
            None if names.is_empty() => Self::All,
            None => Self::Names(names.iter().cloned().collect()),
        })
    }

    /// The name, where exactly one node is named.
    pub(super) fn only(&self) -> Option<&str> {
        match self {
            Self::Names(names) if names.len() == 1 => names.first().map(String::as_str),
            _ => None,
        }
    }

    /// What is read of a cluster. `None`: every node.
    pub(super) fn filter(&self) -> Option<NodeFilter> {
        match self {
            Self::All => None,
            Self::Names(names) => Some(NodeFilter::Names(names.clone())),
            Self::Labels(selector) => Some(NodeFilter::Selector(selector.text().to_owned())),
        }
    }

    /// Names of the selected nodes, `None` for all. An unknown node is an error.
    /// Where the nodes could not be read, names are taken as given.
    pub(super) fn resolve(&self, snapshot: &Snapshot) -> Result<Option<BTreeSet<String>>, Failure> {
        match self {
            Self::All => Ok(None),
            Self::Names(names) => {
                let Some(nodes) = snapshot.nodes.seen() else { return Ok(Some(names.clone())) };
                let known: Vec<&str> = nodes.iter().map(|node| node.metadata.name.as_str()).collect();
                match names.iter().find(|name| !known.contains(&name.as_str())) {
                    None => Ok(Some(names.clone())),
                    Some(unknown) => Err(Failure::UnknownNode { name: unknown.clone(), hint: hint(unknown, &known) }),
                }
            }
            Self::Labels(selector) => {
                let Some(nodes) = snapshot.nodes.seen() else {
                    let why = snapshot.nodes.why_not().unwrap_or_default();
                    return Err(Failure::ReadFailed {
                        message: format!("error: the labels of the nodes are not known: {why}"),
                        hint: None,
                    });
                };
                let labelled = nodes.iter().filter(|node| selector.matches(&node.metadata.labels));
                let names: BTreeSet<String> = labelled.map(|node| node.metadata.name.clone()).collect();
                if names.is_empty() {
                    return Err(Failure::ReadFailed {
                        message: format!("error: no node has the labels {:?}", selector.text()),
                        hint: Some("See: kubectl get nodes --show-labels".to_owned()),
                    });
                }
                Ok(Some(names))
            }
        }
    }
}

/// Names listed in a hint.
const MAX_LISTED: usize = 5;
/// Edits between a typed name and a similar one.
const MAX_EDITS: usize = 2;

fn hint(typed: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "There are no nodes.".to_owned();
    }
    let near = near_matches(typed, known);
    if near.is_empty() {
        return format!("Nodes are {}.", text::list(known, MAX_LISTED));
    }
    format!("Similar names are {}.", text::list(&near, MAX_LISTED))
}

/// Known names that differ by at most two edits, or hold the typed text, or start it (`node-1` for `node-1.example.com`); nearest first.
fn near_matches<'a>(typed: &str, known: &[&'a str]) -> Vec<&'a str> {
    let typed = typed.to_lowercase();
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let edits = edits(&typed, &name);
        let part = !typed.is_empty() && (name.contains(&typed) || typed.starts_with(&format!("{name}.")));
        match (edits <= MAX_EDITS && edits < typed.chars().count(), part) {
            (true, _) => Some(edits),
            (false, true) => Some(MAX_EDITS + 1),
            (false, false) => None,
        }
    };
    let mut near: Vec<(usize, &str)> = known.iter().filter_map(|name| Some((distance(name)?, *name))).collect();
    near.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| crate::model::natural(a.1, b.1)));
    near.into_iter().map(|(_, name)| name).collect()
}

/// Levenshtein's distance in characters; names that differ more in length than a near match may are not compared.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let apart = a.len().abs_diff(b.len());
    if apart > MAX_EDITS {
        return apart;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((y, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Observed;
    use crate::snapshot::Origin;
    use crate::snapshot::objects::Node;

    fn unread() -> Snapshot {
        Snapshot::empty(Origin::Live, jiff::Timestamp::UNIX_EPOCH)
    }

    fn cluster(names: &[&str]) -> Snapshot {
        let node = |name: &&str| {
            let mut node = Node::default();
            node.metadata.name = (*name).to_owned();
            node.metadata.labels = [("zone".to_owned(), "a".to_owned())].into();
            node
        };
        Snapshot { nodes: Observed::Seen(names.iter().map(node).collect()), ..unread() }
    }

    #[test]
    fn near_names() {
        for (typed, known, expected) in [
            ("node-12", &["node-1", "node-2", "node-22", "master"][..], &["node-1", "node-2", "node-22"][..]),
            ("Node-1", &["node-1"], &["node-1"]),
            ("node-1.example.com", &["node-1", "node-2"], &["node-1"]),
            ("worker", &["gpu-worker-01", "node-1"], &["gpu-worker-01"]),
            ("x", &["a", "b"], &[]),
            ("", &["a"], &[]),
        ] {
            assert_eq!(near_matches(typed, known), expected, "{typed}");
        }
    }

    #[test]
    fn an_unknown_node_is_a_mistake_of_the_command_line() {
        let snapshot = cluster(&["node-1", "node-2"]);
        let selection = NodeSelection::from_flags(&["node-1".into(), "node-3".into()], None).expect("a selection");
        match selection.resolve(&snapshot) {
            Err(Failure::UnknownNode { name, hint }) => {
                assert_eq!((name.as_str(), hint.as_str()), ("node-3", "Similar names are node-1, node-2."));
            }
            other => panic!("{other:?}"),
        }
        let far = NodeSelection::from_flags(&["control-plane".into()], None).expect("a selection").resolve(&snapshot);
        assert!(matches!(far, Err(Failure::UnknownNode { hint, .. }) if hint == "Nodes are node-1, node-2."));
        let labels = |text| NodeSelection::from_flags(&[], Some(text)).expect("a selection").resolve(&snapshot);
        assert!(matches!(labels("zone=b"), Err(Failure::ReadFailed { .. })));
        assert_eq!(labels("zone=a").expect("nodes").map(|names| names.len()), Some(2));
    }

    #[test]
    fn nodes_that_were_not_read_are_taken_by_name() {
        let snapshot = unread();
        let named = NodeSelection::from_flags(&["node-1".into()], None).expect("a selection").resolve(&snapshot);
        assert_eq!(named.expect("a name"), Some(["node-1".to_owned()].into()));
    }
}
