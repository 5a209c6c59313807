//! What is typed.

use crate::cluster::Moment;
use crate::play::Verb;

/// What one node may take, at most: minutes of the cluster's time.
const TIMEOUT: &str = "8s";
/// While answers are kept back: a server that does not answer is given up.
pub(crate) const WHILE_DISTURBED: &str = "4s";
/// While nothing is kept back: an answer that is late is that of a busy machine.
pub(crate) const UNDISTURBED: &str = "2m";

pub(crate) fn takes(verb: Verb, flag: &str) -> bool {
    match verb {
        Verb::Status | Verb::CanI => false,
        Verb::DebugLog | Verb::Restore | Verb::Resume(_) => flag == "--force",
        _ => true,
    }
}

pub(crate) fn arguments_of(scenario: &str, verb: Verb, moment: &Moment, request_timeout: &str) -> Vec<String> {
    let last = moment.nodes.keys().next_back().cloned().unwrap_or_default();
    let words: Vec<&str> = match verb {
        Verb::Autodetect(None) if scenario.ends_with('6') => vec!["autodetect", "--ipv6", "--yes"],
        Verb::Autodetect(None) => vec!["autodetect", "--yes"],
        Verb::Autodetect(Some(method)) => vec!["autodetect", "--method", method, "--yes"],
        Verb::Apply(_) => vec!["apply"],
        Verb::Probes(None) => vec!["probes", "--yes"],
        Verb::Probes(Some(set)) => vec!["probes", "--set", set, "--yes"],
        Verb::DebugLog => vec!["debug-log", "--node", &last, "--attempts", "1", "--yes"],
        Verb::Undo(_) => vec!["undo", "--yes"],
        Verb::Restore => vec!["debug-log", "--restore", "--yes"],
        Verb::Resume(_) => vec!["apply", "--resume", "--yes"],
        Verb::CanI => vec!["can-i"],
        Verb::Status => vec!["status"],
    };
    let waits: &[&str] = if verb.only_reads() { &[] } else { &["--timeout", TIMEOUT] };
    words.iter().chain(&["--request-timeout", request_timeout]).chain(waits).map(|word| (*word).to_owned()).collect()
}
