//! Is this node's address right? One ranking of evidence, for the addresses that are stored and for those a method would find.
//!
//! An address is judged beside those that the other nodes have or would have. The first rule that applies decides:
//!
//! | rule | the address is | because |
//! |---|---|---|
//! | host only | wrong | loopback, link-local and multicast addresses lead nowhere |
//! | shared | wrong | another node has it too, and this node's record is not the better one |
//! | interface | wrong | it is on a bridge, tunnel, VPN or `lo`, unless the nodes are joined by such interfaces |
//! | absent | wrong | the node has it on none of its interfaces, and no session is established over it |
//! | side by side | wrong | it is beside the InternalIP on the same card, as virtual IPs are |
//! | established | right | most BGP sessions of the node are established over it |
//! | held elsewhere | wrong | another node has it on an interface, and it is no credible InternalIP of this node |
//! | unchanged | right | it is what the node has now, and that is right |
//! | plan | right or wrong | most nodes are in one network apart from the InternalIPs (unproven: see below) |
//! | elsewhere | wrong | most nodes are in one network, and the node has another address in it |
//! | configured | right | every node follows the method that somebody chose, and the node's sessions do not speak against it |
//! | InternalIP | right | Kubernetes knows the node by it |
//! | usual bridge | wrong | no interface was seen, and software gives it to its bridge on every host; most nodes are in another network |
//! | one network | right | it is in one network with the other nodes, and the InternalIP is not |
//! | all apart | right | every node uses another address than its InternalIP (unproven: see below) |
//! | not the InternalIP | wrong | nothing speaks for it |
//!
//! Addresses apart from the InternalIPs speak of a plan. Where nobody chose the method and no session has come up, nothing does.
//!
//! An InternalIP is a witness only where it is credible (`AddressFacts::internal`).

use std::collections::HashMap;
use std::net::IpAddr;

use super::Verdict;
use crate::autodetect::address_facts::AddressFacts;
use crate::calico::address::{self, Cidr};
use crate::calico::virtual_interfaces::{self, VirtualInterface};
use crate::model::phrases;

/// What a node ends up with.
#[derive(Clone, Debug)]
pub(super) struct NodeAddress {
    pub address: IpAddr,
    pub prefix_length: Option<u8>,
    pub interface: Option<String>,
}

impl NodeAddress {
    fn network(&self) -> Option<Cidr> {
        let length = self.prefix_length.filter(|length| *length < whole(self.address))?;
        Cidr::new(self.address, length).ok().map(|cidr| cidr.trunc())
    }
}

fn whole(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The rule that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    HostOnly,
    Shared,
    Interface,
    Absent,
    SideBySide,
    Established,
    Configured,
    Unchanged,
    Plan,
    Elsewhere,
    InternalIp,
    OneNetwork,
    AllApart,
    NotInternalIp,
    /// No rule applies.
    Open,
}

#[derive(Clone, Debug)]
pub struct Judgement {
    pub verdict: Verdict,
    pub ground: Ground,
    pub reason: String,
}

fn right(ground: Ground, reason: impl Into<String>) -> Option<Judgement> {
    Some(Judgement { verdict: Verdict::Right, ground, reason: reason.into() })
}

fn wrong(ground: Ground, reason: impl Into<String>) -> Option<Judgement> {
    Some(Judgement { verdict: Verdict::Wrong, ground, reason: reason.into() })
}

/// What decides beside the addresses themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Setting<'s> {
    /// The configured method, where somebody chose it and no node is known to have anything else than it finds.
    pub followed: Option<&'s str>,
    /// What is stored and how that was judged; `None` while the stored addresses themselves are judged.
    pub stored: Option<&'s [Option<(NodeAddress, Judgement)>]>,
}

/// The addresses of one column.
pub(super) struct Judge<'s, 'v, 'a> {
    standing: &'s AddressFacts<'v, 'a>,
    setting: Setting<'s>,
    held: &'s [Option<NodeAddress>],
    by_address: HashMap<IpAddr, Vec<usize>>,
    /// The network that more than half of the addresses are in.
    most: Option<Cidr>,
    /// That network has no InternalIPs, and nothing speaks against it: a storage or data network, chosen on purpose.
    planned: bool,
    /// More than half of the addresses, or all of them, are not their node's InternalIP.
    mostly_apart: bool,
    all_apart: bool,
    /// More than half of the addresses are on a VPN, a tunnel or `lo`.
    mostly_by_choice: bool,
    /// Nobody chose the method, and BGP has not come up with what is stored.
    unproven: bool,
}

type Rule<'s, 'v, 'a> = fn(&Judge<'s, 'v, 'a>, usize, &NodeAddress) -> Option<Judgement>;

impl<'s, 'v, 'a> Judge<'s, 'v, 'a> {
    const RANKING: [Rule<'s, 'v, 'a>; 17] = [
        Self::host_only,
        Self::shared,
        Self::interface,
        Self::absent,
        Self::side_by_side,
        Self::established,
        Self::held_elsewhere,
        Self::unchanged,
        Self::plan,
        Self::elsewhere,
        Self::configured,
        Self::internal_ip,
        Self::usual_bridge,
        Self::one_network,
        Self::dedicated_network,
        Self::not_internal_ip,
        Self::without_internal_ip,
    ];

    pub(super) fn new(standing: &'s AddressFacts<'v, 'a>, held: &'s [Option<NodeAddress>], setting: Setting<'s>) -> Self {
        let mut by_address: HashMap<IpAddr, Vec<usize>> = HashMap::new();
        let mut networks: HashMap<Cidr, usize> = HashMap::new();
        let (mut known, mut with_internal, mut dedicated_network, mut by_choice) = (0, 0, 0, 0);
        for (index, held) in held.iter().enumerate().filter_map(|(index, held)| Some((index, held.as_ref()?))) {
            known += 1;
            by_address.entry(held.address).or_default().push(index);
            if let Some(network) = held.network() {
                *networks.entry(network).or_default() += 1;
            }
            let kind = standing.kind_of(index, held.address, held.interface.as_deref());
            by_choice += usize::from(kind.is_some_and(VirtualInterface::may_be_chosen));
            let node = &standing.view.nodes[index];
            if node.internal_ip(standing.family).is_some() {
                with_internal += 1;
                dedicated_network += usize::from(!node.internal_ips.contains(&held.address));
            }
        }
        let most = networks.into_iter().find(|(_, nodes)| *nodes * 2 > known).map(|(network, _)| network);
        let mostly_apart = dedicated_network >= 2 && dedicated_network * 2 > with_internal;
        let all_apart = mostly_apart && dedicated_network == with_internal;
        let mostly_by_choice = by_choice >= 2 && by_choice * 2 > known;
        let unproven = setting.followed.is_none() && standing.nothing_is_established();
        let mut judge =
            Self { standing, setting, held, by_address, most, planned: false, mostly_apart, all_apart, mostly_by_choice, unproven };
        judge.planned = !unproven && judge.is_planned();
        judge
    }

    /// Most nodes keep apart from their InternalIPs.
    pub(super) fn is_mostly_apart(&self) -> bool {
        self.mostly_apart
    }

    /// The network that more than half of the addresses are in.
    pub(super) fn common_network(&self) -> Option<Cidr> {
        self.most
    }

    fn is_planned(&self) -> bool {
        let Some(network) = self.most.filter(|network| !self.standing.has_internal_in(network)) else { return false };
        let inside = || {
            let known = self.held.iter().enumerate().filter_map(|(node, held)| Some((node, held.as_ref()?)));
            known.filter(|(_, held)| network.contains(&held.address))
        };
        let sound = |(node, held): (usize, &NodeAddress)| {
            let alone = self.by_address.get(&held.address).is_some_and(|nodes| nodes.len() == 1);
            let real = self.standing.kind_of(node, held.address, held.interface.as_deref()).is_none();
            alone && (real || self.standing.is_established(node, held.address))
        };
        inside().count() > 1 && inside().all(sound)
    }

    pub(super) fn judge(&self, node: usize, held: &NodeAddress) -> Judgement {
        let decided = Self::RANKING.iter().find_map(|rule| rule(self, node, held));
        decided.unwrap_or_else(|| Judgement {
            verdict: Verdict::Unknown,
            ground: Ground::Open,
            reason: match self.standing.view.nodes.len() {
                0 | 1 => "nothing was seen to compare it with".to_owned(),
                _ if self.held.iter().flatten().count() < 2 => "what the other nodes would have is not known".to_owned(),
                _ => "the nodes would be in several networks, and whether these are joined is not known".to_owned(),
            },
        })
    }

    fn host_only(&self, _: usize, held: &NodeAddress) -> Option<Judgement> {
        if address::is_global_unicast(held.address) {
            return None;
        }
        wrong(Ground::HostOnly, format!("{} is valid on its own host or link only", held.address))
    }

    fn shared(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let claimants = self.by_address.get(&held.address)?;
        let others = || claimants.iter().copied().filter(|other| *other != node);
        let other = others().next()?;
        let stored = self.standing.is_stored(node, held.address);
        let loses = |node: usize, other: usize| self.standing.loses_claim(node, other, held.address);
        if stored && others().all(|other| loses(other, node) && !loses(node, other)) {
            return None;
        }
        let other = self.standing.view.nodes[other].name;
        wrong(Ground::Shared, format!("{other} has {} too; the node that starts second clears its own address and exits", held.address))
    }

    fn interface(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let kind = self.standing.kind_of(node, held.address, held.interface.as_deref())?;
        let own = self.standing.view.nodes[node].internal_ips.contains(&held.address);
        let credible = self.standing.internal[node].as_ref() == Ok(&held.address);
        let established = self.standing.is_established(node, held.address);
        let as_the_others = self.mostly_by_choice && self.standing.is_stored(node, held.address);
        let decided = as_the_others && (established || self.setting.followed.is_some());
        let by_choice = kind.may_be_chosen() && (self.is_named(held) || decided || (self.standing.joined_by_choice && own));
        if credible || by_choice || (own && established) {
            return None;
        }
        let beside = match &self.standing.internal[node] {
            Ok(internal) => format!(", and the node's InternalIP is {internal}"),
            Err(_) => String::new(),
        };
        wrong(Ground::Interface, format!("{} is on {}{beside}", held.address, on(held, kind)))
    }

    /// `interface=lo` or `interface=wg.*` says that such an interface is meant.
    fn is_named(&self, held: &NodeAddress) -> bool {
        let (Some(method), Some(interface)) = (self.setting.followed, held.interface.as_deref()) else { return false };
        let pieces = method.strip_prefix("interface=").into_iter().flat_map(|list| list.split(','));
        let stem = |piece: &str| piece.trim().trim_start_matches('^').trim_end_matches(['$', '*', '+', '.']).to_owned();
        pieces.map(stem).any(|stem| stem.len() > 1 && interface.starts_with(&stem))
    }

    fn absent(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let absent = self.standing.is_absent(node, held.address) && !self.standing.is_established(node, held.address);
        if !absent {
            return None;
        }
        wrong(Ground::Absent, format!("{} is on none of the node's interfaces", held.address))
    }

    fn side_by_side(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let internal = *self.standing.internal[node].as_ref().ok()?;
        let one_of_several = self.standing.view.nodes[node].internal_ips.contains(&held.address);
        if one_of_several || self.mostly_apart || !self.standing.are_side_by_side(node, held.address, internal) {
            return None;
        }
        wrong(Ground::SideBySide, format!("{}, and the node's InternalIP is {internal}", self.what(node, held)))
    }

    fn established(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        if !self.standing.is_established(node, held.address) {
            return None;
        }
        let own = self.standing.view.nodes[node].internal_ips.contains(&held.address);
        if own { right(Ground::InternalIp, OWN) } else { right(Ground::Established, "its BGP sessions are established with it") }
    }

    fn configured(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let works = self.standing.is_stored(node, held.address) && !self.standing.has_no_session(node);
        let method = self.setting.followed.filter(|_| works)?;
        if self.standing.view.nodes[node].internal_ips.contains(&held.address) {
            return None;
        }
        right(Ground::Configured, format!("every node follows the configured {method}"))
    }

    /// What is not stored twice can lead to another node all the same, as the address that a hypervisor gives to every machine.
    fn held_elsewhere(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let credible = self.standing.internal[node].as_ref() == Ok(&held.address);
        let other = self.standing.also_held_by(node, held.address).filter(|_| !credible)?;
        wrong(Ground::Shared, format!("{other} has {} on an interface too", held.address))
    }

    fn unchanged(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let (now, judged) = self.setting.stored?.get(node)?.as_ref()?;
        let same = now.address == held.address && judged.verdict == Verdict::Right;
        let internal = judged.ground == Ground::InternalIp;
        if same { right(judged.ground, if internal { judged.reason.clone() } else { format!("as now: {}", judged.reason) }) } else { None }
    }

    fn plan(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let network = self.most.filter(|_| self.planned)?;
        let internal = self.standing.view.nodes[node].internal_ip(self.standing.family);
        match network.contains(&held.address) {
            true => right(Ground::Plan, format!("no other node has it, and most are in {network}, a network apart from the InternalIPs")),
            // racks and zones have networks of their own: apart from what they are is not known without InternalIPs
            false if internal.is_none() => None,
            false => wrong(Ground::Elsewhere, format!("{} is outside {network}, where most nodes would be", held.address)),
        }
    }

    fn elsewhere(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let network = self.most.filter(|network| !network.contains(&held.address))?;
        let now = self.setting.stored.and_then(|stored| stored.get(node)?.as_ref());
        let now =
            now.filter(|(now, judged)| judged.verdict == Verdict::Right && network.contains(&now.address)).map(|(now, _)| now.address);
        let own = now.or_else(|| self.standing.real_address_in(node, &network))?;
        wrong(Ground::Elsewhere, format!("{} is outside {network}, where most nodes would be and this node has {own}", held.address))
    }

    fn internal_ip(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        self.standing.internal[node].as_ref().ok()?;
        if self.standing.view.nodes[node].internal_ips.contains(&held.address) { right(Ground::InternalIp, OWN) } else { None }
    }

    fn usual_bridge(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let network = self.most.filter(|network| !network.contains(&held.address))?;
        let kind = Cidr::new(held.address, held.prefix_length?).ok().as_ref().and_then(virtual_interfaces::usual_bridge);
        let kind = kind.filter(|_| {
            !self.saw_interface(node, held) && self.standing.internal[node].is_err() && !self.standing.is_reached(held.address)
        })?;
        let reason = format!("{} is usual for {} on any host, and most nodes are in {network}", held.address, phrases::made(kind));
        wrong(Ground::Interface, reason)
    }

    /// Where not, the address alone has to tell what it is on.
    fn saw_interface(&self, node: usize, held: &NodeAddress) -> bool {
        held.interface.is_some() || self.standing.view.nodes[node].interfaces().is_some()
    }

    fn one_network(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let internal = self.standing.internal[node].as_ref().ok()?;
        let network = self.most.filter(|network| network.contains(&held.address) && !network.contains(internal))?;
        let joined = self.by_address.len() > 1 && self.standing.also_held_by(node, held.address).is_none();
        if !joined {
            return None;
        }
        right(Ground::OneNetwork, format!("it is in {network} with the other nodes; the InternalIP {internal} is not"))
    }

    fn dedicated_network(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let shared_space = address::is_shared_space(held.address) && !self.saw_interface(node, held);
        let looks_virtual = address::is_docker_default(held.address) || shared_space;
        if !self.all_apart || self.unproven || looks_virtual || self.standing.also_held_by(node, held.address).is_some() {
            return None;
        }
        right(Ground::AllApart, "every node uses an address apart from its InternalIP")
    }

    fn not_internal_ip(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let internal = self.standing.internal[node].as_ref().ok()?;
        wrong(Ground::NotInternalIp, format!("{}, and the node's InternalIP is {internal}", self.what(node, held)))
    }

    /// Where the InternalIP does not count: distinct, real, and in one network with the others.
    fn without_internal_ip(&self, node: usize, held: &NodeAddress) -> Option<Judgement> {
        let address = held.address;
        if let Some(other) = self.standing.also_held_by(node, address) {
            return wrong(Ground::Shared, format!("{other} has {address} on an interface too"));
        }
        let network = self.most.filter(|network| network.contains(&address))?;
        if self.held.iter().flatten().count() > 1 {
            return right(Ground::OneNetwork, format!("no other node has it, and most are in {network}"));
        }
        if self.standing.view.nodes.len() == 1 { right(Ground::OneNetwork, "the only node's") } else { None }
    }

    fn what(&self, node: usize, held: &NodeAddress) -> String {
        let NodeAddress { address, .. } = held;
        if self.standing.is_internal(*address) && !self.standing.view.nodes[node].internal_ips.contains(address) {
            return format!("{address} is another node's InternalIP");
        }
        if held.prefix_length == Some(whole(*address)) {
            return format!("{address} is a single host's address, as virtual IPs and VPNs have them");
        }
        let interface = held.interface.as_deref().map(|name| format!(" on {name}")).unwrap_or_default();
        format!("{address} is another address{interface}")
    }
}

const OWN: &str = "the node's InternalIP";

fn on(held: &NodeAddress, kind: VirtualInterface) -> String {
    let made = phrases::made(kind);
    held.interface.as_deref().map_or_else(|| made.clone(), |name| format!("{name}, {made}"))
}
