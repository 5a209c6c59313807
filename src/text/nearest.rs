//! The known word that is most like a mistyped one.

/// Below this similarity (Jaro-Winkler, 0 to 1) two words are not taken for each other.
const SIMILAR: f64 = 0.8;

/// The known words that are most like `typed`, nearest first, at most `most`.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = known.into_iter().map(|word| (strsim::jaro_winkler(typed, word), word)).collect();
    near.retain(|(similarity, _)| *similarity >= SIMILAR);
    near.sort_by(|(left, a), (right, b)| right.total_cmp(left).then_with(|| a.cmp(b)));
    near.into_iter().map(|(_, word)| word).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_comes_first() {
        let known = ["first-found", "can-reach", "interface", "skip-interface", "cidr"];
        for (typed, expected) in [("first-fond", &["first-found"][..]), ("interfaec", &["interface"]), ("xyz", &[])] {
            assert_eq!(nearest(typed, known, 1), expected, "{typed}");
        }
        assert_eq!(nearest("node-11", ["node-1", "node-10", "node-2"], 2), ["node-1", "node-10"]);
    }
}
