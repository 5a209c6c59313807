//! Why a pair is down, told from both ends.

use super::{Endpoint, Remote, SessionPair};
use crate::calico::session::{BgpState, Reason};
use crate::snapshot::inside::MarkKind;

/// In the order in which they are believed: what a daemon says of itself before what its peer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    PortTaken,
    AddressGone,
    AdministrativelyDown,
    NodeGone,
    OtherAs,
    HoldTimer,
    Refused,
    Unreachable,
    Closed,
    GracefulRestart,
    Handshake,
    NoAnswer,
    /// Only an event says that it is down.
    NotSeen,
}

/// Which end is to blame, where that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    Near,
    Far,
    Either,
}

impl Cause {
    /// One clause, after "BGP with N is down: ".
    pub fn phrase(self) -> &'static str {
        match self {
            Self::PortTaken => "BIRD cannot listen there, another daemon holds port 179 (or BGPConfiguration's listenPort)",
            Self::AddressGone => "the node no longer has the address that BIRD binds to",
            Self::AdministrativelyDown => "the session is switched off (administratively down)",
            Self::NodeGone => "the node is gone or NotReady, its Node object remains",
            Self::OtherAs => "the two ends are configured with different AS numbers",
            Self::HoldTimer => "the hold timer expired: keepalives do not arrive",
            Self::Refused => "connection refused on port 179: nothing listens there, or a firewall rejects it",
            Self::Unreachable => "the address cannot be reached: no route, or a host or firewall in between",
            Self::Closed => "the other end closes the connection",
            Self::GracefulRestart => "BIRD restarted a moment ago and waits for its peers (graceful restart)",
            Self::Handshake => "the connection is made, but the BGP handshake does not finish: something in between alters it",
            Self::NotSeen => "why could not be seen, since BIRD was not asked",
            Self::NoAnswer => "no answer: TCP port 179 is probably blocked between them",
        }
    }
}

pub fn down_cause(pair: &SessionPair) -> (Cause, Blame) {
    let near = (&pair.near, Blame::Near, Blame::Far);
    let ends: Vec<(&Endpoint, Blame, Blame)> = match &pair.far {
        Remote::Node(far) => vec![near, (far, Blame::Far, Blame::Near)],
        Remote::Outside(_) => vec![near],
    };
    let causes = ends.iter().filter_map(|(end, own, other)| cause_from_endpoint(end, *own, *other));
    let fallback = if pair.ends().any(|end| end.row.is_some()) { Cause::NoAnswer } else { Cause::NotSeen };
    causes.chain(node_gone(pair)).min_by_key(|(cause, _)| *cause).unwrap_or((fallback, Blame::Either))
}

fn cause_from_endpoint(end: &Endpoint, own: Blame, other: Blame) -> Option<(Cause, Blame)> {
    for (mark, cause) in [(MarkKind::BgpPortTaken, Cause::PortTaken), (MarkKind::BgpAddressGone, Cause::AddressGone)] {
        let newest = end.node.attempts().next();
        if newest.is_some_and(|log| log.marks.iter().any(|said| said.kind == mark)) {
            return Some((cause, own));
        }
    }
    let session = &end.row?.session;
    let by_error = session.reason().and_then(|reason| match reason {
        Reason::NotListening => Some((Cause::PortTaken, own)),
        Reason::AddressNotAvailable => Some((Cause::AddressGone, own)),
        Reason::AdminShutdown => Some((Cause::AdministrativelyDown, other)),
        Reason::BadPeerAs => Some((Cause::OtherAs, Blame::Either)),
        Reason::HoldTimer => Some((Cause::HoldTimer, Blame::Either)),
        Reason::Refused => Some((Cause::Refused, other)),
        Reason::Unreachable => Some((Cause::Unreachable, Blame::Either)),
        Reason::Closed => Some((Cause::Closed, other)),
        Reason::Other => None,
    });
    let by_state = || match session.bgp {
        BgpState::Down => Some((Cause::AdministrativelyDown, own)),
        BgpState::OpenSent | BgpState::OpenConfirm => Some((Cause::Handshake, Blame::Either)),
        _ => None,
    };
    let restarting = || {
        let sessions = end.node.bgp(session.family).seen()?;
        sessions.graceful_restart.map(|_| (Cause::GracefulRestart, own))
    };
    by_error.or_else(by_state).or_else(restarting)
}

/// A mesh peer that no node has, or whose kubelet does not report.
fn node_gone(pair: &SessionPair) -> Option<(Cause, Blame)> {
    let unready = |end: &Endpoint| end.node.kubelet_ready() == Some(false);
    match &pair.far {
        Remote::Outside(_) => pair.orphan.then_some((Cause::NodeGone, Blame::Far)),
        Remote::Node(far) if unready(far) => Some((Cause::NodeGone, Blame::Far)),
        Remote::Node(_) if unready(&pair.near) => Some((Cause::NodeGone, Blame::Near)),
        Remote::Node(_) => None,
    }
}
