//! Command lines to paste into a POSIX shell. Names from a cluster or a file may hold anything.

use std::borrow::Cow;

use serde_json::Value;

use super::is_unsafe;

/// Longer commands are not offered: terminals cut pasted lines (4,096 bytes in canonical mode), and a page must not grow without end.
const MAX_COMMAND: usize = 16 << 10;

/// Joins words into one command that a shell splits into exactly these words.
/// `None` where that cannot be printed: a word holds control characters or the command is too long.
pub fn command(words: &[&str]) -> Option<String> {
    if words.iter().any(|word| word.chars().any(is_unsafe)) {
        return None;
    }
    let line = words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    (line.len() <= MAX_COMMAND).then_some(line)
}

/// JSON as one word of printable characters: what a terminal would obey becomes `\u001b`, which is the same JSON.
pub fn json(value: &Value) -> String {
    let mut units = [0; 2];
    value.to_string().chars().fold(String::new(), |mut out, c| {
        match is_unsafe(c) {
            true => c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
            false => out.push(c),
        }
        out
    })
}

/// Whether a shell takes this word as it is and a program does not take it for a flag.
pub fn is_plain_argument(word: &str) -> bool {
    !word.starts_with('-') && matches!(quote(word), Cow::Borrowed(_))
}

/// The name, if the API server accepts it for an object (DNS-1123 subdomain: apimachinery `validation.IsDNS1123Subdomain`).
pub fn object_name(name: &str) -> Option<&str> {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    (name.len() <= 253 && name.split('.').all(is_part)).then_some(name)
}

/// The name, if the API server accepts it for a namespace (DNS-1123 label).
pub fn namespace(name: &str) -> Option<&str> {
    object_name(name).filter(|name| name.len() <= 63 && !name.contains('.'))
}

/// Of `NAME=value` only the value gets quotes. A leading `=` is quoted too: zsh replaces `=ls` with a path.
fn quote(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',' | '@' | '%' | '+');
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    let (name, value) = match word.split_once('=') {
        Some((name, _)) if !name.is_empty() && name.chars().all(plain) => word.split_at(name.len() + 1),
        _ => ("", word),
    };
    Cow::Owned(format!("{name}'{}'", value.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hide_everything_from_the_shell() {
        for (word, quoted) in [
            ("node-3", "node-3"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's", r"'it'\''s'"),
            ("a;b", "'a;b'"),
            ("=ls", "'=ls'"),
            ("~", "'~'"),
            ("IP=a b", "IP='a b'"),
            ("A b=c d", "'A b=c d'"),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }

    #[test]
    fn a_command_that_a_terminal_would_change_is_not_offered() {
        // Cleaning would drop the closing quote together with the escape.
        for word in ["a\u{1b}]0;'b", "a\nb", "a\u{9b}b", "a\u{202e}b", "\0"] {
            assert_eq!(command(&["kubectl", word]), None, "{word:?}");
        }
        assert_eq!(command(&["kubectl", "get", "käse"]).as_deref(), Some("kubectl get 'käse'"));
        assert_eq!(command(&[&"x".repeat(MAX_COMMAND + 1)]), None);
    }

    #[test]
    fn json_is_the_same_value_in_printable_characters() {
        let value = serde_json::json!({"a\u{9b}": "\u{1b}[31m\u{202e}\u{e0001}é'\n"});
        let word = json(&value);
        assert!(!word.chars().any(is_unsafe), "{word:?}");
        assert_eq!(serde_json::from_str::<Value>(&word).expect("JSON"), value);
    }

    #[test]
    fn names_are_judged_as_the_api_server_does() {
        for name in ["calico-node", "a", "0", "ip-10-0-0-1.eu-west-1.compute.internal"] {
            assert_eq!(object_name(name), Some(name));
        }
        for name in ["", "-n", "a-", "a..b", "A", "a_b", "a b", "a\u{1b}", "é", "a.", &"a".repeat(254)] {
            assert_eq!(object_name(name), None, "{name:?}");
        }
        assert_eq!((namespace("kube-system"), namespace("a.b"), namespace(&"a".repeat(64))), (Some("kube-system"), None, None));
    }

    #[test]
    fn flags_and_expansions_are_not_completed() {
        for (word, plain) in [("admin@prod", true), ("-rf", false), ("--kubeconfig=/x", false), ("a b", false), ("", false)] {
            assert_eq!(is_plain_argument(word), plain, "{word:?}");
        }
    }
}
