//! Label and field selectors.

use super::status::Failure;
use crate::kinds::Kind;
use crate::store::{Stored, selectable};

enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

pub(super) struct Labels(Vec<(String, Test)>);

/// Splits on commas that are not inside parentheses.
fn terms(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_i32, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found.into_iter().map(str::trim).filter(|term| !term.is_empty()).collect()
}

impl Labels {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        terms(text).into_iter().map(term).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn matches(&self, stored: &Stored) -> bool {
        self.0.iter().all(|(key, test)| {
            let value = stored.labels.get(key);
            match test {
                Test::In(wanted) => value.is_some_and(|value| wanted.contains(value)),
                Test::NotIn(unwanted) => value.is_none_or(|value| !unwanted.contains(value)),
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
            }
        })
    }
}

fn term(term: &str) -> Result<(String, Test), Failure> {
    let bad = || Failure::bad_request(format!("unable to parse requirement: {term}"));
    for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((key, value)) = term.split_once(operator) {
            let values = vec![value.trim().to_string()];
            return Ok((key.trim().into(), if equal { Test::In(values) } else { Test::NotIn(values) }));
        }
    }
    if let Some((head, values)) = term.split_once('(') {
        let values = values.strip_suffix(')').ok_or_else(bad)?.split(',').map(|value| value.trim().to_string()).collect();
        let mut words = head.split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok((key.into(), Test::In(values))),
            (Some(key), Some("notin"), None) => Ok((key.into(), Test::NotIn(values))),
            _ => Err(bad()),
        };
    }
    match term.strip_prefix('!') {
        _ if term.contains(char::is_whitespace) => Err(bad()),
        Some(key) => Ok((key.trim().into(), Test::Absent)),
        None => Ok((term.into(), Test::Exists)),
    }
}

pub(super) struct Fields(Vec<(String, bool, String)>);

impl Fields {
    pub(super) fn parse(kind: &Kind, text: &str) -> Result<Self, Failure> {
        let mut all = Vec::new();
        for term in terms(text) {
            let (equal, parts) = match term.split_once("!=") {
                Some(parts) => (false, Some(parts)),
                None => (true, term.split_once("==").or_else(|| term.split_once('='))),
            };
            let (key, value) =
                parts.ok_or_else(|| Failure::bad_request(format!("invalid selector: {term:?}; can't understand {term:?}")))?;
            let known = key == "metadata.name" || (kind.namespaced && key == "metadata.namespace") || selectable(kind).contains(&key);
            if !known {
                let message = if kind.plural == "pods" || kind.plural == "nodes" || kind.plural == "events" {
                    format!("field label not supported: {key}")
                } else {
                    format!("{key:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
                };
                return Err(Failure::bad_request(format!(
                    "Unable to find {:?} that match label selector \"\", field selector {text:?}: {message}",
                    kind.api_version()
                )));
            }
            all.push((key.to_string(), equal, value.to_string()));
        }
        Ok(Self(all))
    }

    pub(super) fn matches(&self, stored: &Stored) -> bool {
        self.0.iter().all(|(key, equal, wanted)| {
            let value = match key.as_str() {
                "metadata.name" => stored.name.as_str(),
                "metadata.namespace" => stored.namespace.as_str(),
                key => stored.fields.get(key).map_or("", String::as_str),
            };
            (value == wanted) == *equal
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_select_as_kubernetes_does() {
        let labels = [("app".to_string(), "calico".to_string()), ("tier".into(), "node".into())].into();
        let stored = Stored { namespace: String::new(), name: "x".into(), labels, fields: [].into(), json: "{}".into() };
        let table = [
            ("app=calico", true),
            ("app==calico,tier=node", true),
            ("app!=calico", false),
            ("zone!=a", true),
            ("app in (felix, calico),tier", true),
            ("app notin (calico)", false),
            ("zone notin (a,b)", true),
            ("!zone", true),
            ("!app", false),
            ("", true),
        ];
        for (text, expected) in table {
            assert_eq!(Labels::parse(text).expect("parses").matches(&stored), expected, "{text}");
        }
        assert!(Labels::parse("app of (x)").is_err());
        assert!(Labels::parse("a b").is_err());
    }
}
