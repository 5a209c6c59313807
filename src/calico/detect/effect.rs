//! What a restart makes of it: which address is stored afterwards, or that calico-node exits (node/pkg/lifecycle/startup/startup.go).

use super::{DetectionResult, Found, Host, Interfaces};
use crate::calico::address;
use crate::calico::environment::address_variable;
use crate::calico::method::AddressSource;
use crate::calico::version::Version;
use crate::snapshot::family::Family;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterRestart {
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
pub fn after_restart(gate: &AddressSource, outcome: &DetectionResult, has_stored: Option<bool>, family: Family) -> AfterRestart {
    let unknown = |why: &str| AfterRestart::Unknown { why: why.to_owned() };
    let variable = address_variable(family);
    match gate {
        AddressSource::Off => AfterRestart::Off,
        AddressSource::Kept => AfterRestart::Keeps { why: format!("{variable} is none or empty, so what is stored stays") },
        AddressSource::Exits { value } => AfterRestart::Exits { why: format!("{variable} is {value:?}, which is no address") },
        AddressSource::Unknown { why } => AfterRestart::Unknown { why: why.clone() },
        AddressSource::Literal { .. } | AddressSource::FromField { .. } => match outcome {
            DetectionResult::Address(found) => AfterRestart::Stores(found.clone()),
            DetectionResult::None { why } | DetectionResult::Exits { why } => AfterRestart::Exits { why: why.clone() },
            DetectionResult::Unknown { why } => AfterRestart::Unknown { why: why.clone() },
        },
        AddressSource::DetectedWhenMissing if has_stored == Some(true) => {
            AfterRestart::Keeps { why: format!("{variable} is not set, so nothing is detected where an address is stored") }
        }
        AddressSource::DetectedWhenMissing if has_stored.is_none() => unknown("whether an address is stored was not seen"),
        AddressSource::Detected | AddressSource::DetectedWhenMissing => match outcome {
            DetectionResult::Address(found) => AfterRestart::Stores(found.clone()),
            DetectionResult::None { why } => match has_stored {
                Some(true) => AfterRestart::Keeps { why: why.clone() },
                Some(false) => AfterRestart::NoAddress { why: why.clone() },
                None => unknown("whether an address is stored was not seen"),
            },
            DetectionResult::Exits { why } => AfterRestart::Exits { why: why.clone() },
            DetectionResult::Unknown { why } => AfterRestart::Unknown { why: why.clone() },
        },
    }
}

/// An address that is given, not detected: from 3.18.0 its prefix length is that of the interface that has it, and a single host's otherwise.
pub fn given(text: &str, version: Option<Version>, host: &Host) -> DetectionResult {
    let Some(cidr) = address::parse(text) else { return DetectionResult::Exits { why: format!("{text:?} is no address") } };
    let bare = !text.contains('/');
    let address = cidr.addr();
    let alone = Found { address, prefix_length: Some(cidr.prefix_len()), interface: None };
    let held = match &host.interfaces {
        Interfaces::Kernel(interfaces) => interfaces
            .iter()
            .rev()
            .find_map(|interface| Some((interface, interface.addresses.iter().find(|held| held.address == address)?))),
        _ => return DetectionResult::Address(Found { prefix_length: Some(cidr.prefix_len()).filter(|_| !bare), ..alone }),
    };
    let Some((interface, held)) = held else { return DetectionResult::Address(alone) };
    let interface = Some(interface.name.clone());
    match version {
        _ if !bare => DetectionResult::Address(Found { interface, ..alone }),
        Some(version) if version.at_least(3, 18, 0) => {
            DetectionResult::Address(Found { prefix_length: Some(held.prefix_length), interface, ..alone })
        }
        Some(_) => DetectionResult::Address(Found { interface, ..alone }),
        None => DetectionResult::Address(Found { prefix_length: None, interface, ..alone }),
    }
}
