//! Each rule can be broken: a made-up history that keeps all of them, and one change to it for each.

use serde_json::{Value, json};

use crate::cluster::{Moment, NodeState, Target, changeable};
use crate::history::{Command, Deletion, ForeignEdit, History, Version};
use crate::invariants::{INVARIANTS, violations};
use crate::play::{Edit, Verb};

const METHOD: &str = "cidr=10.0.0.0/8";

fn spec(method: Option<&str>, strategy: &str) -> Value {
    let mut env = vec![json!({"name": "CLUSTER_TYPE", "value": "k8s"})];
    env.extend(method.map(|method| json!({"name": "IP_AUTODETECTION_METHOD", "value": method})));
    let container = json!({"name": "calico-node", "env": env, "livenessProbe": {"periodSeconds": 10}});
    json!({"updateStrategy": {"type": strategy}, "template": {"spec": {"containers": [container]}}})
}

fn record(phase: &str) -> Value {
    json!({"command": "autodetect", "phase": phase, "canary": "b"})
}

fn moment(spec: &Value, record: Option<&Value>, sound: bool) -> Moment {
    let template = changeable(&spec["template"]["spec"]);
    let node = |pod: &str, ready| NodeState {
        pods: vec![pod.into()],
        template: template.clone(),
        ready,
        addressed: ready,
        ..NodeState::default()
    };
    let nodes = [("a".to_owned(), node("1", true)), ("b".to_owned(), node("2", sound))].into();
    Moment { spec: spec.clone(), record: record.map(Value::to_string), template, nodes }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// `autodetect` that cured b and was verified.
fn cured() -> History {
    let (old, new) = (spec(None, "RollingUpdate"), spec(Some(METHOD), "RollingUpdate"));
    let versions = vec![
        Version { number: 11, spec: spec(Some(METHOD), "OnDelete"), record: Some(record("canary")) },
        Version { number: 13, spec: new.clone(), record: Some(record("rolling")) },
        Version { number: 20, spec: new.clone(), record: Some(record("done")) },
    ];
    let deletion = |number, pod: &str, node: &str| Deletion {
        number,
        pod: pod.into(),
        node: node.into(),
        foreign: false,
        template: changeable(&old["template"]["spec"]),
        wanted: changeable(&new["template"]["spec"]),
    };
    let after = moment(&new, Some(&record("done")), true);
    let command = Command {
        verb: Verb::Autodetect(Some(METHOD)),
        arguments: words("autodetect --yes"),
        code: Some(0),
        err: "proven".into(),
        began: 10,
        ended: 21,
        requests: vec!["PATCH /daemonsets/calico-node".into(), "DELETE /pods/b-old".into()],
        alone: true,
        cleans_up: false,
        moment: after.clone(),
    };
    History {
        target: Target::DaemonSet,
        incident: true,
        before: moment(&old, None, false),
        commands: vec![command],
        versions,
        deletions: vec![deletion(12, "b-old", "b"), deletion(14, "a-old", "a")],
        edits: vec![],
        after,
        status: (Some(0), vec![]),
    }
}

/// The same, rolled back at the canary.
fn rolled_back() -> History {
    let mut history = cured();
    history.versions.truncate(1);
    history.deletions.truncate(1);
    history.after = history.before.clone();
    history.status = (Some(1), vec!["address-missing".into()]);
    let command = &mut history.commands[0];
    (command.code, command.moment) = (Some(4), history.before.clone());
    history
}

/// The same, killed at the canary and undone.
fn killed_and_undone() -> History {
    let mut history = rolled_back();
    let undo = Command {
        verb: Verb::Undo(""),
        arguments: words("undo --yes"),
        code: Some(0),
        began: 21,
        ended: 30,
        cleans_up: true,
        ..history.commands[0].clone()
    };
    history.commands[0].code = None;
    history.commands[0].moment = moment(&spec(Some(METHOD), "OnDelete"), Some(&record("canary")), true);
    history.commands.push(undo);
    history
}

#[test]
fn good_histories_break_no_rule() {
    for history in [cured(), rolled_back(), killed_and_undone()] {
        assert_eq!(violations(&history), []);
    }
}

/// A rule, and what makes a good history break it.
type Case = (&'static str, History, fn(&mut History));

fn cases() -> Vec<Case> {
    fn left(history: &mut History, spec: Value) {
        history.commands.last_mut().expect("a command").moment.spec = spec.clone();
        history.after.spec = spec;
    }
    vec![
        ("documented exit codes", cured(), |it| it.commands[0].code = Some(70)),
        ("documented exit codes", cured(), |it| it.commands[0].code = Some(2)),
        ("no panic", cured(), |it| it.commands[0].err = "error: internal error at x.rs:1".into()),
        ("what only reads", cured(), |it| it.commands[0].verb = Verb::CanI),
        ("exit 0 means exactly the new value", cured(), |it| it.versions[2].spec = spec(None, "RollingUpdate")),
        ("a change that was not made", rolled_back(), |it| left(it, spec(Some(METHOD), "RollingUpdate"))),
        ("a change that was not made", rolled_back(), |it| {
            it.commands[0].code = Some(130);
            left(it, spec(Some(METHOD), "RollingUpdate"));
        }),
        ("no strategy and no open record", cured(), |it| left(it, spec(Some(METHOD), "OnDelete"))),
        ("no strategy and no open record", rolled_back(), |it| it.commands[0].moment.record = Some(record("restoring").to_string())),
        ("after a kill or exit 5", killed_and_undone(), |it| drop(it.commands.pop())),
        ("after a kill or exit 5", killed_and_undone(), |it| it.commands[1].code = Some(5)),
        ("after a kill or exit 5", killed_and_undone(), |it| left(it, spec(Some(METHOD), "RollingUpdate"))),
        ("others' edits survive", cured(), |it| {
            let mut shadow = it.before.spec.clone();
            shadow["minReadySeconds"] = 5.into();
            it.edits.push(ForeignEdit { number: 9, edit: Some(Edit::OtherSetting), shadow });
        }),
        ("every node has the template", cured(), |it| it.after.nodes.get_mut("a").expect("a node").template = Value::Null),
        ("no pod with the right template", cured(), |it| it.deletions[0].template = it.deletions[0].wanted.clone()),
        ("no pod restarts that was not announced", rolled_back(), |it| {
            let more = Deletion { node: "a".into(), ..it.deletions[0].clone() };
            it.deletions.push(more);
        }),
        ("no node is worse", cured(), |it| it.after.nodes.get_mut("a").expect("a node").ready = false),
        ("what is said is true", cured(), |it| it.commands[0].err = "nothing was changed".into()),
        ("what is said is true", killed_and_undone(), |it| {
            it.commands[1].err = "nothing to undo".into();
            it.commands[1].moment.record = Some(record("canary").to_string());
        }),
        ("what is said is true", killed_and_undone(), |it| {
            it.commands[1].err = "nothing to resume".into();
            it.commands[1].moment.record = Some(record("canary").to_string());
        }),
        ("what is said is true", rolled_back(), |it| it.status = (Some(0), vec![])),
        ("what is said is true", cured(), |it| it.status = (Some(1), vec!["bgp-session-down".into()])),
    ]
}

#[test]
fn every_rule_can_be_broken_and_is_named() {
    for (rule, mut history, breaks) in cases() {
        breaks(&mut history);
        let broken = violations(&history);
        assert!(broken.iter().any(|(name, _)| name.starts_with(rule)), "{rule}: {broken:?}");
    }
    for (name, _) in INVARIANTS {
        assert!(cases().iter().any(|(rule, ..)| name.starts_with(rule)), "no case breaks: {name}");
    }
}

/// What somebody else wrote is not ours to answer for, and who insists on an undo may overwrite it.
#[test]
fn others_may_write_what_they_like() {
    let mut history = rolled_back();
    let theirs = spec(Some("cidr=10.0.0.0/9"), "RollingUpdate");
    history.edits.push(ForeignEdit { number: 12, edit: Some(Edit::SameSetting), shadow: theirs.clone() });
    history.commands[0].moment.spec = theirs.clone();
    history.after.spec = theirs;
    assert_eq!(violations(&history), []);
}

/// Somebody deletes a pod during the canary: the new one has the change, and a rollback takes it back there too.
#[test]
fn a_pod_that_others_brought_to_the_change_goes_back_with_it() {
    let mut history = rolled_back();
    let ours = Deletion { node: "a".into(), number: history.deletions[0].number + 1, ..history.deletions[0].clone() };
    history.deletions.push(ours.clone());
    assert_eq!(violations(&history).first().map(|(rule, _)| *rule), Some("no pod restarts that was not announced"));
    history.deletions.push(Deletion { foreign: true, number: ours.number + 1, ..ours.clone() });
    assert_eq!(violations(&history).first().map(|(rule, _)| *rule), Some("no pod restarts that was not announced"), "it came after ours");
    history.deletions.push(Deletion { foreign: true, number: ours.number - 1, ..ours });
    assert_eq!(violations(&history), []);
}

/// Somebody takes the value back after a change was closed and before its command has ended: what was closed had the value.
#[test]
fn who_reverts_a_closed_change_carries_its_record_along() {
    let mut history = cured();
    let reverted = spec(None, "RollingUpdate");
    history.versions.push(Version { number: 21, spec: reverted.clone(), record: Some(record("done")) });
    assert_eq!(violations(&history).first().map(|(rule, _)| *rule), Some("exit 0 means exactly the new value"));
    history.edits.push(ForeignEdit { number: 21, edit: None, shadow: reverted.clone() });
    // The DaemonSet controller writes the status.
    history.commands[0].ended = 22;
    history.versions.push(Version { number: 22, spec: reverted, record: Some(record("done")) });
    assert!(!violations(&history).iter().any(|(rule, _)| *rule == "exit 0 means exactly the new value"));
}
