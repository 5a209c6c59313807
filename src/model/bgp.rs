//! The sessions of one node and one family, from BIRD itself or, where it could not be asked, CalicoNodeStatus.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::Value;

use super::NodeModel;
use crate::calico::session::{BgpState, PeerKind, Session};
use crate::finding::Source;
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Bird, GracefulRestart, NodeInspection, Protocol};
use crate::snapshot::objects::Custom;

#[derive(Debug, Default)]
pub enum NodeBgp<'a> {
    /// This cluster runs no BIRD, or none of this family.
    NotUsed,
    /// Asked inside the container: nothing listens on its socket.
    NotRunning,
    #[default]
    Unknown,
    Known(Sessions<'a>),
}

#[derive(Debug)]
pub struct Sessions<'a> {
    pub source: Source,
    pub established: u32,
    pub total: u32,
    pub down: Vec<DownSession<'a>>,
    pub graceful_restart: Option<&'a GracefulRestart>,
    pub router_id: Option<&'a str>,
    /// Every peer with a row, in whatever state.
    pub addresses: HashSet<IpAddr>,
    /// BGP rows without a name of Calico's, up or down.
    pub foreign: Vec<Foreign<'a>>,
}

/// A BGP session that somebody added to BIRD's templates.
#[derive(Debug)]
pub struct Foreign<'a> {
    pub protocol: &'a Protocol,
    pub is_established: bool,
}

#[derive(Debug)]
pub struct DownSession<'a> {
    pub session: Session,
    pub source: Source,
    row: Cow<'a, Protocol>,
}

impl DownSession<'_> {
    /// The row as BIRD prints it, single-spaced.
    pub fn row(&self) -> String {
        row_text(self.row.as_ref())
    }
}

impl Foreign<'_> {
    pub fn row(&self) -> String {
        row_text(self.protocol)
    }
}

fn row_text(protocol: &Protocol) -> String {
    let Protocol { name, proto, table, state, since, info } = protocol;
    let parts = [name, proto, table, state, since, info].into_iter().filter(|part| !part.is_empty());
    parts.map(String::as_str).collect::<Vec<_>>().join(" ")
}

impl<'a> NodeBgp<'a> {
    pub fn from_inspection(inside: Option<&'a Observed<NodeInspection>>, status: Option<&'a Custom>, family: Family) -> Self {
        let bird = inside.and_then(Observed::seen).map_or(&Observed::NotAsked, |inside| inside.bird(family));
        match bird {
            Observed::Seen(bird) => Self::Known(from_bird(bird, family)),
            Observed::Absent => Self::NotRunning,
            _ => status.and_then(|status| from_status(status, family)).map_or(Self::Unknown, Self::Known),
        }
    }

    pub fn seen(&self) -> Option<&Sessions<'a>> {
        match self {
            Self::Known(sessions) => Some(sessions),
            _ => None,
        }
    }

    pub fn down(&self) -> &[DownSession<'a>] {
        self.seen().map_or(&[], |sessions| &sessions.down)
    }
}

fn from_bird(bird: &Bird, family: Family) -> Sessions<'_> {
    let mut sessions = Sessions {
        source: Source::Birdcl,
        established: 0,
        total: 0,
        down: Vec::new(),
        graceful_restart: bird.graceful_restart.as_ref(),
        router_id: bird.router_id.as_deref(),
        addresses: HashSet::new(),
        foreign: Vec::new(),
    };
    for protocol in &bird.protocols {
        let Some(session) = Session::from_protocol(protocol, family) else {
            if protocol.proto == "BGP" {
                let is_established = protocol.state == "up" && protocol.info.starts_with(ESTABLISHED);
                sessions.foreign.push(Foreign { protocol, is_established });
            }
            continue;
        };
        sessions.total += 1;
        sessions.addresses.insert(session.address);
        if session.bgp == BgpState::Established {
            sessions.established += 1;
        } else {
            sessions.down.push(DownSession { session, source: Source::Birdcl, row: Cow::Borrowed(protocol) });
        }
    }
    sessions
}

/// One end of a session, as that end tells of it.
pub struct Peering {
    pub address: IpAddr,
    pub kind: PeerKind,
    pub established: bool,
}

/// Every session that a node tells of, and who told; `None` where neither BIRD nor CalicoNodeStatus does.
pub fn peerings(node: &NodeModel, family: Family) -> Option<(Source, Vec<Peering>)> {
    let bird = node.inside.and_then(Observed::seen).and_then(|inside| inside.bird(family).seen());
    if let Some(bird) = bird {
        let sessions = bird.protocols.iter().filter_map(|protocol| Session::from_protocol(protocol, family));
        let peering =
            |session: Session| Peering { address: session.address, kind: session.kind, established: session.bgp == BgpState::Established };
        return Some((Source::Birdcl, sessions.map(peering).collect()));
    }
    let told = peers_of_status(node.status?, family)?;
    let peering = |(address, kind, peer): (IpAddr, PeerKind, &Value)| Peering { address, kind, established: state(peer) == ESTABLISHED };
    Some((Source::CalicoNodeStatus, told.map(peering).collect()))
}

const ESTABLISHED: &str = "Established";

fn state(peer: &Value) -> &str {
    peer.get("state").and_then(Value::as_str).unwrap_or_default()
}

fn peers_of_status(status: &Custom, family: Family) -> Option<impl Iterator<Item = (IpAddr, PeerKind, &Value)>> {
    let bgp = status.status.get("bgp")?;
    let (peers, count) = match family {
        Family::V4 => (bgp.get("peersV4"), "numberEstablishedV4"),
        Family::V6 => (bgp.get("peersV6"), "numberEstablishedV6"),
    };
    bgp.get(count)?;
    let kind = |peer: &Value| match peer.get("type").and_then(Value::as_str) {
        Some("NodePeer") => PeerKind::Node,
        Some("GlobalPeer") => PeerKind::Global,
        _ => PeerKind::Mesh,
    };
    let peers = peers.and_then(Value::as_array).into_iter().flatten();
    Some(peers.filter_map(move |peer| Some((peer.get("peerIP")?.as_str()?.parse().ok()?, kind(peer), peer))))
}

/// Passive peers come with an empty state there, and dropped rows not at all: node/pkg/status/populators/peers.go.
fn from_status(status: &Custom, family: Family) -> Option<Sessions<'_>> {
    let mut sessions = Sessions {
        source: Source::CalicoNodeStatus,
        established: 0,
        total: 0,
        down: Vec::new(),
        graceful_restart: None,
        router_id: None,
        addresses: HashSet::new(),
        foreign: Vec::new(),
    };
    for (address, kind, peer) in peers_of_status(status, family)? {
        sessions.total += 1;
        sessions.addresses.insert(address);
        if state(peer) == ESTABLISHED {
            sessions.established += 1;
            continue;
        }
        let prefix = match kind {
            PeerKind::Node => "Node",
            PeerKind::Global => "Global",
            PeerKind::Mesh | PeerKind::LocalWorkload => "Mesh",
        };
        let row = Protocol {
            name: format!("{prefix}_{}", address.to_string().replace(['.', ':'], "_")),
            proto: "BGP".into(),
            state: "start".into(),
            since: peer.get("since").and_then(Value::as_str).unwrap_or_default().into(),
            info: state(peer).into(),
            ..Protocol::default()
        };
        let Some(session) = Session::from_protocol(&row, family) else { continue };
        sessions.down.push(DownSession { session, source: Source::CalicoNodeStatus, row: Cow::Owned(row) });
    }
    Some(sessions)
}
