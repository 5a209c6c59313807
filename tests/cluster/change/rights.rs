//! With the roles of `plugin-manifest/` a change can be made, and without any part of them it is refused before it begins.

use support::manifests::{Rule, roles, simulated};

use super::*;

/// The context `operator` has these rights and no others.
pub(super) fn stage(incident: &str, rules: Vec<Rule>) -> Stage {
    let mut world = scenario::named(incident, 3).expect("is a scenario");
    world.users.push(sim::User { name: "operator", token: "operator-token", rules: simulated(rules) });
    Stage::bent(world)
}

fn with(rules: Vec<Rule>) -> (Stage, Output) {
    let stage = stage("bridge-address", rules);
    let _live = stage.running.live(PACE);
    let output = stage.apply(&stage.plan("kubernetes-internal-ip"), &["--context", "operator"]);
    (stage, output)
}

pub(super) fn enough() -> Vec<Rule> {
    let edit = roles("edit.yaml").remove("kubectl-calico-fix-edit").expect("the role");
    // Reviews are granted to everybody who is logged in (system:basic-user).
    let review = Rule {
        api_groups: vec!["authorization.k8s.io".into()],
        resources: vec!["selfsubjectaccessreviews".into()],
        verbs: vec!["create".into()],
        resource_names: vec![],
        namespace: None,
    };
    roles("view.yaml").into_values().flatten().chain(edit).chain([review]).collect()
}

#[test]
fn the_roles_are_enough() {
    let (_, output) = with(enough());
    assert_eq!(code(&output), Some(0), "{}", err(&output));
}

#[test]
fn each_part_of_the_writing_role_is_needed_and_named() {
    for (missing, right) in [("daemonsets", "patch daemonsets.apps calico-node"), ("pods", "delete pods")] {
        let mut fewer = enough();
        fewer.iter_mut().filter(|rule| rule.verbs.iter().any(|verb| verb == "patch" || verb == "delete")).for_each(|rule| {
            rule.resources.retain(|resource| resource != missing);
        });
        let (stage, output) = with(fewer);
        assert_eq!(code(&output), Some(1), "{}", err(&output));
        assert!(err(&output).contains(&format!("you may not {right}")), "{}", err(&output));
        assert_eq!(stage.annotation(), None);
    }
}
