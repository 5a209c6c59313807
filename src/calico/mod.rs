//! Calico's own language, parsed once at the border.

pub mod address;
pub mod environment;
pub mod exclusions;
pub mod family;
pub mod flavour;
pub mod go_regex;
pub mod method;
pub mod owner;
pub mod probe;
pub mod version;
pub mod virtual_interfaces;
