//! What `can-i` prints, and to whom.

use sim::{Effect, Fault, scenario};

use super::*;
use support::manifests::simulated;
use support::tools::tool;

fn user(name: &'static str, rules: Vec<Rule>) -> sim::User {
    sim::User { token: String::leak(format!("{name}-token")), name, rules: simulated(rules) }
}

fn viewing(namespace: &'static str) -> Vec<Rule> {
    [Role::View, Role::ViewPods].into_iter().flat_map(|role| bound(role, namespace)).collect()
}

fn stage(incident: &str, users: Vec<sim::User>) -> Stage {
    let mut world = scenario::named(incident, 3).expect("is a scenario");
    world.users.extend(users);
    Stage::new(world)
}

#[test]
fn whoever_may_all_is_told_so() {
    let all = |namespace| Role::ALL.into_iter().flat_map(|role| bound(role, namespace)).collect();
    for (incident, namespace) in [("healthy", "kube-system"), ("operator", "calico-system")] {
        let stage = stage(incident, vec![user("jane", all(namespace))]);
        let output = stage.run("jane", &["can-i"]);
        insta::assert_snapshot!(format!("all_on_{incident}"), told(&output));
    }
}

#[test]
fn what_is_missing_is_listed_with_what_grants_it() {
    let view = viewing("kube-system").into_iter().filter(|rule| rule.resources != ["events"]).collect();
    let stage = stage("healthy", vec![user("system:serviceaccount:ops:on call", view)]);
    insta::assert_snapshot!("view_only", told(&stage.run("system:serviceaccount:ops:on call", &["can-i"])));
    insta::assert_snapshot!("nobody", told(&stage.run("nobody", &["can-i"])));
    insta::assert_snapshot!(
        "nobody_by_name",
        told(&stage.run("nobody", &["can-i", "undo", "version", "--no-exec", "-n", "calico-system"]))
    );
}

#[test]
fn the_document_keeps_to_its_schema() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/can-i.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).expect("reads")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let stage = stage("operator", vec![]);
    for name in ["admin", "viewer", "nobody"] {
        let json: serde_json::Value = serde_json::from_slice(&stage.run(name, &["can-i", "-o", "json"]).stdout).expect("JSON");
        assert!(schema.is_valid(&json), "{name}: {json}");
        let yaml: serde_json::Value = serde_yaml::from_slice(&stage.run(name, &["can-i", "-o", "yaml"]).stdout).expect("YAML");
        assert_eq!(yaml, json, "{name}");
    }
}

/// What is to be run is run by a real kubectl, as far as that goes without a server.
#[test]
fn the_commands_that_grant_are_kubectls() {
    let Some(_) = tool("kubectl", "the commands that grant rights") else { return };
    for name in ["jane", "system:serviceaccount:ops:robot", "o'brien@example.org", "a b"] {
        let stage = stage("healthy", vec![user(name, vec![])]);
        let report: serde_json::Value = serde_json::from_slice(&stage.run(name, &["can-i", "-o", "json"]).stdout).expect("JSON");
        let grants: Vec<&str> = report["grants"].as_array().expect("a list").iter().filter_map(|line| line.as_str()).collect();
        let bindings: Vec<&&str> = grants.iter().filter(|line| line.contains(" create ")).collect();
        assert_eq!((grants.len(), bindings.len()), (6, 4), "{grants:?}");
        for line in bindings {
            let output = Command::new("sh").args(["-c", &format!("{line} --dry-run=client -o json")]).output().expect("runs");
            let binding: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}"));
            let subject = &binding["subjects"][0];
            let account = name.strip_prefix("system:serviceaccount:ops:");
            assert_eq!(subject["name"], account.unwrap_or(name), "{line}");
            assert_eq!(subject["kind"], if account.is_some() { "ServiceAccount" } else { "User" }, "{line}");
            let local = !line.contains("clusterrolebinding");
            assert_eq!(binding["metadata"]["namespace"].as_str(), local.then_some("kube-system"), "{line}");
        }
    }
}

/// A user who may only see Calico's namespace, and says so with -n as every command wants it.
#[test]
fn what_is_bound_in_the_namespace_alone_counts() {
    let here = |rule: Rule| Rule { namespace: Some("kube-system"), ..rule };
    let rules = [Role::View, Role::ViewPods, Role::Exec].into_iter().flat_map(|role| bound(role, "kube-system")).map(here).collect();
    let stage = stage("healthy", vec![user("local", rules)]);
    let report: serde_json::Value = serde_json::from_slice(&stage.run("local", &["can-i", "status", "-o", "json"]).stdout).expect("JSON");
    let missing: Vec<&str> = report["missing"].as_array().expect("a list").iter().filter_map(|one| one["right"].as_str()).collect();
    assert!(missing.iter().all(|right| right.contains("at the cluster scope") || right.contains("namespace default")), "{missing:?}");
    assert!(!missing.iter().any(|right| right.contains("daemonsets")), "{missing:?}");
    assert_eq!(report["commands"][0]["reads"], "partly");
}

#[test]
fn only_what_reads_without_exec_asks_for_no_more() {
    let stage = stage("healthy", vec![user("reader", viewing("kube-system"))]);
    let output = stage.run("reader", &["can-i", "--no-change", "--no-exec", "-o", "wide"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(told(&output).contains("\n  list nodes at the cluster scope\n"), "{}", told(&output));
    assert_eq!(stage.run("reader", &["can-i", "--no-change"]).status.code(), Some(1));
    assert_eq!(stage.run("reader", &["can-i", "--no-exec"]).status.code(), Some(1));
}

/// Nothing is tried: reviews and the search for the DaemonSet are all that is sent.
#[test]
fn asking_changes_and_reads_nothing_else() {
    let stage = stage("healthy", vec![]);
    stage.run("admin", &["can-i"]);
    for request in stage.running.requests() {
        let (path, method) = (request.path.as_str(), request.method.as_str());
        let review = path.starts_with("/apis/authorization.k8s.io/") || path.starts_with("/apis/authentication.k8s.io/");
        assert!((review && method == "POST") || (path == "/apis/apps/v1/daemonsets" && method == "GET"), "{method} {path}");
    }
}

#[test]
fn the_manifests_come_out_as_they_are_in_the_repository() {
    let stage = stage("no-calico", vec![]);
    let file = |name: &str| std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin-manifest").join(name));
    let [view, edit] = ["view.yaml", "edit.yaml"].map(|name| file(name).expect("reads"));
    for (names, expected) in [("view", view.clone()), ("edit", edit.clone()), ("edit,view", format!("{view}---\n{edit}"))] {
        let output = std::process::Command::new(crate::PLUGIN).args(["can-i", "--manifest", names]).output().expect("runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
    assert!(stage.running.requests().is_empty());
}

/// A review keeps nothing, so it is asked again as a read is.
#[test]
fn a_server_that_is_too_busy_for_a_moment_is_asked_again() {
    for effect in [Effect::TooManyRequests { retry_after: 0 }, Effect::Status(503), Effect::Status(504)] {
        for (review, times) in [("/selfsubjectaccessreviews", 3), ("/selfsubjectreviews", 1)] {
            let stage = stage("bridge-address", vec![]);
            let asked = stage.run("admin", &["can-i", "-o", "json"]);
            assert_eq!(asked.status.code(), Some(0), "{}", told(&asked));
            stage.running.cluster().add_fault(Fault::times(review, times, effect.clone()));
            let again = stage.run("admin", &["can-i", "-o", "json"]);
            assert_eq!((again.status.code(), &again.stdout), (Some(0), &asked.stdout), "{effect:?} {review}: {}", told(&again));
        }
    }
}

#[test]
fn a_server_that_cannot_be_asked_is_3_and_a_mistake_is_2() {
    let stage = stage("no-calico", vec![]);
    assert_eq!(stage.run("admin", &["can-i"]).status.code(), Some(3));
    assert_eq!(stage.run("unknown", &["can-i"]).status.code(), Some(3));
    assert_eq!(stage.run("admin", &["can-i", "explain"]).status.code(), Some(2));
    assert_eq!(stage.run("admin", &["can-i", "--manifest", "view", "status"]).status.code(), Some(2));
}
