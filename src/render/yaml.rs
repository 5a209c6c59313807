//! YAML that every reader takes alike. yaml_serde leaves `on`, `y` and `1_000` bare, which kubectl and YAML 1.1 read as bool or number.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

use crate::text;

pub fn write(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let mut page = String::new();
    block(value, 0, &mut page);
    writeln!(out, "{}", page.trim_start_matches('\n'))
}

/// Everything after `key:` or `-`; a nested block begins on its own line.
fn block(value: &Value, indent: usize, page: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let _ = write!(page, "\n{:indent$}{}:", "", scalar(key));
                member(value, indent, page);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(page, "\n{:indent$}-", "");
                match item {
                    Value::Object(fields) if !fields.is_empty() => {
                        let mut nested = String::new();
                        block(item, indent + 2, &mut nested);
                        let _ = write!(page, " {}", nested.trim_start());
                    }
                    item => member(item, indent + 2, page),
                }
            }
        }
        value => page.push_str(&leaf(value)),
    }
}

fn member(value: &Value, indent: usize, page: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => block(value, indent + 2, page),
        // kubectl does not indent a list under its key.
        Value::Array(items) if !items.is_empty() => block(value, indent, page),
        value => {
            let _ = write!(page, " {}", leaf(value));
        }
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(words) => scalar(words),
        Value::Array(_) => "[]".into(),
        Value::Object(_) => "{}".into(),
    }
}

/// Bare only where no reader of any YAML could take it for anything but text.
fn scalar(words: &str) -> String {
    let bare = words.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && words.chars().all(|c| c.is_ascii_alphanumeric() || " _-./:,()'=<>+%@*".contains(c))
        && !words.contains(": ")
        && !words.ends_with([':', ' '])
        && !is_keyword(words);
    if bare { words.to_owned() } else { quote(words) }
}

fn is_keyword(words: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].iter().any(|keyword| words.eq_ignore_ascii_case(keyword))
}

fn quote(words: &str) -> String {
    let mut quoted = String::from("\"");
    for c in words.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if text::is_unsafe(c) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn print(value: &Value) -> String {
        let mut out = Vec::new();
        write(value, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn reads_back_as_it_was() {
        let value = json!({
            "list": [{"a": 1, "b": {"c": []}}, [1, [2]], {}, "x", null],
            "words": ["on", "y", "Off", "NULL", "~", "1_000", "0x1f", "1e3", "10:30", "2026-01-01", "", " lead", "trail ", "a: b", "a #b", "a:", "- x", "*x",
                "line\nbreak", "tab\t", "esc\u{1b}[2J", "c1\u{9b}", "bidi\u{202e}", "节点", "\u{1f600}", "say \"hi\" \\", "{a}", "[b]", "!tag", "&anchor", "172.18.0.1/16",
                "/path", "it's", "@at", "`tick`", "%p", "key=value", "a, b", "-", "?", "| pipe", "> fold", "=", "<<", ".inf", ".nan", "0o7", "+1"],
            "on": 0.5, "empty": {}, "no": false,
        });
        let page = print(&value);
        assert_eq!(serde_yaml::from_str::<Value>(&page).expect("reads"), value, "{page}");
        assert!(!page.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
    }

    #[test]
    fn looks_as_kubectl_writes_it() {
        let value = json!({"nodes": [{"name": "node-1", "ips": ["10.0.0.1"], "ready": null}], "kind": "on"});
        assert_eq!(print(&value), "kind: \"on\"\nnodes:\n- ips:\n  - \"10.0.0.1\"\n  name: node-1\n  ready: null\n");
        assert_eq!(print(&json!([])), "[]\n");
    }
}
