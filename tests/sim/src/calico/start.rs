//! What calico-node does when its container starts: what it says and writes, when, and how it ends
//! (node/pkg/lifecycle/startup/startup.go, as release 3.24.5 does it).

mod debug;
mod six;

pub use six::Six;
use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};

use super::detect::{Detected, detect};
use super::network::{Family, Network, Prefix};
use super::release::Release;
use crate::scenario::logs::{Run, lines};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datastore {
    Kubernetes,
    /// The conflict check reads the other nodes one by one.
    Etcd,
}

/// What the variable IP asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Detect,
    /// `none`, or nothing where an address is stored.
    Keep,
    Fixed(Prefix),
}

/// A kubelet that writes its Node this often, counted from then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    pub first: Timestamp,
    pub every: SignedDuration,
}

impl Heartbeat {
    /// The first one after this moment.
    pub fn after(self, time: Timestamp) -> Timestamp {
        let every = self.every.as_millis().max(1);
        let passed = time.duration_since(self.first).as_millis().div_euclid(every) + 1;
        self.first + SignedDuration::from_millis(i64::try_from(passed * every).unwrap_or(i64::MAX))
    }
}

/// A node that is already in the datastore.
#[derive(Clone, Debug)]
pub struct Neighbour {
    pub name: String,
    pub stored: Option<Prefix>,
}

impl Neighbour {
    pub fn holds(&self, address: IpAddr) -> bool {
        self.stored.is_some_and(|stored| stored.address == address)
    }
}

pub struct Start<'a> {
    pub node: &'a str,
    pub release: Release,
    pub ip: Asked,
    /// The value of IP_AUTODETECTION_METHOD.
    pub method: &'a str,
    pub network: &'a Network,
    pub stored: Option<Prefix>,
    pub others: &'a [Neighbour],
    pub tunnel: Ipv4Addr,
    /// The node has its tunnel address already.
    pub has_tunnel: bool,
    pub datastore: Datastore,
    /// DISABLE_NODE_IP_CHECK is not set.
    pub checks_conflicts: bool,
    /// Seconds a request to the API server or etcd takes.
    pub round_trip: f64,
    pub heartbeat: Option<Heartbeat>,
    /// IP6 is `autodetect`.
    pub six: Option<Six<'a>>,
    /// CALICO_STARTUP_LOGLEVEL is DEBUG.
    pub debug: bool,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The annotation `projectcalico.org/IPv4Address`.
    Address(Option<Prefix>),
    /// The annotation `projectcalico.org/IPv6Address`.
    Address6(Option<Prefix>),
    /// The annotation `projectcalico.org/IPv4IPIPTunnelAddr`.
    Tunnel(Ipv4Addr),
    /// The node's condition, reason `CalicoIsUp`.
    NetworkAvailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// BIRD and Felix come up now.
    Started(Timestamp),
    /// Exit code 1.
    Exited(Timestamp),
}

/// One run of the container, if nobody kills it.
#[derive(Debug)]
pub struct Attempt {
    pub log: Vec<(Timestamp, String)>,
    pub changes: Vec<(Timestamp, Change)>,
    pub end: End,
}

/// Round trips, measured: a node that has its tunnel address skips assigning one.
const DETECTION: f64 = 8.1;
const NODE_READ: f64 = 6.0;
const NODE_REFUSED: f64 = 10.2;
const NODE_WRITTEN: f64 = 14.5;
const STARTED_NEW: f64 = 59.8;
const STARTED_OLD: f64 = 38.2;
/// Seconds of its own work until started, and for each node of the one list.
const OWN_WORK: f64 = 0.4;
const PER_NODE: f64 = 0.0004;

const DETECTED: &str = "Using autodetected";
const CHECK: &str = "Node IPv4 changed";
const STARTED: &str = "Calico node started";

impl Start<'_> {
    pub fn attempt(&self) -> Attempt {
        let new = self.stored.is_none() || !self.has_tunnel;
        let found = (self.ip == Asked::Detect).then(|| detect(self.release, self.method, Family::V4, self.network));
        let chosen = match (&found, self.ip) {
            (Some(Detected::Found { prefix, .. }), _) => Some(*prefix),
            (None, Asked::Fixed(prefix)) => Some(prefix),
            _ => self.stored,
        };
        let changed = chosen != self.stored;
        let mut attempt = self.run(found, chosen, changed, new);
        if let Some(six) = &self.six {
            six::add(self, six, &mut attempt);
        }
        if self.debug {
            debug::add(self, changed, &mut attempt);
        }
        attempt
    }

    fn run(&self, found: Option<Detected>, chosen: Option<Prefix>, changed: bool, new: bool) -> Attempt {
        let old = self.stored.filter(|_| changed).and_then(|prefix| prefix.address.to_string().parse().ok());
        let run = Run {
            node: self.node.to_string(),
            start: self.at,
            round_trip: self.round_trip,
            killed_after: None,
            interface: "",
            address: chosen.map(|prefix| prefix.to_string()).unwrap_or_default(),
            changed_from: old,
            new,
        };
        let mut log = Vec::new();
        let mut changes = Vec::new();
        let last = DETECTION + self.check_trips(changed);
        for line in lines(&run, self.tunnel) {
            let after_start = if !new && line.trips >= STARTED_NEW { STARTED_OLD - STARTED_NEW } else { 0.0 };
            let checked = if line.trips > DETECTION { self.check_trips(changed) } else { 0.0 };
            let at = self.time(line.trips + after_start + checked, line.number);
            if !line.message.starts_with(DETECTED) {
                log.push((at, line.text(at)));
            } else if let Some(text) = found.as_ref().and_then(|found| self.detection(found, &mut log, at)) {
                self.terminate(&mut log, text);
                let at = log.last().map_or(at, |(at, _)| *at);
                return Attempt { log, changes, end: End::Exited(at) };
            }
            if line.trips > NODE_REFUSED && self.is_disturbed(changed) {
                let at = self.time(NODE_REFUSED + self.check_trips(changed), 0);
                self.refused(&mut log, at);
                return Attempt { log, changes, end: End::Exited(at) };
            }
            let holder = self.holder(chosen).filter(|_| line.message.starts_with(CHECK));
            if let (Some(holder), Some(chosen)) = (holder, chosen) {
                let at = self.time(last, line.number);
                let taken = format!("Calico node '{holder}' is already using the IPv4 address {}.", chosen.address);
                say(&mut log, at, "WARNING", "startup.go 990", taken);
                self.terminate(&mut log, Some(chosen.to_string()));
                let at = self.time(last + 1.0, line.number);
                changes.push((at, Change::Address(None)));
                return Attempt { log, changes, end: End::Exited(at) };
            }
            if line.message.starts_with(STARTED) {
                let written = self.time(NODE_WRITTEN + self.check_trips(changed), 0);
                changes.push((written, Change::Address(chosen)));
                changes.push((written, Change::NetworkAvailable));
                changes.push((at, Change::Tunnel(self.tunnel)));
                return Attempt { log, changes, end: End::Started(at) };
            }
        }
        Attempt { log, changes, end: End::Exited(self.at) }
    }

    /// Says what detection found; `Some` when the process cannot go on, with the address to clear, if it clears one.
    fn detection(&self, found: &Detected, log: &mut Vec<(Timestamp, String)>, at: Timestamp) -> Option<Option<String>> {
        match (found, self.stored) {
            (Detected::Found { log: text, .. }, _) => {
                let source = match self.method {
                    method if method.starts_with("can-reach=") => "autodetection_methods.go 143",
                    method if method.starts_with("kubernetes") => "autodetection_methods.go 229",
                    _ => "autodetection_methods.go 103",
                };
                say(log, at, "INFO", source, text.clone());
                None
            }
            (Detected::Exits { log: text }, _) => {
                say(log, at, "ERROR", "autodetection_methods.go 87", text.clone());
                Some(None)
            }
            (nothing, stored) => {
                let text = if let Detected::Nothing { log } = nothing { log.as_str() } else { "Invalid interface regex" };
                say(log, at, "WARNING", "autodetection_methods.go 113", text.to_string());
                match stored {
                    Some(kept) => {
                        say(
                            log,
                            at,
                            "WARNING",
                            "startup.go 513",
                            format!("Autodetection of IPv4 address failed, keeping existing value: {kept}"),
                        );
                        None
                    }
                    None => {
                        // No recording has this line's number.
                        say(log, at, "WARNING", "startup.go 516", NO_ADDRESS.to_string());
                        Some(Some(String::new()))
                    }
                }
            }
        }
    }

    /// Somebody else wrote the Node between its reading and its writing.
    fn is_disturbed(&self, changed: bool) -> bool {
        let window = (self.time(NODE_READ, 0), self.time(NODE_REFUSED + self.check_trips(changed), 0));
        self.heartbeat.is_some_and(|heartbeat| heartbeat.after(window.0) < window.1)
    }

    fn refused(&self, log: &mut Vec<(Timestamp, String)>, at: Timestamp) {
        let node = self.node;
        // What would have been said later is not said.
        log.retain(|(said, _)| *said <= at);
        let error = format!(
            "Operation cannot be fulfilled on nodes \"{node}\": the object has been modified; please apply your changes to the latest \
             version and try again"
        );
        say(log, at, "INFO", "node.go 96", format!("Error updating Node resource error={error}"));
        say(log, at, "ERROR", "startup.go 201", format!("Unable to set node resource configuration error=update conflict: Node({node})"));
        say(log, at, "WARNING", "utils.go 49", "Terminating".into());
        log.push((at, "Calico node failed to start".into()));
    }

    fn terminate(&self, log: &mut Vec<(Timestamp, String)>, cleared: Option<String>) {
        let at = log.last().map_or(self.at, |(at, _)| *at);
        if let Some(address) = cleared {
            say(log, at, "INFO", "startup.go 391", format!("Clearing out-of-date IPv4 address from this node IP=\"{address}\""));
        }
        say(log, at, "WARNING", "utils.go 49", "Terminating".into());
        log.push((at, "Calico node failed to start".into()));
    }

    fn holder(&self, chosen: Option<Prefix>) -> Option<&str> {
        let address = chosen.filter(|_| self.checks_conflicts)?.address;
        self.others.iter().find(|other| other.name != self.node && other.holds(address)).map(|other| other.name.as_str())
    }

    /// One list of all nodes, which the table has; with etcd a read for each.
    fn check_trips(&self, changed: bool) -> f64 {
        let each = changed && self.checks_conflicts && self.datastore == Datastore::Etcd;
        if each { self.others.len() as f64 } else { 0.0 }
    }

    fn time(&self, trips: f64, number: usize) -> Timestamp {
        let own = OWN_WORK * (trips / STARTED_NEW).min(1.0) + PER_NODE * if trips > DETECTION { self.others.len() as f64 } else { 0.0 };
        let seconds = trips * self.round_trip + own + number as f64 * 1e-4;
        self.at + SignedDuration::from_micros((seconds * 1e6) as i64)
    }
}

const NO_ADDRESS: &str = "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.";

fn say(log: &mut Vec<(Timestamp, String)>, at: Timestamp, level: &str, source: &str, message: String) {
    log.push((at, format!("{} [{level}][9] startup/{source}: {message}", at.strftime("%Y-%m-%d %H:%M:%S.%3f"))));
}

#[cfg(test)]
mod tests;
