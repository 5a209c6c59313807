//! The stable names of findings and their properties: one table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A node with such a finding is a cause: what it and its peers suffer needs no finding of its own.
const ROOT: u8 = 1;
/// Keeps calico-node from starting or staying up, or its probes from being answered.
const START: u8 = 2;
/// More time to start cures it, and nothing else does.
const BUDGET: u8 = 4;
/// About the addresses of nodes and the methods that detect them.
const ADDRESS: u8 = 8;
/// What `debug-log` tells of a node beside its log.
const LOG: u8 = 16;
const NONE: u8 = 0;

macro_rules! codes {
    ($($variant:ident = $name:literal, $properties:expr;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            fn properties(self) -> u8 {
                match self { $(Code::$variant => $properties),* }
            }
        }
    };
}

// In the order in which checks run: causes before symptoms.
codes! {
    StaleNode = "stale-node", ROOT | START;
    AddressConflict = "address-conflict", ROOT | START | ADDRESS | LOG;
    AddressOnVirtualInterface = "address-on-virtual-interface", ROOT | ADDRESS | LOG;
    AddressNotOnNode = "address-not-on-node", ROOT | ADDRESS;
    AddressNotInternalIp = "address-not-internal-ip", ROOT | ADDRESS;
    MethodInvalid = "method-invalid", ROOT | START | ADDRESS | LOG;
    PodNotScheduled = "pod-not-scheduled", ROOT | START;
    ImageNotPulled = "image-not-pulled", ROOT | START | LOG;
    InitContainerFailed = "init-container-failed", ROOT | START | LOG;
    PodSandboxRecreated = "pod-sandbox-recreated", ROOT | START | LOG;
    ContainerCrashed = "container-crashed", ROOT | START | LOG;
    ProgramNotRunning = "program-not-running", NONE;
    TyphaNotFound = "typha-not-found", ROOT | START | LOG;
    DatastoreLocked = "datastore-locked", ROOT | START | LOG;
    DatastoreUnreachable = "datastore-unreachable", ROOT | START | LOG;
    TyphaUnreachable = "typha-unreachable", ROOT | START | LOG;
    ForbiddenToCalico = "forbidden-to-calico", ROOT | START | LOG;
    HealthPortTaken = "health-port-taken", ROOT | START | LOG;
    HealthAddressMissing = "health-address-missing", ROOT | START | LOG;
    IptablesBackendMismatch = "iptables-backend-mismatch", ROOT | START | LOG;
    KernelFeatureMissing = "kernel-feature-missing", ROOT | START | LOG;
    OutOfMemory = "out-of-memory", ROOT | START | LOG;
    BgpConfigurationRefused = "bgp-configuration-refused", ROOT | START | LOG;
    FelixRestarts = "felix-restarts", ROOT | START | LOG;
    KilledWhileStarting = "killed-while-starting", ROOT | START | BUDGET | LOG;
    StartupExited = "startup-exited", ROOT | START | LOG;
    ExitedAfterStart = "exited-after-start", ROOT | START | LOG;
    AddressMissing = "address-missing", ROOT | ADDRESS;
    AddressesInSeveralSubnets = "addresses-in-several-subnets", ADDRESS;
    NodeIpMisreported = "node-ip-misreported", NONE;
    WireguardAddressMissing = "wireguard-address-missing", ROOT;
    TunnelAddressWrong = "tunnel-address-wrong", NONE;
    PoolOverlapsNodes = "pool-overlaps-nodes", NONE;
    RestartWouldChangeAddress = "restart-would-change-address", ADDRESS;
    MethodIneffective = "method-ineffective", ADDRESS | LOG;
    BirdNotRunning = "bird-not-running", ROOT | START;
    RouterIdConflict = "router-id-conflict", ROOT;
    BgpPeerMissing = "bgp-peer-missing", NONE;
    BgpSessionDown = "bgp-session-down", ROOT;
    ForeignBgpSessionDown = "bgp-foreign-session-down", NONE;
    RoutesNotInstalled = "routes-not-installed", NONE;
    OperatorDegraded = "operator-degraded", NONE;
    ProbeTimeoutTooShort = "probe-timeout-too-short", ROOT | START | LOG;
    ProbeMisfit = "probe-misfit", ROOT | START | LOG;
    ChangeUnfinished = "change-unfinished", NONE;
    DebugLeftOn = "debug-left-on", NONE;
    FelixNotLive = "felix-not-live", ROOT | START;
    CpuStarved = "cpu-starved", ROOT | START;
    KilledWhileRunning = "killed-while-running", ROOT | START;
    StartNearBudget = "start-near-budget", START | BUDGET;
    RolloutUnfinished = "rollout-unfinished", NONE;
    PodNotReady = "pod-not-ready", ROOT | START;
    PodNetworkFailed = "pod-network-failed", NONE;
    NetworkUnavailable = "network-unavailable", NONE;
}

impl Code {
    /// A node with such a finding is a cause: what it and its peers suffer needs no finding of its own.
    pub fn is_root_cause(self) -> bool {
        self.properties() & ROOT != 0
    }

    /// It keeps calico-node from starting or staying up, or its probes from being answered.
    pub fn affects_startup(self) -> bool {
        self.properties() & START != 0
    }

    /// It is about one start: `debug-log` tells of it beside the log.
    pub fn is_about_a_start(self) -> bool {
        self.properties() & LOG != 0
    }

    /// It is about the addresses of nodes, or the methods that detect them.
    pub fn is_about_addresses(self) -> bool {
        self.properties() & ADDRESS != 0
    }

    /// More time to start cures it, and nothing else does.
    pub fn needs_larger_budget(self) -> bool {
        self.properties() & BUDGET != 0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Code {
    type Err = UnknownCode;

    fn from_str(name: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.name() == name).ok_or_else(|| UnknownCode(name.to_owned()))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("unknown finding {0:?}")]
pub struct UnknownCode(String);
