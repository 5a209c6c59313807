//! Random clusters, healthy or with one fault, for tests of what must hold of all of them.
//!
//! A seed gives the same cluster on every machine. To add a fault: a variant of `Fault`, its place in `Fault::ADDRESSES` or a list of
//! its own, and an arm in `inject`, which names the node, the finding and what its fix may say.

use serde_json::json;

use super::build::*;
use super::random_dress::dress;
use super::seeds::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One network on one card.
    Flat,
    /// Two nodes a network, all joined by routers.
    Racks,
    /// A second card in a storage network, which `cidr=` chooses.
    Storage,
    /// Public addresses with `can-reach=8.8.8.8`, private InternalIPs.
    Public,
    /// Each address is a /32 on `lo`, chosen with `interface=lo`.
    OnLoopback,
    /// Nodes joined by WireGuard: InternalIPs and addresses are the VPN's.
    Vpn,
    /// IPv6 alone.
    SixOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Bridge,
    Vpn,
    Edited,
    CopiedFromAnother,
    Missing,
    SixMissing,
    SixEdited,
    NodeIp,
    Wireguard,
    Stale,
    NextStart,
}

impl Fault {
    pub(super) const ADDRESSES: [Fault; 11] = [
        Self::Bridge,
        Self::Vpn,
        Self::Edited,
        Self::CopiedFromAnother,
        Self::Missing,
        Self::SixMissing,
        Self::SixEdited,
        Self::NodeIp,
        Self::Wireguard,
        Self::Stale,
        Self::NextStart,
    ];
}

/// A change of the method, where all nodes are in 10.0.0.0/24.
pub(super) const METHOD: &[&str] =
    &["kubernetes-internal-ip", "can-reach=10.0.0.", "cidr=10.0.0.0/24", "NodeInternalIP", "\"canReach\":\"10.0.0.", "interface=^eth"];
/// One pod is restarted.
pub(super) const POD: &[&str] = &["kubectl delete pod "];

/// What must come of a fault.
pub(super) struct Expected {
    pub node: String,
    pub code: &'static str,
    /// One of these is in each fix; no fix at all is allowed too where the list is empty.
    pub fixes: &'static [&'static str],
}

#[derive(Clone)]
pub(super) struct Cluster {
    pub world: World,
    pub layout: Layout,
    pub has_six: bool,
    random: Random,
}

/// Releases with another list of exclusions each.
const RELEASES: [&str; 7] = ["v3.22.5", "v3.24.5", "v3.25.2", "v3.27.0", "v3.29.1", "v3.30.3", "v3.31.2"];
/// Interfaces beside the cards, and whether the default exclusions of every release above hide them.
const BESIDE: [(&str, &str, &str, bool); 9] = [
    ("docker0", "bridge", "172.17.0.1/16", true),
    ("virbr0", "bridge", "192.168.122.1/24", true),
    ("kube-ipvs0", "dummy", "10.96.0.1/32", true),
    ("cali0123456789a", "veth", "", true),
    ("tunl0", "ipip", "", true),
    ("br-3f2a1b4c5d6e", "bridge", "172.18.0.1/16", false),
    ("lxdbr0", "bridge", "10.114.9.1/24", false),
    ("tailscale0", "tun", "", false),
    ("nodelocaldns", "dummy", "169.254.20.10/32", false),
];

pub(super) fn healthy(seed: u64) -> Cluster {
    let mut random = Random::new(seed);
    let layout = random.pick(&[
        Layout::Flat,
        Layout::Flat,
        Layout::Flat,
        Layout::Racks,
        Layout::Storage,
        Layout::Public,
        Layout::OnLoopback,
        Layout::Vpn,
        Layout::SixOnly,
    ]);
    let count = 2 + random.below(6);
    let numbers: Vec<String> = (1..=count).map(|number| format!("10.0.0.{number}/24")).collect();
    let mut world = nodes(&numbers.iter().map(String::as_str).collect::<Vec<_>>());
    let has_six = layout == Layout::SixOnly || (matches!(layout, Layout::Flat | Layout::Racks) && random.chance(35));
    world = world.version(random.pick(&RELEASES));
    for index in 0..count {
        place(&mut world.hosts[index], index, layout, has_six, &mut random);
    }
    world = match layout {
        Layout::Storage => world.env("IP_AUTODETECTION_METHOD", "cidr=10.200.0.0/24"),
        Layout::Public => world.env("IP_AUTODETECTION_METHOD", random.pick(&["can-reach=8.8.8.8", "interface=eth0"])),
        Layout::OnLoopback => world.env("IP_AUTODETECTION_METHOD", random.pick(&["interface=lo", "cidr=10.131.40.0/24"])),
        Layout::Vpn => world.env("IP_AUTODETECTION_METHOD", random.pick(&["interface=wg.*", "kubernetes-internal-ip"])),
        Layout::SixOnly => world.env("IP", "none").env("CALICO_ROUTER_ID", "hash").env("IP6_AUTODETECTION_METHOD", "first-found"),
        Layout::Flat | Layout::Racks => match random.below(4) {
            0 => world.env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"),
            1 => world.env("IP_AUTODETECTION_METHOD", "interface=eth.*"),
            _ => world,
        },
    };
    if has_six {
        world = world.env("IP6", "autodetect");
    }
    if random.chance(30) {
        world = world.operator();
    }
    if layout == Layout::SixOnly {
        world.installation = world.installation.map(|_| json!({"calicoNetwork": {"nodeAddressAutodetectionV6": {"firstFound": true}}}));
        world = world.env("IP_AUTODETECTION_METHOD", "");
    }
    let reflected = random.chance(25);
    if layout != Layout::SixOnly && !has_six && random.chance(30) {
        world = world.without_bgp("vxlan");
    }
    establish(&mut world, reflected);
    if random.chance(20) {
        let windows = count;
        world.hosts.push(Host { name: format!("node-{}", windows + 1), pod: false, ..world.hosts[0].clone() });
        let host = &mut world.hosts[windows];
        host.stored = None;
        host.stored6 = None;
        host.labels.insert("kubernetes.io/os".into(), "windows".into());
        host.internal = vec!["10.0.0.99".into()];
    }
    let world = dress(world, layout, has_six, &mut random);
    Cluster { world, layout, has_six, random }
}

/// Cards, addresses and what software added, on one host.
fn place(host: &mut Host, index: usize, layout: Layout, has_six: bool, random: &mut Random) {
    let number = index + 1;
    let rack = index / 2;
    let (name, kind, own) = match layout {
        Layout::Flat => (random.pick(&["eth0", "eth1"]), random.pick(&[None, Some("veth"), Some("vlan")]), format!("10.0.0.{number}/24")),
        Layout::Racks => ("eth0", None, format!("10.0.{rack}.{number}/24")),
        Layout::Storage => ("eth1", None, format!("10.200.0.{number}/24")),
        Layout::Public => ("eth0", None, format!("198.51.{number}.{}/32", 10 + number)),
        Layout::OnLoopback => ("lo", None, format!("10.131.40.{number}/32")),
        Layout::Vpn => ("wg0", Some("wireguard"), format!("10.99.0.{number}/24")),
        Layout::SixOnly => ("eth0", None, format!("fd00::{number}/64")),
    };
    let bare = |cidr: &str| cidr.split('/').next().unwrap_or_default().to_owned();
    let mut cards: Vec<(String, Option<String>, Vec<String>)> = vec![("lo".into(), None, vec!["127.0.0.1/8".into(), "::1/128".into()])];
    // What a default exclusion of some release does not hide is listed first, so that the host's card is found before.
    for (name, kind, cidr, hidden) in BESIDE {
        if !hidden && random.chance(25) && !(layout == Layout::SixOnly) {
            let cidr = if name == "tailscale0" { format!("100.92.24.{number}/32") } else { cidr.to_owned() };
            cards.push((name.into(), Some(kind.into()), vec![cidr]));
        }
    }
    host.internal = vec![bare(&own)];
    match layout {
        Layout::Storage => {
            host.internal = vec![format!("10.0.0.{number}")];
            cards.push(("eth0".into(), None, vec![format!("10.0.0.{number}/24")]));
            cards.push((name.into(), None, vec![own.clone()]));
        }
        Layout::Public => {
            host.internal = vec![format!("10.0.0.{number}")];
            cards.push((name.into(), None, vec![own.clone()]));
            cards.push(("eth1".into(), None, vec![format!("10.0.0.{number}/24")]));
        }
        Layout::OnLoopback => {
            cards[0].2.push(own.clone());
            cards.push(("lan0".into(), None, vec![format!("fe80::{number}/64")]));
        }
        Layout::Vpn => {
            cards.push(("eth0".into(), None, vec![format!("203.0.{number}.5/24")]));
            cards.push((name.into(), kind.map(str::to_owned), vec![own.clone()]));
        }
        Layout::Flat | Layout::Racks | Layout::SixOnly => {
            if random.chance(30) {
                cards.push(("eno9".into(), None, vec![format!("192.168.77.{number}/24")]));
            }
            let mut addresses = vec![own.clone()];
            // A virtual IP, second on the card.
            if index == 0 && layout == Layout::Flat && random.chance(30) {
                addresses.push("10.0.0.200/32".into());
            }
            if has_six && layout != Layout::SixOnly {
                addresses.extend([format!("fe80::{number}/64"), format!("fd00::{number}/64")]);
                host.internal.push(format!("fd00::{number}"));
                host.stored6 = Some(format!("fd00::{number}/64"));
            }
            cards.push((name.into(), kind.map(str::to_owned), addresses));
        }
    }
    for (name, kind, cidr, hidden) in BESIDE {
        if hidden && random.chance(40) {
            let addresses = if cidr.is_empty() { Vec::new() } else { vec![cidr.to_owned()] };
            cards.push((name.into(), Some(kind.into()), addresses));
        }
    }
    host.interfaces = cards;
    match layout {
        Layout::SixOnly => (host.stored, host.stored6) = (None, Some(own)),
        _ => host.stored = Some(own),
    }
    if random.chance(40) {
        host.annotations.insert("projectcalico.org/IPv4VXLANTunnelAddr".into(), format!("10.244.{number}.0"));
    }
}

/// Everybody with everybody, or with the first one alone, a reflector.
fn establish(world: &mut World, reflected: bool) {
    let bare = |cidr: &Option<String>| cidr.as_deref().map(|cidr| cidr.split('/').next().unwrap_or_default().to_owned());
    let addresses: Vec<[Option<String>; 2]> = world.hosts.iter().map(|host| [bare(&host.stored), bare(&host.stored6)]).collect();
    let six = addresses.iter().any(|[_, six]| six.is_some());
    for (index, host) in world.hosts.iter_mut().enumerate() {
        let rows = |family: usize| {
            let peers = addresses.iter().enumerate().filter(|(other, _)| *other != index && (!reflected || index == 0 || *other == 0));
            let peers = peers.filter_map(|(_, peer)| peer[family].as_ref()).filter(|_| addresses[index][family].is_some());
            let prefix = if reflected { "Node_" } else { "Mesh_" };
            let row = |address: &String| format!("{prefix}{} Established", address.replace(['.', ':'], "_"));
            peers.map(row).collect::<Vec<_>>().join("|")
        };
        host.sessions = Some(rows(0));
        host.sessions6 = six.then(|| rows(1));
    }
}

impl Cluster {
    /// One fault, where this cluster can have it.
    pub(super) fn inject(&mut self, fault: Fault) -> Option<Expected> {
        let linux: Vec<usize> = (0..self.world.hosts.len()).filter(|at| self.world.hosts[*at].pod).collect();
        let at = self.random.pick(&linux);
        let node = self.world.hosts[at].name.clone();
        let expected = |code, fixes: &'static [&'static str]| Some(Expected { node: node.clone(), code, fixes });
        let plain = self.layout == Layout::Flat;
        let default_method = self.has_default_method();
        match fault {
            Fault::Bridge if plain && default_method => {
                self.world = self.world.clone().version("v3.24.5").interface(&node, BRIDGE, "172.18.0.1/16").stored(&node, "172.18.0.1/16");
                self.cut(&node);
                expected("address-on-virtual-interface", METHOD)
            }
            Fault::Vpn if plain && default_method => {
                let world = self.world.clone().interface_of(&node, "office", "wireguard", "10.77.0.3/24");
                self.world = world.stored(&node, "10.77.0.3/24");
                self.cut(&node);
                expected("address-on-virtual-interface", METHOD)
            }
            Fault::Edited if plain => {
                self.world = self.world.clone().stored(&node, "10.0.0.77/24");
                self.cut(&node);
                expected("address-not-on-node", POD)
            }
            Fault::CopiedFromAnother if plain => {
                let other = self.world.hosts[linux[(linux.iter().position(|one| *one == at)? + 1) % linux.len()]].stored.clone()?;
                self.world = self.world.clone().stored(&node, &other);
                self.cut(&node);
                expected("address-conflict", POD)
            }
            Fault::Missing if plain => {
                self.world = self.world.clone().stored(&node, "");
                self.cut(&node);
                expected("address-missing", POD)
            }
            Fault::SixMissing if self.has_six && plain && linux.len() > 2 => {
                self.world.hosts[at].stored6 = None;
                self.cut(&node);
                expected("address-missing", POD)
            }
            Fault::SixEdited if self.has_six => {
                self.world.hosts[at].stored6 = Some("fd00::77/64".into());
                self.cut(&node);
                expected("address-not-on-node", POD)
            }
            Fault::NodeIp if plain && default_method => {
                let tunnel = format!("10.244.{}.0", at + 1);
                let world = self.world.clone().interface_of(&node, "vxlan.calico", "vxlan", &format!("{tunnel}/32"));
                self.world = world
                    .version("v3.25.2")
                    .annotation(&node, "projectcalico.org/IPv4VXLANTunnelAddr", &tunnel)
                    .internal(&node, &[&tunnel]);
                if self.has_six {
                    self.world.hosts[at].internal.push(format!("fd00::{}", at + 1));
                }
                expected("node-ip-misreported", &[])
            }
            Fault::Wireguard => {
                for index in &linux {
                    let host = &mut self.world.hosts[*index];
                    host.annotations.insert("projectcalico.org/WireguardPublicKey".into(), format!("AAAA{index}="));
                    host.annotations.insert("projectcalico.org/IPv4WireguardInterfaceAddr".into(), format!("10.245.{index}.1"));
                }
                self.world.hosts[at].annotations.remove("projectcalico.org/IPv4WireguardInterfaceAddr");
                expected("wireguard-address-missing", POD)
            }
            Fault::Stale if plain => {
                let number = self.world.hosts.len() + 1;
                let mut stale = self.world.hosts[at].clone();
                stale.name = format!("node-{number}");
                stale.pod = false;
                stale.kubelet = false;
                self.world.hosts.push(stale);
                let count = i32::try_from(self.world.hosts.len()).ok()?;
                let status = &mut self.world.daemon_set.status;
                (status.desired_number_scheduled, status.current_number_scheduled) = (count, count);
                (status.updated_number_scheduled, status.number_ready, status.number_available) = (count, count, count);
                Some(Expected { node: format!("node-{number}"), code: "stale-node", fixes: &["kubectl delete node node-"] })
            }
            Fault::NextStart if plain && default_method => {
                self.world = self.world.clone().version("v3.24.5").interface(&node, BRIDGE, "172.18.0.1/16");
                expected("restart-would-change-address", &["kubectl calico-fix autodetect"])
            }
            _ => None,
        }
    }

    pub(super) fn has_default_method(&self) -> bool {
        !self.env().iter().any(|one| one.name == "IP_AUTODETECTION_METHOD" && one.value.as_deref() != Some("first-found"))
    }

    pub(super) fn has_bird(&self) -> bool {
        !self.env().iter().any(|one| one.name == "CALICO_NETWORKING_BACKEND" && one.value.as_deref() != Some("bird"))
    }

    fn env(&self) -> &[calico_fix::snapshot::objects::EnvVar] {
        &self.world.daemon_set.spec.template.spec.containers[0].env
    }

    /// No session with this node is established any more, in the families where its address changed.
    pub(super) fn cut(&mut self, node: &str) {
        let position = self.world.hosts.iter().position(|host| host.name == node).expect("a node of that name");
        let row_of = |cidr: &str| cidr.split('/').next().unwrap_or_default().replace(['.', ':'], "_");
        let victim = &self.world.hosts[position];
        let now = [&victim.stored, &victim.stored6].map(|stored| stored.as_deref().map(row_of));
        let before = [format!("10_0_0_{}", position + 1), format!("fd00__{}", position + 1)];
        for (index, host) in self.world.hosts.iter_mut().enumerate() {
            for (family, sessions) in [&mut host.sessions, &mut host.sessions6].into_iter().enumerate() {
                let Some(text) = sessions.as_mut().filter(|_| now[family].as_ref() != Some(&before[family])) else { continue };
                let old = format!("{} Established", before[family]);
                let rows = text.split('|').filter(|row| !row.is_empty()).filter_map(|row| match &now[family] {
                    _ if index == position => Some(row.replace("Established", "Connect")),
                    Some(now) if row.ends_with(&old) => Some(row.replace(&old, &format!("{now} Passive"))),
                    None if row.ends_with(&old) => None,
                    _ => Some(row.to_owned()),
                });
                *text = rows.collect::<Vec<_>>().join("|");
            }
        }
    }
}
