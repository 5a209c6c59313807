//! Annotations of a Node in which Calico keeps what its own Node has (libcalico-go `lib/backend/k8s/resources/node.go`).

use crate::snapshot::family::Family;

pub const AS_NUMBER: &str = "projectcalico.org/ASNumber";

/// The address, with its prefix length.
pub fn address(family: Family) -> &'static str {
    match family {
        Family::V4 => "projectcalico.org/IPv4Address",
        Family::V6 => "projectcalico.org/IPv6Address",
    }
}
