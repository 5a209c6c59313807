//! With the roles every command works; with one right less, what is missing is named.

use calico_fix::permissions::table::{Install, PERMISSIONS, Permission};
use calico_fix::verb::Verb;
use sim::scenario;

use super::*;
use support::manifests::simulated;

const INCIDENTS: [&str; 2] = ["bridge-address", "operator-bridge-address"];

/// Whether a right is for the install of this incident; what is for any is tried without the operator.
fn is_for(need: &Permission, incident: &str) -> bool {
    (need.install == Install::Operator) == incident.starts_with("operator")
}

fn namespace(incident: &str) -> &'static str {
    if incident.starts_with("operator") { "calico-system" } else { "kube-system" }
}

fn all_rules(incident: &str) -> Vec<Rule> {
    Role::ALL.into_iter().flat_map(|role| bound(role, namespace(incident))).collect()
}

/// A user for each need, who lacks just that, and one who has everything the roles give.
fn stage(incident: &str) -> Stage {
    let mut world = scenario::named(incident, 3).expect("is a scenario");
    let user = |name: String, rules| sim::User { token: String::leak(format!("{name}-token")), name: name.leak(), rules: simulated(rules) };
    world.users.push(user("whole".into(), all_rules(incident)));
    for (number, need) in PERMISSIONS.iter().enumerate().filter(|(_, need)| is_for(need, incident)) {
        let mut rules = all_rules(incident);
        let before = rules.len();
        rules.retain(|rule| each(rule).all(|right| right != granted(need)));
        assert_eq!(before - rules.len(), 1, "{need:?}");
        world.users.push(user(format!("lacks-{number}"), rules));
    }
    Stage::new(world)
}

/// What a command is asked to read here.
fn reading(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Status => &["status", "--logs"],
        Verb::Autodetect => &["autodetect", "--dry-run=client"],
        Verb::Probes => &["probes", "--dry-run=client"],
        Verb::DebugLog => &["debug-log", "--no-change"],
        Verb::Version => &["version"],
        Verb::Apply | Verb::Undo | Verb::CanI | Verb::Completion => panic!("{verb} does not read"),
    }
}

fn numbered(incident: &str) -> impl Iterator<Item = (String, &'static Permission)> {
    let of_install = PERMISSIONS.iter().enumerate().filter(move |(_, need)| is_for(need, incident));
    of_install.map(|(number, need)| (format!("lacks-{number}"), need))
}

/// What goes unsaid by the command itself, for it only makes an answer surer; `can-i` names it all the same.
const UNSAID: [(Verb, &str); 5] = [
    (Verb::Status, "endpointslices"),
    (Verb::Status, "caliconodestatuses"),
    (Verb::Autodetect, "endpointslices"),
    (Verb::Autodetect, "configmaps"),
    (Verb::Autodetect, "pods"),
];

#[test]
fn reading_goes_as_far_as_the_rights_do_and_names_the_one_that_is_missing() {
    for incident in INCIDENTS {
        let stage = stage(incident);
        let readers = || Verb::JUDGED.into_iter().filter(|verb| verb.reads());
        for verb in readers() {
            let output = stage.run("whole", reading(verb));
            let refused = ["forbidden", "cannot list", "cannot get", "cannot create"].iter().any(|word| told(&output).contains(word));
            assert!(!refused, "{verb}: {}", told(&output));
            assert_ne!(output.status.code(), Some(3), "{verb}: {}", told(&output));
        }
        for (user, need) in numbered(incident) {
            for verb in readers() {
                let (needed, better) = (need.to_read.contains(&verb), need.better.contains(&verb));
                if !needed && !better {
                    continue;
                }
                let output = stage.run(&user, reading(verb));
                let said = told(&output);
                let what = format!("{verb} without {} {}", need.verb, need.plural());
                // Where too much is not known, that is the exit code, unless a finding shows all the same; and all else is told.
                let found = said.contains("UNHEALTHY  ") && said.contains("not everything checked");
                assert!(output.status.code() == Some(if found { 1 } else { 3 }) || !needed, "{what}: {said}");
                assert!(needed || !output.stdout.is_empty(), "{what}: {said}");
                let unsaid = UNSAID.contains(&(verb, &need.plural()));
                assert_eq!(!said.contains(&need.plural()), unsaid, "{verb} without {} {}: {said}", need.verb, need.plural());
            }
        }
    }
}

/// What makes a change, in the incident that it is for.
const CHANGES: [(&str, Verb, &[&str]); 4] = [
    ("bridge-address", Verb::Autodetect, &["autodetect", "--yes"]),
    ("operator-bridge-address", Verb::Autodetect, &["autodetect", "--yes"]),
    ("slow-start", Verb::Probes, &["probes", "--yes"]),
    ("slow-start", Verb::DebugLog, &["debug-log", "--yes", "--attempts", "1", "--timeout", "30s"]),
];

/// Most of their time they wait.
fn at_once(case: impl Fn((&'static str, Verb, &'static [&'static str])) + Sync) {
    let case = &case;
    std::thread::scope(|scope| CHANGES.map(|change| scope.spawn(move || case(change))).map(|thread| thread.join().expect("passes")));
}

#[test]
fn a_change_without_a_right_it_needs_is_refused_before_it_begins() {
    at_once(|(incident, verb, arguments)| {
        let stage = stage(incident);
        let needs = || numbered(incident).filter(|(_, need)| need.to_change.contains(&verb));
        assert!(needs().count() >= 2);
        for (user, need) in needs() {
            // What is not refused would wait for a cluster that stands still.
            let more: &[&str] = if verb == Verb::DebugLog { &[] } else { &["--no-wait"] };
            let output = stage.run(&user, &[arguments, more].concat());
            let said = told(&output);
            let what = format!("{verb} on {incident} without {} {}", need.verb, need.plural());
            assert!(matches!(output.status.code(), Some(1 | 3)), "{what}: {said}");
            assert!(said.contains(&format!("{} {}", need.verb, need.plural())), "{what}: {said}");
        }
        let writes = stage.running.requests().into_iter().filter(sim::RecordedRequest::writes).count();
        assert_eq!(writes, 0, "{verb} on {incident}");
    });
}

/// Bound as the manifests say: what is local by a RoleBinding, in calico-node's namespace.
#[test]
fn with_the_roles_alone_everything_is_changed_and_put_back() {
    at_once(|(incident, verb, arguments)| {
        // Writes what autodetect writes, and waits for the slowest of starts: tests/cluster/change proves it.
        if verb == Verb::Probes {
            return;
        }
        let stage = stage(incident);
        let _live = stage.running.live(30.0);
        let output = stage.run("whole", arguments);
        let wrote = stage.running.requests().iter().any(sim::RecordedRequest::writes);
        // debug-log's own code is that of what it found.
        let expected = if verb == Verb::DebugLog { Some(1) } else { Some(0) };
        assert_eq!((output.status.code(), wrote), (expected, true), "{verb} on {incident}: {}", told(&output));
        // A slow start that gets its short time back would only be waited for.
        if verb == Verb::Autodetect {
            let output = stage.run("whole", &["undo", "--yes"]);
            assert_eq!(output.status.code(), Some(0), "undo on {incident}: {}", told(&output));
        }
    });
}

#[test]
fn can_i_names_the_very_right_and_the_role_that_grants_it() {
    for incident in INCIDENTS {
        let stage = stage(incident);
        for (user, need) in numbered(incident) {
            let output = stage.run(&user, &["can-i", "-o", "json"]);
            let report: serde_json::Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(&output)));
            let missing = report["missing"].as_array().expect("a list");
            // Whoever may not list DaemonSets cannot name calico-node's, and the right to patch is given by name.
            let expected = if (need.verb, need.plural().as_str()) == ("list", "daemonsets") { 2 } else { 1 };
            assert_eq!((output.status.code(), missing.len()), (Some(1), expected), "{} {}: {missing:?}", need.verb, need.plural());
            let right = missing[0]["right"].as_str().expect("text");
            assert!(right.starts_with(&format!("{} {}", need.verb, need.plural())), "{} {}: {right}", need.verb, need.plural());
            assert_eq!(missing[0]["role"], need.role.name());
            for row in report["commands"].as_array().expect("a list") {
                let verb: Verb = row["command"].as_str().expect("text").parse().expect("a command");
                let reads = match () {
                    () if need.to_read.contains(&verb) => "no",
                    () if need.better.contains(&verb) => "partly",
                    () => "yes",
                };
                assert_eq!(row["reads"].as_str().unwrap_or(reads), reads, "{verb} without {} {}", need.verb, need.plural());
                let changes = if need.to_change.contains(&verb) { "no" } else { "yes" };
                assert_eq!(row["changes"].as_str().unwrap_or(changes), changes, "{verb} without {} {}", need.verb, need.plural());
            }
        }
    }
}
