//! `autodetect` from a sick cluster to a verified one, as a user types it.

mod forms;
mod healing;
mod owners;
mod refused;
mod six;

use super::asking::{QUESTION, ended, in_a_terminal, until};
use super::*;

const METHOD: &str = "IP_AUTODETECTION_METHOD";

/// What calico-node's container is told by this variable.
fn variable(object: &Value, name: &str) -> Option<String> {
    let env = object.pointer("/spec/template/spec/containers/0/env")?.as_array()?;
    env.iter().find(|one| one["name"] == name)?["value"].as_str().map(str::to_owned)
}

fn every_address_is_the_nodes(stage: &Stage) {
    let goals = stage.goals();
    for (node, address) in stage.addresses() {
        let goal = goals.iter().find(|goal| goal.name == node).expect("a goal");
        assert!(address.starts_with(&format!("{}/", goal.addresses[0].address)), "{node} has {address}");
    }
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(output)))
}
