//! Sessions that confd should configure, against those that BIRD lists.

use calico_fix::finding::verdict::Verdict;

use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::{Custom, Meta};
use serde_json::{Value, json};

use super::build::*;
use super::judge::*;

fn custom(name: &str, spec: Value) -> Custom {
    Custom { metadata: Meta { name: name.into(), ..Meta::default() }, spec, status: Value::Null }
}

fn mesh_off(snapshot: &mut Snapshot) {
    snapshot.resources.bgp_configurations = Observed::Seen(vec![custom("default", json!({"nodeToNodeMeshEnabled": false}))]);
}

fn reflected(snapshot: &mut Snapshot) {
    mesh_off(snapshot);
    let clients = json!({"nodeSelector": "!has(rr)", "peerSelector": "has(rr)"});
    snapshot.resources.bgp_peers = Observed::Seen(vec![custom("clients", clients)]);
}

fn reflector(world: World) -> World {
    world.label("node-1", "rr", "").annotation("node-1", "projectcalico.org/RouteReflectorClusterID", "244.0.0.1")
}

#[test]
fn one_node_lacks_one_peer() {
    let world =
        cluster().bird("node-2", "10.0.0.1 Established").bird("node-3", "10.0.0.1 Established | 10.0.0.2 Active Socket: Connection closed");
    let case = finds(&world, &["error bgp-peer-missing node-2"]);
    let finding = case.only();
    assert_eq!(finding.message, "node-2 has no BGP session configured for node-3 (10.0.0.3), expected from the node-to-node mesh");
    assert_eq!(case.command(), Some("kubectl delete pod calico-node-ccccc -n kube-system"));
    shows(finding, Source::Birdcl, "node-2", "lists no BGP session with 10.0.0.3");
    shows(finding, Source::Birdcl, "node-3", "Mesh_10_0_0_2 BGP master start");
}

/// A node that started a moment ago is still being configured.
#[test]
fn a_node_that_just_started_is_in_progress() {
    let world = cluster().bird("node-2", "10.0.0.1 Established").bird("node-3", "10.0.0.1 Established | 10.0.0.2 Passive");
    for young in ["node-2", "node-3"] {
        let case = finds(&world.clone().age(young, 20), &[]);
        assert_eq!(case.report.verdict, Verdict::Unknown, "{young}");
    }
    finds(&world.age("node-2", 120), &["error bgp-peer-missing node-2"]);
}

/// An empty list of BGPConfigurations means the default: a full mesh.
#[test]
fn a_mesh_without_any_session() {
    let silent = |edit: fn(&mut Snapshot)| cluster().bird("node-1", "").bird("node-2", "").bird("node-3", "").edit(edit);
    let case = finds(
        &silent(|snapshot| snapshot.resources.bgp_configurations = Observed::Seen(Vec::new())),
        &["error bgp-peer-missing node-1,node-2,node-3"],
    );
    assert!(case.only().message.contains("have no BGP session configured, expected 2 sessions"), "{}", case.only().message);
    assert!(case.command().is_some_and(|command| command.starts_with("kubectl logs")), "{:?}", case.command());
    // Switched off, and nothing else asks for sessions.
    healthy(&silent(mesh_off));
    // Not known whether it is on.
    let unknown = finds(&silent(|snapshot| snapshot.resources.bgp_configurations = Observed::Forbidden("cannot list".into())), &[]);
    assert_eq!(unknown.report.verdict, Verdict::Unknown);
}

#[test]
fn route_reflectors() {
    let world = |client: &str| {
        reflector(cluster())
            .bird("node-1", "Node_10_0_0_2 Established | Node_10_0_0_3 Established")
            .bird("node-2", "Node_10_0_0_1 Established")
            .bird("node-3", client)
            .edit(reflected)
    };
    healthy(&world("Node_10_0_0_1 Established"));
    let case = finds(&world(""), &["error bgp-peer-missing node-3"]);
    assert!(case.only().message.contains("node-1 (10.0.0.1), expected from BGPPeer clients"), "{}", case.only().message);
}

/// The node lacks the label that the BGPPeer asks for.
#[test]
fn a_node_that_no_bgp_peer_selects() {
    let world = |client: fn(World) -> World| {
        client(reflector(cluster()))
            .bird("node-1", "Node_10_0_0_2 Established")
            .bird("node-2", "Node_10_0_0_1 Established")
            .bird("node-3", "")
            .label("node-2", "client", "")
            .edit(|snapshot| {
                mesh_off(snapshot);
                let clients = json!({"nodeSelector": "has(client)", "peerSelector": "has(rr)"});
                snapshot.resources.bgp_peers = Observed::Seen(vec![custom("clients", clients)]);
            })
    };
    let case = finds(&world(|world| world), &["error bgp-peer-missing node-3"]);
    assert_eq!(case.only().message, "node-3 has no BGP peer: the node-to-node mesh is off, and no BGPPeer selects the node");
    assert_eq!(case.command(), Some("kubectl get node node-3 --show-labels"));
    // Where it is selected, the peer itself is missing.
    let lacking = ["error bgp-peer-missing node-1", "error bgp-peer-missing node-3"];
    let selected = finds(&world(|world| world.label("node-3", "client", "")), &lacking);
    let messages = selected.report.findings.iter().map(|finding| &finding.message);
    messages.for_each(|message| assert!(message.contains("expected from BGPPeer clients"), "{message}"));
    // Through VXLAN it reaches the others without a session.
    healthy(&world(|world| {
        ["node-1", "node-2", "node-3"]
            .into_iter()
            .zip(["192.168.1.1", "192.168.2.1", "192.168.3.1"])
            .fold(world, |world, (node, address)| world.annotation(node, "projectcalico.org/IPv4VXLANTunnelAddr", address))
    }));
}

#[test]
fn a_peer_that_most_nodes_lack_is_one_finding() {
    let world = nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24"])
        .bird("node-1", "10.0.0.2 Established | 10.0.0.3 Established")
        .bird("node-2", "10.0.0.1 Established | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.1 Established | 10.0.0.2 Established")
        .bird("node-4", "10.0.0.1 Passive | 10.0.0.2 Passive | 10.0.0.3 Passive");
    let case = finds(&world, &["error bgp-peer-missing node-1,node-2,node-3"]);
    assert!(case.only().message.contains("for node-4 (10.0.0.4), expected on each"), "{}", case.only().message);
}

#[test]
fn one_family_of_a_dual_stack_mesh() {
    let world = |three: &str| {
        let mut world = cluster();
        for (name, others) in [("node-1", [2, 3]), ("node-2", [1, 3])] {
            world = world.bird6(name, &others.map(|other| format!("Mesh_fd00_10__{other} Established")).join(" | "));
        }
        for number in 1..=3 {
            world = world.stored6(&format!("node-{number}"), &format!("fd00:10::{number}/64"));
        }
        world.bird6("node-3", three)
    };
    healthy(&world("Mesh_fd00_10__1 Established | Mesh_fd00_10__2 Established"));
    let case = finds(&world("Mesh_fd00_10__1 Established"), &["error bgp-peer-missing node-3"]);
    assert!(case.only().message.contains("fd00:10::2"), "{}", case.only().message);
}

/// With etcd the configuration is not known: a session of the mesh that one end lists must be on the other too.
#[test]
fn etcd_goes_by_both_ends() {
    healthy(&cluster().etcd());
    let world = cluster().etcd().bird("node-2", "10.0.0.1 Established").bird("node-3", "10.0.0.1 Established | 10.0.0.2 Passive");
    finds(&world, &["error bgp-peer-missing node-2"]);
}

/// A session with a name of somebody's own may be with that peer.
#[test]
fn custom_templates_may_rename_sessions() {
    let world = cluster()
        .bird("node-2", "10.0.0.1 Established | my_peer Established")
        .bird("node-3", "10.0.0.1 Established | 10.0.0.2 Established");
    healthy(&world);
}
