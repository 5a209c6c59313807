//! The mesh: which sessions follow from stored addresses, routes and the passive rule, and what readiness makes of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::network::{Family, Network, Prefix};
use super::route::{self, Failure};
use crate::host::{Bird, Flapping, Recovery, Session};

#[derive(Clone, Debug)]
pub struct Speaker {
    pub node: String,
    pub network: Arc<Network>,
    /// What Calico stored, and peers dial; a node without one has no peers.
    pub stored: Option<Prefix>,
    /// When the address was stored.
    pub changed: Timestamp,
    /// When BIRD came up; `None`: it does not run.
    pub started: Option<Timestamp>,
    /// Since then all its peers have been there once.
    pub recovered: bool,
    pub reflector: bool,
    pub flapping: Option<Flapping>,
}

impl Speaker {
    pub fn store(&mut self, address: Option<Prefix>, at: Timestamp) {
        if self.stored != address {
            (self.stored, self.changed) = (address, at);
        }
    }
}

/// Who peers with whom: all with all, or all with the reflectors.
#[derive(Clone, Debug)]
pub struct Mesh {
    pub speakers: Vec<Speaker>,
    full: bool,
    /// Who has an address of a network that hosts share. Every other network (a docker bridge) ends at its host.
    owners: Arc<HashMap<IpAddr, usize>>,
}

/// From both ends up to the session established.
const SETTLES: SignedDuration = SignedDuration::from_secs(2);
/// BIRD keeps old routes this long while its peers are not back.
const RECOVERY: i64 = 240;
/// While /var/lib/calico/nodename is younger, every peer has to be there (node/pkg/health/health.go).
const STRICT: SignedDuration = SignedDuration::from_secs(30);

impl Mesh {
    pub fn new(speakers: Vec<Speaker>, shared: &[Prefix], full: bool) -> Self {
        let mut mesh = Self { speakers, full, owners: Arc::default() };
        mesh.renew(shared);
        mesh
    }

    /// To be called when hosts have other addresses.
    pub fn renew(&mut self, shared: &[Prefix]) {
        let mut owners = HashMap::new();
        for (at, speaker) in self.speakers.iter().enumerate() {
            let own = speaker.network.addresses().map(|(_, own)| own.prefix.address);
            for address in own.filter(|address| shared.iter().any(|network| network.contains(*address))) {
                owners.entry(address).or_insert(at);
            }
        }
        self.owners = Arc::new(owners);
    }

    pub fn sessions(&self, of: usize, now: Timestamp) -> Vec<Session> {
        self.peers(of).into_iter().map(|(at, address)| self.session(of, at, address, now)).collect()
    }

    /// Peers with their addresses; confd leaves out one that has the node's own.
    fn peers(&self, of: usize) -> Vec<(usize, IpAddr)> {
        let Some(own) = self.address(of) else { return Vec::new() };
        let addresses = (0..self.speakers.len()).filter_map(|at| Some((at, self.address(at)?)));
        let meet = |at: usize| self.full || self.speakers[of].reflector || self.speakers[at].reflector;
        addresses.filter(|(at, address)| *at != of && *address != own && address.is_ipv4() == own.is_ipv4() && meet(*at)).collect()
    }

    fn is_up(&self, of: usize, peer: usize, now: Timestamp) -> bool {
        self.up_since(of, peer, now).is_some()
    }

    /// When the session came up, as long as it is up.
    fn up_since(&self, one: usize, other: usize, now: Timestamp) -> Option<Timestamp> {
        let flapping = [one, other].into_iter().filter_map(|end| self.speakers[end].flapping);
        let up = flapping
            .map(|link| link.state(now))
            .try_fold(self.established(one, other)?, |up, (is_down, since)| (!is_down).then(|| up.max(since + SETTLES)));
        up.filter(|up| *up <= now)
    }

    fn count_up(&self, of: usize, now: Timestamp) -> (usize, usize) {
        let peers = self.peers(of);
        (peers.iter().filter(|(at, _)| self.is_up(of, *at, now)).count(), peers.len())
    }

    fn address(&self, of: usize) -> Option<IpAddr> {
        self.speakers[of].stored.map(|stored| stored.address)
    }

    fn session(&self, of: usize, peer: usize, address: IpAddr, now: Timestamp) -> Session {
        let kind = if self.full { "Mesh" } else { "Global" };
        let name = format!("{kind}_{}", address.to_string().replace(['.', ':'], "_"));
        let mine = self.speakers[of].started.unwrap_or(self.speakers[of].changed).max(self.speakers[of].changed);
        let since = mine.max(self.speakers[peer].changed);
        if let Some(up) = self.up_since(of, peer, now) {
            return Session::new(name, "up", &clock(up), "Established", "");
        }
        let links = [of, peer].into_iter().filter_map(|end| self.speakers[end].flapping);
        let broken = links.map(|link| link.state(now)).filter(|(is_down, _)| *is_down).map(|(_, since)| since).max();
        if let Some(broken) = broken.filter(|broken| self.established(of, peer).is_some_and(|up| up <= *broken)) {
            return Session::new(name, "start", &clock(broken), "Active", "Error: Hold timer expired");
        }
        let own = self.address(of).unwrap_or(address);
        if self.full && passive(own, address) {
            return Session::new(name, "start", &clock(since), "Passive", "");
        }
        let (state, error) = match self.reach(of, own, address) {
            Reach::Host(at) if self.speakers[at].started.is_none() => ("Active", "Socket: Connection refused"),
            Reach::Host(_) | Reach::Lost => ("Connect", ""),
            Reach::Itself => ("Active", "Socket: Connection reset by peer"),
            Reach::Failed(Failure::NoRouteToHost) => ("Connect", "Socket: No route to host"),
            Reach::Failed(_) => ("Active", "Socket: Network is unreachable"),
        };
        Session::new(name, "start", &clock(since), state, error)
    }

    /// When the session of these two came up, or will.
    fn established(&self, one: usize, other: usize) -> Option<Timestamp> {
        let (mine, theirs) = (self.address(one)?, self.address(other)?);
        let ready = |of: usize| Some(self.speakers[of].started?.max(self.speakers[of].changed));
        let (caller, called, from, to) = if passive(mine, theirs) { (other, one, theirs, mine) } else { (one, other, mine, theirs) };
        let meet = self.reach(caller, from, to) == Reach::Host(called);
        Some(ready(one)?.max(ready(other)?) + SETTLES).filter(|_| meet)
    }

    /// Who answers when `of` dials `to`, its own end bound to `from` (as Calico's template binds it).
    fn reach(&self, of: usize, from: IpAddr, to: IpAddr) -> Reach {
        if self.owns(of, to) {
            return Reach::Itself;
        }
        if let Err(failure) = route::source(&self.speakers[of].network, to, None) {
            return Reach::Failed(failure);
        }
        let Some(owner) = self.owners.get(&to).copied() else {
            let linked = self.speakers[of].network.addresses().any(|(_, own)| own.prefix.contains(to));
            return if linked { Reach::Failed(Failure::NoRouteToHost) } else { Reach::Lost };
        };
        // The answer has to find its way back.
        let back =
            self.owners.contains_key(&from) && self.owns(of, from) && route::source(&self.speakers[owner].network, from, None).is_ok();
        if back { Reach::Host(owner) } else { Reach::Lost }
    }

    fn owns(&self, of: usize, address: IpAddr) -> bool {
        self.speakers[of].network.addresses().any(|(_, own)| own.prefix.address == address)
    }

    pub fn recovery(&self, of: usize, now: Timestamp) -> Option<Recovery> {
        let started = self.speakers[of].started?;
        let left = RECOVERY - now.duration_since(started).as_secs();
        if left <= 0 || self.speakers[of].recovered {
            return None;
        }
        let (up, all) = self.count_up(of, now);
        let waiting_for = all - up;
        (waiting_for > 0).then(|| Recovery { waiting_for, timer: u32::try_from(left).unwrap_or(0) })
    }

    /// To be called as time goes on: once all peers have been there, recovery is over, whoever leaves later.
    pub fn note_recovered(&mut self, now: Timestamp) {
        for of in 0..self.speakers.len() {
            let Some(started) = self.speakers[of].started.filter(|_| !self.speakers[of].recovered) else { continue };
            let over = now.duration_since(started).as_secs() >= RECOVERY;
            self.speakers[of].recovered = over || self.peers(of).into_iter().all(|(at, _)| self.is_up(of, at, now));
        }
    }

    /// The BIRD of this node as its control socket would show it now.
    pub fn bird(self: &Arc<Self>, of: usize, now: Timestamp) -> Option<Bird> {
        let started = self.speakers[of].started?;
        let router_id = match self.address(of)? {
            IpAddr::V4(address) => address,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        let mesh = self.clone();
        Some(Bird {
            router_id,
            since: clock(started),
            last_reboot: started.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            server_time: now.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            recovery: self.recovery(of, now),
            sessions: Arc::new(move || mesh.sessions(of, now)),
        })
    }

    /// What `calico-node -bird-ready` says; `Err` is the text of the probe.
    pub fn ready(&self, of: usize, now: Timestamp) -> Result<(), String> {
        let failed = |why: &str| format!("calico/node is not ready: BIRD is not ready: {why}\n");
        let version = if self.address(of).is_some_and(|own| Family::of(own) == Family::V6) { ("v6", "6") } else { ("v4", "") };
        let Some(started) = self.speakers[of].started else {
            let (family, suffix) = version;
            let socket = format!(
                "unable to connect to BIRD{family} socket: dial unix /var/run/calico/bird{suffix}.ctl: connect: connection refused"
            );
            return Err(failed(&format!("Error querying BIRD: {socket}")));
        };
        let strict = now.duration_since(started) < STRICT;
        let peers = self.peers(of);
        // One is enough: the others need not be looked at.
        if !strict && peers.iter().any(|(at, _)| self.is_up(of, *at, now)) {
            return Ok(());
        }
        let (up, all) = self.count_up(of, now);
        let enough = if strict { up == all } else { up > 0 || all == 0 };
        if enough {
            let recovering = strict && self.recovery(of, now).is_some();
            return if recovering { Err(failed("graceful restart in progress")) } else { Ok(()) };
        }
        let missing: Vec<String> =
            peers.iter().filter(|(at, _)| !self.is_up(of, *at, now)).map(|(_, address)| address.to_string()).collect();
        let counted = format!(
            "{} [INFO][{}] confd/health.go 180: Number of node(s) with BGP peering established = {up}\n",
            now.strftime("%Y-%m-%d %H:%M:%S.%3f"),
            200 + now.duration_since(started).as_secs() * 4,
        );
        Err(counted + &failed(&format!("BGP not established with {}", missing.join(","))))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Host(usize),
    Itself,
    /// Packets leave and nothing comes back.
    Lost,
    Failed(Failure),
}

/// confd makes the side wait whose address is the smaller string (bgp_processor.go).
fn passive(own: IpAddr, peer: IpAddr) -> bool {
    peer.to_string() > own.to_string()
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn prefix(text: &str) -> Prefix {
        let (address, length) = text.split_once('/').expect("a prefix");
        Prefix { address: address.parse().expect("an address"), length: length.parse().expect("a length") }
    }

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn later(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    /// A host on eth0, with a docker bridge or not, and what Calico stored.
    fn speaker(own: &str, stored: &str, bridge: bool) -> Speaker {
        let mut devices = vec![json!({"ifname": "eth0", "addr_info": [{"local": prefix(own).address, "prefixlen": 24}]})];
        let mut routes = vec![json!({"dst": prefix(own).network().to_string(), "dev": "eth0"})];
        if bridge {
            devices.push(json!({"ifname": "br-1", "addr_info": [{"local": "172.18.0.1", "prefixlen": 16}]}));
            routes.push(json!({"dst": "172.18.0.0/16", "dev": "br-1"}));
        }
        let network = Network::from_ip(&json!(devices), &json!(routes), &Value::Null);
        Speaker {
            node: own.into(),
            network: Arc::new(network),
            reflector: false,
            stored: Some(prefix(stored)),
            changed: START,
            started: Some(START),
            recovered: false,
            flapping: None,
        }
    }

    fn mesh(net: &str, bridges: bool) -> Mesh {
        let own = |host: u8| format!("{net}.1{host}/24");
        let speakers =
            vec![speaker(&own(1), &own(1), bridges), speaker(&own(2), &own(2), bridges), speaker(&own(3), "172.18.0.1/16", true)];
        Mesh::new(speakers, &[prefix(&format!("{net}.0/24"))], true)
    }

    fn infos(mesh: &Mesh, of: usize) -> Vec<String> {
        mesh.sessions(of, later(60)).iter().map(|session| session.info.trim().to_string()).collect()
    }

    /// Rows of the recorded three-node cases `s2`, `s3a`, `s3d` and `s4a`.
    #[test]
    fn the_recorded_cases_have_their_rows() {
        let lower = mesh("10.0.0", false);
        assert_eq!(infos(&lower, 0), ["Established", "Passive"]);
        assert_eq!(infos(&lower, 2), ["Connect", "Connect"]);
        let higher = mesh("192.168.56", false);
        assert_eq!(infos(&higher, 0), ["Established", "Active        Socket: Network is unreachable"]);
        assert_eq!(infos(&higher, 2), ["Passive", "Passive"]);
        let everywhere = mesh("192.168.56", true);
        assert_eq!(infos(&everywhere, 0), ["Established", "Active        Socket: Connection reset by peer"]);
        assert_eq!(infos(&everywhere, 2), ["Passive", "Passive"]);
        let mut down = mesh("10.0.0", false);
        down.speakers[2].stored = Some(prefix("10.0.0.13/24"));
        down.speakers[1].started = None;
        assert_eq!(infos(&down, 0), ["Passive", "Established"]);
        assert_eq!(infos(&down, 2), ["Established", "Active        Socket: Connection refused"]);
    }

    /// Down for 20 s of each minute, at both ends; up again two seconds later.
    #[test]
    fn a_link_that_flaps_takes_its_sessions_with_it() {
        let mut mesh = mesh("10.0.0", false);
        mesh.speakers[2].stored = Some(prefix("10.0.0.13/24"));
        mesh.speakers[1].flapping = Some(Flapping { every: SignedDuration::from_secs(60), down: SignedDuration::from_secs(20) });
        let shown = |of: usize, at: i64| {
            let sessions = mesh.sessions(of, later(at));
            sessions.iter().map(|session| format!("{} {}", session.since, session.info.trim())).collect::<Vec<_>>()
        };
        let down = "00:02:00 Active        Error: Hold timer expired";
        assert_eq!(shown(0, 119), ["00:01:22 Established", "00:00:02 Established"]);
        assert_eq!((shown(0, 125), shown(1, 125)), (vec![down.into(), "00:00:02 Established".into()], vec![down.into(); 2]));
        assert_eq!(shown(0, 143)[0], "00:02:22 Established");
        assert!(mesh.ready(1, later(119)).is_ok() && mesh.ready(0, later(125)).is_ok());
        assert!(mesh.ready(1, later(125)).is_err_and(|why| why.contains("BGP not established with 10.0.0.11,10.0.0.13")));
    }

    /// With a default route packets for the bridge leave and are lost (`s3b`; its error is from before).
    #[test]
    fn a_default_route_turns_unreachable_into_waiting() {
        let mut routed = mesh("192.168.56", false);
        for speaker in &mut routed.speakers[..2] {
            let route =
                Network::from_ip(&Value::Null, &json!([{"dst": "default", "gateway": "192.168.56.1", "dev": "eth0"}]), &Value::Null);
            Arc::make_mut(&mut speaker.network).routes.extend(route.routes);
        }
        assert_eq!(infos(&routed, 0), ["Established", "Connect"]);
    }

    /// `incident1-90s`: 144 of 240 s are left after 96 s, and the kernel protocol waits.
    #[test]
    fn the_victim_counts_its_recovery_down() {
        let faulty = Arc::new(mesh("10.0.0", false));
        assert_eq!(faulty.recovery(2, later(96)), Some(Recovery { waiting_for: 2, timer: 144 }));
        assert_eq!(faulty.recovery(2, later(241)), None);
        let bird = faulty.bird(2, later(96)).expect("it runs");
        assert_eq!(bird.router_id, Ipv4Addr::new(172, 18, 0, 1));
        let mut well = mesh("10.0.0", false);
        well.speakers[2].stored = Some(prefix("10.0.0.13/24"));
        assert_eq!((well.recovery(2, later(1)).is_some(), well.recovery(2, later(3))), (true, None));
        well.note_recovered(later(3));
        well.speakers[0].started = None;
        assert_eq!(well.recovery(2, later(9)), None);
    }

    #[test]
    fn every_peer_for_thirty_seconds_and_one_after_that() {
        let faulty = mesh("10.0.0", false);
        let victim = faulty.ready(2, later(14)).expect_err("no peer");
        assert!(
            victim.ends_with("calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.11,10.0.0.12\n"),
            "{victim}"
        );
        assert!(
            victim.starts_with(
                "1970-01-01 00:00:14.000 [INFO][256] confd/health.go 180: Number of node(s) with BGP peering established = 0\n"
            )
        );
        assert!(faulty.ready(2, later(500)).is_err());
        let healthy = faulty.ready(0, later(14)).expect_err("one of two");
        assert!(healthy.contains("established = 1\n") && healthy.ends_with("with 172.18.0.1\n"), "{healthy}");
        assert_eq!(faulty.ready(0, later(31)), Ok(()));
        let alone = Mesh::new(faulty.speakers[..1].to_vec(), &[], true);
        assert_eq!(alone.ready(0, later(1)), Ok(()));
        let mut down = faulty;
        down.speakers[0].started = None;
        assert!(down.ready(0, later(1)).expect_err("down").contains("BIRDv4 socket: dial unix /var/run/calico/bird.ctl"));
    }
}
