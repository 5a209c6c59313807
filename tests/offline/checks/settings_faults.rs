//! Faults of settings, sessions and rollouts for the random clusters: a row each, with its finding and the fixes that are allowed.

use calico_fix::calico::startup_log;
use calico_fix::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use calico_fix::observed::Observed;
use calico_fix::snapshot::objects::*;
use calico_fix::snapshot::{ProgramPod, Snapshot};
use calico_fix::verb::Verb;
use serde_json::{Value, json};

use super::build::*;
use super::random::{Cluster, Layout, METHOD, POD};
use super::seeds::Random;

/// The snapshot with it; `None` where this cluster cannot have it on that host.
type Inject = fn(&Cluster, usize, &mut Random) -> Option<Snapshot>;

pub(super) struct SettingsFault {
    pub name: &'static str,
    pub code: &'static str,
    /// One of these is in each fix; no fix at all is allowed too.
    pub fixes: &'static [&'static str],
    /// The finding names the node; otherwise it may name none.
    pub names_node: bool,
    pub inject: Inject,
}

const fn of_node(name: &'static str, code: &'static str, fixes: &'static [&'static str], inject: Inject) -> SettingsFault {
    SettingsFault { name, code, fixes, names_node: true, inject }
}

const fn of_cluster(name: &'static str, code: &'static str, fixes: &'static [&'static str], inject: Inject) -> SettingsFault {
    SettingsFault { names_node: false, ..of_node(name, code, fixes, inject) }
}

pub(super) const FAULTS: [SettingsFault; 19] = [
    of_node("a session that both ends lack", "bgp-session-down", &[], session_down),
    of_node("a peer that BIRD does not have", "bgp-peer-missing", &["kubectl delete pod ", "kubectl logs "], peer_missing),
    of_node("a peer of somebody else", "bgp-foreign-session-down", &[], foreign_session),
    of_node("one router ID for two nodes", "router-id-conflict", &[], router_id),
    of_node("a virtual IP", "address-not-internal-ip", METHOD, virtual_ip),
    of_node("the other card", "addresses-in-several-subnets", METHOD, other_card),
    of_node("no tunnel address", "tunnel-address-wrong", POD, no_tunnel_address),
    of_node("a start of 65 s", "start-near-budget", &["startupProbe", "kubectl calico-fix probes"], slow_start),
    of_node("half a rollout", "rollout-unfinished", &["kubectl rollout status "], half_a_rollout),
    of_node(
        "a change that was killed",
        "change-unfinished",
        &["kubectl calico-fix apply --resume", "kubectl calico-fix undo"],
        killed_change,
    ),
    of_cluster("a word that is no method", "method-invalid", METHOD, |cluster, _, _| method(cluster, "eth0")),
    of_cluster("a method that finds nothing", "method-ineffective", METHOD, |cluster, _, _| method(cluster, "interface=ens.*")),
    of_cluster("two methods", "operator-degraded", &[], two_methods),
    of_cluster("one second for a probe", "probe-timeout-too-short", &["timeoutSeconds"], short_timeout),
    of_cluster("a probe that asks for BIRD", "probe-misfit", &[], bird_without_bird),
    of_cluster("a datastore that is locked", "datastore-locked", &[], locked),
    of_node("a pool of the nodes' network", "pool-overlaps-nodes", &[], pool_of_nodes),
    of_cluster("no Typha", "program-not-running", &["kubectl logs "], no_typha),
    of_cluster("DEBUG", "debug-left-on", &["CALICO_STARTUP_LOGLEVEL-"], debug),
];

fn custom(name: &str, spec: Value) -> Custom {
    Custom { metadata: Meta { name: name.into(), ..Meta::default() }, spec, status: Value::Null }
}

/// The host and the first peer that it has an established IPv4 session with: its own row, the peer's place and the peer's row.
fn pair(cluster: &Cluster, at: usize) -> Option<(String, usize, String)> {
    let hosts = &cluster.world.hosts;
    let bare = |cidr: &Option<String>| cidr.as_deref().and_then(|cidr| cidr.split('/').next()).map(|address| address.replace('.', "_"));
    let own = bare(&hosts[at].stored)?;
    let row = hosts[at].sessions.as_deref()?.split('|').find(|row| !row.is_empty())?.to_owned();
    let address = row.split(' ').next()?.split_once('_')?.1.to_owned();
    let peer = hosts.iter().position(|host| bare(&host.stored).as_ref() == Some(&address))?;
    let theirs = hosts[peer].sessions.as_deref()?.split('|').find(|row| row.contains(&format!("_{own} ")))?.to_owned();
    cluster.has_bird().then_some((row, peer, theirs))
}

/// The cluster with these words in place of `Established` at both ends.
fn between(cluster: &Cluster, at: usize, own: &str, theirs: &str) -> Option<(World, usize)> {
    let (row, peer, other) = pair(cluster, at)?;
    let mut world = cluster.world.clone();
    for (index, row, words) in [(at, row, own), (peer, other, theirs)] {
        let text = world.hosts[index].sessions.as_mut()?;
        *text = text
            .split('|')
            .map(|one| if one == row { row.replace("Established", words) } else { one.to_owned() })
            .collect::<Vec<_>>()
            .join("|");
    }
    Some((world, peer))
}

fn session_down(cluster: &Cluster, at: usize, random: &mut Random) -> Option<Snapshot> {
    let (own, theirs) = random.pick(&[
        ("Idle BGP Error: Bad peer AS", "Idle Received: Bad peer AS"),
        ("Active Received: Hold timer expired", "Idle BGP Error: Hold timer expired"),
        ("OpenSent", "OpenSent"),
        ("Active Received: Authentication failure", "Passive"),
        ("down 09:57:18 Error: Kernel MD5 auth failed", "Connect"),
    ]);
    Some(between(cluster, at, own, theirs)?.0.snapshot())
}

fn peer_missing(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    let (row, ..) = pair(cluster, at).filter(|(row, ..)| row.starts_with("Mesh_"))?;
    let (mut world, _) = between(cluster, at, "Established", "Active Socket: Connection closed")?;
    let text = world.hosts[at].sessions.as_mut()?;
    *text = text.split('|').filter(|one| *one != row).collect::<Vec<_>>().join("|");
    let mut snapshot = world.snapshot();
    snapshot.resources.bgp_configurations = Observed::Seen(Vec::new());
    Some(snapshot)
}

fn foreign_session(cluster: &Cluster, at: usize, random: &mut Random) -> Option<Snapshot> {
    pair(cluster, at)?;
    let mut world = cluster.world.clone();
    let words = random.pick(&["Active", "Active Socket: Connection refused", "-"]);
    *world.hosts[at].sessions.as_mut()? += &format!("|my_own_peer {words}");
    Some(world.snapshot())
}

fn router_id(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    let (world, peer) = between(cluster, at, "Active Received: Bad BGP identifier", "Idle BGP Error: Bad BGP identifier")?;
    let mut snapshot = world.snapshot();
    for index in [at, peer] {
        let Some(Observed::Seen(inside)) = snapshot.inside.get_mut(&world.hosts[index].name) else { return None };
        let Observed::Seen(bird) = &mut inside.bird4 else { return None };
        bird.router_id = Some("10.66.0.9".into());
    }
    Some(snapshot)
}

fn virtual_ip(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    let mut cluster = cluster.clone();
    let node = cluster.world.hosts[at].name.clone();
    if cluster.layout != Layout::Flat || !cluster.has_bird() || !cluster.has_default_method() {
        return None;
    }
    cluster.world = cluster.world.interface(&node, "eth0:1", "10.0.0.201/32").stored(&node, "10.0.0.201/32").not_ready(&node);
    cluster.cut(&node);
    Some(cluster.world.snapshot())
}

/// Detection took the other card on one node, and so did the kubelet.
fn other_card(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    let linux = cluster.world.hosts.iter().filter(|host| host.pod).count();
    if cluster.layout != Layout::Flat || cluster.has_bird() || linux < 5 {
        return None;
    }
    let mut world = cluster.world.clone();
    let host = &mut world.hosts[at];
    let cidr = format!("10.9.0.{}/24", at + 1);
    host.interfaces.push(("eth8".into(), None, vec![cidr.clone()]));
    host.internal[0] = format!("10.9.0.{}", at + 1);
    host.stored = Some(cidr);
    Some(world.snapshot())
}

fn no_tunnel_address(cluster: &Cluster, at: usize, random: &mut Random) -> Option<Snapshot> {
    let (annotation, mode) =
        random.pick(&[("projectcalico.org/IPv4VXLANTunnelAddr", "vxlanMode"), ("projectcalico.org/IPv4IPIPTunnelAddr", "ipipMode")]);
    if cluster.layout == Layout::SixOnly {
        return None;
    }
    let mut world = cluster.world.clone();
    for (index, host) in world.hosts.iter_mut().enumerate().filter(|(_, host)| host.pod) {
        host.annotations.insert(annotation.into(), format!("10.244.{index}.0"));
    }
    world.hosts[at].annotations.remove(annotation);
    let mut snapshot = world.snapshot();
    snapshot.resources.ip_pools = Observed::Seen(vec![custom("default", json!({"cidr": "10.244.0.0/16", mode: "Always"}))]);
    Some(snapshot)
}

fn locked(cluster: &Cluster, _: usize, _: &mut Random) -> Option<Snapshot> {
    let mut snapshot = cluster.world.snapshot();
    snapshot.resources.cluster_informations = Observed::Seen(vec![custom("default", json!({"datastoreReady": false}))]);
    Some(snapshot)
}

fn no_typha(cluster: &Cluster, _: usize, _: &mut Random) -> Option<Snapshot> {
    let pod = json!({"metadata": {"name": "calico-typha-6b9d7c5d6f-2kx7p", "namespace": "calico-system"}, "status": {
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{"name": "calico-typha", "ready": false, "restartCount": 41, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}});
    let mut snapshot = cluster.world.snapshot();
    snapshot.programs = vec![ProgramPod { pod: serde_json::from_value(pod).expect("a pod"), newest_error: None }];
    Some(snapshot)
}

/// Nodes of 10.0.0.x, and pods of all of 10.x.
fn pool_of_nodes(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    let mut world = cluster.world.clone();
    world.hosts[at].stored.as_ref().filter(|stored| stored.starts_with("10."))?;
    for (index, host) in world.hosts.iter_mut().enumerate().filter(|(_, host)| host.pod) {
        host.annotations.insert("projectcalico.org/IPv4IPIPTunnelAddr".into(), format!("10.244.{index}.0"));
    }
    let mut snapshot = world.snapshot();
    snapshot.resources.ip_pools = Observed::Seen(vec![custom("default", json!({"cidr": "10.0.0.0/8", "ipipMode": "Always"}))]);
    Some(snapshot)
}

fn slow_start(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    let probe = cluster.world.daemon_set.spec.template.spec.calico_node()?.liveness_probe.as_ref()?;
    probe.exec.as_ref().filter(|_| probe.initial_delay_seconds == Some(10))?;
    let text = "2026-11-23T16:00:11.000Z 2026-11-23 16:00:11.000 [INFO][9] startup/startup.go 427: Early log level set to info\n\
                2026-11-23T16:01:15.000Z Calico node started successfully\n";
    let mut world = cluster.world.clone();
    world.hosts[at].logs[0] = Some(Observed::Seen(startup_log::digest(text.as_bytes(), true)));
    Some(world.snapshot())
}

fn half_a_rollout(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    Some(behind(cluster, at)?.snapshot())
}

/// One node has the old settings yet.
fn behind(cluster: &Cluster, at: usize) -> Option<World> {
    let mut world = cluster.world.clone();
    let linux = world.hosts.iter().filter(|host| host.pod).count();
    world.hosts.iter_mut().enumerate().filter(|(index, _)| *index != at).for_each(|(_, host)| host.revision = "two".into());
    let status = &mut world.daemon_set.status;
    status.updated_number_scheduled = i32::try_from(linux).ok()? - 1;
    Some(world)
}

fn killed_change(cluster: &Cluster, at: usize, _: &mut Random) -> Option<Snapshot> {
    if cluster.world.installation.is_some() {
        return None;
    }
    let canary = Some(cluster.world.hosts[at].name.clone());
    let record = UndoRecord { canary, ..undo_record(Verb::Autodetect, RolloutPhase::Canary) };
    let mut world = cluster.world.clone();
    world.hosts[at].revision = "two".into();
    world.daemon_set.status.updated_number_scheduled = 1;
    world.daemon_set.spec.update_strategy.r#type = "OnDelete".into();
    world.daemon_set.metadata.annotations.insert(ANNOTATION.into(), serde_json::to_string(&record).ok()?);
    Some(world.snapshot())
}

fn method(cluster: &Cluster, method: &str) -> Option<Snapshot> {
    let fits = cluster.layout == Layout::Flat && cluster.world.installation.is_none();
    fits.then(|| cluster.world.clone().env("IP_AUTODETECTION_METHOD", method).snapshot())
}

fn two_methods(cluster: &Cluster, _: usize, _: &mut Random) -> Option<Snapshot> {
    cluster.world.installation.as_ref()?;
    let mut snapshot = cluster.world.snapshot();
    let condition = json!({"type": "Degraded", "status": "True", "reason": "InvalidConfigurationError",
        "message": "no more than one node address autodetection method can be specified per-family"});
    let status = json!({"metadata": {"name": "calico"}, "status": {"conditions": [condition]}});
    snapshot.resources.tigera_statuses = Observed::Seen(vec![serde_json::from_value(status).ok()?]);
    Some(snapshot)
}

fn short_timeout(cluster: &Cluster, _: usize, random: &mut Random) -> Option<Snapshot> {
    let mut world = cluster.world.clone();
    let container = world.container();
    let probe = if random.chance(50) { &mut container.liveness_probe } else { &mut container.readiness_probe };
    let probe = probe.as_mut().filter(|probe| probe.exec.is_some())?;
    probe.timeout_seconds = random.pick(&[None, Some(1)]);
    Some(world.snapshot())
}

fn bird_without_bird(cluster: &Cluster, _: usize, _: &mut Random) -> Option<Snapshot> {
    let asks = |probe: &Probe| probe.exec.as_ref().is_some_and(|exec| exec.command.iter().any(|word| word.starts_with("-bird")));
    let container = cluster.world.daemon_set.spec.template.spec.calico_node()?;
    container.liveness_probe.as_ref().filter(|probe| cluster.has_bird() && asks(probe))?;
    Some(cluster.world.clone().env("CALICO_NETWORKING_BACKEND", "vxlan").snapshot())
}

fn debug(cluster: &Cluster, _: usize, _: &mut Random) -> Option<Snapshot> {
    cluster.world.installation.is_none().then(|| cluster.world.clone().env("CALICO_STARTUP_LOGLEVEL", "debug").snapshot())
}
