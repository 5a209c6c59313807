//! Every check: cases that fire, each with its healthy twin.

#[path = "checks/address_conflict.rs"]
mod address_conflict;
#[path = "checks/address_missing.rs"]
mod address_missing;
#[path = "checks/address_not_internal_ip.rs"]
mod address_not_internal_ip;
#[path = "checks/address_on_virtual_interface.rs"]
mod address_on_virtual_interface;
#[path = "checks/addresses_in_several_subnets.rs"]
mod addresses_in_several_subnets;
#[path = "checks/bgp_configuration_refused.rs"]
mod bgp_configuration_refused;
#[path = "checks/bgp_session_down.rs"]
mod bgp_session_down;
#[path = "checks/bird_not_running.rs"]
mod bird_not_running;
#[path = "checks/build.rs"]
mod build;
#[path = "checks/change_unfinished.rs"]
mod change_unfinished;
#[path = "checks/container_crashed.rs"]
mod container_crashed;
#[path = "checks/debug_left_on.rs"]
mod debug_left_on;
#[path = "checks/felix_restarts.rs"]
mod felix_restarts;
#[path = "checks/flavours.rs"]
mod flavours;
#[path = "checks/image_not_pulled.rs"]
mod image_not_pulled;
#[path = "checks/init_container_failed.rs"]
mod init_container_failed;
#[path = "checks/judge.rs"]
mod judge;
#[path = "checks/killed_while_starting.rs"]
mod killed_while_starting;
#[path = "checks/method.rs"]
mod method;
#[path = "checks/network_unavailable.rs"]
mod network_unavailable;
#[path = "checks/objects.rs"]
mod objects;
#[path = "checks/page.rs"]
mod page;
#[path = "checks/pod_not_ready.rs"]
mod pod_not_ready;
#[path = "checks/pod_not_scheduled.rs"]
mod pod_not_scheduled;
#[path = "checks/pod_sandbox_recreated.rs"]
mod pod_sandbox_recreated;
#[path = "checks/pods.rs"]
mod pods;
#[path = "checks/probes.rs"]
mod probes;
#[path = "checks/properties.rs"]
mod properties;
#[path = "checks/rollout_unfinished.rs"]
mod rollout_unfinished;
#[path = "checks/running.rs"]
mod running;
#[path = "checks/starting.rs"]
mod starting;
#[path = "checks/typha_not_found.rs"]
mod typha_not_found;
#[path = "checks/unseen.rs"]
mod unseen;
