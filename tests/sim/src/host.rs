//! One host: its interfaces and its BIRD, and what `birdcl` and `ip` print there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::calico::network::{Family, Network};

/// How the node's kubelet takes exec and log requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kubelet {
    #[default]
    Answers,
    /// The API server gets "no route to host". In a cluster that lives the kubelet is dead: its pods neither change nor end.
    NoRoute,
    /// Nothing comes back.
    Hangs,
}

#[derive(Clone, Debug)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    /// `bridge`, `veth`, …; `None` for a real device.
    pub kind: Option<&'static str>,
    pub flags: &'static [&'static str],
    pub addresses: Vec<(IpAddr, u8)>,
}

/// BIRD holds its old routes until its peers are back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    pub waiting_for: usize,
    pub timer: u32,
}

/// A BGP row of `show protocols`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub name: String,
    pub state: &'static str,
    pub since: String,
    /// BGP state, padded as BIRD pads it, and the last error; empty for a session that is down.
    pub info: String,
}

impl Session {
    pub fn new(name: String, state: &'static str, since: &str, bgp: &str, error: &str) -> Self {
        let info = if bgp.is_empty() { String::new() } else { format!("{bgp:<14}{error}") };
        Self { name, state, since: since.into(), info }
    }
}

#[derive(Clone)]
pub struct Bird {
    pub router_id: Ipv4Addr,
    /// `HH:MM:SS`: what the static protocols show.
    pub since: String,
    /// `YYYY-MM-DD HH:MM:SS`.
    pub last_reboot: String,
    pub server_time: String,
    pub recovery: Option<Recovery>,
    /// Made when asked for: a mesh of 500 has 250,000 rows.
    pub sessions: Arc<dyn Fn() -> Vec<Session> + Send + Sync>,
}

/// A link that breaks again and again: this long out of each `every`, beginning with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping {
    pub every: SignedDuration,
    pub down: SignedDuration,
}

impl Flapping {
    /// Whether it is down, and since when it is as it is.
    pub(crate) fn state(self, now: Timestamp) -> (bool, Timestamp) {
        let every = self.every.as_millis().max(1);
        let passed = SignedDuration::from_millis(i64::try_from(i128::from(now.as_millisecond()).rem_euclid(every)).unwrap_or(0));
        let began = now - passed;
        if passed < self.down { (true, began) } else { (false, began + self.down) }
    }
}

#[derive(Clone)]
pub struct Host {
    pub node: String,
    pub internal: Ipv4Addr,
    pub internal6: Option<Ipv6Addr>,
    pub kubelet: Kubelet,
    /// `None`: nobody listens on the control socket.
    pub bird: Option<Bird>,
    /// Runs without peers where IPv6 is off, as Calico's image does.
    pub bird6: Option<Bird>,
    pub interfaces: Vec<Interface>,
    /// Of the default route; `None`: there is none.
    pub gateway: Option<Ipv4Addr>,
    pub gateway6: Option<Ipv6Addr>,
    /// The API server translates exec for this node's older kubelet: what the kubelet refuses comes on the status channel.
    pub translated: bool,
    /// The kubelet writes its Node this often, which ends a calico-node that starts slowly; `None`: it does not.
    pub heartbeat: Option<SignedDuration>,
    /// The kubelet takes pods and starts none of their containers.
    pub starts_nothing: bool,
    /// Its BGP sessions go down with the link; nothing else does.
    pub flapping: Option<Flapping>,
    /// Seconds that a request from here to the API server takes.
    pub round_trip: f64,
    /// Tools the container does not have: `birdcl`, `ip`.
    pub lacks: Vec<&'static str>,
}

const VERSION: &str = "v0.3.3+birdv1.6.8";

impl Host {
    pub fn internals(&self) -> Vec<IpAddr> {
        [Some(IpAddr::V4(self.internal)), self.internal6.map(IpAddr::V6)].into_iter().flatten().collect()
    }

    /// File name and text of everything the host's tools can print.
    pub fn says(&self) -> Vec<(String, String)> {
        let mut says = Vec::new();
        for (family, bird) in [("bird", &self.bird), ("bird6", &self.bird6)] {
            match bird {
                Some(bird) => {
                    let protocols = bird.protocols();
                    says.push((format!("{family}.greeting"), format!("BIRD {VERSION} ready.\n")));
                    says.push((format!("{family}.status"), bird.status()));
                    says.push((format!("{family}.protocols-all"), protocols.clone()));
                    says.push((format!("{family}.protocols"), protocols));
                }
                None => {
                    let why = format!("Unable to connect to server control socket (/var/run/calico/{family}.ctl): Connection refused\n");
                    says.push((format!("{family}.down"), why));
                }
            }
        }
        says.push(("addr.json".into(), self.addresses_json()));
        says.push(("addr.txt".into(), self.addresses_text()));
        for (family, suffix) in [(Family::V4, ""), (Family::V6, "6")] {
            says.push((format!("route{suffix}.json"), self.routes_json(family)));
            says.push((format!("route{suffix}.txt"), self.routes_text(family)));
            says.push((format!("get{suffix}"), self.answers(family)));
        }
        says
    }

    /// What `ip -j addr`, `ip -j route` and `ip -6 -j route` print, as the detection reads it.
    pub(crate) fn network(&self) -> Network {
        let value = |text: String| serde_json::from_str(&text).unwrap_or_default();
        let routes = |family| value(self.routes_json(family));
        Network::from_ip(&value(self.addresses_json()), &routes(Family::V4), &routes(Family::V6))
    }

    fn addresses_json(&self) -> String {
        let link = |interface: &Interface| {
            let addresses: Vec<_> = interface
                .addresses
                .iter()
                .map(|(address, prefix)| {
                    let family = if address.is_ipv4() { "inet" } else { "inet6" };
                    json!({
                        "family": family,
                        "local": address,
                        "prefixlen": prefix,
                        "scope": scope(*address),
                        "label": interface.name,
                        "valid_life_time": u32::MAX,
                        "preferred_life_time": u32::MAX,
                    })
                })
                .collect();
            let mut link = json!({
                "ifindex": interface.index,
                "ifname": interface.name,
                "flags": interface.flags,
                "mtu": if interface.name == "lo" { 65536 } else { 1500 },
                "qdisc": "noqueue",
                "operstate": if interface.flags.contains(&"LOWER_UP") { "UP" } else { "DOWN" },
                "group": "default",
                "txqlen": 1000,
                "link_type": if interface.name == "lo" { "loopback" } else { "ether" },
                "address": mac(interface.index),
                "addr_info": addresses,
            });
            if let Some(kind) = interface.kind {
                link["linkinfo"] = json!({"info_kind": kind});
            }
            link
        };
        format!("{}\n", serde_json::Value::from(self.interfaces.iter().map(link).collect::<Vec<_>>()))
    }

    fn addresses_text(&self) -> String {
        let mut text = String::new();
        for Interface { index, name, flags, addresses, .. } in &self.interfaces {
            let flags = flags.join(",");
            let kind = if name == "lo" { "loopback" } else { "ether" };
            text.push_str(&format!(
                "{index}: {name}: <{flags}> mtu 1500 qdisc noqueue state UP group default\n    link/{kind} {}\n",
                mac(*index)
            ));
            for (address, prefix) in addresses {
                let family = if address.is_ipv4() { "inet" } else { "inet6" };
                text.push_str(&format!(
                    "    {family} {address}/{prefix} scope {} {name}\n       valid_lft forever preferred_lft forever\n",
                    scope(*address)
                ));
            }
        }
        text
    }
}

fn scope(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(address) if address.is_loopback() => "host",
        IpAddr::V6(address) if address.is_loopback() => "host",
        IpAddr::V6(address) if address.is_unicast_link_local() => "link",
        _ => "global",
    }
}

fn mac(index: u32) -> String {
    if index == 1 { "00:00:00:00:00:00".into() } else { format!("02:42:3a:f3:45:{index:02x}") }
}

impl Bird {
    fn status(&self) -> String {
        let Self { router_id, server_time, last_reboot, .. } = self;
        let mut text = format!(
            "BIRD {VERSION} ready.\nBIRD {VERSION}\nRouter ID is {router_id}\nCurrent server time is {server_time}\n\
             Last reboot on {last_reboot}\nLast reconfiguration on {last_reboot}\n"
        );
        if let Some(Recovery { waiting_for, timer }) = &self.recovery {
            text.push_str(&format!(
                "Graceful restart recovery in progress\n  Waiting for {waiting_for} protocols to recover\n  Wait timer is {timer}/240\n"
            ));
        }
        text.push_str("Daemon is up and running\n");
        text
    }

    fn protocols(&self) -> String {
        let mut text = format!("BIRD {VERSION} ready.\nname     proto    table    state  since       info\n");
        let kernel = if self.recovery.is_some() { "wait" } else { "up" };
        for (name, proto, state) in
            [("static1", "Static", "up"), ("kernel1", "Kernel", kernel), ("device1", "Device", "up"), ("direct1", "Direct", "up")]
        {
            text.push_str(&format!("{name:<8} {proto:<8} master   {state:<6} {:<12}\n", self.since));
        }
        for Session { name, state, since, info } in (self.sessions)() {
            let line = format!("{name:<8} BGP      master   {state:<6} {since:<12}{info}");
            text.push_str(if info.is_empty() { line.trim_end() } else { &line });
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birdcl_prints_as_recorded() {
        let sessions = vec![
            Session::new("Mesh_10_0_0_2".into(), "up", "15:16:48", "Established", ""),
            Session::new("Mesh_172_18_0_1".into(), "start", "15:18:02", "Passive", ""),
            Session::new("Mesh_172_18_0_2".into(), "start", "09:58:48", "Active", "Socket: Network is unreachable"),
            Session::new("Mesh_10_0_0_3".into(), "down", "09:57:17", "", ""),
        ];
        let bird = Bird {
            router_id: Ipv4Addr::new(10, 0, 0, 1),
            since: "15:16:45".into(),
            last_reboot: "2026-11-23 15:16:45".into(),
            server_time: "2026-11-23 15:19:40".into(),
            recovery: None,
            sessions: Arc::new(move || sessions.clone()),
        };
        let expected = "BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
static1  Static   master   up     15:16:45    
kernel1  Kernel   master   up     15:16:45    
device1  Device   master   up     15:16:45    
direct1  Direct   master   up     15:16:45    
Mesh_10_0_0_2 BGP      master   up     15:16:48    Established   
Mesh_172_18_0_1 BGP      master   start  15:18:02    Passive       
Mesh_172_18_0_2 BGP      master   start  09:58:48    Active        Socket: Network is unreachable
Mesh_10_0_0_3 BGP      master   down   09:57:17
";
        assert_eq!(bird.protocols(), expected);
    }
}
