//! Nodes that would get the same: hundreds of rows in a few.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Cell, Matrix, Verdict};
use crate::calico::address::Cidr;
use crate::calico::detect::DetectionResult;

/// Their places in the matrix, in its order; every cell reads the same but for the host part of its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub nodes: Vec<usize>,
}

/// What cells of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CellKey {
    /// In one network, on an interface of this name, all judged alike.
    Network(Verdict, Option<String>, Cidr),
    Address(Verdict, Option<String>, IpAddr),
    Nothing(Verdict, &'static str),
}

pub fn cell_key(cell: &Cell) -> CellKey {
    match &cell.outcome {
        DetectionResult::Address(found) => {
            let whole = if found.address.is_ipv4() { 32 } else { 128 };
            match found.cidr().filter(|cidr| cidr.prefix_len() < whole && cell.verdict == Verdict::Right) {
                Some(cidr) => CellKey::Network(cell.verdict, found.interface.clone(), cidr.trunc()),
                None => CellKey::Address(cell.verdict, found.interface.clone(), found.address),
            }
        }
        DetectionResult::None { .. } => CellKey::Nothing(cell.verdict, "none"),
        DetectionResult::Exits { .. } => CellKey::Nothing(cell.verdict, "exits"),
        DetectionResult::Unknown { .. } => CellKey::Nothing(cell.verdict, "unknown"),
    }
}

/// The nodes at these places, the largest group last: what differs is read first.
pub fn group_nodes(matrix: &Matrix, places: &[usize]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<(Verdict, Vec<CellKey>), usize> = HashMap::new();
    for place in places {
        let cells = matrix.columns.iter().filter_map(|column| column.cells.get(*place)).map(cell_key).collect();
        let key = (matrix.nodes[*place].judgement.verdict, cells);
        let index = *known.entry(key).or_insert_with(|| {
            groups.push(Group { nodes: Vec::new() });
            groups.len() - 1
        });
        groups[index].nodes.push(*place);
    }
    groups.sort_by_key(|group| group.nodes.len());
    groups
}
