//! What each command asks a cluster for, held against the table in both directions.

use std::collections::{BTreeMap, BTreeSet};

use calico_fix::permissions::table::{Install, PERMISSIONS};
use calico_fix::verb::Verb;
use sim::scenario;

use super::*;

/// Simulated seconds in one real second.
const PACE: f64 = 30.0;

/// What RBAC makes of the requests: verb, group and resource; reviews and discovery are everybody's.
fn rights(requests: &[sim::RecordedRequest]) -> BTreeSet<(String, String, String)> {
    requests.iter().filter_map(of_request).collect()
}

fn of_request(request: &sim::RecordedRequest) -> Option<(String, String, String)> {
    let words: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let (group, rest) = match words.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", "authorization.k8s.io" | "authentication.k8s.io", ..] => return None,
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let rest = if let ["namespaces", _, rest @ ..] = rest { rest } else { rest };
    let (plural, named) = match rest {
        [] => return None,
        [plural] => ((*plural).to_owned(), false),
        [plural, _] => ((*plural).to_owned(), true),
        [plural, _, subresource, ..] => (format!("{plural}/{subresource}"), true),
    };
    let verb = match (request.method.as_str(), named) {
        ("GET", false) => "list",
        ("GET", true) => "get",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("POST", _) => "create",
        _ => "other",
    };
    Some((verb.to_owned(), group.to_owned(), plural))
}

fn needed(verb: Verb, changing: bool) -> BTreeSet<(String, String, String)> {
    let used = PERMISSIONS
        .iter()
        .filter(|need| need.to_read.contains(&verb) || need.better.contains(&verb) || (changing && need.to_change.contains(&verb)));
    used.map(|need| (need.verb.to_owned(), need.resource.group.to_owned(), need.plural())).collect()
}

/// In an install without the operator.
fn only_changing(verb: Verb) -> BTreeSet<(String, String, String)> {
    let used = PERMISSIONS.iter().filter(|need| need.install != Install::Operator && need.to_change.contains(&verb));
    used.map(|need| (need.verb.to_owned(), need.resource.group.to_owned(), need.plural())).collect()
}

/// Most commands read all that there is, for a snapshot, and make use of a part: that part is in the table.
#[test]
fn reading_asks_for_what_the_table_names() {
    let mut asked: BTreeMap<Verb, BTreeSet<_>> = BTreeMap::new();
    for incident in ["healthy", "slow-start", "operator"] {
        for verb in Verb::JUDGED.into_iter().filter(|verb| verb.reads()) {
            let stage = Stage::new(scenario::named(incident, 3).expect("is a scenario"));
            let more: &[&str] = if verb == Verb::DebugLog { &["--no-change"] } else { &[] };
            stage.run("admin", &[&[verb.name()], more].concat());
            asked.entry(verb).or_default().extend(rights(&stage.running.requests()));
        }
    }
    let all: BTreeSet<_> = Verb::JUDGED.into_iter().flat_map(|verb| needed(verb, false)).collect();
    for (verb, mut asked) in asked {
        // A websocket exec is a GET that takes both verbs.
        if asked.iter().any(|(_, _, plural)| plural == "pods/exec") {
            asked.insert(("create".into(), String::new(), "pods/exec".into()));
        }
        // The dry run of a change that probes proposes reads what would be patched.
        asked.retain(|(right, group, plural)| !(verb == Verb::Probes && group == "apps" && plural == "daemonsets" && right != "list"));
        let unknown: Vec<_> = asked.difference(&all).collect();
        let needed = needed(verb, false);
        let idle: Vec<_> = needed.difference(&asked).collect();
        assert!(unknown.is_empty() && idle.is_empty(), "{verb} asks for {unknown:?}, which the table lacks, and not for {idle:?}");
    }
}

#[test]
fn changing_asks_for_what_the_table_names() {
    let mut asked = BTreeSet::new();
    for incident in ["bridge-address", "operator-bridge-address"] {
        let stage = Stage::new(scenario::named(incident, 3).expect("is a scenario"));
        let _live = stage.running.live(PACE);
        for arguments in [&["autodetect", "--yes"][..], &["undo", "--yes"]] {
            let output = stage.run("admin", arguments);
            assert_eq!(output.status.code(), Some(0), "{incident}: {}", told(&output));
        }
        asked.extend(rights(&stage.running.requests()));
    }
    let stage = Stage::new(scenario::named("slow-start", 3).expect("is a scenario"));
    let _live = stage.running.live(PACE);
    let output = stage.run("admin", &["debug-log", "--yes", "--attempts", "1", "--timeout", "30s"]);
    assert!(stage.running.requests().iter().any(sim::RecordedRequest::writes), "{}", told(&output));
    let of_debug_log = rights(&stage.running.requests());
    // A change is refused without the right to see nodes, though this one goes by the log.
    let to_debug = only_changing(Verb::DebugLog);
    let idle: Vec<_> = to_debug.difference(&of_debug_log).filter(|(_, _, plural)| plural != "nodes").collect();
    assert!(idle.is_empty(), "debug-log does not ask for {idle:?}: {}", told(&output));
    asked.extend(of_debug_log);
    asked.insert(("create".into(), String::new(), "pods/exec".into()));
    let known: BTreeSet<_> = Verb::JUDGED.into_iter().flat_map(|verb| needed(verb, true)).collect();
    assert_eq!(asked.difference(&known).collect::<Vec<_>>(), Vec::<&_>::new(), "the table lacks these");
    let idle: Vec<_> = needed(Verb::Undo, true).difference(&asked).cloned().collect();
    assert!(idle.is_empty(), "nothing that changes asks for {idle:?}");
}
