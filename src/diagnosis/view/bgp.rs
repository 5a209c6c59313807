//! The sessions of one node and one family, from BIRD itself or, where it could not be asked, CalicoNodeStatus.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::calico::family::Family;
use crate::calico::session::{self, BgpState, Session};
use crate::diagnosis::report::Source;
use crate::observed::Observed;
use crate::snapshot::inside::{Bird, GracefulRestart, Inside, Protocol};
use crate::snapshot::objects::Custom;

#[derive(Debug, Default)]
pub enum Bgp<'a> {
    /// This cluster runs no BIRD, or none of this family.
    NotUsed,
    /// Asked inside the container: nothing listens on its socket.
    NotRunning,
    #[default]
    Unknown,
    Seen(Sessions<'a>),
}

#[derive(Debug)]
pub struct Sessions<'a> {
    pub established: u32,
    pub total: u32,
    pub down: Vec<Down<'a>>,
    pub graceful_restart: Option<&'a GracefulRestart>,
    pub router_id: Option<&'a str>,
}

#[derive(Debug)]
pub struct Down<'a> {
    pub session: Session,
    pub source: Source,
    row: Cow<'a, Protocol>,
}

impl Down<'_> {
    /// The row as BIRD prints it, single-spaced.
    pub fn row(&self) -> String {
        let Protocol { name, proto, table, state, since, info } = self.row.as_ref();
        [name, proto, table, state, since, info]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl<'a> Bgp<'a> {
    pub fn of(inside: Option<&'a Observed<Inside>>, status: Option<&'a Custom>, family: Family) -> Self {
        let bird = match inside {
            Some(Observed::Seen(inside)) => match family {
                Family::V4 => &inside.bird4,
                Family::V6 => &inside.bird6,
            },
            _ => &Observed::NotAsked,
        };
        match bird {
            Observed::Seen(bird) => Self::Seen(from_bird(bird, family)),
            Observed::Absent => Self::NotRunning,
            _ => status.and_then(|status| from_status(status, family)).map_or(Self::Unknown, Self::Seen),
        }
    }

    pub fn seen(&self) -> Option<&Sessions<'a>> {
        match self {
            Self::Seen(sessions) => Some(sessions),
            _ => None,
        }
    }

    pub fn down(&self) -> &[Down<'a>] {
        self.seen().map_or(&[], |sessions| &sessions.down)
    }
}

fn from_bird(bird: &Bird, family: Family) -> Sessions<'_> {
    let mut sessions = Sessions {
        established: 0,
        total: 0,
        down: Vec::new(),
        graceful_restart: bird.graceful_restart.as_ref(),
        router_id: bird.router_id.as_deref(),
    };
    for protocol in &bird.protocols {
        let Some(session) = session::of(protocol, family) else { continue };
        sessions.total += 1;
        if session.bgp == BgpState::Established {
            sessions.established += 1;
        } else {
            sessions.down.push(Down { session, source: Source::Birdcl, row: Cow::Borrowed(protocol) });
        }
    }
    sessions
}

/// Passive peers come with an empty state there, and dropped rows not at all: node/pkg/status/populators/peers.go.
fn from_status(status: &Custom, family: Family) -> Option<Sessions<'_>> {
    let bgp = status.status.get("bgp")?;
    let (peers, count) = match family {
        Family::V4 => (bgp.get("peersV4"), "numberEstablishedV4"),
        Family::V6 => (bgp.get("peersV6"), "numberEstablishedV6"),
    };
    bgp.get(count)?;
    let mut sessions = Sessions { established: 0, total: 0, down: Vec::new(), graceful_restart: None, router_id: None };
    for peer in peers.and_then(|peers| peers.as_array()).into_iter().flatten() {
        let text = |key: &str| peer.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let Ok(address) = text("peerIP").parse::<IpAddr>() else { continue };
        sessions.total += 1;
        if text("state") == "Established" {
            sessions.established += 1;
            continue;
        }
        let prefix = match text("type") {
            "NodePeer" => "Node",
            "GlobalPeer" => "Global",
            _ => "Mesh",
        };
        let row = Protocol {
            name: format!("{prefix}_{}", address.to_string().replace(['.', ':'], "_")),
            proto: "BGP".into(),
            state: "start".into(),
            since: text("since").into(),
            info: text("state").into(),
            ..Protocol::default()
        };
        let Some(session) = session::of(&row, family) else { continue };
        sessions.down.push(Down { session, source: Source::CalicoNodeStatus, row: Cow::Owned(row) });
    }
    Some(sessions)
}
