//! What else a healthy cluster may have: the marks of its installer, its dataplane, encryption, tunnels and the operator's own probes.

use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::*;
use serde_json::{Value, json};

use super::build::*;
use super::random::Layout;
use super::seeds::Random;

/// Each leaves the addresses, the sessions and, but for its own form of the same choice, the method alone.
pub(super) fn dress(world: World, layout: Layout, has_six: bool, random: &mut Random) -> World {
    let world = if world.installation.is_some() { operator(world, random) } else { installer(world, layout, has_six, random) };
    let world = if random.chance(15) { ebpf(world) } else { world };
    let world = if random.chance(20) && layout != Layout::SixOnly { wireguard(world) } else { world };
    if random.chance(25) && layout != Layout::SixOnly { tunnels(world, random) } else { world }
}

fn methodless(world: &World) -> bool {
    !world.daemon_set.spec.template.spec.containers[0].env.iter().any(|one| one.name == "IP_AUTODETECTION_METHOD")
}

fn label(world: World, key: &str, value: &str) -> World {
    world.set(|set| drop(set.metadata.labels.insert(key.into(), value.into())))
}

/// Marks as the installers' own manifests leave them.
fn installer(world: World, layout: Layout, has_six: bool, random: &mut Random) -> World {
    match random.below(10) {
        0 => {
            let first = methodless(&world);
            let world = label(world.env("CLUSTER_TYPE", "kops,bgp"), "addon.kops.k8s.io/name", "networking.projectcalico.org");
            let world = if first { world.env("IP_AUTODETECTION_METHOD", "first-found") } else { world };
            if has_six { world } else { world.env("IP6", "none").env("IP6_AUTODETECTION_METHOD", "none") }
        }
        1 => {
            let mut world = label(world, "k0s.k0sproject.io/stack", "calico").edit(|snapshot| kubelets(snapshot, "v1.30.2+k0s"));
            let container = world.container();
            for probe in [&mut container.liveness_probe, &mut container.readiness_probe].into_iter().flatten() {
                if let Some(exec) = &mut probe.exec {
                    exec.command[0] = "/usr/bin/calico-node".into();
                }
            }
            world
        }
        2 if matches!(layout, Layout::Flat | Layout::Racks) && methodless(&world) => {
            let mut world = world.env("CALICO_STARTUP_LOGLEVEL", "error").env("FELIX_HEALTHHOST", "localhost");
            let host_ip = json!({"name": "NODEIP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}});
            world.container().env.push(serde_json::from_value(host_ip).expect("a variable"));
            world.env("IP_AUTODETECTION_METHOD", "can-reach=$(NODEIP)")
        }
        3 => {
            let world = label(world, "resources.gardener.cloud/managed-by", "gardener");
            world.set(|set| {
                let beside = Container { name: "network-unavailable-condition-ensurer".into(), ..Container::default() };
                set.spec.template.spec.containers.push(beside.into());
            })
        }
        4 => world
            .edit(|snapshot| each_node(snapshot, |node| drop(node.metadata.labels.insert("microk8s.io/cluster".into(), "true".into())))),
        5 => world.edit(|snapshot| each_node(snapshot, |node| node.status.node_info.kernel_version = "6.6.32-talos".into())),
        6 => world.edit(|snapshot| kubelets(snapshot, "v1.31.0+k3s1")),
        7 => world.edit(|snapshot| {
            each_node(snapshot, |node| drop(node.metadata.annotations.insert("cluster.x-k8s.io/cluster-name".into(), "one".into())));
        }),
        _ => world,
    }
}

fn each_node(snapshot: &mut Snapshot, change: fn(&mut Node)) {
    if let Observed::Seen(nodes) = &mut snapshot.nodes {
        nodes.iter_mut().for_each(change);
    }
}

fn kubelets(snapshot: &mut Snapshot, version: &str) {
    if let Observed::Seen(nodes) = &mut snapshot.nodes {
        nodes.iter_mut().for_each(|node| node.status.node_info.kubelet_version = version.into());
    }
}

/// Probes of tigera/operator pkg/render/node.go at releases 1.28, 1.30, 1.32 and 1.42; liveness never asks for BIRD.
fn operator(world: World, random: &mut Random) -> World {
    let http = |path: &str| json!({"host": "localhost", "path": path, "port": 9099});
    let asks_bird = world.daemon_set.spec.template.spec.containers[0]
        .readiness_probe
        .as_ref()
        .is_some_and(|probe| probe.exec.as_ref().is_some_and(|exec| exec.command.iter().any(|word| word == "-bird-ready")));
    let flags: &[&str] =
        if asks_bird { &["/bin/calico-node", "-bird-ready", "-felix-ready"] } else { &["/bin/calico-node", "-felix-ready"] };
    let probe = |handler: Value, timing: Value| -> Value {
        let mut all = handler;
        all.as_object_mut().expect("a probe").extend(timing.as_object().expect("fields").clone());
        all
    };
    let [live, ready, start] = match random.below(4) {
        0 => [json!({"timeoutSeconds": 10}), json!({"timeoutSeconds": 5}), Value::Null],
        1 => [json!({"timeoutSeconds": 10}), json!({"periodSeconds": 30, "timeoutSeconds": 10}), Value::Null],
        2 => [json!({"periodSeconds": 60, "timeoutSeconds": 10}), json!({"periodSeconds": 30, "timeoutSeconds": 5}), Value::Null],
        _ => [
            json!({"periodSeconds": 60, "timeoutSeconds": 10}),
            json!({"periodSeconds": 10, "timeoutSeconds": 5}),
            json!({"periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 150}),
        ],
    };
    let mut world =
        world.liveness(probe(json!({"httpGet": http("/liveness")}), live)).readiness(probe(json!({"exec": {"command": flags}}), ready));
    if !start.is_null() {
        world.container().startup_probe = serde_json::from_value(probe(json!({"httpGet": http("/liveness")}), start)).expect("a probe");
    }
    world
}

fn ebpf(world: World) -> World {
    let mut world = world.env("FELIX_BPFENABLED", "true");
    for host in world.hosts.iter_mut().filter(|host| host.pod) {
        for name in ["bpfin.cali", "bpfout.cali"] {
            host.interfaces.push((name.into(), Some("veth".into()), vec!["fe80::42/64".into()]));
        }
    }
    world
}

fn wireguard(mut world: World) -> World {
    for (index, host) in world.hosts.iter_mut().enumerate().filter(|(_, host)| host.pod) {
        let address = format!("10.245.{index}.1");
        host.annotations.insert("projectcalico.org/WireguardPublicKey".into(), format!("AAAA{index}="));
        host.annotations.insert("projectcalico.org/IPv4WireguardInterfaceAddr".into(), address.clone());
        host.interfaces.push(("wireguard.cali".into(), Some("wireguard".into()), vec![format!("{address}/32")]));
    }
    world
}

/// A pool with a tunnel, and each node's own address in it; Windows nodes have one too where Calico runs on them.
fn tunnels(mut world: World, random: &mut Random) -> World {
    let vxlan = random.chance(60);
    let (annotation, name, kind) = match vxlan {
        true => ("projectcalico.org/IPv4VXLANTunnelAddr", "vxlan.calico", "vxlan"),
        false => ("projectcalico.org/IPv4IPIPTunnelAddr", "tunl0", "ipip"),
    };
    for (index, host) in world.hosts.iter_mut().enumerate().filter(|(_, host)| host.pod) {
        let address = format!("10.244.{}.0", index + 1);
        host.annotations.remove("projectcalico.org/IPv4VXLANTunnelAddr");
        host.annotations.insert(annotation.into(), address.clone());
        host.interfaces.retain(|(other, ..)| other != name);
        host.interfaces.push((name.into(), Some(kind.into()), vec![format!("{address}/32")]));
    }
    match (vxlan, random.chance(50)) {
        (true, true) => world.edit(|snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "Always"}))),
        (true, false) => world.edit(|snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "vxlanMode": "CrossSubnet"}))),
        (false, _) => world.edit(|snapshot| pool(snapshot, json!({"cidr": "10.244.0.0/16", "ipipMode": "Always"}))),
    }
}

fn pool(snapshot: &mut Snapshot, spec: Value) {
    let metadata = Meta { name: "default".into(), ..Meta::default() };
    snapshot.resources.ip_pools = Observed::Seen(vec![Custom { metadata, spec, status: Value::Null }]);
}
