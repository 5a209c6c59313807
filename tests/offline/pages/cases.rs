//! A cluster of each kind.

use std::path::PathBuf;

use calico_fix::import;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;

use crate::build::*;

pub(super) fn every() -> Vec<(&'static str, Snapshot)> {
    let mut all = vec![
        ("bridge_address", incident("bridge-address")),
        ("bridge_address_healthy", incident("bridge-address-healthy")),
        ("slow_start", incident("slow-start")),
        ("slow_start_healthy", incident("slow-start-healthy")),
        ("five_thousand_nodes", five_thousand_nodes().snapshot()),
    ];
    all.extend(small());
    all
}

/// Of three nodes each.
pub(super) fn small() -> Vec<(&'static str, Snapshot)> {
    vec![
        ("unknown", cluster().inside("node-2", Observed::Failed("the connection was closed".into())).snapshot()),
        ("forbidden", cluster().exec_forbidden().snapshot()),
        ("operator_bridge_address", bridge().operator().snapshot()),
        ("two_errors", two_errors().snapshot()),
        ("two_slow_starts_without_a_log", slow("node-2", slow("node-3", cluster())).snapshot()),
    ]
}

fn incident(name: &str) -> Snapshot {
    let path = PathBuf::from(format!("{}/examples/incidents/{name}.yaml", env!("CARGO_MANIFEST_DIR")));
    import::load(&[path], &mut std::io::empty()).expect("an example")
}

pub(super) fn bridge() -> World {
    cluster()
        .interface("node-3", BRIDGE, "172.18.0.1/16")
        .stored("node-3", "172.18.0.1/16")
        .not_ready("node-3")
        .bird("node-1", "10.0.0.2 Established | 172.18.0.1 Passive")
        .bird("node-2", "10.0.0.1 Established | 172.18.0.1 Passive")
        .bird("node-3", "10.0.0.1 Connect | 10.0.0.2 Connect")
}

pub(super) fn slow(name: &str, world: World) -> World {
    world.no_bird(name).not_ready(name).restarted(name, 3, 137, 70, 40).killed(name, 3)
}

/// Without BGP: a full mesh of so many has 25 million ends of sessions.
pub(super) fn many_nodes() -> World {
    let addresses: Vec<String> = (0..5_000).map(|at| format!("10.{}.{}.1/16", at / 250, at % 250)).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let mut world = nodes(&addresses).without_bgp("vxlan");
    world.hosts.iter_mut().for_each(|host| host.sessions = Some(String::new()));
    world
}

pub(super) fn five_thousand_nodes() -> World {
    many_nodes().interface("node-4321", BRIDGE, "172.18.0.1/16").stored("node-4321", "172.18.0.1/16")
}

/// Of different kinds: another fix for each.
pub(super) fn two_errors() -> World {
    slow("node-2", bridge())
}
