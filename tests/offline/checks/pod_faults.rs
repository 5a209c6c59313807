//! Faults of one node's pod for the random clusters: a row each, with its finding and the fixes that are allowed.

use calico_fix::calico::probe::{ProbeKind, start_guard};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::pods::{ended, waiting};
use super::random::Cluster;
use super::seeds::Random;

/// Of the world before the snapshot: logs, events and sessions of the host at this place.
type Happen = fn(World, &str, &mut Random) -> World;
/// Of the pod in the snapshot.
type Edit = fn(&mut Pod, &mut Random);

pub(super) struct PodFault {
    pub name: &'static str,
    pub code: &'static str,
    /// One of these is in each fix; no fix at all is allowed too.
    pub fixes: &'static [&'static str],
    happen: Happen,
    pod: Edit,
    /// Its peers lose their sessions with it.
    cuts: bool,
    /// Only where BIRD runs for IPv4.
    bird: bool,
    /// Only where BIRD runs for IPv6 too.
    six: bool,
    /// Where WireGuard joins the nodes too.
    wireguard: bool,
    /// Of anything else in the snapshot.
    seen: fn(&mut Snapshot, &str),
}

const DESCRIBE: &[&str] = &["kubectl describe pod "];
const LOGS: &[&str] = &["kubectl logs "];
const LOOK: &[&str] = &["kubectl describe pod ", "kubectl logs "];
const PROBES: &[&str] = &["kubectl calico-fix probes"];
const NOTHING: &[&str] = &[];
const NETWORK: &[&str] =
    &["kubectl delete pod ", "kubectl get pods -A", "kubectl get ippools", "kubectl get events -A", "kubectl describe pod "];

const fn row(name: &'static str, code: &'static str, fixes: &'static [&'static str], happen: Happen, pod: Edit) -> PodFault {
    PodFault { name, code, fixes, happen, pod, cuts: true, bird: false, six: false, wireguard: true, seen: |_, _| {} }
}

/// calico-node runs, and its sessions are up.
const fn without_cut(fault: PodFault) -> PodFault {
    PodFault { cuts: false, ..fault }
}

const fn of_bird(fault: PodFault) -> PodFault {
    PodFault { bird: true, ..fault }
}

const fn of_bird6(fault: PodFault) -> PodFault {
    PodFault { cuts: false, six: true, seen: bird6_refuses, ..fault }
}

pub(super) const FAULTS: [PodFault; 37] = [
    row("a signal", "container-crashed", DESCRIBE, calm, |pod, random| crash(pod, random.pick(&[132, 134, 135, 136, 139, 159]), "Error")),
    row("a program that cannot be run", "container-crashed", DESCRIBE, calm, |pod, _| crash(pod, 128, "StartError")),
    row("an exit without a log", "pod-not-ready", LOGS, calm, |pod, random| crash(pod, random.pick(&[1, 2, 255]), "Error")),
    row("an exit between two looks", "pod-not-ready", LOGS, calm, |pod, _| {
        crash(pod, 1, "Error");
        container(pod).state = ContainerState { running: Some(Running { started_at: ago(20) }), ..ContainerState::default() };
    }),
    row("no memory", "out-of-memory", NOTHING, calm, |pod, _| crash(pod, 137, "OOMKilled")),
    row("an image", "image-not-pulled", DESCRIBE, calm, |pod, random| {
        let reason = random.pick(&["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"]);
        set_up(pod, waiting(reason, "not found"));
    }),
    row("the image of an init container", "image-not-pulled", DESCRIBE, calm, |pod, random| {
        init(pod, random, waiting("ImagePullBackOff", "not found"), ContainerState::default(), 0);
    }),
    row("an init container", "init-container-failed", LOGS, calm, |pod, random| {
        let code = random.pick(&[1, 2, 137, 255]);
        init(pod, random, waiting("CrashLoopBackOff", ""), ended(code, "Error"), 6);
    }),
    row("an init container between two runs", "init-container-failed", LOGS, calm, |pod, random| {
        init(pod, random, ended(1, "Error"), ContainerState::default(), 0);
    }),
    row("an init container that hangs", "init-container-failed", LOGS, calm, |pod, random| {
        let runs = ContainerState { running: Some(Running { started_at: ago(1200) }), ..ContainerState::default() };
        init(pod, random, runs, ContainerState::default(), 0);
    }),
    row("a sandbox that is made again and again", "pod-sandbox-recreated", DESCRIBE, sandbox_changed, |pod, _| crash(pod, 0, "Completed")),
    row("a sandbox that cannot be made", "pod-sandbox-recreated", DESCRIBE, sandbox_failed, |pod, _| {
        set_up(pod, waiting("ContainerCreating", ""));
    }),
    row("no room", "pod-not-scheduled", DESCRIBE, calm, unscheduled),
    row("a missing ConfigMap", "pod-not-ready", LOOK, calm, |pod, _| {
        set_up(pod, waiting("CreateContainerConfigError", "configmap \"calico-config\" not found"));
    }),
    row("a pod that does not end", "pod-not-ready", LOOK, calm, |pod, _| {
        not_ready(pod);
        pod.metadata.deletion_timestamp = ago(1200);
    }),
    row("killed while it starts", "killed-while-starting", PROBES, killed_while_starting, |pod, _| not_ready(pod)),
    row("killed while it runs", "killed-while-running", LOGS, killed_while_running, |pod, _| not_ready(pod)),
    row("Typha's Service", "typha-not-found", NOTHING, |world, name, _| world.log(name, &started(&[TYPHA])), |pod, _| not_ready(pod)),
    row("a part that ends", "exited-after-start", NOTHING, |world, name, _| world.log(name, &started(&[IP_SETS])), |pod, _| not_ready(pod)),
    row("no rights", "forbidden-to-calico", NOTHING, |world, name, _| world.log(name, &started(&[FORBIDDEN])), |pod, _| not_ready(pod)),
    row("no API", "datastore-unreachable", NOTHING, |world, name, _| world.log(name, &started(&[API, API_AGAIN])), |pod, _| not_ready(pod)),
    row(
        "Felix in a loop",
        "felix-restarts",
        NOTHING,
        |world, name, _| world.log(name, &started(&[SHUTS_DOWN; 5])),
        |pod, _| not_ready(pod),
    ),
    row("no Typha", "typha-unreachable", NOTHING, |world, name, _| world.log(name, &started(&[NO_TYPHA])), |pod, _| not_ready(pod)),
    row("a port that another has", "health-port-taken", NOTHING, port_taken, |pod, _| not_ready(pod)),
    row("no localhost", "health-address-missing", NOTHING, no_localhost, |pod, _| not_ready(pod)),
    row("rules of the other iptables", "iptables-backend-mismatch", NOTHING, other_iptables, |pod, _| not_ready(pod)),
    row("no kernel module", "kernel-feature-missing", NOTHING, no_module, |pod, _| not_ready(pod)),
    row("an update conflict", "startup-exited", NOTHING, conflict, |pod, _| crash(pod, 1, "Error")),
    row("a watchdog", "felix-not-live", LOGS, watchdog, |pod, _| not_ready(pod)),
    row("no CPU", "cpu-starved", &["kubectl set resources daemonset"], no_cpu, |pod, _| not_ready(pod)),
    of_bird(row("a configuration that BIRD refuses", "bgp-configuration-refused", NOTHING, refused, |pod, _| not_ready(pod))),
    of_bird6(row("no BIRD6", "bird-not-running", LOGS, bird6_is_refused, |_, _| {})),
    of_bird6(row("a configuration that BIRD6 refuses", "bgp-configuration-refused", NOTHING, refused_by_bird6, |pod, _| not_ready(pod))),
    PodFault {
        wireguard: false,
        ..of_bird(without_cut(row("routes that the kernel refuses", "routes-not-installed", NOTHING, routes_refused, |_, _| {})))
    },
    PodFault {
        seen: network_unavailable,
        ..without_cut(row("a condition of the Node", "network-unavailable", &["kubectl delete pod "], calm, |_, _| {}))
    },
    PodFault { seen: network_failed, ..without_cut(row("a network plugin that fails", "pod-network-failed", NETWORK, calm, |_, _| {})) },
    of_bird(without_cut(row("no BIRD", "bird-not-running", LOGS, |world, name, _| world.no_bird(name).not_ready(name), |_, _| {}))),
];

const TYPHA: &str =
    "[FATAL][71] felix/daemon.go 303: Typha discovery enabled but discovery failed. error=endpoints \"calico-typha\" not found";
const IP_SETS: &str = "[PANIC][65] felix/ipsets.go 379: Failed to update IP sets after multiple retries. family=\"inet\"";
const FORBIDDEN: &str = "[ERROR][65] felix/daemon.go 233: Failed to get config from datastore error=felixconfigurations.crd.projectcalico.org \
    is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot list resource";
const API: &str = "[ERROR][65] felix/daemon.go 233: Failed to get config from datastore error=Get \"https://10.96.0.1:443/apis/crd\": dial tcp \
    10.96.0.1:443: i/o timeout";
const API_AGAIN: &str =
    "[ERROR][66] confd/client.go 9: Failed to list error=Get \"https://10.96.0.1:443/apis/crd\": context deadline exceeded";
const NO_TYPHA: &str = "[ERROR][78] felix/daemon.go 324: Failed to connect to Typha error=dial tcp 10.96.7.7:5473: i/o timeout";
const PORT: &str = "[ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: \
    address already in use";
const LOCALHOST: &str = "[ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp: lookup localhost on \
    10.96.0.10:53: no such host";
const IPTABLES: &str = "[WARNING][128] felix/table.go 765: iptables-nft-save command failed error=iptables-save failed because there are \
    incompatible nft rules in the table ipVersion=0x4 stderr=\"\" table=\"filter\"";
const MODULES: [&str; 3] = [
    "[WARNING][75] felix/ipip_mgr.go 111: Failed to add IPIP tunnel device error=exit status 1",
    "[WARNING][75] felix/vxlan_mgr.go 622: Failed to configure VXLAN tunnel device, retrying... error=operation not supported",
    "[ERROR][75] felix/route_rule.go 248: Failed to list routing rules, retrying... error=operation not supported",
];
const CONFLICT: &str = "[ERROR][9] startup/startup.go 201: Unable to set node resource configuration error=update conflict: Node(node-2)";
const WATCHDOG: &str = "[WARNING][81] felix/health.go 211: Report timed out name=\"int_dataplane\"";
const LATE: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": net/http: \
    request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)\n";
const SHUTS_DOWN: &str = "[WARNING][99] felix/daemon.go 719: Felix is shutting down reason=\"config changed\"";
const REFUSED: &str = "bird: /etc/calico/confd/config/bird.cfg, line 96: Only internal neighbor can be RR client";

fn calm(world: World, _: &str, _: &mut Random) -> World {
    world
}

const REFUSED6: &str = "bird6: /etc/calico/confd/config/bird6.cfg, line 96: Only internal neighbor can be RR client";

/// Peers' BIRD6 dial a port on which nothing listens.
fn bird6_is_refused(mut world: World, name: &str, _: &mut Random) -> World {
    let row_of = |cidr: &str| cidr.split('/').next().unwrap_or_default().replace(':', "_");
    let own =
        world.hosts.iter().find(|host| host.name == name).and_then(|host| host.stored6.as_deref().map(row_of)).expect("an IPv6 address");
    for sessions in world.hosts.iter_mut().filter(|host| host.name != name).filter_map(|host| host.sessions6.as_mut()) {
        let rows = sessions.split('|').map(|row| {
            let is_of = row.ends_with(&format!("_{own} Established"));
            if is_of { row.replace("Established", "Active Socket: Connection refused") } else { row.to_owned() }
        });
        *sessions = rows.collect::<Vec<_>>().join("|");
    }
    world
}

fn refused_by_bird6(world: World, name: &str, random: &mut Random) -> World {
    bird6_is_refused(world, name, random).log(name, &started(&[REFUSED6]))
}

fn bird6_refuses(snapshot: &mut Snapshot, node: &str) {
    if let Some(Observed::Seen(inside)) = snapshot.inside.get_mut(node) {
        inside.bird6 = Observed::Absent;
    }
}

/// calico-node did not clear it when it started.
fn network_unavailable(snapshot: &mut Snapshot, node: &str) {
    let Observed::Seen(nodes) = &mut snapshot.nodes else { return };
    let node = nodes.iter_mut().find(|one| one.metadata.name == node).expect("that node");
    node.status.conditions.push(Condition {
        r#type: "NetworkUnavailable".into(),
        status: "True".into(),
        reason: Some("CalicoIsDown".into()),
        message: Some("Calico is shutting down on this node".into()),
        ..Condition::default()
    });
}

/// What Calico's network plugin says, in turn with the length of the node's name.
const NETWORK_ERRORS: [&str; 4] = [
    "error getting ClusterInformation: connection is unauthorized: Unauthorized",
    "error getting ClusterInformation: Get \"https://10.96.0.1:443/apis/x\": dial tcp 10.96.0.1:443: i/o timeout",
    "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.244.0.0/16]",
    "failed to set \"eth0\" up: no such device",
];

/// An event about a pod of another program.
pub(super) fn network_event(node: &str, number: usize, count: i32, seconds: i64) -> Event {
    let says = NETWORK_ERRORS[number % NETWORK_ERRORS.len()];
    serde_json::from_value(serde_json::json!({
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": format!("web-{number}")}, "reason": "FailedCreatePodSandBox",
        "message": format!("Failed to create pod sandbox: failed to setup network for sandbox \"ab\": plugin type=\"calico\" failed (add): {says}"),
        "count": count, "lastTimestamp": ago(seconds), "source": {"host": node}, "type": "Warning",
    }))
    .expect("an event")
}

fn network_failed(snapshot: &mut Snapshot, node: &str) {
    let number = snapshot.pods.seen().map_or(0, Vec::len) + node.len();
    let Observed::Seen(events) = &mut snapshot.events else { return };
    events.extend([network_event(node, number, 12, 30), network_event(node, number, 3, 200)]);
}

/// Felix does not answer, so the liveness probe kills it again and again.
fn unanswered(world: World, name: &str, line: &str) -> World {
    let world = world.restarted(name, 4, 137, 70, 100).killed(name, 4);
    world.log(name, &started(&[line])).previous(name, &started(&[line]))
}

fn port_taken(world: World, name: &str, _: &mut Random) -> World {
    unanswered(world, name, PORT)
}

fn no_localhost(world: World, name: &str, _: &mut Random) -> World {
    unanswered(world, name, LOCALHOST)
}

fn other_iptables(world: World, name: &str, _: &mut Random) -> World {
    unanswered(world, name, IPTABLES)
}

fn no_module(world: World, name: &str, random: &mut Random) -> World {
    let line = random.pick(&MODULES);
    world.log(name, &started(&[line, line, line]))
}

fn routes_refused(world: World, name: &str, random: &mut Random) -> World {
    let line = random.pick(&["bird: Netlink: Network is down", "bird: Netlink: File exists", "bird: Netlink: Network is unreachable"]);
    world.log(name, &started(&[line; 12]))
}

fn conflict(world: World, name: &str, _: &mut Random) -> World {
    world.previous(
        name,
        &log(&["Early log level set to info", CONFLICT, "[WARNING][9] startup/utils.go 49: Terminating", "Calico node failed to start"]),
    )
}

fn watchdog(world: World, name: &str, _: &mut Random) -> World {
    let world = world.restarted(name, 2, 137, 7200, 400).event(name, "Killing", KILLED, 2, 401);
    world.previous(name, &started(&[WATCHDOG])).log(name, &started(&[]))
}

fn no_cpu(world: World, name: &str, _: &mut Random) -> World {
    let world = world.restarted(name, 2, 137, 7200, 400).event(name, "Killing", KILLED, 2, 401);
    world.unhealthy(name, LATE, 9)
}

fn refused(world: World, name: &str, _: &mut Random) -> World {
    world.log(name, &started(&[REFUSED])).inside(name, Observed::Absent)
}

fn sandbox_changed(world: World, name: &str, _: &mut Random) -> World {
    world.event(name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 9, 30)
}

fn sandbox_failed(world: World, name: &str, _: &mut Random) -> World {
    world.event(name, "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error", 25, 10)
}

/// At about the time that its probes allow: no container outlives that and has answered none.
fn killed_while_starting(mut world: World, name: &str, random: &mut Random) -> World {
    let (probe, budget) = start_guard(world.container()).expect("a probe");
    let lived = i64::try_from(budget.total().as_secs() + random.below(9) as u64).expect("small") - 2;
    let world = world.restarted(name, 8, 137, lived, 30);
    let world =
        match probe {
            ProbeKind::Startup => world
                .event(name, "Killing", "Container calico-node failed startup probe, will be restarted", 8, 20)
                .event(name, "Unhealthy", &FELIX_NOT_LIVE.replace("Liveness", "Startup"), 48, 15),
            _ => world.killed(name, 8),
        };
    match random.chance(50) {
        true => world.previous(
            name,
            &log(&[
                "Early log level set to info",
                "Starting node N with version v3.24.5",
                "Checking datastore connection",
                "Datastore connection verified",
            ]),
        ),
        false => world,
    }
}

fn killed_while_running(world: World, name: &str, _: &mut Random) -> World {
    world.restarted(name, 8, 137, 600, 30).killed(name, 8).previous(name, &started(&[]))
}

fn container(pod: &mut Pod) -> &mut ContainerStatus {
    pod.status.container_statuses.iter_mut().find(|status| status.name == CALICO_NODE).expect("calico-node")
}

fn not_ready(pod: &mut Pod) {
    pod.status.conditions[0].status = "False".into();
    container(pod).ready = false;
}

fn crash(pod: &mut Pod, code: i32, reason: &str) {
    not_ready(pod);
    let status = container(pod);
    (status.restart_count, status.started) = (9, Some(false));
    status.last_state = ended(code, reason);
    status.state = waiting("CrashLoopBackOff", "");
}

/// calico-node's container waits for this, and has not run.
fn set_up(pod: &mut Pod, state: ContainerState) {
    not_ready(pod);
    pod.status.phase = "Pending".into();
    *container(pod) = ContainerStatus { name: CALICO_NODE.into(), state, ..ContainerStatus::default() };
}

const INIT: [&str; 5] = ["upgrade-ipam", "install-cni", "mount-bpffs", "flexvol-driver", "ebpf-bootstrap"];

fn init(pod: &mut Pod, random: &mut Random, state: ContainerState, last_state: ContainerState, restart_count: i32) {
    set_up(pod, waiting("PodInitializing", ""));
    let name = random.pick(&INIT).to_owned();
    let done = ContainerStatus { name: "hostpath-init".into(), state: ended(0, "Completed"), ..ContainerStatus::default() };
    let failed = ContainerStatus { name, state, last_state, restart_count, ..ContainerStatus::default() };
    pod.status.init_container_statuses = vec![done, failed];
}

fn unscheduled(pod: &mut Pod, _: &mut Random) {
    let node = pod.spec.node_name.take().expect("a node");
    let wanted = NodeSelectorRequirement { key: "metadata.name".into(), operator: "In".into(), values: vec![node] };
    let required = &mut pod.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution;
    required.node_selector_terms = vec![NodeSelectorTerm { match_fields: vec![wanted] }];
    let message = Some("0/3 nodes are available: 1 Insufficient cpu.".to_owned());
    let condition = Condition { r#type: "PodScheduled".into(), status: "False".into(), message, ..Condition::default() };
    (pod.status.conditions, pod.status.container_statuses, pod.status.phase) = (vec![condition], Vec::new(), "Pending".into());
}

pub(super) fn pod_of<'s>(snapshot: &'s mut Snapshot, node: &str) -> &'s mut Pod {
    let Observed::Seen(pods) = &mut snapshot.pods else { panic!("no pods") };
    pods.iter_mut().find(|pod| pod.spec.node_name.as_deref() == Some(node)).expect("a pod on that node")
}

impl PodFault {
    /// The world with it; `None` where this cluster cannot have it.
    pub(super) fn on(&self, cluster: &Cluster, at: usize, random: &mut Random) -> Option<World> {
        let has_bird = cluster.world.hosts[at].stored.is_some() && cluster.has_bird();
        let has_six = cluster.world.hosts[at].stored6.is_some() && cluster.has_bird();
        let has_wireguard = cluster.world.hosts[at].annotations.contains_key("projectcalico.org/WireguardPublicKey");
        if (self.bird && !has_bird) || (self.six && !has_six) || (has_wireguard && !self.wireguard) {
            return None;
        }
        let name = cluster.world.hosts[at].name.clone();
        let mut world = cluster.world.clone();
        if self.cuts {
            cut(&mut world, at, random);
            world = world.inside(&name, Observed::Failed("the container does not run".into()));
        }
        Some((self.happen)(world, &name, random))
    }

    pub(super) fn edit(&self, snapshot: &mut Snapshot, node: &str, random: &mut Random) {
        (self.pod)(pod_of(snapshot, node), random);
        (self.seen)(snapshot, node);
    }
}

/// Its peers' rows of it, as BIRD words them.
fn cut(world: &mut World, at: usize, random: &mut Random) {
    let row_of = |cidr: &str| cidr.split('/').next().unwrap_or_default().replace(['.', ':'], "_");
    let own = [&world.hosts[at].stored, &world.hosts[at].stored6].map(|stored| stored.as_deref().map(row_of));
    for (index, host) in world.hosts.iter_mut().enumerate().filter(|(index, _)| *index != at) {
        let errors = ["Connect Socket: Connection refused", "Passive", "Active Socket: Host is unreachable", "Connect"];
        let error = errors[(index + random.below(errors.len())) % errors.len()];
        for (family, sessions) in [&mut host.sessions, &mut host.sessions6].into_iter().enumerate() {
            let (Some(text), Some(own)) = (sessions.as_mut(), &own[family]) else { continue };
            let old = format!("_{own} Established");
            let new = format!("_{own} {error}");
            *text = text
                .split('|')
                .map(|row| if row.ends_with(&old) { row.replace(&old, &new) } else { row.to_owned() })
                .collect::<Vec<_>>()
                .join("|");
        }
    }
}
