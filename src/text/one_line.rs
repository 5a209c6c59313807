//! A line that must not wrap: names are shortened in their middle, and only then the end is left out.

use std::borrow::Cow;

use super::{shorten_middle, truncate, width};

/// A shorter name no longer tells one node from another.
const SHORTEST_NAME: usize = 16;

/// At most `limit` columns, with `…` wherever something is left out. The longest words, which are names, give way first.
pub fn fit(line: &str, limit: usize) -> Cow<'_, str> {
    if width(line) <= limit {
        return Cow::Borrowed(line);
    }
    let longest = line.split(' ').map(width).max().unwrap_or(0);
    let shortened = |most: usize| line.split(' ').map(|word| shorten_middle(word, most)).collect::<Vec<_>>().join(" ");
    let fitting = (SHORTEST_NAME..longest.min(limit)).rev().map(shortened).find(|line| width(line) <= limit);
    let shortest = || if longest > SHORTEST_NAME { shortened(SHORTEST_NAME) } else { line.to_owned() };
    Cow::Owned(fitting.unwrap_or_else(|| truncate(&shortest(), limit).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_way_before_words() {
        for (line, limit, short) in [
            ("node-1: waiting for its pod", 40, "node-1: waiting for its pod"),
            ("ip-10-0-0-1.eu-central-1.compute.internal: waiting for its pod", 50, "ip-10-0-0-1.eu-…pute.internal: waiting for its pod"),
            ("ip-10-0-0-1.eu-central-1.compute.internal: waiting for its pod", 30, "ip-10-0-…ternal: waiting for …"),
            ("a b c d e f", 5, "a b …"),
        ] {
            assert_eq!(fit(line, limit), short, "{line} in {limit}");
            assert!(width(short) <= limit, "{short}");
        }
    }
}
