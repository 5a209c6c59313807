//! The process in a calico-node container: it starts, writes what it found, speaks BGP, and answers its probes.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::bird::{Mesh, Speaker};
use super::detect::{Detected, detect};
use super::network::Family;
use super::release::{Release, looks_again};
use super::start::{Asked, Attempt, Change, Datastore, End, Heartbeat, Neighbour, Six, Start};
use crate::kubelet::{Answer, Kind, Process};
use crate::scenario::world::Text;

/// What the pod's environment and the way to the API server say.
#[derive(Clone, Debug)]
pub struct Settings {
    pub release: Release,
    pub ip: Asked,
    pub heartbeat: Option<Heartbeat>,
    /// The value of IP_AUTODETECTION_METHOD.
    pub method: String,
    pub datastore: Datastore,
    pub checks_conflicts: bool,
    /// The backend is BIRD.
    pub speaks_bgp: bool,
    /// The readiness probe asks BIRD too.
    pub asks_bird: bool,
    pub asks_bird6: bool,
    /// The value of IP6_AUTODETECTION_METHOD, where IP6 is `autodetect`.
    pub six: Option<String>,
    /// Seconds a request takes.
    pub round_trip: f64,
    pub tunnel: Ipv4Addr,
    /// The node has its tunnel address already.
    pub has_tunnel: bool,
    /// CALICO_STARTUP_LOGLEVEL is DEBUG.
    pub debug: bool,
}

pub struct Agent {
    node: String,
    pub settings: Settings,
    /// Which of the mesh's speakers it is.
    speaker: usize,
    mesh: Arc<Mutex<Mesh>>,
    /// The same speakers with their IPv6 addresses.
    mesh6: Arc<Mutex<Mesh>>,
    attempt: Option<Attempt>,
    /// What the run still has to write, in the order of time.
    pending: VecDeque<(Timestamp, Change)>,
    bird_at: Option<Timestamp>,
    /// When addresses are looked at again.
    look_at: Option<Timestamp>,
    /// What was written to the Node, for whoever keeps it.
    pub written: Vec<(Timestamp, Change)>,
    previous: Option<String>,
    /// The log of a run that nobody watched from its start.
    inherited: Option<Text>,
    /// Which run it is.
    pub run: u32,
}

/// AUTODETECT_POLL_INTERVAL.
const LOOKS: SignedDuration = SignedDuration::from_secs(60);

/// Round trips from "started" until confd has written BIRD's configuration.
const CONFIGURED: f64 = 5.2;

const FELIX: &str = "calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": dial tcp 127.0.0.1:9099: connect: \
                     connection refused\n";

const FELIX_READY: &str = "calico/node is not ready: felix is not ready: Get \"http://localhost:9099/readiness\": dial tcp 127.0.0.1:9099: connect: \
                           connection refused\n";

impl Agent {
    pub fn new(settings: Settings, node: String, speaker: usize, (mesh, mesh6): (Arc<Mutex<Mesh>>, Arc<Mutex<Mesh>>)) -> Self {
        Self {
            node,
            settings,
            speaker,
            mesh,
            mesh6,
            attempt: None,
            pending: VecDeque::new(),
            bird_at: None,
            look_at: None,
            written: Vec::new(),
            previous: None,
            inherited: None,
            run: 0,
        }
    }

    pub fn node(&self) -> &str {
        &self.node
    }

    /// Lets the run's writes and BIRD's start up to `now` take effect.
    pub fn settle(&mut self, now: Timestamp) {
        let mesh = self.mesh.clone();
        let mut mesh = mesh.lock().unwrap_or_else(PoisonError::into_inner);
        let mesh6 = self.mesh6.clone();
        let mut mesh6 = mesh6.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, change)) = self.pending.front().copied().filter(|(at, _)| *at <= now) {
            self.pending.pop_front();
            match change {
                Change::Address(address) => mesh.speakers[self.speaker].store(address, at),
                Change::Address6(address) => mesh6.speakers[self.speaker].store(address, at),
                Change::Tunnel(_) | Change::NetworkAvailable => {}
            }
            self.settings.has_tunnel |= matches!(change, Change::Tunnel(_));
            self.written.push((at, change));
        }
        if let Some(at) = self.bird_at.take_if(|at| *at <= now) {
            mesh.speakers[self.speaker].started = Some(at);
            mesh6.speakers[self.speaker].started = Some(at);
        }
        while let Some(at) = self.look_at.filter(|at| *at <= now) {
            self.look_at = Some(at + LOOKS);
            self.look_again(&mut mesh, at);
            self.look_again6(&mut mesh6, at);
        }
        mesh.note_recovered(now);
        mesh6.note_recovered(now);
    }

    /// The detection once more, as `monitor-addresses` does it. A conflict clears the address; the process is started again.
    fn look_again(&mut self, mesh: &mut Mesh, at: Timestamp) {
        let own = &mesh.speakers[self.speaker];
        let Detected::Found { prefix, log, .. } = detect(self.settings.release, &self.settings.method, Family::V4, &own.network) else {
            return;
        };
        let Some(attempt) = &mut self.attempt else { return };
        let mut say = |level: &str, source: &str, text: String| {
            let stamp = at.strftime("%Y-%m-%d %H:%M:%S.%3f");
            attempt.log.push((at, format!("{stamp} [{level}][81] monitor-addresses/{source}: {text}")));
        };
        say("INFO", "autodetection_methods.go 103", log);
        if own.stored == Some(prefix) {
            return;
        }
        say("INFO", "startup.go 561", "Node IPv4 changed, will check for conflicts".into());
        let held = |(other, speaker): &(usize, &Speaker)| {
            *other != self.speaker && speaker.stored.is_some_and(|stored| stored.address == prefix.address)
        };
        let holder = mesh.speakers.iter().enumerate().find(held).filter(|_| self.settings.checks_conflicts);
        let stored = match holder {
            Some((_, holder)) => {
                let taken = format!("Calico node '{}' is already using the IPv4 address {}.", holder.node, prefix.address);
                say("WARNING", "startup.go 990", taken);
                say("INFO", "startup.go 391", format!("Clearing out-of-date IPv4 address from this node IP=\"{prefix}\""));
                say("WARNING", "utils.go 49", "Terminating".into());
                None
            }
            None => Some(prefix),
        };
        let speaker = &mut mesh.speakers[self.speaker];
        *speaker = Speaker { stored, changed: at, ..speaker.clone() };
        self.written.push((at, Change::Address(stored)));
    }

    fn look_again6(&mut self, mesh: &mut Mesh, at: Timestamp) {
        let Some(method) = &self.settings.six else { return };
        let own = &mesh.speakers[self.speaker];
        let Detected::Found { prefix, .. } = detect(self.settings.release, method, Family::V6, &own.network) else { return };
        if own.stored != Some(prefix) && self.attempt.is_some() {
            mesh.speakers[self.speaker].store(Some(prefix), at);
            self.written.push((at, Change::Address6(Some(prefix))));
        }
    }

    /// The pod that shared the host is gone, and with it the BIRD that had its port.
    pub fn take_over(&mut self, now: Timestamp) {
        if self.is_up(now) && self.settings.speaks_bgp && self.bird_at.is_none() {
            for mesh in [&self.mesh, &self.mesh6] {
                mesh.lock().unwrap_or_else(PoisonError::into_inner).speakers[self.speaker].started = Some(now);
            }
        }
    }

    /// A run that has been up since then, before anybody watched, and its log.
    pub fn adopt(&mut self, since: Timestamp, now: Timestamp, log: Option<Text>) {
        self.attempt = Some(Attempt { log: Vec::new(), changes: Vec::new(), end: End::Started(since) });
        self.inherited = log;
        let passed = now.duration_since(since).as_secs().div_euclid(LOOKS.as_secs()) + 1;
        self.looks_from(since + SignedDuration::from_secs(passed * LOOKS.as_secs()));
    }

    /// The run before, of a pod that nobody watched: it waits for its next one.
    pub fn left(&mut self, log: Option<Text>) {
        self.previous = log.map(|text| text());
    }

    fn looks_from(&mut self, first: Timestamp) {
        self.look_at = (looks_again(self.settings.release) && self.settings.ip == Asked::Detect).then_some(first);
    }

    /// How many lines the run has said.
    pub fn lines(&self, now: Timestamp) -> usize {
        self.attempt.as_ref().map_or(0, |attempt| attempt.log.iter().filter(|(at, _)| *at <= now).count())
    }

    /// When it does something next that nobody asked for.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.pending.front().map(|(at, _)| *at).into_iter().chain(self.bird_at).chain(self.look_at).min()
    }

    /// The log so far, with the kubelet's timestamps; `None` when it has said nothing since it is watched.
    pub fn log(&self, now: Timestamp) -> Option<String> {
        let attempt = self.attempt.as_ref()?;
        let before = || self.inherited.as_ref().map(|text| text()).unwrap_or_default();
        (!attempt.log.is_empty()).then(|| before() + &stamped(attempt.log.iter().filter(|(at, _)| *at <= now)))
    }

    /// The log of the run before.
    pub fn previous_log(&self) -> Option<String> {
        self.previous.clone()
    }

    fn is_up(&self, now: Timestamp) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| matches!(attempt.end, End::Started(at) if at <= now))
    }
}

fn neighbours(mesh: &Mesh) -> Vec<Neighbour> {
    mesh.speakers.iter().map(|speaker| Neighbour { name: speaker.node.clone(), stored: speaker.stored }).collect()
}

fn stamped<'a>(lines: impl Iterator<Item = &'a (Timestamp, String)>) -> String {
    lines.map(|(at, line)| format!("{}{line}\n", at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ "))).collect()
}

impl Process for Agent {
    fn start(&mut self, at: Timestamp) -> Option<(Timestamp, i32)> {
        let attempt = {
            let mesh = self.mesh.lock().unwrap_or_else(PoisonError::into_inner);
            let own = &mesh.speakers[self.speaker];
            let mesh6 = self.mesh6.lock().unwrap_or_else(PoisonError::into_inner);
            let (others, others6) = (neighbours(&mesh), neighbours(&mesh6));
            let Settings {
                six, release, ip, heartbeat, method, datastore, checks_conflicts, round_trip, tunnel, has_tunnel, debug, ..
            } = &self.settings;
            let start = Start {
                node: &own.node,
                release: *release,
                ip: *ip,
                heartbeat: *heartbeat,
                method,
                network: &own.network,
                stored: own.stored,
                others: &others,
                tunnel: *tunnel,
                has_tunnel: *has_tunnel,
                datastore: *datastore,
                checks_conflicts: *checks_conflicts,
                round_trip: *round_trip,
                six: six.as_ref().map(|method| Six { method, stored: mesh6.speakers[self.speaker].stored, others: &others6 }),
                debug: *debug,
                at,
            };
            start.attempt()
        };
        self.run += 1;
        self.inherited = None;
        self.pending = attempt.changes.iter().copied().collect();
        let exit = match attempt.end {
            End::Exited(at) => Some((at, 1)),
            End::Started(at) => {
                let configured = SignedDuration::from_millis((CONFIGURED * self.settings.round_trip * 1000.0) as i64 + 900);
                self.bird_at = self.settings.speaks_bgp.then_some(at + configured);
                self.looks_from(at + LOOKS);
                None
            }
        };
        self.attempt = Some(attempt);
        exit
    }

    fn probe(&mut self, kind: Kind, at: Timestamp) -> Answer {
        self.settle(at);
        let result = match kind {
            Kind::Readiness if self.settings.asks_bird => {
                let ready = |mesh: &Mutex<Mesh>| mesh.lock().unwrap_or_else(PoisonError::into_inner).ready(self.speaker, at);
                ready(&self.mesh).and_then(|()| if self.settings.asks_bird6 { ready(&self.mesh6) } else { Ok(()) })
            }
            _ if self.is_up(at) => Ok(()),
            Kind::Readiness => Err(FELIX_READY.to_string()),
            Kind::Liveness | Kind::Startup => Err(FELIX.to_string()),
        };
        Answer::at_once(result)
    }

    fn ended(&mut self, at: Timestamp) {
        self.settle(at);
        self.pending.clear();
        self.bird_at = None;
        self.look_at = None;
        let inherited = self.inherited.as_ref().filter(|_| self.attempt.is_some());
        self.previous = self.log(at).or_else(|| inherited.map(|text| text()));
        self.attempt = None;
        for mesh in [&self.mesh, &self.mesh6] {
            let speaker = &mut mesh.lock().unwrap_or_else(PoisonError::into_inner).speakers[self.speaker];
            speaker.started = None;
            speaker.recovered = false;
        }
    }
}
