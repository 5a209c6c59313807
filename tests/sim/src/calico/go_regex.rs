//! A pattern as Go's regexp reads it, on top of a crate that reads a little differently.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use regex::Regex;

#[derive(Clone)]
pub(super) enum Reading {
    Compiled(Regex),
    Refused,
    /// Go and the crate may disagree: no answer is better than a wrong one.
    Unknown,
}

/// Hosts share their patterns, and compiling one costs more than all its matches.
static READ: LazyLock<Mutex<HashMap<String, Reading>>> = LazyLock::new(Mutex::default);

pub(super) fn read(pattern: &str) -> Reading {
    let Ok(mut known) = READ.lock() else { return compile(pattern) };
    known.entry(pattern.to_string()).or_insert_with(|| compile(pattern)).clone()
}

fn compile(pattern: &str) -> Reading {
    // What only one of the two takes, or takes otherwise.
    const UNSURE: &[&str] = &["&&", "--", "~~", "[[a", "\\<", "\\>", "\\b{", "\\0", "(?x", "(?u", "(?R", "\\u", "\\U", "\\p{^"];
    if UNSURE.iter().any(|mark| pattern.contains(mark) && !pattern.contains("[[:")) {
        return Reading::Unknown;
    }
    if doubled(pattern) {
        return Reading::Refused;
    }
    match Regex::new(&translate(pattern)) {
        Ok(compiled) => Reading::Compiled(compiled),
        Err(_) => Reading::Refused,
    }
}

/// `e**` and the like: Go takes `e*?` only.
fn doubled(pattern: &str) -> bool {
    let mut escaped = false;
    let mut class = false;
    let mut before = false;
    for letter in pattern.chars() {
        let repeats = !escaped && !class && matches!(letter, '*' | '+');
        if repeats && before {
            return true;
        }
        class = if escaped { class } else { (class || letter == '[') && letter != ']' };
        before = repeats;
        escaped = !escaped && letter == '\\';
    }
    false
}

/// `\Q…\E` and a brace that counts nothing are literal in Go.
fn translate(pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\Q") {
            let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
            text.push_str(&regex::escape(literal));
            rest = after;
            continue;
        }
        let taken = match letter {
            // An escape keeps its letter and, for classes and code points, its braces.
            '\\' => {
                let braces = ["\\p{", "\\P{", "\\x{"].iter().any(|start| rest.starts_with(start));
                if braces {
                    rest.find('}').map_or(rest.len(), |end| end + 1)
                } else {
                    rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at)
                }
            }
            '{' if !counts(rest) => {
                text.push('\\');
                1
            }
            _ => letter.len_utf8(),
        };
        text.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    text
}

/// `{3}`, `{3,}`, `{3,5}`.
fn counts(rest: &str) -> bool {
    let Some((inside, _)) = rest[1..].split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let number = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    !least.is_empty() && number(least) && number(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pattern: &str, name: &str) -> &'static str {
        match read(pattern) {
            Reading::Compiled(regex) if regex.is_match(name) => "matches",
            Reading::Compiled(_) => "passes",
            Reading::Refused => "refused",
            Reading::Unknown => "unknown",
        }
    }

    #[test]
    fn reads_as_go_does() {
        let table = [
            ("eth", "veth0", "matches"),
            ("ens*", "enp3s0", "matches"),
            ("eth{1", "eth{1", "matches"),
            ("x{}", "x{}", "matches"),
            ("e{2}", "ee", "matches"),
            (r"\Qa.b\E", "a.b", "matches"),
            (r"\Qa.b\E", "axb", "passes"),
            (r"\pL+0", "eth0", "matches"),
            ("eth**", "eth0", "refused"),
            ("[*+]x", "+x", "matches"),
            ("*eth", "eth0", "refused"),
            ("(?!docker)eth.*", "eth0", "refused"),
            (r"\8", "8", "refused"),
            ("[a--b]", "a", "unknown"),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(verdict(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
