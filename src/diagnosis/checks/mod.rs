//! The registry. The order of `Code::ALL` is the order in which checks run: causes before symptoms.

mod address_conflict;
mod address_missing;
mod address_not_internal_ip;
mod address_on_virtual_interface;
mod addresses_in_several_subnets;
mod bgp_session_down;
mod bird_not_running;
mod change_unfinished;
mod datastore_unreachable;
mod forbidden_to_calico;
mod killed_while_starting;
mod method_ineffective;
mod method_invalid;
mod pod_not_ready;
mod probe_misfit;
mod probe_timeout_too_short;
mod rollout_unfinished;
mod startup_exited;
mod typha_unreachable;

use super::check::Check;
use super::code::Code;

pub fn of(code: Code) -> &'static Check {
    match code {
        Code::AddressConflict => &address_conflict::CHECK,
        Code::AddressOnVirtualInterface => &address_on_virtual_interface::CHECK,
        Code::AddressNotInternalIp => &address_not_internal_ip::CHECK,
        Code::MethodInvalid => &method_invalid::CHECK,
        Code::DatastoreUnreachable => &datastore_unreachable::CHECK,
        Code::TyphaUnreachable => &typha_unreachable::CHECK,
        Code::ForbiddenToCalico => &forbidden_to_calico::CHECK,
        Code::KilledWhileStarting => &killed_while_starting::CHECK,
        Code::StartupExited => &startup_exited::CHECK,
        Code::AddressMissing => &address_missing::CHECK,
        Code::AddressesInSeveralSubnets => &addresses_in_several_subnets::CHECK,
        Code::MethodIneffective => &method_ineffective::CHECK,
        Code::BirdNotRunning => &bird_not_running::CHECK,
        Code::BgpSessionDown => &bgp_session_down::CHECK,
        Code::ProbeTimeoutTooShort => &probe_timeout_too_short::CHECK,
        Code::ProbeMisfit => &probe_misfit::CHECK,
        Code::ChangeUnfinished => &change_unfinished::CHECK,
        Code::RolloutUnfinished => &rollout_unfinished::CHECK,
        Code::PodNotReady => &pod_not_ready::CHECK,
    }
}
