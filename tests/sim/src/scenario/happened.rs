//! The events of both incidents, as the kubelet recorded them.

use jiff::Timestamp;

use super::build::{Member, Plan};
use super::objects::{Happened, event, scheduled, uid};
use super::{at, later};
use crate::scenario::world::Scenario;

const SOCKET: &str = "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: \
                      dial unix /var/run/calico/bird.ctl: connect: connection refused\n";
const FELIX: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": dial tcp \
                     127.0.0.1:9099: connect: connection refused\n";
const PULLED: &str = "Container image \"docker.io/calico/node:v3.24.5\" already present on machine and can be accessed by the pod";

struct About<'a> {
    world: &'a mut Scenario,
    namespace: &'static str,
    pod: String,
    uid: String,
    node: String,
}

impl About<'_> {
    fn add(&mut self, reason: &str, message: &str, count: i64, first: Timestamp, last: Timestamp) {
        let warning = reason == "Unhealthy";
        let happened = Happened { reason, message, count, first, last, warning };
        self.world.store.add(event(self.namespace, &self.pod, &self.uid, &self.node, &happened));
    }
}

fn about<'a>(world: &'a mut Scenario, plan: &Plan, member: &Member) -> About<'a> {
    let namespace = plan.flavour.namespace;
    let pod = plan.flavour.pod_name(&member.name, member.born);
    let uid = uid(&format!("Pod/{namespace}/{pod}"));
    world.store.add(scheduled(namespace, &pod, &uid, &member.name, member.born));
    About { world, namespace, pod, uid, node: member.name.clone() }
}

/// Incident 1: each failure carries its own time, so the first nine stand alone and the rest are combined.
pub(super) fn not_established(world: &mut Scenario, plan: &Plan, start: Timestamp) {
    let Some((victim, others)) = plan.members.split_last() else { return };
    let peers = others.iter().map(|member| member.stored.0.to_string()).collect::<Vec<_>>().join(",");
    let mut about = about(world, plan, victim);
    let running = later(start, 3);
    for (reason, message) in [("Pulled", PULLED), ("Created", "Container created"), ("Started", "Container started")] {
        about.add(reason, message, 1, running, running);
    }
    about.add("Unhealthy", SOCKET, 2, running, later(start, 4));
    let failure = |after: i64| {
        let at = later(start, after);
        let stamp = at.strftime("%Y-%m-%d %H:%M:%S");
        let process = 150 + after * 4;
        format!(
            "Readiness probe failed: {stamp}.243 [INFO][{process}] confd/health.go 180: Number of node(s) with BGP peering established = 0\n\
             calico/node is not ready: BIRD is not ready: BGP not established with {peers}\n"
        )
    };
    for after in [14, 15, 25, 28, 38, 42, 52, 55] {
        about.add("Unhealthy", &failure(after), 1, later(start, after), later(start, after));
    }
    let combined = format!("(combined from similar events): {}", failure(92));
    about.add("Unhealthy", &combined, 6, later(start, 65), later(start, 92));
}

/// Incident 2: the container lives for a minute, seven times.
pub(super) fn killed(world: &mut Scenario, plan: &Plan) {
    let Some(far) = plan.members.last() else { return };
    let first = later(far.born, 3);
    let mut about = about(world, plan, far);
    about.add("Pulled", PULLED, 8, first, at(182));
    about.add("Created", "Container created", 8, first, at(182));
    about.add("Started", "Container started", 8, first, at(182));
    about.add("Unhealthy", SOCKET, 46, later(first, 1), at(121));
    about.add("Unhealthy", FELIX, 48, later(first, 13), at(119));
    about.add("Killing", "Container calico-node failed liveness probe, will be restarted", 8, later(first, 63), at(119));
    about.add(
        "BackOff",
        &format!("Back-off restarting failed container calico-node in pod {}_{}({})", about.pod, about.namespace, about.uid),
        14,
        later(first, 400),
        at(10),
    );
}
