//! The registry: one line for each check. A check is a file here, named as its code, and a test file of the same name.

use super::check::Check;
use crate::finding::code::Code;

macro_rules! registry {
    ($($file:ident => $code:ident;)*) => {
        $(mod $file;)*

        pub(super) fn check_for(code: Code) -> &'static Check {
            match code { $(Code::$code => &$file::CHECK),* }
        }

        #[cfg(test)]
        const FILES: &[(&str, Code)] = &[$((stringify!($file), Code::$code)),*];
    };
}

registry! {
    address_conflict => AddressConflict;
    address_missing => AddressMissing;
    address_not_internal_ip => AddressNotInternalIp;
    address_not_on_node => AddressNotOnNode;
    address_on_virtual_interface => AddressOnVirtualInterface;
    addresses_in_several_subnets => AddressesInSeveralSubnets;
    bgp_configuration_refused => BgpConfigurationRefused;
    bgp_foreign_session_down => ForeignBgpSessionDown;
    bgp_peer_missing => BgpPeerMissing;
    bgp_session_down => BgpSessionDown;
    bird_not_running => BirdNotRunning;
    change_unfinished => ChangeUnfinished;
    container_crashed => ContainerCrashed;
    cpu_starved => CpuStarved;
    datastore_locked => DatastoreLocked;
    datastore_unreachable => DatastoreUnreachable;
    debug_left_on => DebugLeftOn;
    exited_after_start => ExitedAfterStart;
    felix_not_live => FelixNotLive;
    felix_restarts => FelixRestarts;
    forbidden_to_calico => ForbiddenToCalico;
    health_address_missing => HealthAddressMissing;
    health_port_taken => HealthPortTaken;
    image_not_pulled => ImageNotPulled;
    init_container_failed => InitContainerFailed;
    iptables_backend_mismatch => IptablesBackendMismatch;
    kernel_feature_missing => KernelFeatureMissing;
    killed_while_running => KilledWhileRunning;
    killed_while_starting => KilledWhileStarting;
    method_ineffective => MethodIneffective;
    method_invalid => MethodInvalid;
    network_unavailable => NetworkUnavailable;
    node_ip_misreported => NodeIpMisreported;
    operator_degraded => OperatorDegraded;
    out_of_memory => OutOfMemory;
    pod_network_failed => PodNetworkFailed;
    pod_not_ready => PodNotReady;
    pod_not_scheduled => PodNotScheduled;
    pod_sandbox_recreated => PodSandboxRecreated;
    pool_overlaps_nodes => PoolOverlapsNodes;
    probe_misfit => ProbeMisfit;
    probe_timeout_too_short => ProbeTimeoutTooShort;
    program_not_running => ProgramNotRunning;
    restart_would_change_address => RestartWouldChangeAddress;
    rollout_unfinished => RolloutUnfinished;
    router_id_conflict => RouterIdConflict;
    routes_not_installed => RoutesNotInstalled;
    stale_node => StaleNode;
    start_near_budget => StartNearBudget;
    startup_exited => StartupExited;
    tunnel_address_wrong => TunnelAddressWrong;
    typha_not_found => TyphaNotFound;
    typha_unreachable => TyphaUnreachable;
    wireguard_address_missing => WireguardAddressMissing;
}

#[cfg(test)]
mod tests {
    use super::{FILES, check_for};

    #[test]
    fn a_file_is_named_as_its_code() {
        for (file, code) in FILES {
            assert_eq!(file.replace('_', "-"), code.name());
            assert_eq!(check_for(*code).explanation.code, *code, "{file}");
        }
    }
}
