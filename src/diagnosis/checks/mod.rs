//! The registry. The order of `Code::ALL` is the order in which checks run: causes before symptoms.

mod address_conflict;
mod address_missing;
mod address_not_internal_ip;
mod address_not_on_node;
mod address_on_virtual_interface;
mod addresses_in_several_subnets;
mod bgp_configuration_refused;
mod bgp_foreign_session_down;
mod bgp_peer_missing;
mod bgp_session_down;
mod bird_not_running;
mod change_unfinished;
mod container_crashed;
mod cpu_starved;
mod datastore_unreachable;
mod debug_left_on;
mod exited_after_start;
mod felix_not_live;
mod felix_restarts;
mod forbidden_to_calico;
mod health_address_missing;
mod health_port_taken;
mod image_not_pulled;
mod init_container_failed;
mod iptables_backend_mismatch;
mod killed_while_running;
mod killed_while_starting;
mod method_ineffective;
mod method_invalid;
mod network_unavailable;
mod node_ip_misreported;
mod out_of_memory;
mod pod_not_ready;
mod pod_not_scheduled;
mod pod_sandbox_recreated;
mod probe_misfit;
mod probe_timeout_too_short;
mod restart_would_change_address;
mod rollout_unfinished;
mod router_id_conflict;
mod stale_node;
mod start_near_budget;
mod startup_exited;
mod typha_not_found;
mod typha_unreachable;
mod wireguard_address_missing;

use super::check::Check;
use crate::finding::code::Code;

pub fn check_for(code: Code) -> &'static Check {
    match code {
        Code::StaleNode => &stale_node::CHECK,
        Code::AddressConflict => &address_conflict::CHECK,
        Code::AddressOnVirtualInterface => &address_on_virtual_interface::CHECK,
        Code::AddressNotOnNode => &address_not_on_node::CHECK,
        Code::AddressNotInternalIp => &address_not_internal_ip::CHECK,
        Code::MethodInvalid => &method_invalid::CHECK,
        Code::PodNotScheduled => &pod_not_scheduled::CHECK,
        Code::ImageNotPulled => &image_not_pulled::CHECK,
        Code::InitContainerFailed => &init_container_failed::CHECK,
        Code::PodSandboxRecreated => &pod_sandbox_recreated::CHECK,
        Code::ContainerCrashed => &container_crashed::CHECK,
        Code::TyphaNotFound => &typha_not_found::CHECK,
        Code::DatastoreUnreachable => &datastore_unreachable::CHECK,
        Code::TyphaUnreachable => &typha_unreachable::CHECK,
        Code::ForbiddenToCalico => &forbidden_to_calico::CHECK,
        Code::HealthPortTaken => &health_port_taken::CHECK,
        Code::HealthAddressMissing => &health_address_missing::CHECK,
        Code::IptablesBackendMismatch => &iptables_backend_mismatch::CHECK,
        Code::OutOfMemory => &out_of_memory::CHECK,
        Code::BgpConfigurationRefused => &bgp_configuration_refused::CHECK,
        Code::FelixRestarts => &felix_restarts::CHECK,
        Code::KilledWhileStarting => &killed_while_starting::CHECK,
        Code::StartupExited => &startup_exited::CHECK,
        Code::AddressMissing => &address_missing::CHECK,
        Code::AddressesInSeveralSubnets => &addresses_in_several_subnets::CHECK,
        Code::NodeIpMisreported => &node_ip_misreported::CHECK,
        Code::WireguardAddressMissing => &wireguard_address_missing::CHECK,
        Code::RestartWouldChangeAddress => &restart_would_change_address::CHECK,
        Code::MethodIneffective => &method_ineffective::CHECK,
        Code::BirdNotRunning => &bird_not_running::CHECK,
        Code::RouterIdConflict => &router_id_conflict::CHECK,
        Code::BgpPeerMissing => &bgp_peer_missing::CHECK,
        Code::BgpSessionDown => &bgp_session_down::CHECK,
        Code::ForeignBgpSessionDown => &bgp_foreign_session_down::CHECK,
        Code::ProbeTimeoutTooShort => &probe_timeout_too_short::CHECK,
        Code::ProbeMisfit => &probe_misfit::CHECK,
        Code::ChangeUnfinished => &change_unfinished::CHECK,
        Code::DebugLeftOn => &debug_left_on::CHECK,
        Code::FelixNotLive => &felix_not_live::CHECK,
        Code::CpuStarved => &cpu_starved::CHECK,
        Code::ExitedAfterStart => &exited_after_start::CHECK,
        Code::KilledWhileRunning => &killed_while_running::CHECK,
        Code::StartNearBudget => &start_near_budget::CHECK,
        Code::RolloutUnfinished => &rollout_unfinished::CHECK,
        Code::PodNotReady => &pod_not_ready::CHECK,
        Code::NetworkUnavailable => &network_unavailable::CHECK,
    }
}
