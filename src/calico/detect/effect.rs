//! What a restart makes of it: which address is stored afterwards, or that calico-node exits (node/pkg/lifecycle/startup/startup.go).

use super::{Found, Host, Interfaces, Outcome};
use crate::calico::address;
use crate::calico::method::Gate;
use crate::calico::version::Version;
use crate::snapshot::family::Family;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// This is stored.
    Stores(Found),
    /// What is stored stays, if anything is.
    Keeps {
        why: String,
    },
    /// Nothing is found, and nothing is stored that could be kept: calico-node exits.
    NoAddress {
        why: String,
    },
    /// Whatever is stored.
    Exits {
        why: String,
    },
    /// Calico configures no address at all.
    Off,
    Unknown {
        why: String,
    },
}

/// `outcome` is what the method finds, or for a gate that gives an address what `given` makes of it. An address that another node has
/// makes this one clear its own and exit: that is seen only with all nodes in view.
pub fn after_restart(gate: &Gate, outcome: &Outcome, has_stored: Option<bool>, family: Family) -> Effect {
    let unknown = |why: &str| Effect::Unknown { why: why.to_owned() };
    let variable = match family {
        Family::V4 => "IP",
        Family::V6 => "IP6",
    };
    match gate {
        Gate::Off => Effect::Off,
        Gate::Kept => Effect::Keeps { why: format!("{variable} is none or empty, so what is stored stays") },
        Gate::Exits { value } => Effect::Exits { why: format!("{variable} is {value:?}, which is no address") },
        Gate::Unknown { why } => Effect::Unknown { why: why.clone() },
        Gate::Literal { .. } | Gate::FromField { .. } => match outcome {
            Outcome::Address(found) => Effect::Stores(found.clone()),
            Outcome::None { why } | Outcome::Exits { why } => Effect::Exits { why: why.clone() },
            Outcome::Unknown { why } => Effect::Unknown { why: why.clone() },
        },
        Gate::DetectedWhenMissing if has_stored == Some(true) => {
            Effect::Keeps { why: format!("{variable} is not set, so nothing is detected where an address is stored") }
        }
        Gate::DetectedWhenMissing if has_stored.is_none() => unknown("whether an address is stored was not seen"),
        Gate::Detected | Gate::DetectedWhenMissing => match outcome {
            Outcome::Address(found) => Effect::Stores(found.clone()),
            Outcome::None { why } => match has_stored {
                Some(true) => Effect::Keeps { why: why.clone() },
                Some(false) => Effect::NoAddress { why: why.clone() },
                None => unknown("whether an address is stored was not seen"),
            },
            Outcome::Exits { why } => Effect::Exits { why: why.clone() },
            Outcome::Unknown { why } => Effect::Unknown { why: why.clone() },
        },
    }
}

/// An address that is given, not detected: from 3.18.0 its prefix length is that of the interface that has it, and a single host's otherwise.
pub fn given(text: &str, version: Option<Version>, host: &Host) -> Outcome {
    let Some(cidr) = address::parse(text) else { return Outcome::Exits { why: format!("{text:?} is no address") } };
    let bare = !text.contains('/');
    let address = cidr.addr();
    let alone = Found { address, prefix_length: Some(cidr.prefix_len()), interface: None };
    let held = match &host.interfaces {
        Interfaces::Kernel(interfaces) => interfaces
            .iter()
            .rev()
            .find_map(|interface| Some((interface, interface.addresses.iter().find(|held| held.address == address)?))),
        _ => return Outcome::Address(Found { prefix_length: Some(cidr.prefix_len()).filter(|_| !bare), ..alone }),
    };
    let Some((interface, held)) = held else { return Outcome::Address(alone) };
    let interface = Some(interface.name.clone());
    match version {
        _ if !bare => Outcome::Address(Found { interface, ..alone }),
        Some(version) if version.at_least(3, 18, 0) => {
            Outcome::Address(Found { prefix_length: Some(held.prefix_length), interface, ..alone })
        }
        Some(_) => Outcome::Address(Found { interface, ..alone }),
        None => Outcome::Address(Found { prefix_length: None, interface, ..alone }),
    }
}
