//! Every check: cases that fire, each with its healthy twin.

mod address_conflict;
mod address_missing;
mod address_not_internal_ip;
mod address_on_virtual_interface;
mod addresses_in_several_subnets;
mod bgp_session_down;
mod bird_not_running;
mod change_unfinished;
mod commands;
mod debug_left_on;
mod flavours;
mod judge;
mod killed_while_starting;
mod method;
mod page;
mod pod_not_ready;
mod probes;
mod properties;
mod rollout_unfinished;
mod running;
mod starting;
mod unseen;

use crate::build;
