//! The log lines that mean something, and what.

use std::sync::LazyLock;

use super::line::{Level, Line};
use crate::snapshot::inspection::LogEventKind;

/// Whose line it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The start-up program's, before it says that it has started.
    Startup,
    /// Anybody's, before the start.
    BeforeStart,
    /// The start-up program's, or the address monitor's that later does the same every minute.
    Detection,
    Felix,
    Bird,
    Confd,
    /// An ERROR or FATAL line of a program that runs after the start.
    Failing,
    /// An ERROR or FATAL line before the start.
    FailingStart,
    Anyone,
}

pub struct Pattern {
    pub kind: LogEventKind,
    pub scope: Scope,
    /// The message begins with this.
    pub begins: &'static str,
    /// … and holds each of these.
    pub holds: &'static [&'static str],
    /// … and none of these.
    pub lacks: &'static [&'static str],
    /// Where Calico writes it.
    pub source: &'static str,
    /// The releases it was seen in.
    pub releases: &'static str,
}

const fn row(
    kind: LogEventKind,
    scope: Scope,
    begins: &'static str,
    holds: &'static [&'static str],
    source: &'static str,
    releases: &'static str,
) -> Pattern {
    Pattern { kind, scope, begins, holds, lacks: &[], source, releases }
}

/// An error text of Go's net package in the answer to a request to the API server.
const fn api_failure(says: &'static [&'static str]) -> Pattern {
    row(LogEventKind::ApiUnreachable, Scope::Failing, "", says, "net/http of Go, in client-go", "all")
}

impl Pattern {
    const fn without(mut self, lacks: &'static [&'static str]) -> Self {
        self.lacks = lacks;
        self
    }
}

const STARTUP: &str = "node/pkg/lifecycle/startup/startup.go";
const METHODS: &str = "node/pkg/lifecycle/startup/autodetection/autodetection_methods.go";
const UTILS: &str = "node/pkg/lifecycle/utils/utils.go";
const RC_LOCAL: &str = "node/filesystem/etc/rc.local";
const HEALTH: &str = "libcalico-go/lib/health/health.go";
const IPTABLES: &str = "felix/iptables/table.go";
const BIRD: &str = "bird/proto/bgp/bgp.c";
const CONFD: &str = "confd/pkg/resource/template/resource.go";
const BIRD_CONFIG: &str = "bird/conf/cf-lex.l";
const BIRD_MAIN: &str = "bird/sysdep/unix/main.c";
const BIRD_NETLINK: &str = "bird/sysdep/linux/netlink.c";
const FELIX: &str = "felix/daemon/daemon.go";
const DATAPLANE: &str = "felix/dataplane/linux/int_dataplane.go";
const DISCOVERY: &str = "typha/pkg/discovery/discovery.go";
const SYNCER: &str = "typha/pkg/syncclientutils/startsyncerclient.go";
const WATCHER: &str = "libcalico-go/lib/backend/watchersyncer/watchercache.go";
const CLIENT: &str = "typha/pkg/syncclient/sync_client.go";
const IPSETS: &str = "felix/ipsets/ipsets.go";
const TUNNELS: &str = "felix/dataplane/linux/ipip_mgr.go, vxlan_mgr.go, route_mgr.go";
const CUSTOM_RESOURCE: &str = "libcalico-go/lib/backend/k8s/resources/customresource.go";
const CLIENT_OF_DATASTORE: &str = "node/pkg/calicoclient/calicoclient.go";
const NO_RESOURCE: &str = "the server could not find the requested resource";
const ETCD: &str = "libcalico-go/lib/backend (etcd)";

/// The first row that fits wins.
pub const PATTERNS: &[Pattern] = {
    use LogEventKind::*;
    use Scope::*;
    &[
        row(LogLevel, Startup, "Early log level set to", &[], STARTUP, "all"),
        row(Starting, Startup, "Starting node ", &[" with version "], STARTUP, "all"),
        row(DatastoreCheck, Startup, "Checking datastore connection", &[], STARTUP, "all"),
        row(DatastoreRetry, Startup, "Hit error connecting to datastore - retry", &[], STARTUP, "all"),
        // Forbidden is another matter: the service account is known and lacks a right.
        // the client's own words, in front of calico-node's
        row(DatastoreRetry, BeforeStart, "retrying of unary invoker failed error=", &[], "go.etcd.io/etcd clientv3", "3.16 and later"),
        row(DatastoreUnauthorized, Startup, "Connection to the datastore is unauthorized", &[], STARTUP, "all")
            .without(&["forbidden: User \""]),
        row(DatastoreVerified, Startup, "Datastore connection verified", &[], STARTUP, "all"),
        row(DatastoreSkipped, Startup, "Skipping datastore connection test", &[], STARTUP, "all"),
        row(Autodetected, Detection, "Using autodetected IPv", &[], METHODS, "all"),
        row(Autodetected, Detection, "Including CIDR information from host interface", &["CIDR="], METHODS, "3.22.0 and later"),
        row(AddressFromEnvironment, Startup, "Using IPv", &["address from environment"], STARTUP, "all"),
        row(AutodetectKept, Detection, "Autodetection of IPv", &["failed, keeping existing value"], STARTUP, "3.15 and later"),
        row(AutodetectFailed, Detection, "Unable to auto-detect", &[], METHODS, "all"),
        row(AutodetectFailed, Detection, "Unable to find matching host interface for IP", &[], METHODS, "3.22.0 and later"),
        row(AutodetectFailed, Startup, "Couldn't autodetect an IPv", &[], STARTUP, "all"),
        row(InvalidMethod, Startup, "Invalid IP autodetection method", &[], METHODS, "all"),
        row(InvalidRegex, Startup, "Invalid interface regex", &[], METHODS, "all"),
        row(ConflictCheck, Startup, "Node IPv", &["changed, will check for conflicts"], STARTUP, "all"),
        row(ConflictsChecked, Startup, "No AS number configured on node resource", &[], STARTUP, "all"),
        row(ConflictsChecked, Startup, "Using AS number ", &[], STARTUP, "all"),
        row(AddressConflict, Startup, "Calico node '", &["is already using the IPv"], STARTUP, "all"),
        row(AddressCleared, Startup, "Clearing out-of-date IPv", &[], STARTUP, "all"),
        row(AddressNotOnHost, Startup, "Unable to confirm IPv", &["is assigned to this host"], STARTUP, "all"),
        row(AddressChanged, Startup, "IPv", &["address has changed. This could happen"], STARTUP, "all"),
        row(NodeName, Startup, "Using node name: ", &[], STARTUP, "all"),
        row(Started, Startup, "Calico node started successfully", &[], RC_LOCAL, "all"),
        row(Terminating, Startup, "Terminating", &[], UTILS, "all"),
        row(FailedToStart, Startup, "Calico node failed to start", &[], RC_LOCAL, "all"),
        row(Fatal, Startup, "ERROR: Error accessing the Calico datastore: ", &[], CLIENT_OF_DATASTORE, "all"),
        row(Fatal, Startup, "ERROR: Error loading datastore config: ", &[], CLIENT_OF_DATASTORE, "all"),
        row(UpdateConflict, BeforeStart, "Unable to set node resource configuration", &["update conflict"], STARTUP, "3.24.5"),
        row(UpdateConflict, BeforeStart, "Tunnel IP allocator failed", &["update conflict"], STARTUP, "master"),
        row(NodeRead, Startup, "Get Node key from /calico/", &[], ETCD, "2.x to 3.0"),
        row(NodeRead, Startup, "Get Key: /calico/v1/host/", &[], ETCD, "2.x to 3.0"),
        row(NodeRead, Startup, "Get Key: /calico/bgp/v1/host/", &[], ETCD, "2.x to 3.0"),
        row(Forbidden, Anyone, "", &["forbidden: User \""], "kube-apiserver's answer", "all"),
        row(Crashed, Anyone, "", &["Segmentation fault"], "bash (rc.local, run scripts)", "all"),
        row(Crashed, Anyone, "", &["Illegal instruction"], "bash (rc.local, run scripts)", "all"),
        row(Crashed, Anyone, "", &["Bus error (core dumped)"], "bash (rc.local, run scripts)", "all"),
        row(Crashed, Anyone, "", &["error while loading shared libraries: "], "ld.so", "all"),
        row(Crashed, Anyone, "exec ", &[": exec format error"], "runc", "all"),
        row(Crashed, Anyone, "standard_init_linux.go:", &["exec format error"], "runc up to 1.0", "all"),
        row(Crashed, Anyone, "Fatal glibc error: CPU does not support", &[], "glibc of UBI 9", "3.27 and later"),
        row(TyphaNotFound, Anyone, "Typha discovery enabled but discovery failed", &["\" not found"], SYNCER, "3.0 and later"),
        row(TyphaNotFound, Anyone, "Unable to get ", &["ervice endpoints from Kubernetes", "\" not found"], DISCOVERY, "3.0 and later"),
        row(DatastoreUnauthorized, Failing, "", &["connection is unauthorized"], "libcalico-go/lib/errors/errors.go", "all"),
        row(DatastoreUnauthorized, Failing, "", &["Failed to ", ": Unauthorized"], "kube-apiserver's answer, in client-go", "all"),
        api_failure(&["/api", ": dial tcp", "i/o timeout"]),
        api_failure(&["/api", ": dial tcp", "timed out"]),
        api_failure(&["/api", ": dial tcp", "connection refused"]),
        api_failure(&["/api", ": dial tcp", "no route to host"]),
        api_failure(&["/api", ": dial tcp", "network is unreachable"]),
        api_failure(&["/api", "TLS handshake timeout"]),
        api_failure(&["/api", "Client.Timeout exceeded"]),
        api_failure(&["/api", "x509: "]),
        api_failure(&["/api", ": context deadline exceeded"]),
        api_failure(&["/api", ": dial tcp", "no such host"]),
        api_failure(&["/api", ": EOF"]),
        api_failure(&["/api", ": unexpected EOF"]),
        api_failure(&["/api", "http2: client connection lost"]),
        row(CrdMissing, Failing, "", &[NO_RESOURCE], "kube-apiserver's answer, in client-go", "all"),
        row(CrdMissing, FailingStart, "", &[NO_RESOURCE], "kube-apiserver's answer, in client-go", "all"),
        // Of data in the format of v1, which is looked for once, the same is said where all is well.
        row(CrdMissing, BeforeStart, "Error getting resource Key=ClusterInformation", &[NO_RESOURCE], CUSTOM_RESOURCE, "3.0 and later"),
        row(CrdMissing, BeforeStart, "Error creating resource Key=ClusterInformation", &[NO_RESOURCE], CUSTOM_RESOURCE, "3.0 and later"),
        row(CrdMissing, Felix, "Failed to perform list of current data during resync", &[NO_RESOURCE], WATCHER, "3.29 and later"),
        // The end of a shutdown, not its reason.
        row(FelixExits, Felix, "Exiting.", &["reason="], FELIX, "all"),
        row(FelixExits, Felix, "Exiting immediately", &[], FELIX, "all"),
        row(FelixExits, Felix, "Signal received while shutting down", &[], FELIX, "all"),
        row(TyphaFailed, Anyone, "Failed to connect to Typha", &[], FELIX, "all"),
        row(TyphaFailed, Anyone, "Failed to connect to typha endpoint", &["tls: "], CLIENT, "3.27 and later"),
        row(TyphaFailed, Anyone, "Failed to connect to typha endpoint", &["x509: "], CLIENT, "3.27 and later"),
        row(TyphaFailed, Anyone, "error connecting to typha endpoint", &["tls: "], CLIENT, "3.23 to 3.26"),
        row(TyphaFailed, Anyone, "error connecting to typha endpoint", &["x509: "], CLIENT, "3.23 to 3.26"),
        row(TyphaFailed, Anyone, "Typha discovery enabled but discovery failed", &[], SYNCER, "all"),
        // The first check of a new file names an included one that confd has not written yet.
        row(BgpConfigRefused, Confd, "Error from checkcmd", &["\": \"bird"], CONFD, "all").without(&[": No such file or directory"]),
        row(BgpConfigRefused, Bird, "bird: /etc/calico/confd/config/", &[], BIRD_CONFIG, "all").without(&[": No such file or directory"]),
        row(BgpConfigRefused, Bird, "bird6: /etc/calico/confd/config/", &[], BIRD_CONFIG, "all").without(&[": No such file or directory"]),
        row(BgpConfigAccepted, Bird, "bird: Reconfigured", &[], "bird/conf/conf.c", "all"),
        row(BgpConfigAccepted, Bird, "bird6: Reconfigured", &[], "bird/conf/conf.c", "all"),
        row(FelixShutdown, Felix, "Felix is shutting down", &[], FELIX, "all").without(&["Received OS signal"]),
        row(KubeProxyModeChanged, Felix, "kube-proxy mode changed. Restart felix.", &[], DATAPLANE, "3.17 and later"),
        row(KubeProxyModeChanged, Felix, "kube-proxy nftables mode changed. Restart felix.", &[], DATAPLANE, "3.31 and later"),
        row(BackendNotBird, Anyone, "CALICO_NETWORKING_BACKEND is ", &[" BGP daemon"], RC_LOCAL, "all"),
        row(HealthPortTaken, Felix, "Health endpoint failed", &["address already in use"], HEALTH, "all"),
        row(HealthEndpointFailed, Felix, "Health endpoint failed", &[], HEALTH, "all"),
        row(FelixTimedOut, Felix, "Report timed out", &[], HEALTH, "up to 3.25.0"),
        row(FelixTimedOut, Felix, "Reporter is not live: timed out", &[], HEALTH, "3.26.0 and later"),
        row(FelixNotReady, Anyone, "| ", &["| reporting non-ready "], HEALTH, "3.23 and later"),
        row(
            KernelFeatureMissing,
            Felix,
            "Failed to execute ip(6)tables-restore command",
            &["Couldn't load match"],
            IPTABLES,
            "3.0 and later",
        ),
        row(
            KernelFeatureMissing,
            Felix,
            "Failed to execute ip(6)tables-restore command",
            &["Couldn't load target"],
            IPTABLES,
            "3.0 and later",
        ),
        row(KernelFeatureMissing, Felix, "", &["do you need to insmod?"], IPTABLES, "3.0 and later"),
        row(KernelFeatureMissing, Felix, "Bad return code from 'ipset", &["Kernel error received"], IPSETS, "3.0 and later"),
        row(KernelFeatureMissing, Felix, "Bad return code from 'ipset", &["not supported by userspace"], IPSETS, "3.0 and later"),
        row(KernelFeatureMissing, Felix, "Failed to add IPIP tunnel device", &[], TUNNELS, "up to 3.30"),
        row(KernelFeatureMissing, Felix, "Failed to configure VXLAN tunnel device", &["not supported"], TUNNELS, "up to 3.30"),
        row(KernelFeatureMissing, Felix, "Failed to configure tunnel device", &["not supported"], TUNNELS, "3.31 and later"),
        row(
            KernelFeatureMissing,
            Felix,
            "Wireguard is not supported",
            &[],
            "felix/wireguard/wireguard.go",
            "3.14 and later, where it is enabled",
        ),
        row(
            KernelFeatureMissing,
            Felix,
            "Failed to list routing rules",
            &["not supported"],
            "felix/routerule/route_rule.go",
            "3.14 and later",
        ),
        row(
            KernelFeatureMissing,
            Felix,
            "Failed to configure interface, will retry",
            &["read-only file system"],
            "felix/dataplane/linux/endpoint_mgr.go",
            "all",
        ),
        row(KernelFeatureMissing, Felix, "BPF dataplane mode enabled but not supported by the kernel", &[], FELIX, "3.13 and later"),
        row(IptablesFailed, Felix, "Failed to execute ip(6)tables-restore command", &["xtables lock"], IPTABLES, "3.0 and later"),
        row(IptablesFailed, Felix, "iptables-", &["save command failed"], IPTABLES, "3.9 and later"),
        row(IptablesFailed, Felix, "ip6tables-", &["save command failed"], IPTABLES, "3.9 and later"),
        row(IptablesFailed, Felix, "Failed to program iptables, giving up", &[], IPTABLES, "all"),
        row(IptablesFailed, Felix, "Failed to find iptables command", &[], "felix/environment/feature_detect_linux.go", "3.9 and later"),
        row(UsageReportFailed, Felix, "Failed to report usage/get deprecation warnings.", &[], "felix/usagerep/usagerep.go", "all"),
        row(BgpPortTaken, Bird, "", &["bind: Address in use"], BIRD, "all"),
        row(BgpPortTaken, Bird, "", &["bind: Address already in use"], BIRD, "all"),
        row(BgpAddressGone, Bird, "", &["bind: Address not available"], BIRD, "all"),
        row(BgpAddressGone, Bird, "", &["bind: Cannot assign requested address"], BIRD, "all"),
        row(AnotherBird, Bird, "", &["I found another BIRD running"], BIRD_MAIN, "all"),
        row(BirdSocketFailed, Bird, "", &["Cannot create control socket "], BIRD_MAIN, "all"),
        row(BirdConfigMissing, Bird, "", &["Unable to open configuration file "], BIRD_MAIN, "all"),
        row(BirdRouteRefused, Bird, "", &["Netlink: Network is down"], BIRD_NETLINK, "all"),
        row(BirdRouteRefused, Bird, "", &["Netlink: File exists"], BIRD_NETLINK, "all"),
        row(BirdRouteRefused, Bird, "", &["Netlink: Network is unreachable"], BIRD_NETLINK, "all"),
        row(DatastoreLocked, Felix, "Waiting for datastore to be initialized", &[], FELIX, "all"),
        row(BgpUnexpectedPeer, Bird, "", &["Unexpected connect from unknown address"], BIRD, "all"),
    ]
};

/// Lines of programs that run only after the start: it has been, even where its own line was not read.
const AFTER_START: [(&str, &str); 2] = [("confd", "Starting calico-confd"), ("felix", "Successfully loaded configuration.")];

const MONITORS: [&str; 2] = ["monitor-addresses", "node-services"];

/// Programs that runit starts after the start-up program.
pub(super) const SERVICES: [&str; 6] = ["felix", "confd", "status-reporter", "cni-config-monitor", "monitor-addresses", "node-services"];

/// Those that a message can fit, by its first byte.
static BY_FIRST: LazyLock<Vec<Vec<&Pattern>>> = LazyLock::new(|| {
    let can = |byte: u8| PATTERNS.iter().filter(|pattern| pattern.begins.bytes().next().is_none_or(|first| first == byte)).collect();
    (0..=u8::MAX).map(can).collect()
});

pub(super) fn kind_of(line: &Line<'_>, started: bool) -> Option<LogEventKind> {
    let message = line.message.as_ref();
    let possible = message.bytes().next().and_then(|first| BY_FIRST.get(usize::from(first)));
    if let Some(pattern) = possible.into_iter().flatten().find(|pattern| pattern.fits(line, message, started)) {
        return Some(pattern.kind);
    }
    if !started && line.component.is_some_and(|component| component == "tunnel-ip-allocator" || component.starts_with("allocate-")) {
        return Some(if line.level == Level::Fatal { LogEventKind::Fatal } else { LogEventKind::TunnelAddress });
    }
    if !started && AFTER_START.iter().any(|(component, text)| line.component == Some(component) && message.starts_with(text)) {
        return Some(LogEventKind::Started);
    }
    (line.level == Level::Fatal).then_some(LogEventKind::Fatal)
}

impl Pattern {
    fn fits(&self, line: &Line<'_>, message: &str, started: bool) -> bool {
        let lacks = !self.lacks.iter().any(|text| has(message, text));
        self.scope.takes(line, started) && message.starts_with(self.begins) && self.is_quoted_in(message) && lacks
    }

    /// Its words, wherever they begin.
    fn is_quoted_in(&self, text: &str) -> bool {
        self.holds.iter().all(|says| has(text, says))
    }
}

fn has(text: &str, words: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), words.as_bytes()).is_some()
}

/// Errors of requests to etcd that no member answered in time (etcd `api/v3rpc/rpctypes/error.go`, `clientv3`).
const ETCD_UNANSWERED: [&str; 4] =
    ["etcdserver: request timed out", "etcdserver: no leader", "rpc error: code = Unavailable", "etcd cluster is unavailable"];

/// Says that a request to the datastore got no answer.
pub(super) fn is_unanswered(text: &str) -> bool {
    let mut api = PATTERNS.iter().filter(|pattern| pattern.kind == LogEventKind::ApiUnreachable);
    api.any(|pattern| pattern.is_quoted_in(text)) || ETCD_UNANSWERED.iter().any(|says| text.contains(says))
}

/// Says that the datastore does not accept who asks.
pub(super) fn is_refused(text: &str) -> bool {
    let mut refusals =
        PATTERNS.iter().filter(|pattern| pattern.kind == LogEventKind::DatastoreUnauthorized && pattern.scope == Scope::Failing);
    refusals.any(|pattern| pattern.is_quoted_in(text))
}

/// Felix reports again, whenever a component of it changes; `Ready:true` up to 3.25 (libcalico-go/lib/health/health.go).
pub(super) fn says_ready(message: &str) -> bool {
    message.starts_with("Overall health status changed") && (has(message, "ready=true") || has(message, "Ready:true"))
}

/// Ends the start where the datastore does not answer, at level INFO (startup.go, `getNode`).
pub(super) const NODE_NOT_READ: &str = "Unable to query node configuration";

/// Whether the start-up program can have written this line.
pub(super) fn is_startup(line: &Line<'_>, started: bool) -> bool {
    match line.component {
        Some(component) => component == "startup",
        None => !started,
    }
}

impl Scope {
    fn takes(self, line: &Line<'_>, started: bool) -> bool {
        let component = line.component.unwrap_or_default();
        match self {
            Self::Startup => is_startup(line, started),
            Self::BeforeStart => !started,
            Self::Detection => is_startup(line, started) || MONITORS.contains(&component),
            Self::Felix => component == "felix" || line.component.is_none(),
            Self::Bird => component == "bird",
            Self::Confd => component == "confd",
            Self::Failing => line.level >= Level::Error && (started || SERVICES.contains(&component)),
            Self::FailingStart => line.level >= Level::Error && !started,
            Self::Anyone => true,
        }
    }
}
