//! A BGP session, out of the row that BIRD shows for it.
//!
//! Names are given by Calico's confd, `confd/pkg/backends/calico/bgp_processor.go` and the templates before it:
//! kind, address with `_` for `.` or `:`, then `_port_N` where the peer has a port of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bgp_error::LastError;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Protocol;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub family: Family,
    pub kind: PeerKind,
    pub address: IpAddr,
    pub port: Option<u16>,
    pub state: State,
    pub bgp: BgpState,
    /// The last error. BIRD keeps it after the cause has gone.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    Mesh,
    Node,
    Global,
    LocalWorkload,
}

/// BIRD's own state of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Up,
    Start,
    Down,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BgpState {
    Established,
    Idle,
    Connect,
    Active,
    Passive,
    OpenSent,
    OpenConfirm,
    Close,
    /// The row is `down`: without an error somebody switched it off, with one BIRD could not start it.
    Down,
    Other,
}

const KINDS: [(&str, PeerKind); 4] =
    [("Mesh_", PeerKind::Mesh), ("Node_", PeerKind::Node), ("Global_", PeerKind::Global), ("Local_Workload_", PeerKind::LocalWorkload)];

/// Calico gave the session this name, be the address in it readable or not: people mask theirs.
pub fn has_calico_name(name: &str) -> bool {
    KINDS.iter().any(|(prefix, _)| name.starts_with(prefix))
}

/// As BIRD 1.6 spells them, `proto/bgp/bgp.c` (`bgp_state_dsc`); `Passive` is the idle of a side that waits to be dialled.
const BGP_STATES: [(&str, BgpState); 9] = [
    ("Established", BgpState::Established),
    ("Idle", BgpState::Idle),
    ("Connect", BgpState::Connect),
    ("Active", BgpState::Active),
    ("Passive", BgpState::Passive),
    ("OpenSent", BgpState::OpenSent),
    ("OpenConfirm", BgpState::OpenConfirm),
    ("Close", BgpState::Close),
    ("Down", BgpState::Down),
];

fn address_and_port(name: &str, family: Family) -> Option<(IpAddr, Option<u16>)> {
    let (address, port) = match name.rsplit_once("_port_") {
        Some((address, port)) => (address, Some(port.parse().ok()?)),
        None => (name, None),
    };
    let address = match family {
        Family::V4 => IpAddr::V4(address.replace('_', ".").parse::<Ipv4Addr>().ok()?),
        Family::V6 => IpAddr::V6(address.replace('_', ":").parse::<Ipv6Addr>().ok()?),
    };
    Some((address, port))
}

/// A `down` row has no BGP state: all of its info, if any, is the error.
fn bgp_and_error(state: State, info: &str) -> (BgpState, Option<String>) {
    let (word, rest) = info.split_once(' ').unwrap_or((info, ""));
    let known = BGP_STATES.iter().find(|(name, _)| *name == word).map(|(_, bgp)| *bgp);
    let (bgp, error) = match known {
        Some(bgp) => (bgp, rest),
        None if state == State::Down => (BgpState::Down, info),
        None => (BgpState::Other, info),
    };
    let error = error.trim();
    (bgp, (!error.is_empty()).then(|| error.to_owned()))
}

impl Session {
    /// `None` for what is not a BGP session of Calico's naming.
    pub fn from_protocol(protocol: &Protocol, family: Family) -> Option<Self> {
        if protocol.proto != "BGP" {
            return None;
        }
        let (kind, rest) = KINDS.iter().find_map(|(prefix, kind)| Some((*kind, protocol.name.strip_prefix(prefix)?)))?;
        let (address, port) = address_and_port(rest, family)?;
        let state = match protocol.state.as_str() {
            "up" => State::Up,
            "start" => State::Start,
            "down" => State::Down,
            _ => State::Other,
        };
        let (bgp, error) = bgp_and_error(state, protocol.info.trim());
        Some(Self { family, kind, address, port, state, bgp, error })
    }

    pub fn is_established(&self) -> bool {
        self.bgp == BgpState::Established && self.state == State::Up
    }

    pub fn last_error(&self) -> Option<LastError<'_>> {
        self.error.as_deref().map(LastError::parse)
    }
}

#[cfg(test)]
mod tests;
