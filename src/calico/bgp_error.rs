//! The last error of a BGP session, as BIRD words it, and what each text proves.
//!
//! Texts are those of BIRD v0.3.3+birdv1.6.8 (projectcalico/bird): classes, `bgp_misc_errors` and `bgp_auto_errors` in `proto/bgp/bgp.c`,
//! notifications in `proto/bgp/packets.c` (`bgp_msg_table`). Texts behind `Socket: ` are libc's; glibc and musl differ.

use crate::text::bounded::find_ignoring_case;

/// The last error of one session, split as BIRD puts it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastError<'a> {
    pub class: ErrorClass,
    pub meaning: ErrorMeaning,
    /// BIRD's words, class included.
    pub text: &'a str,
}

/// Where BIRD met the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// On this node, before or without any packet.
    Local,
    Socket,
    /// A notification that the peer sent.
    Received,
    /// A notification that this BIRD sent, in answer to the peer or to its silence.
    Sent,
    AutomaticShutdown,
    /// No class of BIRD 1.6.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorMeaning {
    NotListening,
    /// This node no longer has the address that BIRD binds to.
    AddressNotAvailable,
    /// The kernel refuses the session's password (TCP MD5).
    KernelPassword,
    LinkDown,
    BfdDown,
    NeighborLost,
    InvalidNextHop,
    RouteLimit,
    /// The peer restarts and keeps its routes.
    PeerRestarts,
    AdminShutdown,
    OtherAs,
    SameRouterId,
    HoldTime,
    Capability,
    Authentication,
    Rejected,
    PrefixLimit,
    Resources,
    /// The peer was reset, or its configuration changed: it comes back by itself.
    Reset,
    Cease,
    /// A message that breaks the protocol.
    Protocol,
    HoldTimerExpired,
    Refused,
    Unreachable,
    Closed,
    Unknown,
}

const CLASSES: [(&str, ErrorClass); 5] = [
    ("Error: ", ErrorClass::Local),
    ("Socket: ", ErrorClass::Socket),
    ("Received: ", ErrorClass::Received),
    ("BGP Error: ", ErrorClass::Sent),
    ("Automatic shutdown: ", ErrorClass::AutomaticShutdown),
];

use ErrorMeaning as M;

/// A text that contains another stands before it.
const MEANINGS: [(&str, ErrorMeaning); 71] = [
    // proto/bgp/bgp.c, bgp_misc_errors and bgp_auto_errors
    ("neighbor lost", M::NeighborLost),
    ("invalid next hop", M::InvalidNextHop),
    ("kernel md5 auth failed", M::KernelPassword),
    ("no listening socket", M::NotListening),
    ("link down", M::LinkDown),
    ("bfd session down", M::BfdDown),
    ("graceful restart", M::PeerRestarts),
    ("route limit exceeded", M::RouteLimit),
    // proto/bgp/packets.c, bgp_msg_table: 1, message header
    ("invalid message header", M::Protocol),
    ("connection not synchronized", M::Protocol),
    ("bad message length", M::Protocol),
    ("bad message type", M::Protocol),
    // 2, OPEN
    ("invalid open message", M::Protocol),
    ("unsupported version number", M::Capability),
    ("bad peer as", M::OtherAs),
    ("bad bgp identifier", M::SameRouterId),
    ("unsupported optional parameter", M::Capability),
    ("authentication failure", M::Authentication),
    ("unacceptable hold time", M::HoldTime),
    ("required capability missing", M::Capability),
    ("no supported afi/safi", M::Capability),
    // 3, UPDATE
    ("invalid update message", M::Protocol),
    ("malformed attribute list", M::Protocol),
    ("unrecognized well-known attribute", M::Protocol),
    ("missing mandatory attribute", M::Protocol),
    ("invalid attribute flags", M::Protocol),
    ("invalid attribute length", M::Protocol),
    ("invalid origin attribute", M::Protocol),
    ("as routing loop", M::Protocol),
    ("invalid next_hop attribute", M::Protocol),
    ("optional attribute error", M::Protocol),
    ("invalid network field", M::Protocol),
    ("malformed as_path", M::Protocol),
    // 4 and 5
    ("hold timer expired", M::HoldTimerExpired),
    ("finite state machine error", M::Protocol),
    ("unexpected message in", M::Protocol),
    // 6, Cease and its subcodes
    ("cease", M::Cease),
    ("maximum number of prefixes reached", M::PrefixLimit),
    ("administrative shutdown", M::AdminShutdown),
    ("administrative down", M::AdminShutdown),
    ("peer de-configured", M::AdminShutdown),
    ("administrative reset", M::Reset),
    ("connection rejected", M::Rejected),
    ("other configuration change", M::Reset),
    ("connection collision resolution", M::Reset),
    ("out of resources", M::Resources),
    // 7, ROUTE-REFRESH
    ("invalid route-refresh", M::Protocol),
    ("unknown error", M::Unknown),
    // libc
    ("connection refused", M::Refused),
    ("network is unreachable", M::Unreachable),
    ("network unreachable", M::Unreachable),
    ("host is unreachable", M::Unreachable),
    ("no route to host", M::Unreachable),
    ("host is down", M::Unreachable),
    ("network is down", M::Unreachable),
    ("timed out", M::Unreachable),
    ("protocol not available", M::Unreachable),
    ("operation not permitted", M::Unreachable),
    ("permission denied", M::Unreachable),
    ("connection reset", M::Closed),
    ("connection closed", M::Closed),
    ("connection aborted", M::Closed),
    ("software caused connection abort", M::Closed),
    ("broken pipe", M::Closed),
    ("end of file", M::Closed),
    ("address in use", M::NotListening),
    ("address already in use", M::NotListening),
    ("address not available", M::AddressNotAvailable),
    ("cannot assign requested address", M::AddressNotAvailable),
    ("can't assign requested address", M::AddressNotAvailable),
    ("no such device", M::LinkDown),
];

impl<'a> LastError<'a> {
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let class = CLASSES.iter().find(|(prefix, _)| text.starts_with(prefix)).map_or(ErrorClass::Unknown, |(_, class)| *class);
        let found = MEANINGS.iter().find(|(known, _)| find_ignoring_case(text, known).is_some());
        Self { class, meaning: found.map_or(ErrorMeaning::Unknown, |(_, meaning)| *meaning), text }
    }

    /// The peer was heard: its BGP port is open and it speaks BGP.
    pub fn proves_answer(&self) -> bool {
        match self.class {
            ErrorClass::Received => true,
            ErrorClass::Sent => self.meaning != ErrorMeaning::HoldTimerExpired,
            ErrorClass::Local | ErrorClass::Socket | ErrorClass::AutomaticShutdown | ErrorClass::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_with_its_meaning() {
        for (text, class, meaning, answered) in [
            ("Error: Kernel MD5 auth failed", ErrorClass::Local, M::KernelPassword, false),
            ("Error: No listening socket", ErrorClass::Local, M::NotListening, false),
            ("Error: Link down", ErrorClass::Local, M::LinkDown, false),
            ("Error: BFD session down", ErrorClass::Local, M::BfdDown, false),
            ("Error: Neighbor lost", ErrorClass::Local, M::NeighborLost, false),
            ("Automatic shutdown: Route limit exceeded", ErrorClass::AutomaticShutdown, M::RouteLimit, false),
            ("Socket: Connection closed", ErrorClass::Socket, M::Closed, false),
            ("Socket: Operation timed out", ErrorClass::Socket, M::Unreachable, false),
            ("Socket: Connection refused", ErrorClass::Socket, M::Refused, false),
            ("Received: Bad BGP identifier", ErrorClass::Received, M::SameRouterId, true),
            ("Received: Unacceptable hold time", ErrorClass::Received, M::HoldTime, true),
            ("Received: Cease", ErrorClass::Received, M::Cease, true),
            ("Received: Connection rejected", ErrorClass::Received, M::Rejected, true),
            ("Received: Administrative shutdown", ErrorClass::Received, M::AdminShutdown, true),
            ("Received: Unknown error 9.3", ErrorClass::Received, M::Unknown, true),
            ("BGP Error: Bad peer AS", ErrorClass::Sent, M::OtherAs, true),
            ("BGP Error: Hold timer expired", ErrorClass::Sent, M::HoldTimerExpired, false),
            ("something new", ErrorClass::Unknown, M::Unknown, false),
        ] {
            let error = LastError::parse(text);
            assert_eq!((error.class, error.meaning, error.proves_answer()), (class, meaning, answered), "{text}");
        }
    }

    #[test]
    fn no_text_hides_behind_a_shorter_one() {
        for (at, (text, meaning)) in MEANINGS.iter().enumerate() {
            let first = MEANINGS.iter().position(|(known, _)| text.contains(known));
            assert!(first == Some(at) || first.is_some_and(|first| MEANINGS[first].1 == *meaning), "{text}");
        }
    }
}
