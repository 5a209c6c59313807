//! One clause for each cause, after "BGP between A and B is down: ".

use std::net::IpAddr;

use super::{Cause, Endpoint, Remote, SessionPair};
use crate::calico::bgp_error::ErrorMeaning;
use crate::diagnosis::context::Context;
use crate::diagnosis::evidence;
use crate::model::NodeModel;
use crate::snapshot::inspection::LogEventKind;
use crate::snapshot::objects::Node;

/// What to say of pairs that have one cause and one node in common.
pub(crate) fn phrase(view: &Context, cause: Cause, pairs: &[SessionPair]) -> String {
    let Some(pair) = pairs.first() else { return String::new() };
    let quoted = |meaning: ErrorMeaning| quote(pairs, meaning).unwrap_or_else(|| "BIRD reports an error".to_owned());
    match cause {
        Cause::PortTaken => "BIRD cannot listen there, another daemon holds port 179 (or BGPConfiguration's listenPort)".to_owned(),
        Cause::AddressGone => "the node no longer has the address that BIRD binds to".to_owned(),
        Cause::Local(meaning) => format!("{}: {}", quoted(meaning), explain(meaning)),
        Cause::AdministrativelyDown => "the session is switched off (administratively down)".to_owned(),
        Cause::NodeGone => "the kubelet does not report, the node is gone or down, but its Node object remains".to_owned(),
        Cause::PodDown => pod_down(view, pairs),
        Cause::OtherAs => as_numbers(view, pair, &quoted(ErrorMeaning::OtherAs)),
        Cause::Notification(ErrorMeaning::SameRouterId) => {
            format!("{}: {}{}", quoted(ErrorMeaning::SameRouterId), explain(ErrorMeaning::SameRouterId), router_ids(pair))
        }
        Cause::Notification(meaning) => format!("{}: {}", quoted(meaning), explain(meaning)),
        Cause::HoldTimer => "the hold timer expired: keepalives do not arrive".to_owned(),
        Cause::Refused if pair.is_local() => "connection refused: no BGP speaker listens on that address of the node itself".to_owned(),
        Cause::Refused => "connection refused on port 179: nothing listens there, or a firewall rejects it".to_owned(),
        Cause::Unreachable if pair.is_local() => "the node cannot reach that address of its own".to_owned(),
        Cause::Unreachable => "the address cannot be reached: no route, or a host or firewall in between".to_owned(),
        Cause::Closed => format!("the other end closes the connection{}", unknown_source(view, pairs)),
        Cause::GracefulRestart => graceful_restart(pairs),
        Cause::OneSided => "only one end has the session configured".to_owned(),
        Cause::Handshake if pair.is_local() => "the BGP handshake with the speaker on the node itself does not finish".to_owned(),
        Cause::Handshake => "the connection is made, but the BGP handshake does not finish: something in between alters it".to_owned(),
        Cause::Changing => "one end has it established, the other does not: the session is changing state".to_owned(),
        Cause::NoAnswer if pair.is_local() => "no BGP speaker answers on that address of the node itself".to_owned(),
        Cause::NoAnswer => format!("{}{}", no_answer(pair), passwords(view)),
        Cause::OtherEndUnknown => "the connection is not made; BIRD on the other node could not be asked".to_owned(),
        Cause::NotSeen => "the reason is unknown, because BIRD was not asked".to_owned(),
    }
}

/// BIRD refuses connections from addresses that it has no peer for; one that no node has comes from something in between.
fn unknown_source(view: &Context, pairs: &[SessionPair]) -> String {
    let refused = |end: &Endpoint| {
        let text = end.node.mark(LogEventKind::BgpUnexpectedPeer)?;
        let address: IpAddr = text.split_once("unknown address ")?.1.split_whitespace().next()?.parse().ok()?;
        let held = |node: &NodeModel| node.is_own_address(address) || node.internal_ips.contains(&address);
        (!view.nodes.iter().any(held)).then(|| (end.node.name.to_owned(), address))
    };
    match pairs.iter().flat_map(SessionPair::ends).find_map(refused) {
        Some((node, address)) => format!(
            ". BIRD on {node} refuses connections from {address}, which no node has: something in between, such as a VPN gateway with NAT, rewrites the peers' source address"
        ),
        None => String::new(),
    }
}

fn no_answer(pair: &SessionPair) -> &'static str {
    match pair.far {
        Remote::Node(_) => "no answer: TCP port 179 is probably blocked between them",
        _ => "no answer: the peer is down, or TCP port 179 is blocked on the way",
    }
}

/// A password that differs looks like a blocked port: the kernel drops what is signed wrongly.
fn passwords(view: &Context) -> &'static str {
    if view.has_bgp_password() { "; a BGP password that differs between the two looks the same" } else { "" }
}

/// BIRD's own words, with the node that says them.
fn quote(pairs: &[SessionPair], meaning: ErrorMeaning) -> Option<String> {
    let says = |end: &Endpoint| {
        let error = end.row?.session.last_error().filter(|error| error.meaning == meaning)?;
        Some(format!("BIRD on {} says \"{}\"", end.node.name, error.text))
    };
    pairs.iter().flat_map(SessionPair::ends).find_map(says)
}

fn explain(meaning: ErrorMeaning) -> &'static str {
    use ErrorMeaning as M;
    match meaning {
        M::KernelPassword => {
            "the kernel of that node refused the session's password (TCP MD5), as when net.core.optmem_max is too small for so many"
        }
        M::LinkDown => "the interface to the peer is down",
        M::BfdDown => "BFD saw the path to the peer fail",
        M::NeighborLost => "the peer is no longer on a connected network",
        M::InvalidNextHop => "the peer's address does not work as next hop",
        M::RouteLimit => "the peer announced more routes than the limit allows",
        M::SameRouterId => "the peer answers, and refuses a router ID that is its own or invalid",
        M::HoldTime => "the peer answers, and the hold times of the two ends do not fit",
        M::Capability => "the peer answers, and the two ends do not agree on a BGP capability",
        M::Authentication => "the peer answers, and the passwords of the two ends differ",
        M::Rejected => "the peer answers, and its configuration refuses this session",
        M::PrefixLimit => "the peer answers, and more routes were announced than its limit allows",
        M::Resources => "the peer answers, and is out of resources",
        M::Reset => "the peer answers, and was reset or got another configuration",
        M::Cease => "the peer answers, and ended the session without a reason",
        M::Protocol => "the peer answers, and one end cannot read the other's BGP message",
        _ => "look there for the cause",
    }
}

fn router_ids(pair: &SessionPair) -> String {
    let Remote::Node(far) = &pair.far else { return String::new() };
    let id = |end: &Endpoint| Some(format!("{} has {}", end.node.name, end.node.bgp(pair.family).seen()?.router_id?));
    match (id(&pair.near), id(far)) {
        (Some(near), Some(far)) => format!(" (router IDs now: {near}, {far})"),
        _ => String::new(),
    }
}

/// Which node has which number; of a peer outside, which number its BGPPeer expects is not known here.
fn as_numbers(view: &Context, pair: &SessionPair, quoted: &str) -> String {
    let has = |node: &NodeModel| {
        let number = view.as_number(node);
        match (number.number, number.is_own) {
            (Some(number), true) => format!("{} has AS {number}", node.name),
            (Some(number), false) => format!("{} has AS {number} (the default, its Node has no AS number)", node.name),
            (None, _) => format!("that of {} was not seen", node.name),
        }
    };
    match &pair.far {
        Remote::Node(far) if view.as_number(far.node).number != view.as_number(pair.near.node).number => {
            format!("different AS numbers: {}, {} ({quoted})", has(pair.near.node), has(far.node))
        }
        Remote::Node(_) => format!("different AS numbers ({quoted}): a BGPPeer has a number that is not its node's"),
        _ => format!("different AS numbers: {}, and the BGPPeer's asNumber is not the peer's ({quoted})", has(pair.near.node)),
    }
}

fn pod_down(view: &Context, pairs: &[SessionPair]) -> String {
    let down = |end: &Endpoint| {
        let why = view.pod_state(end.node).not_running()?.describe();
        Some(format!("calico-node does not run on {}: {why}", end.node.name))
    };
    pairs.iter().flat_map(SessionPair::ends).find_map(down).unwrap_or_else(|| "calico-node does not run there".to_owned())
}

fn graceful_restart(pairs: &[SessionPair]) -> String {
    let restart = |end: &Endpoint| end.node.bgp(end.row?.session.family).seen()?.graceful_restart.map(evidence::graceful_restart);
    match pairs.iter().flat_map(SessionPair::ends).find_map(restart) {
        Some(restart) => format!("BIRD restarted and waits for its peers ({restart})"),
        None => "BIRD restarted and waits for its peers (graceful restart)".to_owned(),
    }
}

/// The other end in a sentence: a node's name, or an address and what is known of it.
pub(crate) fn remote_name(pair: &SessionPair) -> String {
    match &pair.far {
        Remote::Node(far) => far.node.name.to_owned(),
        Remote::Itself(address) => format!("{address} (a BGP speaker on the node itself)"),
        Remote::Unmanaged { address, .. } | Remote::Orphan(address) | Remote::Outside(address) => address.to_string(),
    }
}

/// Why no session can come up with a node that runs no calico-node.
pub(crate) fn unmanaged(node: &Node, address: IpAddr) -> String {
    let name = &node.metadata.name;
    let silent = node.condition("Ready").is_some_and(|ready| ready.status == "Unknown");
    let windows = node.status.node_info.operating_system == "windows";
    let why = match (silent, windows) {
        (true, _) => "its kubelet does not report and it runs no calico-node; delete the Node if the machine is gone",
        (false, true) => "a Windows node, which is not checked",
        (false, false) => "it has no calico-node pod, but Calico's address is still in its annotations",
    };
    format!("{address} is {name}: {why}")
}
