//! Every check: cases that fire, each with its healthy twin.

#[path = "checks/address_conflict.rs"]
mod address_conflict;
#[path = "checks/address_missing.rs"]
mod address_missing;
#[path = "checks/address_not_internal_ip.rs"]
mod address_not_internal_ip;
#[path = "checks/address_not_on_node.rs"]
mod address_not_on_node;
#[path = "checks/address_on_virtual_interface.rs"]
mod address_on_virtual_interface;
#[path = "checks/addresses_in_several_subnets.rs"]
mod addresses_in_several_subnets;
#[path = "checks/bgp_session_down.rs"]
mod bgp_session_down;
#[path = "checks/bird_not_running.rs"]
mod bird_not_running;
#[path = "checks/build.rs"]
mod build;
#[path = "checks/change_unfinished.rs"]
mod change_unfinished;
#[path = "checks/debug_left_on.rs"]
mod debug_left_on;
#[path = "checks/flavours.rs"]
mod flavours;
#[path = "checks/judge.rs"]
mod judge;
#[path = "checks/killed_while_starting.rs"]
mod killed_while_starting;
#[path = "checks/method.rs"]
mod method;
#[path = "checks/node_ip_misreported.rs"]
mod node_ip_misreported;
#[path = "checks/objects.rs"]
mod objects;
#[path = "checks/page.rs"]
mod page;
#[path = "checks/pod_not_ready.rs"]
mod pod_not_ready;
#[path = "checks/probes.rs"]
mod probes;
#[path = "checks/properties.rs"]
mod properties;
#[path = "checks/random.rs"]
mod random;
#[path = "checks/random_clusters.rs"]
mod random_clusters;
#[path = "checks/restart_would_change_address.rs"]
mod restart_would_change_address;
#[path = "checks/rollout_unfinished.rs"]
mod rollout_unfinished;
#[path = "checks/running.rs"]
mod running;
#[path = "checks/stale_node.rs"]
mod stale_node;
#[path = "checks/starting.rs"]
mod starting;
#[path = "checks/unseen.rs"]
mod unseen;
#[path = "checks/wireguard_address_missing.rs"]
mod wireguard_address_missing;
