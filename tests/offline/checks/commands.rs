//! Every command that is printed means to a shell what it means to us, whatever names a cluster has.

use std::process::Command;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::edit::Edit;
use calico_fix::edit::target::Target;
use calico_fix::permissions::report::{Answered, PermissionQuery, judge};
use calico_fix::permissions::table::{InstallFacts, PERMISSIONS};
use calico_fix::plan::autodetect_edits::Setting;
use calico_fix::plan::debug_pod;
use calico_fix::plan::snippets::{Form, Snippets};
use calico_fix::render::html;
use calico_fix::snapshot::family::Family;
use calico_fix::text::{clean, is_unsafe, shell};
use calico_fix::verb::Verb;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::build::*;
use super::judge::by_hand;
use super::killed_while_starting;

/// The words that a shell makes of a line.
fn words(line: &str) -> Vec<String> {
    let output = Command::new("/bin/sh").arg("-c").arg(format!(r#"printf '%s\0' {line}"#)).output().expect("sh runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]([-a-z0-9]{0,12}[a-z0-9])?",
        "\\PC{1,12}",
        "[ '\"$`;|&<>(){}*?~!#=%\\\\a-]{1,12}",
        "(\u{1b}|\u{9b}|\u{7}|\u{202e}|\n|'|;|a|\\]0;|\\[31m|\\$\\(id\\)){1,8}",
        Just("calico-node\u{1b}]0;'; touch /tmp/owned; echo '".to_owned()),
        Just("x'; reboot; '".to_owned()),
        Just("--kubeconfig=/tmp/x".to_owned()),
        Just("=ls".to_owned()),
    ]
}

/// Worlds whose findings offer the commands there are.
fn worlds() -> Vec<World> {
    let cpu = |mut world: World| {
        world.container().resources = Default::default();
        world
    };
    vec![
        cluster().interface("node-2", BRIDGE, "172.18.0.1/16").stored("node-2", "172.18.0.1/16"),
        cluster().interface("node-2", BRIDGE, "172.18.0.1/16").stored("node-2", "172.18.0.1/16").operator(),
        cluster().revision("node-1", "two").set(|set| set.status.updated_number_scheduled = 1),
        cluster().env("CALICO_STARTUP_LOGLEVEL", "DEBUG"),
        cluster().operator().env("CALICO_STARTUP_LOGLEVEL", "DEBUG").set(|set| {
            set.metadata.annotations.insert("unsupported.operator.tigera.io/ignore".into(), "true".into());
        }),
        cluster().liveness(json!({"exec": {"command": ["/bin/calico-node", "-felix-live", "-bird-live"]}, "failureThreshold": 6})),
        killed_while_starting::killed(),
        killed_while_starting::killed().operator(),
        cpu(cluster().not_ready("node-2").restarted("node-2", 2, 137, 600, 60).unhealthy("node-2", TIMED_OUT, 30).killed("node-2", 2)),
        cluster().not_ready("node-2").crash_loop("node-2", 5).no_bird("node-2"),
    ]
}

/// Commands of a world whose DaemonSet, namespace and pods have these names.
fn commands(world: &World, name: &str, namespace: &str) -> Vec<String> {
    let mut snapshot = world.snapshot();
    let old = snapshot.daemon_set.seen().expect("a DaemonSet").metadata.clone();
    let mut tree = serde_json::to_value(&snapshot).expect("a tree");
    rename(&mut tree, &old.name, name);
    rename(&mut tree, old.namespace.as_deref().expect("a namespace"), namespace);
    snapshot = serde_json::from_value(tree).expect("a snapshot");
    let report = diagnose(&snapshot, &Scope::default());
    let mut page = Vec::new();
    let sheet = calico_fix::reports::html_page::sheet(&snapshot, &report, &Scope::default());
    html::write(&sheet, false, &mut page).expect("writes");
    let page = String::from_utf8(page).expect("text");
    let page = page.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let found: Vec<String> = report.findings.into_iter().filter_map(|finding| finding.fix).map(|fix| by_hand(&fix).to_owned()).collect();
    for command in &found {
        assert_eq!(clean(command), *command, "printing changes it");
        assert!(page.contains(command.as_str()), "the page changes it: {command}");
    }
    found
}

/// Names of the objects; the container stays calico-node.
fn rename(tree: &mut Value, old: &str, new: &str) {
    match tree {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        Value::Object(fields) => {
            let container = fields.contains_key("image") || fields.contains_key("containerID") || fields.contains_key("restartCount");
            for (key, field) in fields.iter_mut() {
                match field {
                    Value::String(text) if text == old && (key == "namespace" || (key == "name" && !container)) => *text = new.to_owned(),
                    other => rename(other, old, new),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_worlds_offer_every_sort_of_command() {
    let all: Vec<String> = worlds().iter().flat_map(|world| commands(world, "calico-node", "kube-system")).collect();
    for sort in [
        "kubectl set env daemonset/calico-node -n kube-system -c calico-node IP_AUTODETECTION_METHOD=",
        "kubectl set env daemonset/calico-node -n kube-system CALICO_STARTUP_LOGLEVEL-",
        "kubectl patch installation default --type merge -p ",
        "kubectl patch daemonset calico-node -n kube-system -p ",
        "kubectl rollout status daemonset/calico-node -n kube-system",
        "kubectl logs calico-node-",
    ] {
        assert!(all.iter().any(|command| command.starts_with(sort)), "{sort}\n{all:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(128), ..ProptestConfig::default() })]

    #[test]
    fn a_shell_reads_the_words_that_were_meant(list in prop::collection::vec(hostile(), 1..5)) {
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        match shell::command(&list) {
            Some(line) => {
                prop_assert_eq!(clean(&line), line.as_str());
                prop_assert_eq!(words(&line), list);
            }
            None => prop_assert!(list.iter().any(|word| word.chars().any(is_unsafe))),
        }
    }

    /// What an administrator is told to type, for whatever user and namespace; and the pod that `debug-log --emit` names.
    #[test]
    fn grants_are_words(user in hostile(), namespace in hostile(), node in hostile()) {
        let around = InstallFacts { namespace: namespace.clone(), daemon_set: Some("calico-node".to_owned()), installation: None };
        let asked = PermissionQuery { verbs: &[Verb::Status, Verb::Autodetect], changes: true, exec: true };
        let answers: Vec<Answered<'_>> =
            PERMISSIONS.iter().map(|need| Answered { need, right: String::new(), allowed: false }).collect();
        let report = judge(&around, asked, &answers, Some(user.clone()));
        let space = shell::namespace(&namespace).unwrap_or("NAMESPACE");
        for line in report.grants.iter().filter(|line| !line.contains(" | kubectl apply -f -")) {
            prop_assert_eq!(clean(line), line.as_str());
            let words = words(line);
            prop_assert_eq!(&words[..2], &["kubectl", "create"]);
            prop_assert!([6, 8].contains(&words.len()), "{line}");
            prop_assert!(words.len() == 6 || words[5] == space, "{line}");
            let subject = words.last().expect("a word");
            prop_assert!(*subject == format!("--user={user}") || subject.starts_with("--serviceaccount="), "{line}");
        }
        prop_assert!(shell::object_name(&debug_pod::name(&node)).is_some(), "{}", debug_pod::name(&node));
    }

    #[test]
    fn every_emitted_form_holds_what_was_meant(name in hostile(), namespace in hostile(), method in hostile(), operator: bool) {
        let place = match operator {
            true => Target::Installation { name: name.clone() },
            false => Target::DaemonSet { namespace: namespace.clone(), name: name.clone() },
        };
        let method = format!("can-reach={method}");
        let edits = match operator {
            true => [Edit::field(&["spec", "calicoNetwork", "nodeAddressAutodetectionV4"], json!({"canReach": method}))],
            false => [Edit::variable("IP_AUTODETECTION_METHOD", &method)],
        };
        let settings = [Setting { family: Family::V4, method: method.clone() }];
        let Ok(snippets) = Snippets::of_detection(&settings, &edits, &place, &Value::Null) else { return Ok(()) };
        use Form::{Gardener, Helm, Installation, K0s, Kops, Kubectl, Kubespray, Kustomize, Rke2};
        for form in [Kubectl, Kustomize, Helm, Installation, Rke2, Kubespray, Kops, K0s, Gardener] {
            let Ok(text) = snippets.emit(form) else { continue };
            prop_assert!(!text.chars().any(|c| c != '\n' && is_unsafe(c)), "{text:?}");
            if form != Form::Kubectl {
                prop_assert!(serde_yaml::from_str::<Value>(&text).is_ok(), "{text}");
                continue;
            }
            prop_assert!(shell::object_name(&name).is_some(), "{text}");
            let words = words(text.trim_end());
            prop_assert_eq!(&words[0], "kubectl");
            match operator {
                true => {
                    prop_assert_eq!(&words[..7], &["kubectl", "patch", "installation", &name, "--type", "merge", "-p"]);
                    let patch: Value = serde_json::from_str(&words[7]).expect("JSON");
                    prop_assert_eq!(&patch["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"]["canReach"], &json!(method));
                }
                false => {
                    let target = format!("daemonset/{name}");
                    prop_assert_eq!(&words[..7], &["kubectl", "set", "env", &target, "-n", &namespace, "-c"]);
                    prop_assert_eq!(&words[8..], &[format!("IP_AUTODETECTION_METHOD={method}")]);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(12), ..ProptestConfig::default() })]

    /// The same words as with common names, or no command at all.
    #[test]
    fn names_from_a_snapshot_never_become_a_command(name in hostile(), namespace in hostile()) {
        prop_assume!(name != namespace);
        let (is_name, is_namespace) = (shell::object_name(&name).is_some(), shell::namespace(&namespace).is_some());
        let has_invalid = |word: &String| (!is_name && (*word == name || *word == format!("daemonset/{name}"))) || (!is_namespace && *word == namespace);
        let common = |word: String| match word {
            word if word == name => "calico-node".to_owned(),
            word if word == namespace => "kube-system".to_owned(),
            word if word == format!("daemonset/{name}") => "daemonset/calico-node".to_owned(),
            word => word,
        };
        for world in worlds() {
            let meant: Vec<Vec<String>> = commands(&world, "calico-node", "kube-system").iter().map(|line| words(line)).collect();
            for command in commands(&world, &name, &namespace) {
                let got = words(&command);
                let named = got.iter().any(|word| *word == name || *word == format!("daemonset/{name}"));
                prop_assert!(!got.iter().any(has_invalid), "{command}");
                // Where the object has no valid name, another command may be offered: it names neither.
                let got: Vec<String> = got.into_iter().map(common).collect();
                prop_assert!(!named || meant.contains(&got), "{command}");
            }
        }
    }
}
