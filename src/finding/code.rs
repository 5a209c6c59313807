//! The stable names of findings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($variant:ident = $name:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }
        }
    };
}

codes! {
    StaleNode = "stale-node",
    AddressConflict = "address-conflict",
    AddressOnVirtualInterface = "address-on-virtual-interface",
    AddressNotOnNode = "address-not-on-node",
    AddressNotInternalIp = "address-not-internal-ip",
    MethodInvalid = "method-invalid",
    PodNotScheduled = "pod-not-scheduled",
    ImageNotPulled = "image-not-pulled",
    InitContainerFailed = "init-container-failed",
    PodSandboxRecreated = "pod-sandbox-recreated",
    ContainerCrashed = "container-crashed",
    TyphaNotFound = "typha-not-found",
    DatastoreUnreachable = "datastore-unreachable",
    TyphaUnreachable = "typha-unreachable",
    ForbiddenToCalico = "forbidden-to-calico",
    HealthPortTaken = "health-port-taken",
    HealthAddressMissing = "health-address-missing",
    IptablesBackendMismatch = "iptables-backend-mismatch",
    OutOfMemory = "out-of-memory",
    BgpConfigurationRefused = "bgp-configuration-refused",
    FelixRestarts = "felix-restarts",
    KilledWhileStarting = "killed-while-starting",
    StartupExited = "startup-exited",
    AddressMissing = "address-missing",
    AddressesInSeveralSubnets = "addresses-in-several-subnets",
    NodeIpMisreported = "node-ip-misreported",
    WireguardAddressMissing = "wireguard-address-missing",
    RestartWouldChangeAddress = "restart-would-change-address",
    MethodIneffective = "method-ineffective",
    BirdNotRunning = "bird-not-running",
    RouterIdConflict = "router-id-conflict",
    BgpPeerMissing = "bgp-peer-missing",
    BgpSessionDown = "bgp-session-down",
    ForeignBgpSessionDown = "bgp-foreign-session-down",
    ProbeTimeoutTooShort = "probe-timeout-too-short",
    ProbeMisfit = "probe-misfit",
    ChangeUnfinished = "change-unfinished",
    DebugLeftOn = "debug-left-on",
    FelixNotLive = "felix-not-live",
    CpuStarved = "cpu-starved",
    ExitedAfterStart = "exited-after-start",
    KilledWhileRunning = "killed-while-running",
    StartNearBudget = "start-near-budget",
    RolloutUnfinished = "rollout-unfinished",
    PodNotReady = "pod-not-ready",
    NetworkUnavailable = "network-unavailable",
}

impl Code {
    /// A node with such a finding is a cause: what it and its peers suffer needs no finding of its own.
    pub fn is_root_cause(self) -> bool {
        match self {
            Self::StaleNode
            | Self::AddressConflict
            | Self::AddressOnVirtualInterface
            | Self::AddressNotOnNode
            | Self::WireguardAddressMissing
            | Self::AddressNotInternalIp
            | Self::MethodInvalid
            | Self::ImageNotPulled
            | Self::InitContainerFailed
            | Self::PodSandboxRecreated
            | Self::ContainerCrashed
            | Self::TyphaNotFound
            | Self::BgpConfigurationRefused
            | Self::FelixRestarts
            | Self::PodNotScheduled
            | Self::DatastoreUnreachable
            | Self::TyphaUnreachable
            | Self::ForbiddenToCalico
            | Self::HealthPortTaken
            | Self::HealthAddressMissing
            | Self::IptablesBackendMismatch
            | Self::OutOfMemory
            | Self::KilledWhileStarting
            | Self::StartupExited
            | Self::AddressMissing
            | Self::BirdNotRunning
            | Self::RouterIdConflict
            | Self::BgpSessionDown
            | Self::ProbeTimeoutTooShort
            | Self::ProbeMisfit
            | Self::FelixNotLive
            | Self::CpuStarved
            | Self::ExitedAfterStart
            | Self::KilledWhileRunning
            | Self::PodNotReady => true,
            Self::AddressesInSeveralSubnets
            | Self::NodeIpMisreported
            | Self::RestartWouldChangeAddress
            | Self::MethodIneffective
            | Self::BgpPeerMissing
            | Self::ForeignBgpSessionDown
            | Self::StartNearBudget
            | Self::NetworkUnavailable
            | Self::ChangeUnfinished
            | Self::DebugLeftOn
            | Self::RolloutUnfinished => false,
        }
    }
}

impl Code {
    /// It keeps calico-node from starting or staying up, or its probes from being answered.
    pub fn affects_startup(self) -> bool {
        match self {
            Self::StaleNode
            | Self::AddressConflict
            | Self::MethodInvalid
            | Self::ImageNotPulled
            | Self::InitContainerFailed
            | Self::PodSandboxRecreated
            | Self::ContainerCrashed
            | Self::TyphaNotFound
            | Self::BgpConfigurationRefused
            | Self::FelixRestarts
            | Self::PodNotScheduled
            | Self::DatastoreUnreachable
            | Self::TyphaUnreachable
            | Self::ForbiddenToCalico
            | Self::HealthPortTaken
            | Self::HealthAddressMissing
            | Self::IptablesBackendMismatch
            | Self::OutOfMemory
            | Self::KilledWhileStarting
            | Self::StartupExited
            | Self::BirdNotRunning
            | Self::ProbeTimeoutTooShort
            | Self::ProbeMisfit
            | Self::FelixNotLive
            | Self::CpuStarved
            | Self::ExitedAfterStart
            | Self::KilledWhileRunning
            | Self::StartNearBudget
            | Self::PodNotReady => true,
            Self::AddressOnVirtualInterface
            | Self::AddressNotOnNode
            | Self::AddressNotInternalIp
            | Self::AddressMissing
            | Self::AddressesInSeveralSubnets
            | Self::NodeIpMisreported
            | Self::WireguardAddressMissing
            | Self::RestartWouldChangeAddress
            | Self::MethodIneffective
            | Self::RouterIdConflict
            | Self::BgpPeerMissing
            | Self::BgpSessionDown
            | Self::NetworkUnavailable
            | Self::ForeignBgpSessionDown
            | Self::ChangeUnfinished
            | Self::DebugLeftOn
            | Self::RolloutUnfinished => false,
        }
    }

    /// More time to start cures it, and nothing else does.
    pub fn needs_larger_budget(self) -> bool {
        matches!(self, Self::KilledWhileStarting | Self::StartNearBudget)
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
#[error("there is no finding called {0:?}")]
pub struct UnknownCode(String);
