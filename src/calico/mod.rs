//! Calico's own language, parsed once at the border.

pub mod address;
pub mod bgp_error;
pub mod bird;
pub mod detect;
pub mod environment;
pub mod event_text;
pub mod exclusions;
pub mod expected_sessions;
pub mod family;
pub mod flavour;
pub mod go_regex;
pub mod inside;
pub mod interfaces;
pub mod label_selector;
pub mod method;
pub mod overrides;
pub mod owner;
pub mod probe;
pub mod reaches;
pub mod routes;
pub mod session;
pub mod startup_log;
pub mod text;
pub mod version;
pub mod virtual_interfaces;
