//! Every check: cases that fire, each with its healthy twin.

mod address_conflict;
mod address_missing;
mod address_not_internal_ip;
mod address_on_virtual_interface;
mod addresses_in_several_subnets;
mod bgp_configuration_refused;
mod bgp_session_down;
mod bird_not_running;
mod change_unfinished;
mod commands;
mod container_crashed;
mod debug_left_on;
mod felix_restarts;
mod flavours;
mod image_not_pulled;
mod init_container_failed;
mod judge;
mod killed_while_starting;
mod method;
mod network_unavailable;
mod page;
mod pod_not_ready;
mod pod_not_scheduled;
mod pod_sandbox_recreated;
mod pods;
mod probes;
mod properties;
mod rollout_unfinished;
mod running;
mod starting;
mod typha_not_found;
mod unseen;

use crate::build;
