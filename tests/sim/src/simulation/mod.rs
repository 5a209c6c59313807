//! A cluster that lives: controllers, kubelets and calico-node act on the store as simulated time goes by.
//! Only pods of the DaemonSet `calico-node`, and of them only the container of that name, with the BIRD backend.

mod report;
mod takeover;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::calico::agent::{Agent, Settings};
use crate::calico::bird::Mesh;
use crate::calico::network::{Family, Prefix};
use crate::calico::release::Release;
use crate::calico::start::{Asked, Datastore, Heartbeat};
use crate::controller::operator::Operator;
use crate::controller::{self, Cache};
use crate::host::{Host, Kubelet};
use crate::kubelet::{Identity, Pod};
use crate::scenario::world::Cluster;
use crate::store::Deletion;

const CONTAINER: &str = "calico-node";
/// From a pod's deletion to its end (recorded: 0.25 to 0.95 s).
const ENDS: SignedDuration = SignedDuration::from_millis(400);

/// The pod of one node.
struct Resident {
    pod: Pod,
    agent: Agent,
    /// Counts of events already written.
    told: Vec<u32>,
    /// The status as it was written last, or taken over.
    shown: Value,
    /// Run and lines of the log that was kept last.
    logged: (u32, usize),
    /// When it is to be woken.
    due: Option<Timestamp>,
}

pub struct Simulation {
    cluster: Arc<Cluster>,
    cache: Cache,
    operator: Option<Operator>,
    now: Arc<Mutex<Timestamp>>,
    mesh: Arc<Mutex<Mesh>>,
    mesh6: Arc<Mutex<Mesh>>,
    hosts: Vec<Arc<Host>>,
    /// Where each node is among the hosts.
    places: Arc<HashMap<String, usize>>,
    /// By pod UID.
    residents: BTreeMap<String, Resident>,
    agenda: BTreeSet<(Timestamp, String)>,
    began: Timestamp,
    /// BIRD runs anywhere: it is the backend.
    speaks_bgp: bool,
    /// Nodes that are written by their kubelets, and when.
    beats: BTreeSet<(Timestamp, usize)>,
    /// Pods on their way out: when they are gone, and their names.
    going: BTreeMap<String, (Timestamp, String, String)>,
}

impl Simulation {
    /// Takes over the cluster as it stands; its clock is this one's from now on.
    pub fn new(cluster: Arc<Cluster>) -> Self {
        let start = cluster.store.now();
        let now = Arc::new(Mutex::new(start));
        let clock = now.clone();
        cluster.store.set_clock(move || *clock.lock().unwrap_or_else(PoisonError::into_inner));
        let hosts = cluster.hosts();
        let places: HashMap<_, _> = hosts.iter().enumerate().map(|(at, host)| (host.node.clone(), at)).collect();
        let speaks_bgp = hosts.iter().any(|host| host.bird.is_some());
        let cache = Cache::with_lag(&cluster.store, cluster.controller_lag);
        let [mesh, mesh6] = [Family::V4, Family::V6].map(|family| Arc::new(Mutex::new(takeover::mesh(&cache, &hosts, start, family))));
        let operator = Operator::new(&cache, cluster.operator, start);
        let mut live = Self {
            cluster,
            cache,
            operator,
            now,
            mesh,
            mesh6,
            hosts,
            places: Arc::new(places),
            residents: BTreeMap::new(),
            agenda: BTreeSet::new(),
            began: start,
            speaks_bgp,
            beats: BTreeSet::new(),
            going: BTreeMap::new(),
        };
        live.beats = (0..live.hosts.len()).filter_map(|at| Some((live.heartbeat(at)?.after(start), at))).collect();
        live.meet(start, true);
        live.show_birds();
        live.cluster.attend();
        live
    }

    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything happen that is due by `limit`.
    pub fn advance(&mut self, limit: Timestamp) {
        self.react();
        while let Some(due) = self.next_due().filter(|due| *due <= limit) {
            self.set_now(due);
            while let Some((_, uid)) = self.agenda.first().filter(|(at, _)| *at <= due).cloned() {
                self.wake(&uid, due);
            }
            self.beat(due);
            self.finish(due);
            if let Some(operator) = self.operator.as_mut().filter(|operator| operator.next_due() <= due) {
                operator.advance(&mut self.cache, due);
            }
            self.react();
        }
        self.set_now(limit);
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        let pods = self.agenda.first().map(|(at, _)| *at);
        let going = self.going.values().map(|(at, ..)| *at);
        let beats = self.beats.first().map(|(at, _)| *at);
        let controllers = self.cache.next_due();
        pods.into_iter().chain(going).chain(beats).chain(controllers).chain(self.operator.as_ref().map(Operator::next_due)).min()
    }

    fn set_now(&self, now: Timestamp) {
        let mut clock = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = now.max(*clock);
    }

    /// One pod does what is due.
    fn wake(&mut self, uid: &str, now: Timestamp) {
        let Some(resident) = self.residents.get_mut(uid) else { return };
        resident.agent.settle(now);
        resident.pod.advance(now, &mut resident.agent);
        self.report(uid);
    }

    /// Pods that were deleted end.
    fn finish(&mut self, now: Timestamp) {
        let over: Vec<_> = self.going.iter().filter(|(_, (at, ..))| *at <= now).map(|(uid, _)| uid.clone()).collect();
        for uid in over {
            self.dismiss(&uid, now);
            if let Some((_, namespace, name)) = self.going.remove(&uid) {
                let only = Deletion { uid: Some(uid), ..Deletion::now() };
                let _ = self.cluster.store.delete("Pod", &namespace, &name, &only);
            }
        }
    }

    fn dismiss(&mut self, uid: &str, now: Timestamp) {
        if let Some(mut resident) = self.residents.remove(uid) {
            if let Some(due) = resident.due {
                self.agenda.remove(&(due, uid.to_string()));
            }
            resident.pod.stop(now, &mut resident.agent);
            self.write(&mut resident, uid);
            // Of a surge there was a second pod on the host, whose BIRD gets port 179 now.
            for other in self.residents.values_mut().filter(|other| other.agent.node() == resident.agent.node()) {
                other.agent.take_over(now);
            }
        }
    }

    /// Controllers and kubelets answer to what was written meanwhile, by them or by a user.
    fn react(&mut self) {
        let now = self.now();
        while self.cache.is_changed() {
            controller::settle_cached(&mut self.cache);
            if let Some(operator) = &mut self.operator {
                operator.notice(&self.cache, now);
            }
            self.meet(now, false);
        }
    }

    /// Lets go of pods that are gone and takes in those that came.
    fn meet(&mut self, now: Timestamp, adopt: bool) {
        let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_string();
        let ours: Vec<_> = self.cache.objects("Pod").filter(|pod| is_ours(pod) && pod["spec"]["nodeName"].is_string()).cloned().collect();
        let standing: BTreeSet<String> = ours.iter().map(|pod| uid(pod)).collect();
        let gone: Vec<_> = self.residents.keys().filter(|uid| !standing.contains(*uid)).cloned().collect();
        for uid in gone {
            self.going.remove(&uid);
            self.dismiss(&uid, now);
        }
        for pod in ours {
            let uid = uid(&pod);
            let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_string();
            if self.is_abandoned(&pod) {
                // Nobody there starts, watches or ends it.
            } else if pod["metadata"]["deletionTimestamp"].is_string() {
                self.going.entry(uid).or_insert_with(|| (now + ENDS, text("namespace"), text("name")));
            } else if !self.residents.contains_key(&uid)
                && (adopt || self.starts(&pod))
                && let Some(resident) = self.resident(&pod, now, adopt)
            {
                self.residents.insert(uid.clone(), resident);
                if adopt {
                    self.plan(&uid);
                } else {
                    self.report(&uid);
                }
            }
        }
    }

    fn starts(&self, pod: &Value) -> bool {
        let place = pod["spec"]["nodeName"].as_str().and_then(|node| self.places.get(node));
        place.is_none_or(|place| !self.hosts[*place].starts_nothing)
    }

    /// Its kubelet is gone: what runs goes on, and a deletion never ends.
    fn is_abandoned(&self, pod: &Value) -> bool {
        let place = pod["spec"]["nodeName"].as_str().and_then(|node| self.places.get(node));
        place.is_some_and(|place| self.hosts[*place].kubelet == Kubelet::NoRoute)
    }

    fn resident(&self, pod: &Value, now: Timestamp, adopt: bool) -> Option<Resident> {
        let container = pod["spec"]["containers"].as_array()?.iter().find(|container| container["name"] == CONTAINER)?;
        let node = pod["spec"]["nodeName"].as_str()?;
        let place = *self.places.get(node)?;
        let variable = |name: &str| container["env"].as_array()?.iter().find(|entry| entry["name"] == name);
        let env = |name: &str| variable(name)?["value"].as_str();
        let host = &self.hosts[place];
        let image = container["image"].as_str().unwrap_or_default();
        let tunnel = self.cache.object("Node", "", node).and_then(|node| report::tunnel(node));
        let words = container["readinessProbe"]["exec"]["command"].as_array();
        let asks = |flag: &str| {
            words.is_none_or(|words| words.iter().any(|word| word.as_str().is_some_and(|word| word.trim_start_matches('-') == flag)))
        };
        let settings = Settings {
            release: image.rsplit(':').next().and_then(Release::parse).unwrap_or(Release::MASTER),
            ip: asked(variable("IP"), host, self.is_stored(place)),
            heartbeat: self.heartbeat(place),
            method: env("IP_AUTODETECTION_METHOD").unwrap_or_default().into(),
            datastore: Datastore::Kubernetes,
            checks_conflicts: env("DISABLE_NODE_IP_CHECK") != Some("true"),
            speaks_bgp: self.speaks_bgp,
            asks_bird: asks("bird-ready"),
            asks_bird6: container["readinessProbe"]["exec"].is_object() && asks("bird6-ready"),
            six: (env("IP6") == Some("autodetect")).then(|| env("IP6_AUTODETECTION_METHOD").unwrap_or_default().into()),
            round_trip: host.round_trip,
            tunnel: tunnel.unwrap_or_else(|| report::free_tunnel(&self.cache, node)),
            has_tunnel: tunnel.is_some(),
            debug: env("CALICO_STARTUP_LOGLEVEL").is_some_and(|level| level.eq_ignore_ascii_case("debug")),
        };
        let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_string();
        let identity = Identity {
            namespace: text("namespace"),
            name: text("name"),
            uid: text("uid"),
            container: CONTAINER.into(),
            image: image.into(),
        };
        let mut agent = Agent::new(settings, node.into(), place, (self.mesh.clone(), self.mesh6.clone()));
        let fresh = |pod: Pod, agent, shown| Some(Resident { pod, agent, told: Vec::new(), shown, logged: (0, 0), due: None });
        if !adopt {
            return fresh(Pod::new(identity, container, now).late(), agent, Value::Null);
        }
        let log = self.cluster.logs(&identity.namespace, &identity.name, CONTAINER).and_then(|logs| logs.current);
        let pod = Pod::adopt(identity, container, pod, now).late();
        match pod.running_since() {
            Some(since) => agent.adopt(since, now, log),
            None => agent.left(log),
        }
        let shown = report::shown(&pod);
        fresh(pod, agent, shown)
    }

    fn is_stored(&self, place: usize) -> bool {
        self.mesh.lock().unwrap_or_else(PoisonError::into_inner).speakers[place].stored.is_some()
    }

    /// Spread over the hosts, so that they do not write all at once.
    fn heartbeat(&self, place: usize) -> Option<Heartbeat> {
        let every = self.hosts[place].heartbeat?;
        let share = SignedDuration::from_millis(place as i64 * 997 % i64::try_from(every.as_millis()).ok()?.max(1));
        Some(Heartbeat { first: self.began + share, every })
    }

    /// Kubelets that write their Nodes.
    fn beat(&mut self, now: Timestamp) {
        let due: Vec<_> = self.beats.iter().take_while(|(at, _)| *at <= now).copied().collect();
        for (at, place) in due {
            self.beats.remove(&(at, place));
            let Some(heartbeat) = self.heartbeat(place) else { continue };
            self.beats.insert((heartbeat.after(now), place));
            report::beat(&self.cluster.store, &self.hosts[place].node, now);
        }
    }

    /// Puts a host in the place of the one of the same name: its interfaces and routes count from now on.
    pub fn set_host(&mut self, host: Host) {
        self.cluster.set_host(host.clone());
        let Some(place) = self.places.get(&host.node).copied() else { return };
        self.beats.retain(|(_, other)| *other != place);
        self.hosts[place] = Arc::new(host);
        if let Some(heartbeat) = self.heartbeat(place) {
            self.beats.insert((heartbeat.after(self.now()), place));
        }
        for (mesh, family) in [(&self.mesh, Family::V4), (&self.mesh6, Family::V6)] {
            takeover::renew(&mut mesh.lock().unwrap_or_else(PoisonError::into_inner), &self.hosts, place, family);
        }
    }

    /// Puts the pod's next step on the agenda.
    fn plan(&mut self, uid: &str) {
        let Some(resident) = self.residents.get_mut(uid) else { return };
        let next = resident.pod.next_due().into_iter().chain(resident.agent.next_due()).min();
        if let Some(before) = std::mem::replace(&mut resident.due, next) {
            self.agenda.remove(&(before, uid.to_string()));
        }
        if let Some(next) = next {
            self.agenda.insert((next, uid.to_string()));
        }
    }

    fn report(&mut self, uid: &str) {
        if let Some(mut resident) = self.residents.remove(uid) {
            self.write(&mut resident, uid);
            self.residents.insert(uid.into(), resident);
            self.plan(uid);
        }
    }

    /// What exec shows of BIRD on each host, whenever it is asked.
    fn show_birds(&self) {
        let (mesh, mesh6, places, now) = (self.mesh.clone(), self.mesh6.clone(), self.places.clone(), self.now.clone());
        self.cluster.set_birds(move |host| {
            let place = *places.get(&host.node)?;
            let now = *now.lock().unwrap_or_else(PoisonError::into_inner);
            let mesh = Arc::new(mesh.lock().unwrap_or_else(PoisonError::into_inner).clone());
            let bird = mesh.bird(place, now);
            let mesh6 = Arc::new(mesh6.lock().unwrap_or_else(PoisonError::into_inner).clone());
            let six = mesh6.bird(place, now);
            let bird6 = bird.clone().map(|bird| match six {
                Some(six) => crate::host::Bird { router_id: bird.router_id, ..six },
                None => crate::host::Bird { recovery: None, sessions: Arc::new(Vec::new), ..bird },
            });
            Some((bird, bird6))
        });
    }
}

/// What IP says; by the downward API it is the host's own address.
fn asked(variable: Option<&Value>, host: &Host, stored: bool) -> Asked {
    let by_field = variable.is_some_and(|variable| variable["valueFrom"]["fieldRef"]["fieldPath"] == "status.hostIP");
    let text = variable.and_then(|variable| variable["value"].as_str()).unwrap_or_default();
    let fixed = |address: IpAddr| {
        let own = host.interfaces.iter().flat_map(|interface| &interface.addresses).find(|(own, _)| *own == address);
        Asked::Fixed(own.map_or(Prefix::host(address), |(address, length)| Prefix { address: *address, length: *length }))
    };
    match text {
        _ if by_field => fixed(host.internal.into()),
        "" if stored => Asked::Keep,
        "" | "autodetect" => Asked::Detect,
        text => text.split('/').next().and_then(|text| text.parse().ok()).map_or(Asked::Keep, fixed),
    }
}

fn is_ours(pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| owner["kind"] == "DaemonSet" && owner["name"] == CONTAINER)
}
