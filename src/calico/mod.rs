//! Calico's own language, parsed once at the border.

pub mod address;
pub mod bird;
pub mod detect;
pub mod environment;
pub mod event_text;
pub mod exclusions;
pub mod family;
pub mod flavour;
pub mod go_regex;
pub mod inside;
pub mod interfaces;
pub mod method;
pub mod overrides;
pub mod owner;
pub mod probe;
pub mod reaches;
pub mod routes;
pub mod session;
pub mod startup_log;
pub mod text;
pub mod tunnel_addresses;
pub mod version;
pub mod virtual_interfaces;
