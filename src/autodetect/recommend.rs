//! The method that is right on every node and least brittle; why it, and why not each of the others.

use super::{Column, Matrix, Origin, Verdict};
use crate::calico::detect::DetectionResult;
use crate::calico::method::Method;
use crate::text::list;

/// What a method goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MethodKind {
    InternalIp,
    CanReach,
    Cidr,
    Interface,
    SkipInterface,
    FirstFound,
}

#[derive(Debug)]
pub struct Preference {
    pub sort: MethodKind,
    /// What speaks for it.
    pub because: &'static str,
    /// What can make it pick another address one day.
    pub brittle: &'static str,
    /// The same for a table: at most 42 columns.
    pub risk: &'static str,
}

/// The least brittle first.
pub const ORDER: &[Preference] = &[
    Preference {
        sort: MethodKind::InternalIp,
        because: "each node uses its InternalIP, whatever interfaces are added or removed",
        brittle: "it changes when the kubelet reports another InternalIP",
        risk: "follows the InternalIP of the kubelet",
    },
    Preference {
        sort: MethodKind::CanReach,
        because: "each node uses the address that it sends from, whatever interfaces are added or removed",
        brittle: "it changes with the route to that one address",
        risk: "follows the route to one host",
    },
    Preference {
        sort: MethodKind::Cidr,
        because: "each node uses its address in the nodes' network, whatever other interfaces are added or removed",
        brittle: "a virtual IP in the same network may be taken, and a node in a new network finds nothing",
        risk: "may pick a virtual IP; needs one network",
    },
    Preference {
        sort: MethodKind::Interface,
        because: "each node uses the first address of the named interface",
        brittle: "a node whose interface has another name finds nothing, and a virtual IP on it may be taken",
        risk: "needs one interface name on all nodes",
    },
    Preference {
        sort: MethodKind::SkipInterface,
        because: "it skips the interfaces that are a problem now",
        brittle: "a new interface may be used",
        risk: "picks up new interfaces",
    },
    Preference {
        sort: MethodKind::FirstFound,
        because: "it is the default",
        brittle: "a new interface that this release does not exclude may be used",
        risk: "picks up new bridges",
    },
];

impl Preference {
    /// `None` for what is no method.
    pub fn of(method: &Method) -> Option<&'static Self> {
        let sort = match method {
            Method::KubernetesInternalIp => MethodKind::InternalIp,
            Method::CanReach { .. } => MethodKind::CanReach,
            Method::Cidr { .. } => MethodKind::Cidr,
            Method::Interface { .. } => MethodKind::Interface,
            Method::SkipInterface { .. } => MethodKind::SkipInterface,
            Method::FirstFound => MethodKind::FirstFound,
            Method::Invalid { .. } => return None,
        };
        ORDER.iter().find(|preference| preference.sort == sort)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// `None`: no method is known to be right on every node.
    pub method: Option<String>,
    /// It is the one that is configured: nothing needs to change.
    pub keep: bool,
    pub why: String,
    /// Nodes that were not seen inside: what the method would find there is not known.
    pub unsure: Vec<String>,
    /// The others, in the matrix' order.
    pub others: Vec<Rejected>,
    /// Where no method is recommended: which would be right on which nodes, the smallest group first.
    pub groups: Vec<BestForGroup>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BestForGroup {
    pub nodes: Vec<String>,
    /// None: no method that was looked at is right on these nodes.
    pub methods: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub method: String,
    pub why: String,
}

pub fn recommend(matrix: &Matrix) -> Recommendation {
    let current = matrix.current().filter(|column| column.refused.is_none() && (column.is_right_everywhere() || stays(matrix, column)));
    let sure = || best(matrix, |column| column.is_right_everywhere());
    // Less than certain is good enough only where something is wrong.
    let likely = || {
        let other = best(matrix, |column| is_right_where_seen(matrix, column))?;
        // What is configured and just as likely is not given up for something more brittle: a rollout of it may be under way.
        let keeps = |column: &&Column| is_right_where_seen(matrix, column) && rank(matrix, column) <= rank(matrix, other);
        Some(matrix.current().filter(|column| column.refused.is_none()).filter(keeps).unwrap_or(other))
    };
    let change = || if is_wrong_now(matrix) { sure().or_else(likely) } else { None };
    let chosen = current.or_else(change);
    let unsure = chosen.map(|column| names(matrix, column, |cell| cell.verdict == Verdict::Unknown)).unwrap_or_default();
    // A method would decide nothing there.
    let Some(chosen) = chosen.filter(|_| !matrix.is_off()) else {
        let others = others(matrix, None);
        return Recommendation { method: None, keep: false, why: nothing(matrix), unsure, others, groups: suited(matrix) };
    };
    let keep = chosen.origin == Origin::Current;
    let why = why(matrix, chosen, sure().filter(|_| keep), &unsure);
    Recommendation { method: Some(chosen.method.clone()), keep, why, unsure, others: others(matrix, Some(chosen)), groups: Vec::new() }
}

/// The configured method cures what is wrong by a restart, and nothing is known to speak against it: a node where it is not known what it
/// finds has the right address now, or none yet. No change is proposed then, whatever else would be right.
fn stays(matrix: &Matrix, current: &Column) -> bool {
    let fits = |(cell, node): (&super::Cell, &super::Node)| match cell.ends_right {
        Some(right) => right,
        None => matches!(node.judgement.verdict, Verdict::Right | Verdict::None),
    };
    any_right_now(matrix) && current.cells.iter().zip(&matrix.nodes).all(fits)
}

fn any_right_now(matrix: &Matrix) -> bool {
    matrix.nodes.iter().any(|node| node.judgement.verdict == Verdict::Right)
}

/// Why no method can be recommended.
fn nothing(matrix: &Matrix) -> String {
    let current = || matrix.current().into_iter().flat_map(|column| &column.cells);
    if matrix.nodes.is_empty() {
        return "No node was seen.".to_owned();
    }
    if current().all(|cell| cell.verdict == Verdict::Unchanged && cell.will_store.is_none()) {
        return format!("No {} address is detected here, and none is stored.", matrix.family);
    }
    if !is_wrong_now(matrix) {
        return "No address is known to be wrong, so no change is proposed.".to_owned();
    }
    let unseen: Vec<&str> = matrix.nodes.iter().filter(|node| node.source.is_none()).map(|node| node.name.as_str()).collect();
    let why = matrix.nodes.iter().find_map(|node| node.unseen.as_deref()).unwrap_or_default();
    let said = match unseen.len() {
        0 => "No method is right on every node.".to_owned(),
        count if count == matrix.nodes.len() => format!("No method is known to be right: {why}."),
        _ => format!("No method is known to be right on every node; {} could not be inspected ({why}).", list(&unseen, 3)),
    };
    match matrix.version {
        Some(_) => said,
        None => format!("{said} The Calico release is not known: compare with --calico-version."),
    }
}

fn suited(matrix: &Matrix) -> Vec<BestForGroup> {
    let mut groups: Vec<BestForGroup> = Vec::new();
    for (place, node) in matrix.nodes.iter().enumerate() {
        let right =
            |column: &&Column| column.refused.is_none() && column.cells.get(place).is_some_and(|cell| cell.ends_right == Some(true));
        let methods: Vec<String> = matrix.columns.iter().filter(right).map(|column| column.method.clone()).collect();
        match groups.iter_mut().find(|group| group.methods == methods) {
            Some(group) => group.nodes.push(node.name.clone()),
            None => groups.push(BestForGroup { nodes: vec![node.name.clone()], methods }),
        }
    }
    groups.sort_by_key(|group| group.nodes.len());
    // That none is right anywhere is said already.
    groups.retain(|group| !group.methods.is_empty() || group.nodes.len() < matrix.nodes.len());
    groups
}

fn best(matrix: &Matrix, fits: impl Fn(&Column) -> bool) -> Option<&Column> {
    let candidates = matrix.columns.iter().filter(|column| column.origin != Origin::Current && column.refused.is_none() && fits(column));
    candidates.min_by_key(|column| rank(matrix, column))
}

/// The best is the least.
fn rank(matrix: &Matrix, column: &Column) -> (bool, Option<MethodKind>) {
    let sort = Preference::of(&Method::parse(&column.method)).map(|preference| preference.sort);
    // An address beside a sound InternalIP is somebody's choice, not ours.
    (matrix.internal_ips_unreliable.is_none() && !takes_internal_ips(matrix, column), sort)
}

fn takes_internal_ips(matrix: &Matrix, column: &Column) -> bool {
    let of_node = column.cells.iter().zip(&matrix.nodes);
    of_node.into_iter().all(|(cell, node)| cell.outcome.found().is_none_or(|found| Some(found.address) == node.internal_ip))
}

/// A node that has no address is no evidence against the method: calico-node may not have come to detection there.
fn is_wrong_now(matrix: &Matrix) -> bool {
    let would_be = matrix.current().is_some_and(|column| column.cells.iter().any(|cell| cell.ends_right == Some(false)));
    would_be || matrix.nodes.iter().any(|node| node.judgement.verdict == Verdict::Wrong)
}

/// Right on most nodes, and not known only where nothing could be seen, as in a calico-node that does not run. InternalIPs that can be
/// gone by need no such proof, where the release is known to take them: only whether an interface has them was not seen.
fn is_right_where_seen(matrix: &Matrix, column: &Column) -> bool {
    let by_internal_ip = matrix.version.is_some()
        && matrix.internal_ips_unreliable.is_none()
        && Method::parse(&column.method) == Method::KubernetesInternalIp;
    let right = if by_internal_ip { column.cells.len() } else { column.count(Verdict::Right) };
    let fits = |(cell, node): (&super::Cell, &super::Node)| match cell.verdict {
        Verdict::Right => true,
        Verdict::Unknown => node.source != Some(crate::finding::Source::Interfaces),
        _ => false,
    };
    right * 2 > column.cells.len() && column.cells.iter().zip(&matrix.nodes).all(fits)
}

fn names(matrix: &Matrix, column: &Column, fits: impl Fn(&super::Cell) -> bool) -> Vec<String> {
    let of_node = column.cells.iter().zip(&matrix.nodes).filter(|(cell, _)| fits(cell));
    of_node.map(|(_, node)| node.name.clone()).collect()
}

fn why(matrix: &Matrix, chosen: &Column, steadier: Option<&Column>, unsure: &[String]) -> String {
    let preference = Preference::of(&Method::parse(&chosen.method));
    if chosen.origin == Origin::Current {
        let with = |verdict: Verdict| -> Vec<&str> {
            let nodes = matrix.nodes.iter().filter(|node| node.judgement.verdict == verdict);
            nodes.map(|node| node.name.as_str()).collect()
        };
        let now = match (with(Verdict::Wrong).as_slice(), with(Verdict::None).as_slice()) {
            ([], []) => "It is the current method, so nothing needs to change.".to_owned(),
            ([], none) => {
                format!("It is the current method. No address is stored for {} until calico-node restarts there.", list(none, 3))
            }
            (wrong, _) => {
                format!("It is the current method. The address stored for {} stays wrong until calico-node restarts there.", list(wrong, 3))
            }
        };
        let other = steadier.zip(preference).filter(|(steadier, preference)| {
            let theirs = Preference::of(&Method::parse(&steadier.method));
            preference.sort >= MethodKind::SkipInterface && theirs.is_some_and(|theirs| theirs.sort < preference.sort)
        });
        let hint = other.map(|(steadier, preference)| {
            format!(" {} finds the same addresses and is more robust: with {}, {}.", steadier.method, chosen.method, preference.brittle)
        });
        let unfound = names(matrix, chosen, |cell| cell.keeps_for_want_of_another());
        let doubt = match unsure {
            [] if !unfound.is_empty() => {
                let on = list(&unfound, 3);
                format!(
                    "No address is known to become wrong. This method finds nothing on {on}: the stored address stays, and a new node would exit."
                )
            }
            [] => "Right on every node.".to_owned(),
            unsure => format!("No address is known to become wrong. What this method finds on {} is not known.", list(unsure, 3)),
        };
        return format!("{doubt} {now}{}", hint.unwrap_or_default());
    }
    let because = preference.map(|preference| format!(": {}", preference.because)).unwrap_or_default();
    match unsure {
        [] => format!("Right on every node{because}."),
        unsure if unsure.len() == chosen.cells.len() => format!("Probably right, but no node could be inspected{because}."),
        unsure => format!("Right on every node that was seen{because}. Not known on {}.", list(unsure, 3)),
    }
}

fn others(matrix: &Matrix, chosen: Option<&Column>) -> Vec<Rejected> {
    let others = matrix.columns.iter().filter(|column| chosen.is_none_or(|chosen| !std::ptr::eq(*column, chosen)));
    others.map(|column| Rejected { method: column.method.clone(), why: why_not(matrix, column, chosen) }).collect()
}

fn why_not(matrix: &Matrix, column: &Column, chosen: Option<&Column>) -> String {
    if let Some(why) = &column.refused {
        return why.clone();
    }
    let told = [
        (Verdict::Exits, "calico-node exits on"),
        (Verdict::Wrong, "wrong on"),
        (Verdict::None, "no address on"),
        (Verdict::Unchanged, "finds nothing on"),
        (Verdict::Unknown, "not known on"),
    ];
    for (verdict, says) in told {
        let nodes = names(matrix, column, |cell| cell.verdict == verdict && cell.ends_right != Some(true));
        let reason = column.cells.iter().find(|cell| cell.verdict == verdict && cell.ends_right != Some(true)).map(|cell| &cell.reason);
        if let Some(reason) = reason {
            let place = if nodes.len() == matrix.nodes.len() && nodes.len() > 1 { "every node".to_owned() } else { list(&nodes, 3) };
            let first = if nodes.len() > 1 { format!(" ({}: {reason})", nodes[0]) } else { format!(": {reason}") };
            return format!("{says} {place}{first}");
        }
    }
    let unfound = names(matrix, column, |cell| matches!(cell.outcome, DetectionResult::None { .. }));
    if !unfound.is_empty() && column.origin != Origin::Current {
        return format!("finds nothing on {}, where the stored address would stay", list(&unfound, 3));
    }
    let brittle = Preference::of(&Method::parse(&column.method)).map_or("it is not a valid method", |preference| preference.brittle);
    match chosen {
        Some(chosen) if chosen.origin == Origin::Current => format!("right on every node as well; {brittle}"),
        _ => format!("right on every node as well, but {brittle}"),
    }
}
