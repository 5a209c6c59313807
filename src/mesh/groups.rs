//! Points that are alike: the same state towards every other point, and the same health. Five hundred nodes that all see each
//! other and miss the same one are two groups.

use std::collections::HashMap;

use super::{Kind, Mesh, State};
use crate::finding::health::Health;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// In the mesh's order, never empty.
    pub members: Vec<usize>,
    /// Of the sessions between its members; `None` of one member.
    pub among: Option<State>,
}

impl Group {
    /// By which its state towards others is asked.
    pub fn first(&self) -> usize {
        self.members.first().copied().unwrap_or_default()
    }
}

type Likeness = (u64, Health, Kind);

/// Two points are alike when their rows are the same but for each other. A row is hashed as a sum, so that what a point is to
/// itself can be put in as the state that it would have to its like.
pub(super) fn groups(mesh: &Mesh) -> Vec<Group> {
    let rows: Vec<u64> = (0..mesh.points.len())
        .map(|point| mesh.around(point).fold(0, |sum: u64, (other, state)| sum.wrapping_add(hash(other, state))))
        .collect();
    let mut free = vec![true; rows.len()];
    let mut groups = Vec::new();
    for among in [State::Up, State::Down, State::None, State::Unknown] {
        let mut alike: HashMap<Likeness, Vec<usize>> = HashMap::new();
        for point in (0..rows.len()).filter(|point| free[*point]) {
            let Some(of) = mesh.points.get(point) else { continue };
            alike.entry((rows[point].wrapping_add(hash(point, among)), of.health, of.kind)).or_default().push(point);
        }
        for members in alike.into_values().filter(|members| members.len() > 1) {
            members.iter().for_each(|member| free[*member] = false);
            groups.push(Group { members, among: Some(among) });
        }
    }
    groups.extend((0..rows.len()).filter(|point| free[*point]).map(|point| Group { members: vec![point], among: None }));
    groups.sort_by_key(Group::first);
    groups
}

/// The finaliser of splitmix64: sums of such values do not meet by chance.
fn hash(point: usize, state: State) -> u64 {
    let seed = (point as u64) << 2 | state as u64;
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Point;
    use crate::snapshot::family::Family;

    fn mesh(points: &str, state: impl Fn(usize, usize) -> State) -> Mesh {
        let point = |(at, letter): (usize, char)| Point {
            name: format!("node-{at}"),
            kind: if letter == 'o' { Kind::Outside } else { Kind::Node },
            health: if letter == 'c' { Health::Faulty } else { Health::Healthy },
        };
        let points: Vec<Point> = points.chars().enumerate().map(point).collect();
        let states = (0..points.len()).flat_map(|high| (0..high).map(move |low| (low, high))).map(|(low, high)| state(low, high)).collect();
        Mesh { family: Family::V4, points, states }
    }

    fn told(mesh: &Mesh) -> Vec<(Vec<usize>, Option<State>)> {
        groups(mesh).into_iter().map(|group| (group.members, group.among)).collect()
    }

    #[test]
    fn all_alike_are_one() {
        assert_eq!(told(&mesh("nnnn", |_, _| State::Up)), [(vec![0, 1, 2, 3], Some(State::Up))]);
        assert_eq!(told(&mesh("n", |_, _| State::Up)), [(vec![0], None)]);
        assert_eq!(told(&mesh("", |_, _| State::Up)), []);
    }

    #[test]
    fn a_culprit_stands_alone() {
        let one = mesh("nnncn", |a, b| if a == 3 || b == 3 { State::Down } else { State::Up });
        assert_eq!(told(&one), [(vec![0, 1, 2, 4], Some(State::Up)), (vec![3], None)]);
        let well = mesh("nnncn", |_, _| State::Up);
        assert_eq!(told(&well), [(vec![0, 1, 2, 4], Some(State::Up)), (vec![3], None)]);
    }

    #[test]
    fn two_halves_that_do_not_see_each_other() {
        let halves = mesh("nnnnnn", |a, b| if (a < 3) == (b < 3) { State::Up } else { State::Down });
        assert_eq!(told(&halves), [(vec![0, 1, 2], Some(State::Up)), (vec![3, 4, 5], Some(State::Up))]);
    }

    #[test]
    fn clients_of_reflectors_are_alike_without_sessions_among_them() {
        let reflected = mesh("nnnnno", |a, b| match (a, b) {
            (0 | 1, 5) | (0, 1) => State::Up,
            (0 | 1, _) => State::Up,
            _ => State::None,
        });
        assert_eq!(told(&reflected), [(vec![0, 1], Some(State::Up)), (vec![2, 3, 4], Some(State::None)), (vec![5], None)]);
    }

    #[test]
    fn one_missing_session_is_not_lost_in_a_group() {
        let chord = mesh("nnnnn", |a, b| if (a, b) == (1, 4) { State::Down } else { State::Up });
        assert_eq!(told(&chord), [(vec![0, 2, 3], Some(State::Up)), (vec![1, 4], Some(State::Down))]);
    }
}
