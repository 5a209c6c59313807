//! kubectl's label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use std::collections::BTreeMap;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    key: String,
    /// `None`: the label's presence is enough.
    values: Option<Vec<String>>,
    negated: bool,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unable to parse the label selector {0:?}")]
pub struct InvalidSelector(String);

impl Selector {
    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.terms.iter().all(|term| {
            let found = labels.get(&term.key);
            let matched = match &term.values {
                None => found.is_some(),
                Some(values) => found.is_some_and(|value| values.contains(value)),
            };
            matched != term.negated
        })
    }
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let terms = split(text).into_iter().map(term).collect::<Option<Vec<Term>>>().filter(|terms| !terms.is_empty());
        Ok(Self { text: text.to_owned(), terms: terms.ok_or_else(|| InvalidSelector(text.to_owned()))? })
    }
}

/// At the commas that are not within a list.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .collect()
}

fn term(text: &str) -> Option<Term> {
    let whole = |key: &str, values: Option<Vec<String>>, negated| {
        let key = key.trim();
        let valid = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        valid.then(|| Term { key: key.to_owned(), values, negated })
    };
    let one = |value: &str| {
        let value = value.trim();
        value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)).then(|| Some(vec![value.to_owned()]))
    };
    if let Some(list) = text.strip_suffix(')') {
        let (head, list) = list.split_once('(')?;
        let (key, word) = head.trim().rsplit_once(char::is_whitespace)?;
        let negated = match word {
            "in" => false,
            "notin" => true,
            _ => return None,
        };
        return whole(key, Some(list.split(',').map(|value| value.trim().to_owned()).collect()), negated);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return whole(key, one(value)?, true);
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return whole(key, one(value)?, false);
    }
    match text.strip_prefix('!') {
        Some(key) => whole(key, None, true),
        None => whole(text, None, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_as_kubectl() {
        let labels: BTreeMap<String, String> =
            [("zone", "a"), ("disk", "ssd"), ("node-role.kubernetes.io/control-plane", "")].map(|(k, v)| (k.into(), v.into())).into();
        for (selector, expected) in [
            ("zone=a", true),
            ("zone==a", true),
            ("zone=b", false),
            ("zone=a,disk=hdd", false),
            ("zone!=b", true),
            ("missing!=b", true),
            ("zone in (a, b)", true),
            ("zone in (b,c),disk=ssd", false),
            ("zone notin (b)", true),
            ("missing notin (b)", true),
            ("node-role.kubernetes.io/control-plane", true),
            ("node-role.kubernetes.io/control-plane=", true),
            ("!missing", true),
            ("!zone", false),
        ] {
            assert_eq!(selector.parse::<Selector>().expect(selector).matches(&labels), expected, "{selector}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for selector in ["", "a b", "=x", "a in b", "a of (b)", "a=b=c", "a,,b", "(", ")", "a in (b", "a=\u{1b}"] {
            assert!(selector.parse::<Selector>().is_err(), "{selector}");
        }
    }
}
