use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn refused() -> World {
    cluster()
        .bird("node-1", "10.0.0.2 Active Received: Bad BGP identifier | 10.0.0.3 Established")
        .bird("node-2", "10.0.0.1 Idle BGP Error: Bad BGP identifier | 10.0.0.3 Established")
}

fn same_id(world: World) -> World {
    world.edit(|snapshot| {
        for node in ["node-1", "node-2"] {
            let inside = snapshot.inside.get_mut(node).and_then(|inside| match inside {
                calico_fix::observed::Observed::Seen(inside) => Some(inside),
                _ => None,
            });
            if let Some(calico_fix::observed::Observed::Seen(bird)) = inside.map(|inside| &mut inside.bird4) {
                bird.router_id = Some("10.0.0.9".into());
            }
        }
    })
}

#[test]
fn both_nodes_and_the_id_are_named() {
    let case = finds(&same_id(refused()), &["error router-id-conflict node-1,node-2"]);
    assert!(case.only().message.starts_with("node-1 and node-2 have the same BGP router ID 10.0.0.9"), "{}", case.only().message);
    shows(case.only(), Source::Birdcl, "node-2", "Router ID is 10.0.0.9");
    shows(case.only(), Source::Birdcl, "node-1", "Received: Bad BGP identifier");
    assert_eq!(case.command(), None, "where the ID comes from is not known");
}

#[test]
fn a_literal_of_the_daemon_set_is_removed() {
    let case = finds(&same_id(refused()).env("CALICO_ROUTER_ID", "10.0.0.9"), &["error router-id-conflict node-1,node-2"]);
    assert_eq!(case.command(), Some("kubectl set env daemonset/calico-node -n kube-system -c calico-node CALICO_ROUTER_ID-"));
    let operator = finds(&same_id(refused()).operator().env("CALICO_ROUTER_ID", "10.0.0.9"), &["error router-id-conflict node-1,node-2"]);
    assert_eq!(operator.command(), None, "the operator would put it back");
}

/// BIRD's words without two equal IDs: quoted, and nothing is said of the network.
#[test]
fn different_ids_now() {
    let case = finds(&refused(), &["error bgp-session-down node-1,node-2"]);
    let message = &case.only().message;
    assert!(message.contains("Bad BGP identifier") && message.contains("node-1 has 10.0.0.1, node-2 has 10.0.0.2"), "{message}");
}
