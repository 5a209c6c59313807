//! A saved plan, applied to the incident of the bridge's address.

use super::*;

#[test]
fn the_incident_is_healed_one_node_first() {
    let stage = Stage::new("bridge-address", 4);
    let _live = stage.running.live(PACE);
    let before = stage.daemon_set();
    let pods = stage.pods();
    let plan = stage.plan("kubernetes-internal-ip");
    let output = stage.apply(&plan, &[]);
    assert_eq!(code(&output), Some(0), "{}{}", out(&output), err(&output));
    println!("{}\n{}", out(&output), err(&output));
    for (node, address) in stage.addresses() {
        let goal = plan.nodes.iter().find(|goal| goal.name == node).expect("a goal");
        assert!(address.starts_with(&format!("{}/", goal.addresses[0].address)), "{node} has {address}");
    }
    let after = stage.daemon_set();
    assert_eq!(after["spec"]["updateStrategy"], before["spec"]["updateStrategy"]);
    assert!(stage.annotation().is_some_and(|text| text.contains("\"phase\":\"done\"")), "{:?}", stage.annotation());
    assert!(stage.pods().iter().all(|pod| !pods.contains(pod)), "every pod has the new template");
    let status = stage.run(&["status"]);
    assert_eq!(code(&status), Some(0), "{}", out(&status));
}

/// Where the address after the change was not foreseen, nobody says that it came as expected.
#[test]
fn a_node_whose_address_was_not_foreseen_is_named() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let mut proposal = stage.proposal("kubernetes-internal-ip");
    let unforeseen = &mut proposal.nodes[0];
    unforeseen.addresses.clear();
    let says = format!("On {} only readiness and faults were checked", unforeseen.name);
    let plan = Plan::new(&proposal, &stage.daemon_set()).expect("can be made").expect("changes something");
    let output = stage.apply(&plan, &[]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(err(&output).contains(&says) && !err(&output).contains("every node is as expected"), "{}", told(&output));
}
