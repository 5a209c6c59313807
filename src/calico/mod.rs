//! Calico's own language, parsed once at the border.

pub mod address;
pub mod bgp_error;
pub mod bird;
pub mod detect;
pub mod environment;
pub mod events;
pub mod expected_sessions;
pub mod flavour;
pub mod go_regex;
pub mod inspection;
pub mod installation_probe_fields;
pub mod interface_exclusions;
pub mod interfaces;
pub mod label_selector;
pub mod method;
pub mod owner;
pub mod probe;
pub mod route_get;
pub mod routes;
pub mod session;
pub mod startup_log;
pub mod tunnel_addresses;
pub mod version;
pub mod virtual_interfaces;
