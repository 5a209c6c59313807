//! How large a cluster can be: `cargo run --release -p sim --example scale`.

#![allow(clippy::disallowed_macros, reason = "it prints what it measures")]

use std::sync::Arc;
use std::time::Instant;

use jiff::SignedDuration;
use sim::simulation::Simulation;
use sim::{Cluster, Scenario, Writer, scenario};

fn main() {
    println!("{:<22} {:>9} {:>10} {:>14} {:>14}", "scenario, nodes", "built s", "taken s", "idle minute s", "rollout min s");
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let [name, nodes] = &asked[..] {
        return living(name, nodes.parse().expect("a number"));
    }
    for (name, nodes) in [("healthy", 200), ("bridge-address", 200), ("vxlan", 1_000), ("far-reflectors", 1_000), ("far-reflectors", 5_000)]
    {
        living(name, nodes);
    }
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

/// Seconds to build it, to take it over, for a minute of nothing, and for a minute of a rollout, ten at a time.
fn living(name: &str, nodes: usize) {
    let began = Instant::now();
    let world: Scenario = scenario::named(name, nodes).expect("a scenario");
    let built = seconds(began);
    let began = Instant::now();
    let cluster = Arc::new(Cluster::from(world));
    let mut live = Simulation::new(cluster.clone());
    let taken = seconds(began);
    let minute = |live: &mut Simulation| {
        let began = Instant::now();
        live.advance(live.now() + SignedDuration::from_mins(1));
        seconds(began)
    };
    let idle = minute(&mut live);
    let change = |object: &mut serde_json::Value| {
        object["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = 10.into();
        object["spec"]["template"]["metadata"]["annotations"]["tried"] = "yes".into();
    };
    cluster.store.edit_as(Writer::new("kubectl"), "DaemonSet", "kube-system", "calico-node", change).expect("edited");
    let rollout = minute(&mut live);
    println!("{:<22} {built:>9.2} {taken:>10.2} {idle:>14.2} {rollout:>14.2}", format!("{name} {nodes}"));
}
