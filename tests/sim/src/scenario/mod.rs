//! Worlds in the exact shape of the recordings; the same every time they are built.

mod build;
mod custom;
pub(crate) mod fabric;
mod happened;
pub(crate) mod logs;
mod objects;
mod operated;
mod stranded;
mod workload;
pub(crate) mod world;

pub(crate) use objects::{Happened, SERVICE_HOST, event, hash};
pub use operated::{operator, operator_bridge_address, operator_new};
pub use stranded::no_address;

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::host::Interface;
use crate::scenario::world::Scenario;
use build::{BRIDGE_IP, Backend, Member, Plan};
use fabric::Topology;
use workload::{Flavour, State};

/// 2026-11-20T08:30:00Z: "now" in every scenario.
const NOW: i64 = 1_795_163_400;
const DAY: i64 = 86_400;

fn at(seconds_ago: i64) -> Timestamp {
    Timestamp::from_second(NOW - seconds_ago).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn created() -> Timestamp {
    at(110 * DAY)
}

fn template(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("a template: {error}"))
}

fn manifest_flavour() -> Flavour {
    let spec = template(include_str!("../../templates/daemonset-manifest.json"));
    Flavour {
        namespace: "kube-system",
        name: "calico-node",
        label: "calico-node",
        spec,
        operator: false,
        created: created(),
        generation: 1,
    }
}

/// Nodes named as the incident's were, on 10.12.x networks.
fn members(count: usize) -> Vec<Member> {
    let member = |number: usize| {
        let (third, fourth) = (33 + number / 200, 10 + number % 200);
        let ip = Ipv4Addr::from_bits(Ipv4Addr::new(10, 12, 0, 0).to_bits() + (third * 256 + fourth) as u32);
        let octets = ip.octets();
        Member {
            name: format!("amz-sin8-opsrespool-{}-{}", octets[2], octets[3]),
            ip,
            stored: (ip, 24),
            bridge: false,
            born: at(20 * DAY + (number as i64 * 13) % 600),
            state: State::Ready,
            reflector: false,
            round_trip: 0.005,
        }
    };
    (0..count).map(member).collect()
}

fn plan(count: usize) -> Plan {
    Plan {
        now: at(0),
        created: created(),
        members: members(count),
        flavour: manifest_flavour(),
        backend: Backend::Bird,
        topology: Topology::Mesh,
    }
}

/// What a manifest install has besides the DaemonSet.
fn finish(plan: &Plan, before: &Value, changed: Timestamp) -> Scenario {
    let world = plan.world();
    for revision in plan.flavour.revisions(before, changed) {
        world.store.add(revision);
    }
    if plan.flavour.operator {
        return world;
    }
    let backend = if plan.backend == Backend::Vxlan { "vxlan" } else { "bird" };
    let mut metadata = objects::metadata("ConfigMap", Some("kube-system"), "calico-config", created());
    metadata["labels"] = json!({"app.kubernetes.io/part-of": "calico"});
    let data = json!({"calico_backend": backend, "typha_service_name": "none", "veth_mtu": "0", "cni_network_config": "{\n  \"name\": \"k8s-pod-network\",\n  \"cniVersion\": \"0.3.1\"\n}\n"});
    world.store.add(json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}));
    world.store.add(custom::cluster_information(created(), "v3.24.5", "k8s,bgp,kdd"));
    world.store.add(custom::felix_configuration(created()));
    let (ipip, vxlan) = if plan.backend == Backend::Vxlan { ("Never", "Always") } else { ("Always", "Never") };
    world.store.add(custom::ip_pool(created(), plan.pod_network(), ipip, vxlan));
    world
}

fn finished(plan: &Plan) -> Scenario {
    let before = plan.flavour.spec.clone();
    finish(plan, &before, plan.created)
}

/// A manifest install of 3.24.5 with BIRD and the full mesh, where nothing is wrong.
pub fn healthy(count: usize) -> Scenario {
    finished(&plan(count))
}

/// Seconds before "now" that the victim of `bridge_address` came back.
const RESTARTED: i64 = 97;

fn mislead(plan: &mut Plan) {
    if let Some(victim) = plan.members.last_mut() {
        victim.bridge = true;
        victim.stored = (BRIDGE_IP, 16);
        victim.born = at(RESTARTED);
        victim.state = State::NotReady;
    }
}

/// Incident 1: the last node took the address of a docker bridge when it came back.
pub fn bridge_address(count: usize) -> Scenario {
    let mut plan = plan(count);
    mislead(&mut plan);
    let mut world = finished(&plan);
    happened::not_established(&mut world, &plan, at(RESTARTED));
    world
}

/// Dual stack; what a docker network has of IPv6 was taken by the last node.
pub fn bridge_address6(count: usize) -> Scenario {
    let mut plan = plan(count);
    plan.flavour.set_env("IP6", "autodetect");
    plan.flavour.set_env("FELIX_IPV6SUPPORT", "true");
    let command = &mut plan.flavour.container()["readinessProbe"]["exec"]["command"];
    command.as_array_mut().into_iter().for_each(|words| words.push("-bird6-ready".into()));
    let mut world = finished(&plan);
    let last = world.hosts.len();
    for (number, host) in world.hosts.values_mut().enumerate() {
        let own = Ipv6Addr::new(0xfd00, 0x10, 0, 0, 0, 0, 0, 0x10 + number as u16);
        host.internal6 = Some(own);
        host.interfaces.iter_mut().filter(|interface| interface.name == "eth0").for_each(|eth0| eth0.addresses.push((own.into(), 64)));
        let mut stored = own;
        if number + 1 == last {
            stored = Ipv6Addr::new(0xfd00, 0x172, 0x18, 0, 0, 0, 0, 1);
            let docker = host.interfaces.iter().find(|interface| interface.name == "docker0").cloned();
            host.interfaces.extend(docker.map(|docker| Interface {
                index: 14,
                name: build::BRIDGE.into(),
                addresses: vec![(stored.into(), 64)],
                ..docker
            }));
        }
        world.store.bend("Node", &host.node, |node| {
            node["metadata"]["annotations"]["projectcalico.org/IPv6Address"] = format!("{stored}/64").into();
            let addresses = node["status"]["addresses"].as_array_mut();
            addresses.into_iter().for_each(|all| all.insert(1, json!({"type": "InternalIP", "address": own.to_string()})));
        });
    }
    world
}

/// After `IP_AUTODETECTION_METHOD=interface=eth.*` was rolled out; the bridge is still there.
pub fn bridge_address_healed(count: usize) -> Scenario {
    let mut plan = plan(count);
    let before = plan.flavour.spec.clone();
    plan.flavour.set_env("IP_AUTODETECTION_METHOD", "interface=eth.*");
    plan.flavour.generation = 2;
    rolled_out(&mut plan);
    if let Some(victim) = plan.members.last_mut() {
        victim.bridge = true;
    }
    finish(&plan, &before, at(3 * 3600))
}

/// Pods replaced one after the other, the last about an hour ago.
fn rolled_out(plan: &mut Plan) {
    let count = plan.members.len() as i64;
    for (number, member) in plan.members.iter_mut().enumerate() {
        member.born = at(3600 + (count - number as i64) * 15);
    }
}

const FAR: &str = "amz-iad12-opsrespool-13-33";

fn far_node(plan: &mut Plan) {
    if let Some(far) = plan.members.last_mut() {
        far.name = FAR.into();
        far.ip = Ipv4Addr::new(10, 8, 13, 33);
        far.stored = (far.ip, 24);
        far.round_trip = 1.5;
    }
}

/// Incident 2: a far node is killed by its liveness probe (10 s + 6 × 10 s) before it has started, for the seventh time.
pub fn slow_start(count: usize) -> Scenario {
    let mut plan = plan(count);
    far_node(&mut plan);
    if let Some(far) = plan.members.last_mut() {
        far.born = at(1560);
        far.state = State::BackOff { restarts: 7, started: at(182), killed: at(119) };
    }
    let mut world = finished(&plan);
    happened::killed(&mut world, &plan);
    world
}

/// After the liveness probe was given 60 s + 10 × 10 s.
pub fn slow_start_healed(count: usize) -> Scenario {
    let mut plan = plan(count);
    far_node(&mut plan);
    let before = plan.flavour.spec.clone();
    let probe = &mut plan.flavour.container()["livenessProbe"];
    probe["initialDelaySeconds"] = 60.into();
    probe["failureThreshold"] = 10.into();
    plan.flavour.generation = 2;
    rolled_out(&mut plan);
    finish(&plan, &before, at(3 * 3600))
}

/// Every host has the bridge, the last one advertises it; the network is 192.168.56.x, so the healthy side dials.
pub fn all_bridges(count: usize) -> Scenario {
    let mut plan = plan(count);
    for (number, member) in plan.members.iter_mut().enumerate() {
        member.ip = Ipv4Addr::from_bits(Ipv4Addr::new(192, 168, 56, 10).to_bits() + number as u32);
        let octets = member.ip.octets();
        member.name = format!("amz-sin8-opsrespool-{}-{}", octets[2], octets[3]);
        member.stored = (member.ip, 24);
        member.bridge = true;
    }
    mislead(&mut plan);
    let mut world = finished(&plan);
    happened::not_established(&mut world, &plan, at(RESTARTED));
    world
}

/// A manifest install with the VXLAN backend: no BIRD anywhere.
pub fn vxlan(count: usize) -> Scenario {
    let mut plan = plan(count);
    plan.backend = Backend::Vxlan;
    plan.flavour.set_env("CALICO_IPV4POOL_IPIP", "Never");
    plan.flavour.set_env("CALICO_IPV4POOL_VXLAN", "Always");
    let container = plan.flavour.container();
    container["livenessProbe"]["exec"]["command"] = json!(["/bin/calico-node", "-felix-live"]);
    container["readinessProbe"]["exec"]["command"] = json!(["/bin/calico-node", "-felix-ready"]);
    finished(&plan)
}

/// canal: Calico for policy, flannel for the network; no addresses, no BIRD.
pub fn canal(count: usize) -> Scenario {
    let mut flavour = Flavour { name: "canal", label: "canal", ..manifest_flavour() };
    flavour.set_env("CALICO_NETWORKING_BACKEND", "none");
    flavour.set_env("CLUSTER_TYPE", "k8s,canal");
    flavour.set_env("IP", "");
    let port = json!({"host": "localhost", "path": "/readiness", "port": 9099, "scheme": "HTTP"});
    let container = flavour.container();
    container["livenessProbe"]["exec"]["command"] = json!(["/bin/calico-node", "-felix-live"]);
    container["readinessProbe"] =
        json!({"failureThreshold": 3, "httpGet": port, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 10});
    let labels = json!({"k8s-app": "canal"});
    flavour.spec["selector"]["matchLabels"] = labels.clone();
    flavour.spec["template"]["metadata"]["labels"] = labels;
    let flannel = json!({
        "name": "kube-flannel",
        "image": "docker.io/flannel/flannel:v0.20.2",
        "command": ["/opt/bin/flanneld", "--ip-masq", "--kube-subnet-mgr"],
        "env": [{"name": "FLANNELD_IFACE", "valueFrom": {"configMapKeyRef": {"key": "canal_iface", "name": "canal-config"}}}],
        "resources": {},
    });
    if let Some(containers) = flavour.spec["template"]["spec"]["containers"].as_array_mut() {
        containers.push(flannel);
    }
    let plan = Plan { flavour, backend: Backend::None, ..plan(count) };
    let world = finished(&plan);
    world.store.remove("ConfigMap", |name| name == "calico-config");
    let metadata = objects::metadata("ConfigMap", Some("kube-system"), "canal-config", created());
    let data = json!({"canal_iface": "", "masquerade": "true", "typha_service_name": "none", "veth_mtu": "0"});
    world.store.add(json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}));
    world
}

/// Three nodes whose network is something else: no DaemonSet, pod, host or custom resource of Calico.
pub fn no_calico() -> Scenario {
    let plan = Plan { backend: Backend::None, ..plan(3) };
    let world = Scenario::empty(plan.now);
    let whole = plan.world();
    for name in ["Node", "Namespace", "Service", "EndpointSlice"] {
        if let Some(kind) = crate::kinds::Kind::named(name) {
            for stored in whole.store.all(kind) {
                let mut object: Value = stored.whole_value(kind);
                if name == "Node" {
                    object["metadata"]["annotations"] = json!({});
                }
                world.store.add(object);
            }
        }
    }
    world
}

/// A manifest install and an operator's install side by side, as a half-done migration leaves them.
pub fn two_calicos() -> Scenario {
    let mut world = operator(3);
    let plan = plan(3);
    plan.add_to(&mut world);
    for revision in plan.flavour.revisions(&plan.flavour.spec, plan.created) {
        world.store.add(revision);
    }
    world
}

/// No mesh: every node peers with three route reflectors.
pub fn far_reflectors(count: usize) -> Scenario {
    let mut plan = plan(count);
    plan.topology = Topology::Reflectors;
    for reflector in plan.members.iter_mut().take(3) {
        reflector.reflector = true;
    }
    let world = finished(&plan);
    for object in custom::without_mesh(created()) {
        world.store.add(object);
    }
    world
}

/// By the name a command line would use; `None` for an unknown one.
pub fn named(name: &str, count: usize) -> Option<Scenario> {
    Some(match name {
        "healthy" => healthy(count),
        "bridge-address" => bridge_address(count),
        "bridge-address6" => bridge_address6(count),
        "bridge-address-healed" => bridge_address_healed(count),
        "slow-start" => slow_start(count),
        "slow-start-healed" => slow_start_healed(count),
        "no-address" => no_address(count),
        "all-bridges" => all_bridges(count),
        "vxlan" => vxlan(count),
        "operator" => operator(count),
        "operator-bridge-address" => operator_bridge_address(count),
        "operator-new" => operator_new(count),
        "canal" => canal(count),
        "no-calico" => no_calico(),
        "two-calicos" => two_calicos(),
        "far-reflectors" => far_reflectors(count),
        _ => return None,
    })
}

pub const NAMES: &[&str] = &[
    "healthy",
    "bridge-address",
    "bridge-address6",
    "bridge-address-healed",
    "slow-start",
    "slow-start-healed",
    "no-address",
    "all-bridges",
    "vxlan",
    "operator",
    "operator-bridge-address",
    "operator-new",
    "canal",
    "no-calico",
    "two-calicos",
    "far-reflectors",
];

/// Shifts a moment by whole seconds; scenarios count from a start.
fn later(from: Timestamp, seconds: i64) -> Timestamp {
    from + SignedDuration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;

    fn everything(world: &Scenario) -> Vec<u8> {
        KINDS.iter().flat_map(|kind| world.store.all(kind)).flat_map(|stored| stored.json.to_vec()).collect()
    }

    #[test]
    fn every_scenario_is_the_same_each_time_and_weighs_what_real_ones_do() {
        let nodes = crate::kinds::Kind::named("Node").expect("nodes");
        for name in NAMES {
            let world = named(name, 5).expect("a scenario");
            assert_eq!(everything(&world), everything(&named(name, 5).expect("a scenario")), "{name}");
            let slice = world.store.object("EndpointSlice", "default", "kubernetes").expect("a slice");
            for endpoint in slice["endpoints"].as_array().expect("endpoints") {
                let on = |node: &Value| node["status"]["addresses"][0]["address"] == endpoint["addresses"][0];
                let node = world.store.objects("Node").into_iter().find(on).expect("a node");
                assert_eq!(node["metadata"]["labels"]["node-role.kubernetes.io/control-plane"], "", "{name}");
            }
            for node in world.store.all(nodes) {
                assert!((8_000..20_000).contains(&node.json.len()), "{name}: {} weighs {}", node.name, node.json.len());
            }
        }
    }
}
