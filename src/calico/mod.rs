//! Formats and facts of Calico, parsed once at the border; each names the release and the source file.
//!
//! `environment`, `method`, `probe`, `flavour` and `owner` read settings; `version` compares releases.
//! `bird`, `session`, `routes`, `interfaces` and `inspection` read what a calico-node prints; `startup_log` reads its logs.
//! `events`, `cni_failure` and `image_failure` read what the kubelet tells of pods.
//! `detect` repeats the address detection of each release; what cannot be read as Go reads it is `Unknown`.
//! Nothing here does I/O or knows the model.

pub mod address;
pub mod bgp_error;
pub mod bird;
pub mod cni_failure;
pub mod detect;
pub mod environment;
pub mod events;
pub mod expected_sessions;
pub mod flavour;
pub mod go_regex;
pub mod image_failure;
pub mod inspection;
pub mod installation_probe_fields;
pub mod interface_exclusions;
pub mod interfaces;
pub mod label_selector;
pub mod log_level;
pub mod method;
pub mod node_annotations;
pub mod owner;
pub mod probe;
pub mod route_get;
pub mod routes;
pub mod session;
pub mod startup_log;
pub mod tunnel_addresses;
pub mod version;
pub mod virtual_interfaces;
