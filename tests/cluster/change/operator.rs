//! Under the operator: only the Installation is ever written, and its rollout is watched node by node.

use serde_json::json;

use super::*;
use calico_fix::verb::Verb;

const SCENARIO: &str = "operator-bridge-address";

fn installation(stage: &Stage) -> Value {
    stage.running.cluster().store.object("Installation", "", "default").expect("is there")
}

fn plan(stage: &Stage, method: &Value) -> Plan {
    let nodes = stage.goals();
    let proposal = Proposal {
        larger: vec![],
        command: Verb::Autodetect,
        summary: format!("nodeAddressAutodetectionV4 {method}"),
        target: Target::Installation { name: "default".into() },
        edits: vec![Edit::field(&["spec", "calicoNetwork", "nodeAddressAutodetectionV4"], method.clone())],
        canary: None,
        nodes,
    };
    Plan::new(&proposal, &installation(stage)).expect("can be made").expect("changes something")
}

fn writes(stage: &Stage) -> Vec<String> {
    let requests = stage.running.requests();
    let real = requests.iter().filter(|request| request.method != "GET" && !request.query.contains("dryRun"));
    real.map(|request| format!("{} {}", request.method, request.path)).filter(|line| !line.contains("selfsubjectaccessreviews")).collect()
}

fn record(stage: &Stage) -> Option<String> {
    installation(stage)["metadata"]["annotations"]["kubectl-calico-fix/undo"].as_str().map(str::to_owned)
}

#[test]
fn the_incident_is_healed_through_the_installation() {
    let stage = Stage::new(SCENARIO, 3);
    let _live = stage.running.live(PACE);
    let plan = plan(&stage, &json!({"kubernetes": "NodeInternalIP"}));
    let output = stage.apply(&plan, &[]);
    let told = format!("{}{}", out(&output), err(&output));
    println!("{told}");
    assert_eq!(code(&output), Some(0), "{told}");
    let patched = writes(&stage);
    let installations = "PATCH /apis/operator.tigera.io/v1/installations/default";
    assert!(patched.iter().all(|line| line == installations), "nothing else is written: {patched:?}");
    let method = &installation(&stage)["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"];
    assert_eq!(*method, json!({"kubernetes": "NodeInternalIP"}), "the other method is cleared");
    for (node, address) in stage.addresses() {
        let goal = plan.nodes.iter().find(|goal| goal.name == node).expect("a goal");
        assert!(address.starts_with(&format!("{}/", goal.addresses[0].address)), "{node} has {address}");
    }
    assert!(record(&stage).is_some_and(|text| text.contains("done")));

    let undo = stage.run(&["undo", "--yes"]);
    assert_eq!(code(&undo), Some(0), "{}{}", out(&undo), err(&undo));
    assert_eq!(installation(&stage)["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"], json!({"firstFound": true}));
    assert_eq!(record(&stage), None);
}

#[test]
fn a_method_that_does_not_help_is_put_back() {
    let stage = Stage::new(SCENARIO, 3);
    let before = installation(&stage);
    let _live = stage.running.live(PACE);
    let output = stage.apply(&plan(&stage, &json!({"interface": "foo.*"})), &["--timeout", "5s"]);
    let told = format!("{}{}", out(&output), err(&output));
    assert_eq!(code(&output), Some(4), "{told}");
    assert_eq!(installation(&stage)["spec"], before["spec"], "{told}");
    assert_eq!(record(&stage), None);
}

/// Both methods pass the dry run of an old operator, which then does nothing and says so in its conditions.
#[test]
fn what_the_operator_refuses_is_put_back_before_any_node_is_touched() {
    let stage = Stage::new(SCENARIO, 3);
    let pods = stage.pods();
    let before = installation(&stage);
    let _live = stage.running.live(PACE);
    let both = json!({"kubernetes": "NodeInternalIP", "interface": "eth.*"});
    let output = stage.apply(&plan(&stage, &both), &["--timeout", "60s"]);
    let told = format!("{}{}", out(&output), err(&output));
    assert_eq!(code(&output), Some(4), "{told}");
    assert!(told.contains("no more than one node address autodetection method"), "{told}");
    assert_eq!(installation(&stage)["spec"], before["spec"], "{told}");
    assert_eq!(stage.pods(), pods, "{told}");
}
