use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

#[test]
fn a_virtual_ip_on_the_same_card() {
    let world = cluster()
        .interface("node-1", "eth0:1", "10.0.0.200/32")
        .stored("node-1", "10.0.0.200/32")
        .bird("node-2", "10.0.0.200 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.200 Active Socket: Connection refused | 10.0.0.2 Established")
        .bird("node-1", "10.0.0.2 Connect | 10.0.0.3 Connect")
        .not_ready("node-1");
    let case = finds(&world, &["error address-not-internal-ip node-1"]);
    assert_eq!(
        case.only().message,
        "node-1 uses 10.0.0.200/32 from eth0:1 (probably a virtual IP or a VPN), expected its InternalIP 10.0.0.1"
    );
    shows(case.only(), Source::Birdcl, "node-3", "Active Socket: Connection refused");
    assert!(case.command().is_some_and(|command| command.ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
}

#[test]
fn the_internal_ip_itself_is_silent_whatever_holds_it() {
    healthy(&cluster().stored("node-1", "10.0.0.1/32"));
    healthy(&cluster().internal("node-1", &["10.0.9.1", "10.0.0.1"]));
    healthy(&cluster().internal("node-1", &[]));
}

#[test]
fn works_now_is_a_warning() {
    let world = cluster().interface("node-3", "eth1", "192.168.7.3/24").stored("node-3", "192.168.7.3/24");
    let case = finds(&world, &["warning address-not-internal-ip node-3"]);
    assert_eq!(case.command(), None, "its sessions are established: no change is proposed");
}

/// Incident 1 with exec forbidden and no log: annotations and events alone.
#[test]
fn a_bridge_that_could_not_be_looked_at() {
    let world = cluster().exec_forbidden().stored("node-3", "172.18.0.1/16").not_ready("node-3").unhealthy(
        "node-3",
        &not_established("10.0.0.1,10.0.0.2"),
        6,
    );
    let case = finds(&world, &["error address-not-internal-ip node-3"]);
    assert!(case.only().message.contains("172.18.0.1/16 (probably a Docker bridge), expected its InternalIP 10.0.0.3"));
    shows(case.only(), Source::Event, "node-3", "BGP not established with 10.0.0.1,10.0.0.2 (6×)");
}

/// The etcd datastore keeps no annotations: BIRD's router id is the address.
#[test]
fn etcd_by_router_id() {
    let world = cluster()
        .etcd()
        .stored("node-3", "172.18.0.1/16")
        .not_ready("node-3")
        .bird("node-1", "10.0.0.2 Established | 172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Established | 172.18.0.1 Passive")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Connect");
    let case = finds(&world, &["error address-not-internal-ip node-3"]);
    shows(case.only(), Source::Birdcl, "node-3", "router id: 172.18.0.1 (InternalIP: 10.0.0.3)");
}

const PUBLIC: [&str; 3] = ["203.0.113.7/32", "198.51.100.9/32", "192.0.2.44/32"];

/// Three nodes with these addresses on another card, which Calico has stored.
fn on_eth1(cidrs: [&str; 3]) -> World {
    (1..).zip(cidrs).fold(cluster(), |world, (number, cidr)| {
        let name = format!("node-{number}");
        world.interface(&name, "eth1", cidr).stored(&name, cidr)
    })
}

/// Everybody is on the storage network: a plan.
#[test]
fn a_plan_of_all_nodes_is_silent() {
    let planned = || on_eth1(["10.200.0.1/24", "10.200.0.2/24", "10.200.0.3/24"]);
    healthy(&planned());
    healthy(&planned().without_bgp("vxlan"));
    let odd = planned().stored("node-3", "10.77.0.3/24").interface("node-3", "eth2", "10.77.0.3/24").without_bgp("vxlan");
    finds(&odd, &["error addresses-in-several-subnets node-3"]);
}

/// Each on its own public address, and everything established.
#[test]
fn public_addresses_on_purpose_are_silent() {
    let world = on_eth1(PUBLIC);
    healthy(&world);
    let down = world
        .bird("node-1", "198.51.100.9 Connect | 192.0.2.44 Established")
        .bird("node-2", "203.0.113.7 Passive | 192.0.2.44 Established");
    finds(&down, &["error bgp-session-down node-1,node-2"]);
}

/// First-found took the public card on every node, and the providers' firewall lets nothing through.
#[test]
fn public_addresses_that_nobody_chose_and_no_session() {
    let public = || {
        on_eth1(PUBLIC)
            .all_not_ready()
            .bird("node-1", "198.51.100.9 Connect | 192.0.2.44 Passive")
            .bird("node-2", "203.0.113.7 Passive | 192.0.2.44 Passive")
            .bird("node-3", "198.51.100.9 Connect | 203.0.113.7 Connect")
    };
    let case = judge(&public());
    assert_eq!(case.lines(), [1, 2, 3].map(|number| format!("error address-not-internal-ip node-{number}")));
    for finding in &case.report.findings {
        assert!(finding.fix.as_ref().is_some_and(|fix| by_hand(fix).ends_with("IP_AUTODETECTION_METHOD=kubernetes-internal-ip")));
    }
    // somebody chose them: then it is the way between them
    let chosen = judge(&public().env("IP_AUTODETECTION_METHOD", "interface=eth1"));
    assert!(chosen.lines().iter().all(|line| line.starts_with("error bgp-session-down")), "{:?}", chosen.lines());
    // just started everywhere, as after a power cut: sessions come
    let starting = ["node-1", "node-2", "node-3"].iter().fold(public(), |world, name| world.age(name, 60));
    assert!(judge(&starting).lines().iter().all(|line| !line.contains("address-")), "{:?}", judge(&starting).lines());
}

/// Without BGP nothing turns red, and the traffic is lost all the same.
#[test]
fn vxlan_with_a_wrong_address_is_an_error() {
    let world = cluster().without_bgp("vxlan").interface("node-3", "tailscale0", "100.92.24.103/32").stored("node-3", "100.92.24.103/32");
    finds(&world, &["error address-on-virtual-interface node-3"]);
    let unseen = cluster().without_bgp("vxlan").exec_forbidden().stored("node-3", "100.92.24.103/32");
    finds(&unseen, &["error address-not-internal-ip node-3"]);
}

/// canal and policy-only keep an address that nobody uses.
#[test]
fn silent_where_calico_uses_no_address() {
    healthy(&cluster().without_bgp("none").stored("node-3", "172.18.0.1/16").interface("node-3", BRIDGE, "172.18.0.1/16"));
}

/// Nodes forbidden: the pod's hostIP is the InternalIP, BIRD's router id the address.
#[test]
fn without_nodes_the_pods_tell() {
    use calico_fix::observed::Observed;
    let world = cluster()
        .stored("node-3", "172.18.0.1/16")
        .not_ready("node-3")
        .bird("node-1", "10.0.0.2 Established | 172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Established | 172.18.0.1 Passive")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Connect")
        .edit(|snapshot| snapshot.nodes = Observed::Forbidden("cannot list resource \"nodes\"".into()));
    let case = finds(&world, &["error address-not-internal-ip node-3"]);
    shows(case.only(), Source::Birdcl, "node-1", "Mesh_172_18_0_1");
}
