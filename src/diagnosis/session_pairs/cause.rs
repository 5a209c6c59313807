//! Why a session is down, from what both ends say.

use super::{Endpoint, Remote, SessionPair};
use crate::calico::bgp_error::{ErrorClass, ErrorMeaning, LastError};
use crate::calico::session::BgpState;
use crate::diagnosis::context::Context;
use crate::snapshot::inspection::LogEventKind;

/// By reliability: what BIRD reports about its own node outranks what its peer observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    PortTaken,
    AddressGone,
    /// BIRD could not start the session, or ended it, for a reason of its own node.
    Local(ErrorMeaning),
    AdministrativelyDown,
    /// The kubelet does not report, or the mesh has an address that no node has.
    NodeGone,
    /// calico-node does not run there.
    PodDown,
    OtherAs,
    /// The peer answered with a BGP notification, or was answered with one.
    Notification(ErrorMeaning),
    HoldTimer,
    Refused,
    Unreachable,
    Closed,
    GracefulRestart,
    /// The other end was asked, and has no such session.
    OneSided,
    Handshake,
    /// One end says Established.
    Changing,
    NoAnswer,
    /// No error, and the other end could not be asked.
    OtherEndUnknown,
    /// Only an event says that it is down.
    NotSeen,
}

/// Which end is to blame, where that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    Near,
    Far,
    Either,
}

pub(crate) fn down_cause(view: &Context, pair: &SessionPair) -> (Cause, Blame) {
    let near = (&pair.near, Blame::Near, Blame::Far);
    let ends: Vec<(&Endpoint, Blame, Blame)> = match &pair.far {
        Remote::Node(far) => vec![near, (far, Blame::Far, Blame::Near)],
        _ => vec![near],
    };
    let causes = ends.iter().filter_map(|(end, own, other)| from_endpoint(end, *own, *other));
    let states = ends.iter().filter_map(|(end, own, _)| from_pod(view, end, *own));
    let orphan = matches!(pair.far, Remote::Orphan(_) | Remote::Unmanaged { .. }).then_some((Cause::NodeGone, Blame::Far));
    let found = causes.chain(states).chain(orphan).chain(one_sided(pair)).min_by_key(|(cause, _)| *cause);
    match found.unwrap_or_else(|| (silence(pair), Blame::Either)) {
        (Cause::OtherAs, _) => (Cause::OtherAs, odd_as_number(view, pair)),
        cause => cause,
    }
}

fn from_endpoint(end: &Endpoint, own: Blame, other: Blame) -> Option<(Cause, Blame)> {
    for (mark, cause) in [(LogEventKind::BgpPortTaken, Cause::PortTaken), (LogEventKind::BgpAddressGone, Cause::AddressGone)] {
        let newest = end.node.attempts().next();
        if newest.is_some_and(|log| log.marks.iter().any(|said| said.kind == mark)) {
            return Some((cause, own));
        }
    }
    let session = &end.row?.session;
    let by_error = session.last_error().and_then(|error| from_error(&error, own, other));
    let by_state = || match session.bgp {
        // Without an error it was switched off (`birdc disable`, or `disabled` in the configuration).
        BgpState::Down if session.error.is_none() => Some((Cause::AdministrativelyDown, own)),
        BgpState::Down => Some((Cause::Local(ErrorMeaning::Unknown), own)),
        BgpState::OpenSent | BgpState::OpenConfirm => Some((Cause::Handshake, Blame::Either)),
        _ => None,
    };
    let restarting = || {
        let sessions = end.node.bgp(session.family).seen()?;
        sessions.graceful_restart.map(|_| (Cause::GracefulRestart, own))
    };
    by_error.or_else(by_state).or_else(restarting)
}

fn from_error(error: &LastError, own: Blame, other: Blame) -> Option<(Cause, Blame)> {
    use ErrorMeaning as M;
    let found = match error.meaning {
        M::NotListening => (Cause::PortTaken, own),
        M::AddressNotAvailable => (Cause::AddressGone, own),
        M::KernelPassword | M::LinkDown | M::InvalidNextHop | M::RouteLimit => (Cause::Local(error.meaning), own),
        M::BfdDown | M::NeighborLost => (Cause::Local(error.meaning), Blame::Either),
        M::AdminShutdown if error.class == ErrorClass::Sent => (Cause::AdministrativelyDown, own),
        M::AdminShutdown => (Cause::AdministrativelyDown, other),
        M::OtherAs => (Cause::OtherAs, Blame::Either),
        M::HoldTimerExpired => (Cause::HoldTimer, Blame::Either),
        M::Refused => (Cause::Refused, other),
        M::Unreachable => (Cause::Unreachable, Blame::Either),
        M::Closed => (Cause::Closed, other),
        M::PeerRestarts => return None,
        _ if error.proves_answer() => (Cause::Notification(error.meaning), Blame::Either),
        _ => return None,
    };
    Some(found)
}

fn from_pod(view: &Context, end: &Endpoint, own: Blame) -> Option<(Cause, Blame)> {
    if end.node.kubelet_is_silent() {
        return Some((Cause::NodeGone, own));
    }
    view.pod_state(end.node).not_running().map(|_| (Cause::PodDown, own))
}

/// An end that was asked and lists no session with the other.
fn one_sided(pair: &SessionPair) -> Option<(Cause, Blame)> {
    let Remote::Node(far) = &pair.far else { return None };
    let lacks = |end: &Endpoint, other: &Endpoint| end.node.lists_session_with(other.node, pair.family) == Some(false);
    match (lacks(&pair.near, far), lacks(far, &pair.near)) {
        (true, false) => Some((Cause::OneSided, Blame::Near)),
        (false, true) => Some((Cause::OneSided, Blame::Far)),
        _ => None,
    }
}

/// No end names an error: a blocked port only where both ends run and both wait.
fn silence(pair: &SessionPair) -> Cause {
    if pair.ends().all(|end| end.row.is_none()) {
        return Cause::NotSeen;
    }
    let Remote::Node(far) = &pair.far else { return Cause::NoAnswer };
    let waiting = |end: &Endpoint| end.row.is_some_and(|row| row.session.error.is_none());
    let asked = |end: &Endpoint| end.node.bgp(pair.family).seen().is_some();
    match (asked(&pair.near) && asked(far), waiting(&pair.near) && waiting(far)) {
        (true, true) => Cause::NoAnswer,
        (true, false) if pair.ends().any(|end| end.row.is_none()) => Cause::Changing,
        (true, false) => Cause::NoAnswer,
        (false, _) => Cause::OtherEndUnknown,
    }
}

/// The end whose AS number fewer nodes have.
fn odd_as_number(view: &Context, pair: &SessionPair) -> Blame {
    let Remote::Node(far) = &pair.far else { return Blame::Either };
    let number = |end: &Endpoint| view.as_number(end.node).number;
    let (near, far) = (number(&pair.near), number(far));
    match view.share_of_as(near).cmp(&view.share_of_as(far)) {
        _ if near == far => Blame::Either,
        std::cmp::Ordering::Less => Blame::Near,
        std::cmp::Ordering::Greater => Blame::Far,
        std::cmp::Ordering::Equal => Blame::Either,
    }
}
