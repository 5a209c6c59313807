//! A node that never gets an address, twenty minutes on.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{finished, plan};
use crate::scenario::world::{Cluster, Scenario};
use crate::simulation::Simulation;

/// The last host's only address of its own is on a bridge that first-found passes over, and none is stored: its calico-node exits for ever.
pub fn no_address(count: usize) -> Scenario {
    let plan = plan(count);
    let mut world = finished(&plan);
    let Some(last) = plan.members.last() else { return world };
    if let Some(host) = world.hosts.get_mut(&last.name) {
        for interface in host.interfaces.iter_mut().filter(|interface| interface.name == "eth0") {
            interface.name = "virbr0".into();
            interface.kind = Some("bridge");
        }
    }
    world.store.bend("Node", &last.name, |node| {
        if let Some(annotations) = node["metadata"]["annotations"].as_object_mut() {
            annotations.retain(|key, _| !key.starts_with("projectcalico.org/"));
        }
        for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if condition["type"] == "NetworkUnavailable" {
                condition["status"] = "True".into();
                condition["reason"] = "CalicoIsDown".into();
                condition["message"] = "Calico is shutting down on this node".into();
            }
        }
    });
    let pod = plan.flavour.pod_name(&last.name, last.born);
    world.store.remove("Pod", |name| name == pod);
    lived(world, SignedDuration::from_mins(20))
}

/// What becomes of a world by "now".
fn lived(world: Scenario, time: SignedDuration) -> Scenario {
    let now = world.store.now();
    world.store.set_clock(move || now - time);
    let cluster = Arc::new(Cluster::from(world));
    Simulation::new(cluster.clone()).advance(now);
    cluster.still()
}
