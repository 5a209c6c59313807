//! Calico's own label selectors, as BGPPeers use them: `has(rr) && zone in {"a", "b"} || !(all())`.
//!
//! Grammar of Calico v3.30 `libcalico-go/lib/selector` (tokenizer and parser); older releases accept a subset.

use std::collections::BTreeMap;

/// A parsed selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// `all()`, and `global()`, which is true of every object without a namespace.
    All,
    Has(String),
    Test {
        label: String,
        operator: Operator,
        values: Vec<String>,
    },
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse the selector {0:?}")]
pub struct InvalidLabelSelector(String);

/// Deeper or longer selectors are not worth the stack and the time.
const MAX_DEPTH: usize = 32;
const MAX_LENGTH: usize = 8 << 10;

impl LabelSelector {
    /// An empty selector selects everything.
    pub fn parse(text: &str) -> Result<Self, InvalidLabelSelector> {
        let invalid = || InvalidLabelSelector(crate::text::bounded::clean(text, 120));
        if text.len() > MAX_LENGTH {
            return Err(invalid());
        }
        let mut parser = Parser { rest: text, depth: 0 };
        if parser.at_end() {
            return Ok(Self(Node::All));
        }
        let node = parser.or().ok_or_else(invalid)?;
        if parser.at_end() { Ok(Self(node)) } else { Err(invalid()) }
    }

    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.matches(labels)
    }
}

impl Node {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::All => true,
            Self::Has(label) => labels.contains_key(label),
            Self::Not(inner) => !inner.matches(labels),
            Self::And(all) => all.iter().all(|node| node.matches(labels)),
            Self::Or(any) => any.iter().any(|node| node.matches(labels)),
            Self::Test { label, operator, values } => {
                let found = labels.get(label);
                let holds = |test: fn(&str, &str) -> bool| found.is_some_and(|found| values.iter().any(|value| test(found, value)));
                match operator {
                    Operator::Equal | Operator::In => holds(|found, value| found == value),
                    // Without the label these are true.
                    Operator::NotEqual | Operator::NotIn => !holds(|found, value| found == value),
                    Operator::Contains => holds(|found, value| found.contains(value)),
                    Operator::StartsWith => holds(|found, value| found.starts_with(value)),
                    Operator::EndsWith => holds(|found, value| found.ends_with(value)),
                }
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn at_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// A word, or two in a row, that no letter follows.
    fn take_words(&mut self, words: &[&str]) -> bool {
        let mut parser = Parser { rest: self.rest, depth: 0 };
        let found = words.iter().all(|word| parser.take(word)) && !parser.rest.starts_with(is_identifier);
        if found {
            self.rest = parser.rest;
        }
        found
    }

    fn identifier(&mut self) -> Option<&'a str> {
        self.skip_space();
        let end = self.rest.find(|c| !is_identifier(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    fn literal(&mut self) -> Option<String> {
        self.skip_space();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(value.to_owned())
    }

    fn or(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut any = vec![self.and()?];
        while self.take("||") {
            any.push(self.and()?);
        }
        self.depth -= 1;
        Some(if any.len() == 1 { any.remove(0) } else { Node::Or(any) })
    }

    fn and(&mut self) -> Option<Node> {
        let mut all = vec![self.operation()?];
        while self.take("&&") {
            all.push(self.operation()?);
        }
        Some(if all.len() == 1 { all.remove(0) } else { Node::And(all) })
    }

    fn operation(&mut self) -> Option<Node> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
        }
        let node = self.operand()?;
        Some(if negated { Node::Not(Box::new(node)) } else { node })
    }

    fn operand(&mut self) -> Option<Node> {
        if self.take("(") {
            let node = self.or()?;
            return self.take(")").then_some(node);
        }
        if self.take("has(") {
            let label = self.identifier()?.to_owned();
            return self.take(")").then_some(Node::Has(label));
        }
        if self.take("all(") || self.take("global(") {
            return self.take(")").then_some(Node::All);
        }
        let label = self.identifier()?.to_owned();
        let (operator, values) = if self.take("==") {
            (Operator::Equal, vec![self.literal()?])
        } else if self.take("!=") {
            (Operator::NotEqual, vec![self.literal()?])
        } else if self.take_words(&["contains"]) {
            (Operator::Contains, vec![self.literal()?])
        } else if self.take_words(&["starts", "with"]) {
            (Operator::StartsWith, vec![self.literal()?])
        } else if self.take_words(&["ends", "with"]) {
            (Operator::EndsWith, vec![self.literal()?])
        } else if self.take_words(&["not", "in"]) {
            (Operator::NotIn, self.set()?)
        } else if self.take_words(&["in"]) {
            (Operator::In, self.set()?)
        } else {
            return None;
        };
        Some(Node::Test { label, operator, values })
    }

    fn set(&mut self) -> Option<Vec<String>> {
        if !self.take("{") {
            return None;
        }
        let mut values = Vec::new();
        while let Some(value) = self.literal() {
            values.push(value);
            if !self.take(",") {
                break;
            }
        }
        self.take("}").then_some(values)
    }
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_as_calico() {
        let labels: BTreeMap<String, String> = [("zone", "eu-1a"), ("rack", "r7"), ("route-reflector", ""), ("kubernetes.io/os", "linux")]
            .map(|(key, value)| (key.into(), value.into()))
            .into();
        for (selector, expected) in [
            ("", true),
            ("all()", true),
            ("global()", true),
            ("!all()", false),
            ("has(route-reflector)", true),
            ("!has(route-reflector)", false),
            ("!!has( rack )", true),
            ("has(missing)", false),
            ("zone == 'eu-1a'", true),
            ("zone==\"eu-1b\"", false),
            ("zone != 'eu-1b'", true),
            ("missing != 'x'", true),
            ("missing == 'x'", false),
            ("rack in {'r6', 'r7'}", true),
            ("rack in { }", false),
            ("rack not in {\"r7\"}", false),
            ("rack notin {\"r7\"}", false),
            ("missing not in {'x'}", true),
            ("zone contains 'u-1'", true),
            ("zone starts with 'eu'", true),
            ("zone ends with 'b'", false),
            ("kubernetes.io/os == 'linux' && has(rack)", true),
            ("has(missing) || rack == 'r7' && zone == 'eu-1a'", true),
            ("(has(missing) || rack == 'r7') && zone == 'x'", false),
            ("!(has(missing) || zone == 'x')", true),
        ] {
            assert_eq!(LabelSelector::parse(selector).expect(selector).matches(&labels), expected, "{selector}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = "(".repeat(500);
        for selector in
            ["zone = 'a'", "zone", "zone ==", "zone == a", "has(", "has()", "(all()", "all() all()", "zone in 'a'", "a && ", "'a'", &deep]
        {
            assert!(LabelSelector::parse(selector).is_err(), "{selector}");
        }
    }
}
