//! The process in a calico-node container: it starts, writes what it found, speaks BGP, and answers its probes.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::bird::{Mesh, Speaker};
use super::release::Release;
use super::start::{Attempt, Change, Datastore, End, Neighbour, Start};
use crate::kubelet::{Answer, Kind, Process};

/// What the pod's environment and the way to the API server say.
#[derive(Clone, Debug)]
pub struct Settings {
    pub release: Release,
    /// The value of IP_AUTODETECTION_METHOD.
    pub method: String,
    pub datastore: Datastore,
    pub checks_conflicts: bool,
    /// The readiness probe asks BIRD too.
    pub asks_bird: bool,
    /// Seconds a request takes.
    pub round_trip: f64,
    pub tunnel: Ipv4Addr,
    /// The node has its tunnel address already.
    pub has_tunnel: bool,
}

pub struct Agent {
    node: String,
    pub settings: Settings,
    /// Which of the mesh's speakers it is.
    speaker: usize,
    mesh: Arc<Mutex<Mesh>>,
    attempt: Option<Attempt>,
    /// What the run still has to write, in the order of time.
    pending: VecDeque<(Timestamp, Change)>,
    bird_at: Option<Timestamp>,
    /// What was written to the Node, for whoever keeps it.
    pub written: Vec<(Timestamp, Change)>,
    previous: Option<Vec<(Timestamp, String)>>,
}

/// Round trips from "started" until confd has written BIRD's configuration.
const CONFIGURED: f64 = 5.2;

const FELIX: &str = "calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": dial tcp 127.0.0.1:9099: connect: \
                     connection refused\n";

const FELIX_READY: &str = "calico/node is not ready: felix is not ready: Get \"http://localhost:9099/readiness\": dial tcp 127.0.0.1:9099: connect: \
                           connection refused\n";

impl Agent {
    pub fn new(settings: Settings, node: String, speaker: usize, mesh: Arc<Mutex<Mesh>>) -> Self {
        Self { node, settings, speaker, mesh, attempt: None, pending: VecDeque::new(), bird_at: None, written: Vec::new(), previous: None }
    }

    pub fn node(&self) -> &str {
        &self.node
    }

    /// Lets the run's writes and BIRD's start up to `now` take effect.
    pub fn settle(&mut self, now: Timestamp) {
        let mesh = self.mesh.clone();
        let mut mesh = mesh.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, change)) = self.pending.front().copied().filter(|(at, _)| *at <= now) {
            self.pending.pop_front();
            if let Change::Address(address) = change {
                let speaker = &mut mesh.speakers[self.speaker];
                if speaker.stored != address {
                    *speaker = Speaker { stored: address, changed: at, ..speaker.clone() };
                }
            }
            self.settings.has_tunnel |= matches!(change, Change::Tunnel(_));
            self.written.push((at, change));
        }
        if let Some(at) = self.bird_at.take_if(|at| *at <= now) {
            mesh.speakers[self.speaker].started = Some(at);
        }
        mesh.note_recovered(now);
    }

    /// A run that has been up since then, before anybody watched.
    pub fn adopt(&mut self, since: Timestamp) {
        self.attempt = Some(Attempt { log: Vec::new(), changes: Vec::new(), end: End::Started(since) });
    }

    /// When it does something next that nobody asked for.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.pending.front().map(|(at, _)| *at).into_iter().chain(self.bird_at).min()
    }

    /// The log so far, with the kubelet's timestamps; `None` when no run was watched from its start.
    pub fn log(&self, now: Timestamp) -> Option<String> {
        let attempt = self.attempt.as_ref()?;
        (!attempt.log.is_empty()).then(|| stamped(attempt.log.iter().filter(|(at, _)| *at <= now)))
    }

    /// The log of the run before.
    pub fn previous_log(&self) -> Option<String> {
        self.previous.as_ref().map(|lines| stamped(lines.iter()))
    }

    fn is_up(&self, now: Timestamp) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| matches!(attempt.end, End::Started(at) if at <= now))
    }
}

fn stamped<'a>(lines: impl Iterator<Item = &'a (Timestamp, String)>) -> String {
    lines.map(|(at, line)| format!("{}{line}\n", at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ "))).collect()
}

impl Process for Agent {
    fn start(&mut self, at: Timestamp) -> Option<(Timestamp, i32)> {
        let attempt = {
            let mesh = self.mesh.lock().unwrap_or_else(PoisonError::into_inner);
            let own = &mesh.speakers[self.speaker];
            let others: Vec<_> =
                mesh.speakers.iter().map(|speaker| Neighbour { name: speaker.node.clone(), stored: speaker.stored }).collect();
            let Settings { release, method, datastore, checks_conflicts, round_trip, tunnel, has_tunnel, .. } = &self.settings;
            let start = Start {
                node: &own.node,
                release: *release,
                method,
                network: &own.network,
                stored: own.stored,
                others: &others,
                tunnel: *tunnel,
                has_tunnel: *has_tunnel,
                datastore: *datastore,
                checks_conflicts: *checks_conflicts,
                round_trip: *round_trip,
                at,
            };
            start.attempt()
        };
        self.pending = attempt.changes.iter().copied().collect();
        let exit = match attempt.end {
            End::Exited(at) => Some((at, 1)),
            End::Started(at) => {
                let configured = SignedDuration::from_millis((CONFIGURED * self.settings.round_trip * 1000.0) as i64 + 900);
                self.bird_at = Some(at + configured);
                None
            }
        };
        self.attempt = Some(attempt);
        exit
    }

    fn probe(&mut self, kind: Kind, at: Timestamp) -> Answer {
        self.settle(at);
        let result = match kind {
            Kind::Readiness if self.settings.asks_bird => self.mesh.lock().unwrap_or_else(PoisonError::into_inner).ready(self.speaker, at),
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
        self.previous = self
            .attempt
            .take()
            .filter(|attempt| !attempt.log.is_empty())
            .map(|attempt| attempt.log.into_iter().filter(|(time, _)| *time <= at).collect());
        let mut mesh = self.mesh.lock().unwrap_or_else(PoisonError::into_inner);
        let speaker = &mut mesh.speakers[self.speaker];
        speaker.started = None;
        speaker.recovered = false;
    }
}
