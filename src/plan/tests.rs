use serde_json::json;

use super::*;
use crate::edit::undo_record::{RolloutPhase, UndoRecord};
use crate::verb::Verb;

fn object() -> Value {
    json!({
        "metadata": {"name": "calico-node", "namespace": "kube-system", "uid": "u-1", "resourceVersion": "41", "generation": 3},
        "spec": {"template": {"spec": {"containers": [{"name": "calico-node", "env": [{"name": "IP", "value": "autodetect"}]}]}}},
        "status": {"numberReady": 2},
    })
}

fn proposal() -> Proposal {
    Proposal {
        command: Verb::Autodetect,
        summary: "IP_AUTODETECTION_METHOD=kubernetes-internal-ip".into(),
        target: Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() },
        edits: vec![Edit::variable("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip")],
        larger: vec![],
        nodes: vec![NodeGoal { name: "node-1".into(), ..NodeGoal::default() }],
        canary: None,
    }
}

fn plan(object: &Value) -> Plan {
    Plan::new(&proposal(), object).expect("can be made").expect("changes something")
}

#[test]
fn a_plan_is_bound_to_what_was_shown_and_knows_the_way_back() {
    let plan = plan(&object());
    assert_eq!((plan.target.uid.as_str(), plan.target.resource_version.as_str()), ("u-1", "41"));
    let mut changed = object();
    plan.patch_kind().apply(&mut changed, &plan.patch);
    assert_ne!(changed, object());
    plan.patch_kind().apply(&mut changed, &plan.restore);
    assert_eq!(changed, object());
    assert_eq!(plan.digest, plan.computed_digest());
    assert_eq!(serde_json::from_value::<Plan>(serde_json::to_value(&plan).expect("writes")).expect("reads"), plan);
}

/// However far a budget had grown, one patch leads back.
#[test]
fn steps_are_covered_by_what_puts_the_first_back_and_by_the_digest() {
    let variable = |value: &str| vec![Edit::variable("IP_AUTODETECTION_METHOD", value)];
    let larger = |edits| BudgetEdits { started_within_seconds: 320, steady_seconds: Some(70), edits };
    let other = vec![Edit::variable("IP", "none")];
    let wanted = Proposal { larger: vec![larger(variable("interface=eth0")), larger(other)], ..proposal() };
    let make = |proposal: &Proposal| Plan::new(proposal, &object()).expect("can be made").expect("changes something");
    assert_eq!(make(&wanted).steps, [], "without a canary no budget can turn out too small before the others have it");
    let plan = make(&Proposal { canary: Some("node-1".into()), ..wanted });
    assert_eq!(plan.steps.len(), 1, "what the first patch does not touch cannot be restored by what undoes it");
    let mut grown = object();
    for patch in [&plan.patch, &plan.steps[0].patch, &plan.restore] {
        plan.patch_kind().apply(&mut grown, patch);
    }
    assert_eq!(grown, object());
    assert_ne!(Plan { steps: vec![], ..plan.clone() }.computed_digest(), plan.digest);
}

#[test]
fn status_is_no_other_state_and_a_setting_is() {
    let mut elsewhere = object();
    elsewhere["status"]["numberReady"] = 1.into();
    elsewhere["metadata"]["resourceVersion"] = "42".into();
    assert_eq!(plan(&elsewhere).target.state, plan(&object()).target.state);
    assert_ne!(plan(&elsewhere).digest, plan(&object()).digest, "the digest names the very version");
    elsewhere["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    assert_ne!(plan(&elsewhere).target.state, plan(&object()).target.state);
}

#[test]
fn any_tampering_changes_the_digest() {
    let plan = plan(&object());
    let tampered = [
        Plan { patch: json!({}), ..plan.clone() },
        Plan { restore: json!({}), ..plan.clone() },
        Plan { canary: Some("node-2".into()), ..plan.clone() },
        Plan { target: TargetSnapshot { name: "other".into(), ..plan.target.clone() }, ..plan.clone() },
        Plan { nodes: vec![], ..plan.clone() },
    ];
    assert!(tampered.iter().all(|other| other.computed_digest() != plan.digest));
}

#[test]
fn nothing_to_change_is_no_plan() {
    let mut done = object();
    plan(&object()).patch_kind().apply(&mut done, &plan(&object()).patch);
    assert_eq!(Plan::new(&proposal(), &done).expect("can be made"), None);
}

/// A strategy that somebody set since is theirs.
#[test]
fn an_undo_restores_the_strategy_only_where_on_delete_still_replaces_it() {
    let plan = plan(&object());
    let before = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}});
    let record = UndoRecord {
        command: Verb::Autodetect,
        id: "0123456789ab".into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        written_at: None,
        quiet_seconds: None,
        phase: RolloutPhase::Canary,
        canary: Some("node-1".into()),
        set: plan.patch.clone(),
        restore: plan.restore.clone(),
        strategy: Some(before.clone()),
        previous: None,
    };
    let undo = |now: Value| {
        let mut changed = object();
        plan.patch_kind().apply(&mut changed, &plan.patch);
        changed["spec"]["updateStrategy"] = now;
        let target = proposal().target;
        let request = request::ChangeRequest::Undo { target, record: record.clone(), goals: Vec::new() };
        request.plan(&changed).expect("can be made").expect("a plan").patch["spec"]["updateStrategy"].clone()
    };
    assert_eq!(undo(json!({"type": "OnDelete"})), before);
    assert_eq!(undo(before.clone()), Value::Null);
    assert_eq!(undo(json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 3}})), Value::Null);
}
