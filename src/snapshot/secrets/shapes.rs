//! Secrets that are known by their shape alone: published tokens and long keys.
//! Those that a name announces: `KEYS` in `snapshot/secrets.rs`.

use std::borrow::Cow;

use super::MASK;

/// How published tokens begin, and how long they are at least: GitHub, GitLab, Slack, AWS, Google, Vault, JSON web tokens.
const SHAPES: [(&str, usize); 14] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 35),
    ("hvs.", 20),
    ("eyJ", 40),
];

pub(super) fn shaped_tokens(text: &str) -> Cow<'_, str> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    replace_runs(text, inside, |run| SHAPES.iter().any(|(start, least)| run.len() >= *least && run.starts_with(start)))
}

/// Shorter runs are names and paths.
const LONG_KEY: usize = 40;

/// Long runs of base64 letters of every sort: tokens and keys that nothing announces.
pub(super) fn long_keys(text: &str) -> Cow<'_, str> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    let kinds = [char::is_lowercase as fn(char) -> bool, char::is_uppercase, char::is_numeric];
    replace_runs(text, inside, |run| run.len() >= LONG_KEY && kinds.iter().all(|kind| run.contains(*kind)) && !is_path(run))
}

/// The shortest run that is ever a secret by its shape.
pub(super) const SHORTEST: usize = 20;

/// `inside` holds for ASCII alone, so runs begin and end at characters. Borrowed where no run is a secret.
fn replace_runs(text: &str, inside: impl Fn(&u8) -> bool, is_secret: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if text.len() < SHORTEST {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    // Everything before it is in `out`.
    let mut copied = 0;
    let mut start = 0;
    for run in text.as_bytes().split(|byte| !inside(byte)) {
        let end = start + run.len();
        let word = if run.len() < SHORTEST { None } else { text.get(start..end) };
        if word.is_some_and(&is_secret) {
            out.push_str(&text[copied..start]);
            out.push_str(MASK);
            copied = end;
        }
        start = end + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// `/calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4`: base64 has a slash in 64 letters, and it seldom begins with one.
fn is_path(word: &str) -> bool {
    const LONGEST_PART: usize = 24;
    let slashes = word.bytes().filter(|byte| *byte == b'/').count();
    word.starts_with('/') && slashes * LONGEST_PART >= word.len() && !word.contains(['+', '='])
}
