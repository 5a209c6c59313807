//! Secrets that are known by their shape alone: published tokens and long keys.

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

pub(super) fn shaped_tokens(text: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    replace_runs(text, inside, |run| SHAPES.iter().any(|(start, least)| run.len() >= *least && run.starts_with(start)))
}

/// Shorter runs are names and paths.
const LONG_KEY: usize = 40;

/// Long runs of base64 letters of every sort: tokens and keys that nothing announces.
pub(super) fn long_keys(text: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let kinds = [char::is_lowercase as fn(char) -> bool, char::is_uppercase, char::is_numeric];
    replace_runs(text, inside, |run| run.len() >= LONG_KEY && kinds.iter().all(|kind| run.contains(*kind)) && !is_path(run))
}

fn replace_runs(text: &str, inside: impl Fn(char) -> bool, is_secret: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(run);
        out.push_str(if is_secret(word) { MASK } else { word });
        let gap = tail.find(&inside).unwrap_or(tail.len());
        out.push_str(&tail[..gap]);
        rest = &tail[gap..];
    }
    out
}

/// `/calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4`: base64 has a slash in 64 letters, and it seldom begins with one.
fn is_path(word: &str) -> bool {
    const LONGEST_PART: usize = 24;
    let slashes = word.bytes().filter(|byte| *byte == b'/').count();
    word.starts_with('/') && slashes * LONGEST_PART >= word.len() && !word.contains(['+', '='])
}
