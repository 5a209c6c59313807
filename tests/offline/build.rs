//! A cluster in a few words: three healthy nodes by default, and a verb for each thing that can be amiss.

use std::collections::BTreeMap;
use std::io::Cursor;

use calico_fix::calico::startup_log;
use calico_fix::edit::undo_record::{RolloutPhase, UndoRecord};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::inspection::StartupLog;
use calico_fix::snapshot::objects::*;
use calico_fix::verb::Verb;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::objects::daemon_set;

pub(crate) const BRIDGE: &str = "br-3f2a1b4c5d6e";
pub(crate) const KILLED: &str = "Container calico-node failed liveness probe, will be restarted";
pub(crate) const BIRD_REFUSES: &str = "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused\n";
pub(crate) const FELIX_NOT_LIVE: &str = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": dial tcp 127.0.0.1:9099: connect: connection refused\n";
pub(crate) const TIMED_OUT: &str = "Readiness probe failed: ";

pub(crate) fn not_established(peers: &str) -> String {
    format!(
        "Readiness probe failed: 2026-11-23 16:58:14.243 [INFO][199] confd/health.go 180: Number of node(s) with BGP peering established = 0\n\
         calico/node is not ready: BIRD is not ready: BGP not established with {peers}\n"
    )
}

pub(crate) fn now() -> Timestamp {
    "2026-11-23T17:00:00Z".parse().expect("a time")
}

/// Of a change that begins now, with an update strategy to restore.
pub(crate) fn undo_record(command: Verb, phase: RolloutPhase) -> UndoRecord {
    UndoRecord {
        command,
        id: "0123456789ab".into(),
        at: now(),
        written_at: None,
        quiet_seconds: None,
        phase,
        canary: None,
        set: json!({"spec": {"template": {}}}),
        restore: json!({"spec": {"template": {}}}),
        strategy: Some(json!({"type": "RollingUpdate"})),
        previous: None,
    }
}

pub(crate) fn ago(seconds: i64) -> Option<Timestamp> {
    Some(now() - SignedDuration::from_secs(seconds))
}

#[derive(Clone)]
pub(crate) struct Host {
    pub name: String,
    pub internal: Vec<String>,
    pub stored: Option<String>,
    pub stored6: Option<String>,
    pub interfaces: Vec<(String, Option<String>, Vec<String>)>,
    /// `10.0.0.2 Established | 172.18.0.1 Passive`; without it: established with every other node.
    pub sessions: Option<String>,
    pub sessions6: Option<String>,
    pub status: String,
    pub inside: Option<Observed<()>>,
    pub ready: bool,
    pub kubelet: bool,
    pub pod: bool,
    pub age: i64,
    pub container: ContainerStatus,
    pub revision: String,
    pub logs: [Option<Observed<StartupLog>>; 2],
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

#[derive(Clone)]
pub(crate) struct World {
    pub hosts: Vec<Host>,
    pub events: Vec<(String, String, String, i32, i64)>,
    pub daemon_set: DaemonSet,
    pub etcd: bool,
    pub edits: Vec<fn(&mut Snapshot)>,
    pub installation: Option<Value>,
}

/// node-1, node-2 and node-3 at 10.0.0.1–3: Calico 3.24.5 from its manifest, everything established.
pub(crate) fn cluster() -> World {
    nodes(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"])
}

/// node-1, node-2, … with these addresses.
pub(crate) fn nodes(addresses: &[&str]) -> World {
    let hosts = addresses.iter().enumerate().map(|(index, cidr)| host(index + 1, cidr)).collect();
    World { hosts, events: Vec::new(), daemon_set: daemon_set(addresses.len()), etcd: false, edits: Vec::new(), installation: None }
}

fn host(number: usize, cidr: &str) -> Host {
    let ip = cidr.split('/').next().unwrap_or_default();
    Host {
        name: format!("node-{number}"),
        internal: vec![ip.to_owned()],
        stored: Some(cidr.to_owned()),
        stored6: None,
        interfaces: vec![("lo".into(), None, vec!["127.0.0.1/8".into()]), ("eth0".into(), None, vec![cidr.to_owned()])],
        sessions: None,
        sessions6: None,
        status: String::new(),
        inside: None,
        ready: true,
        kubelet: true,
        pod: true,
        age: 3600,
        container: ContainerStatus {
            name: CALICO_NODE.into(),
            ready: true,
            started: Some(true),
            state: ContainerState { running: Some(Running { started_at: ago(3590) }), ..ContainerState::default() },
            ..ContainerStatus::default()
        },
        revision: "one".into(),
        logs: [None, None],
        labels: BTreeMap::from([("kubernetes.io/os".into(), "linux".into())]),
        annotations: BTreeMap::new(),
    }
}

/// A log in which each line is of the start-up program at INFO, half a second after the one before.
pub(crate) fn log(lines: &[&str]) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let bare = ["Calico node ", "bird:", "bird6:"].iter().any(|begin| line.starts_with(begin)) && !line.contains("is already using");
        match bare {
            true => text.push_str(&format!("{line}\n")),
            false if line.contains(".go ") => text.push_str(&format!("2026-11-23 16:50:{number:02}.000 {line}\n")),
            false => text.push_str(&format!("2026-11-23 16:50:{number:02}.000 [INFO][9] startup/startup.go 1: {line}\n")),
        }
    }
    text
}

/// The lines every start begins with.
pub(crate) fn started(more: &[&str]) -> String {
    let begin = [
        "Early log level set to info",
        "Starting node N with version v3.24.5",
        "Checking datastore connection",
        "Datastore connection verified",
    ];
    let end = ["Calico node started successfully"];
    log(&begin.iter().chain(&end).chain(more).copied().collect::<Vec<_>>())
}

impl World {
    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.iter_mut().find(|host| host.name == name).expect("a node of that name")
    }

    pub(crate) fn with(mut self, name: &str, change: impl FnOnce(&mut Host)) -> Self {
        change(self.host(name));
        self
    }

    /// What Calico has stored.
    pub(crate) fn stored(self, name: &str, cidr: &str) -> Self {
        self.with(name, |host| host.stored = Some(cidr.into()).filter(|cidr: &String| !cidr.is_empty()))
    }

    pub(crate) fn stored6(self, name: &str, cidr: &str) -> Self {
        self.with(name, |host| host.stored6 = Some(cidr.into()))
    }

    pub(crate) fn internal(self, name: &str, addresses: &[&str]) -> Self {
        self.with(name, |host| host.internal = addresses.iter().map(|&address| address.to_owned()).collect())
    }

    pub(crate) fn interface(self, name: &str, interface: &str, cidr: &str) -> Self {
        self.with(name, |host| host.interfaces.push((interface.into(), None, vec![cidr.into()])))
    }

    pub(crate) fn interface_of(self, name: &str, interface: &str, kind: &str, cidr: &str) -> Self {
        self.with(name, |host| host.interfaces.push((interface.into(), Some(kind.into()), vec![cidr.into()])))
    }

    pub(crate) fn bird(self, name: &str, sessions: &str) -> Self {
        self.with(name, |host| host.sessions = Some(sessions.into()))
    }

    pub(crate) fn bird6(self, name: &str, sessions: &str) -> Self {
        self.with(name, |host| host.sessions6 = Some(sessions.into()))
    }

    /// A node that began a graceful restart and still counts.
    pub(crate) fn restarting(self, name: &str) -> Self {
        self.with(name, |host| {
            host.status = "Graceful restart recovery in progress\n  Waiting for 2 protocols to recover\n  Wait timer is 107/240\n".into();
        })
    }

    pub(crate) fn not_ready(self, name: &str) -> Self {
        self.with(name, |host| (host.ready, host.container.ready) = (false, false))
    }

    pub(crate) fn all_not_ready(mut self) -> Self {
        self.hosts.iter_mut().for_each(|host| (host.ready, host.container.ready) = (false, false));
        self
    }

    /// The kubelet stopped reporting.
    pub(crate) fn node_not_ready(self, name: &str) -> Self {
        self.with(name, |host| {
            (host.kubelet, host.ready, host.inside) = (false, false, Some(Observed::Failed("dial tcp: i/o timeout".into())))
        })
    }

    pub(crate) fn with_silent_kubelet(self, name: &str) -> Self {
        self.with(name, |host| host.kubelet = false)
    }

    /// The pod was made so many seconds ago.
    pub(crate) fn age(self, name: &str, seconds: i64) -> Self {
        self.with(name, |host| {
            host.age = seconds;
            host.container.state.running = Some(Running { started_at: ago(seconds) });
        })
    }

    pub(crate) fn no_pod(self, name: &str) -> Self {
        self.with(name, |host| host.pod = false)
    }

    /// The container runs since `since` s ago; the one before lived `lived` s.
    pub(crate) fn restarted(self, name: &str, times: i32, exit_code: i32, lived: i64, since: i64) -> Self {
        self.with(name, |host| {
            host.container.restart_count = times;
            host.container.started = Some(false);
            host.container.state.running = Some(Running { started_at: ago(since) });
            host.container.last_state.terminated =
                Some(Terminated { exit_code, started_at: ago(since + 1 + lived), finished_at: ago(since + 1), ..Terminated::default() });
        })
    }

    pub(crate) fn crash_loop(self, name: &str, times: i32) -> Self {
        self.restarted(name, times, 1, 1, 30).not_ready(name).with(name, |host| {
            host.container.state = ContainerState {
                waiting: Some(Waiting { reason: Some("CrashLoopBackOff".into()), message: None }),
                ..ContainerState::default()
            };
            host.inside = Some(Observed::Failed("the container does not run".into()));
        })
    }

    pub(crate) fn log(self, name: &str, text: &str) -> Self {
        let log = startup_log::digest(Cursor::new(text), true);
        self.with(name, |host| host.logs[0] = Some(Observed::Seen(log)))
    }

    pub(crate) fn previous(self, name: &str, text: &str) -> Self {
        let log = startup_log::digest(Cursor::new(text), true);
        self.with(name, |host| host.logs[1] = Some(Observed::Seen(log)))
    }

    /// What an exec there came to.
    pub(crate) fn inside(self, name: &str, seen: Observed<()>) -> Self {
        self.with(name, |host| host.inside = Some(seen))
    }

    pub(crate) fn exec_forbidden(mut self) -> Self {
        let why = "cannot create resource \"pods/exec\"";
        self.hosts.iter_mut().for_each(|host| host.inside = Some(Observed::Forbidden(why.into())));
        self
    }

    /// BIRD's socket has no listener there.
    pub(crate) fn no_bird(self, name: &str) -> Self {
        self.inside(name, Observed::Absent)
    }

    /// An event of the node's pod, seen last so many seconds ago.
    pub(crate) fn event(mut self, name: &str, reason: &str, message: &str, count: i32, seconds: i64) -> Self {
        self.events.push((name.into(), reason.into(), message.into(), count, seconds));
        self
    }

    pub(crate) fn unhealthy(self, name: &str, message: &str, count: i32) -> Self {
        self.event(name, "Unhealthy", message, count, 5)
    }

    pub(crate) fn killed(self, name: &str, count: i32) -> Self {
        self.event(name, "Killing", KILLED, count, 20).event(name, "Unhealthy", FELIX_NOT_LIVE, count * 6, 15)
    }

    pub(crate) fn label(self, name: &str, key: &str, value: &str) -> Self {
        self.with(name, |host| _ = host.labels.insert(key.into(), value.into()))
    }

    pub(crate) fn annotation(self, name: &str, key: &str, value: &str) -> Self {
        self.with(name, |host| _ = host.annotations.insert(key.into(), value.into()))
    }

    pub(crate) fn revision(self, name: &str, hash: &str) -> Self {
        self.with(name, |host| host.revision = hash.into())
    }

    pub(crate) fn container(&mut self) -> &mut Container {
        self.daemon_set.spec.template.spec.calico_node_mut().expect("the container calico-node")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        let env = &mut self.container().env;
        env.retain(|var| var.name != name);
        env.push(EnvVar { name: name.into(), value: Some(value.into()), value_from: None });
        self
    }

    pub(crate) fn version(mut self, tag: &str) -> Self {
        self.container().image = format!("docker.io/calico/node:{tag}");
        self
    }

    pub(crate) fn liveness(mut self, probe: Value) -> Self {
        self.container().liveness_probe = serde_json::from_value(probe).expect("a probe");
        self
    }

    pub(crate) fn readiness(mut self, probe: Value) -> Self {
        self.container().readiness_probe = serde_json::from_value(probe).expect("a probe");
        self
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut DaemonSet)) -> Self {
        change(&mut self.daemon_set);
        self
    }

    /// As the operator installs it.
    pub(crate) fn operator(mut self) -> Self {
        self.daemon_set.metadata.namespace = Some("calico-system".into());
        self.daemon_set.metadata.owner_references =
            vec![OwnerReference { kind: "Installation".into(), name: "default".into(), controller: Some(true) }];
        self.installation = Some(json!({"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": true}}}));
        let known = self.container().env.iter().any(|var| var.name == "IP_AUTODETECTION_METHOD");
        let world = self.env("CLUSTER_TYPE", "k8s,operator,bgp");
        if known { world } else { world.env("IP_AUTODETECTION_METHOD", "first-found") }
    }

    /// Without BGP: the probes do not ask for BIRD.
    pub(crate) fn without_bgp(self, backend: &str) -> Self {
        let probe = |flag: &str| json!({"exec": {"command": ["/bin/calico-node", flag]}, "timeoutSeconds": 10, "failureThreshold": 6});
        self.env("CALICO_NETWORKING_BACKEND", backend).liveness(probe("-felix-live")).readiness(probe("-felix-ready"))
    }

    /// No annotation of Calico's on any node.
    pub(crate) fn etcd(mut self) -> Self {
        self.etcd = true;
        self.env("DATASTORE_TYPE", "etcdv3").env("ETCD_ENDPOINTS", "http://10.0.0.100:2379")
    }

    pub(crate) fn edit(mut self, change: fn(&mut Snapshot)) -> Self {
        self.edits.push(change);
        self
    }
}
