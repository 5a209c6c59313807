//! What one exec into a calico-node container told, already parsed.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::observed::Observed;
use crate::snapshot::family::Family;

/// A list without room for more: it grows to four items at once, and most have fewer.
fn exact<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}

/// Of BIRD's rows those of sessions, which alone are kept (`trim::inside`): every node has four others that are alike.
fn sessions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Protocol>, D::Error> {
    struct Rows;
    impl<'de> Visitor<'de> for Rows {
        type Value = Vec<Protocol>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a sequence")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Vec<Protocol>, A::Error> {
            let mut kept = Vec::new();
            while let Some(row) = rows.next_element::<Protocol>()? {
                if row.is_session() {
                    kept.push(row);
                }
            }
            kept.shrink_to_fit();
            Ok(kept)
        }
    }
    deserializer.deserialize_seq(Rows)
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInspection {
    pub bird4: Observed<Bird>,
    pub bird6: Observed<Bird>,
    /// In the kernel's order: the order is what detection goes by.
    pub interfaces: Observed<Vec<Interface>>,
    /// Those that somebody asked for by name, which are not all that the node has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub some_interfaces: Vec<Interface>,
    /// Of the main table.
    pub routes: Observed<Vec<Route>>,
    /// Rules beyond those that every kernel has: they may lead past the main table.
    #[serde(skip_serializing_if = "Observed::is_not_asked")]
    pub rules: Observed<Vec<String>>,
    /// The kernel's answers, by destination as `can-reach=` would have it.
    #[serde(rename = "reaches", skip_serializing_if = "BTreeMap::is_empty")]
    pub route_lookups: BTreeMap<String, Observed<RouteLookup>>,
}

impl NodeInspection {
    pub fn bird(&self, family: Family) -> &Observed<Bird> {
        match family {
            Family::V4 => &self.bird4,
            Family::V6 => &self.bird6,
        }
    }
}

/// What `ip route get` says of one destination. Absent: a name that the node cannot resolve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RouteLookup {
    /// The address that the kernel would send from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<std::net::IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Why there is no way, in the kernel's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
}

/// One BIRD daemon: `show status` and `show protocols`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Bird {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reboot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graceful_restart: Option<GracefulRestart>,
    #[serde(deserialize_with = "sessions")]
    pub protocols: Vec<Protocol>,
}

/// BIRD keeps its old routes until every peer is back or the timer ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GracefulRestart {
    pub waiting_for: u32,
    /// Seconds gone of `limit`.
    pub timer: u32,
    pub limit: u32,
}

/// A row of `show protocols`, as BIRD has it: only the white space is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Protocol {
    pub name: String,
    pub proto: String,
    pub table: String,
    pub state: String,
    pub since: String,
    /// Everything after `since`, single-spaced: the BGP state and the last error, which BIRD keeps.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub info: String,
}

impl Protocol {
    /// A BGP session's, not that of a table or a device.
    pub fn is_session(&self) -> bool {
        self.proto == "BGP"
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "exact")]
    pub flags: Vec<String>,
    /// `bridge`, `veth`, … where `ip -d` said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "exact")]
    pub addresses: Vec<InterfaceAddress>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceAddress {
    pub address: std::net::IpAddr,
    pub prefix_length: u8,
    /// The other end of a point-to-point link.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peer: Option<std::net::IpAddr>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Route {
    /// `default` or a network.
    pub destination: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<u32>,
    /// `unreachable`, `blackhole`, …; none for an ordinary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The first of several next hops is told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub several_hops: bool,
}

/// The digest of one attempt to start, read from a container's log. The log itself is not kept:
/// it can be huge and, at DEBUG, can hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StartupLog {
    pub lines: u64,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The log was read to its end; a cut one cannot tell how it ended.
    pub complete: bool,
    /// Known lines in order, at most `MAX_MARKS`, with the time of each.
    pub marks: Vec<LogEvent>,
    /// Of the host, those that detection looked at, as DEBUG lists them; empty where it did not, or where there were too many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<ListedInterface>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ListedInterface {
    pub name: String,
    /// With their prefix lengths; of the families that are detected alone.
    pub addresses: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Timestamp>,
    pub kind: LogEventKind,
    /// The message without its time and file, secrets masked, bounded.
    pub text: String,
    /// How often in a row, when the same message repeats.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub times: u32,
}

fn one() -> u32 {
    1
}

fn is_one(times: &u32) -> bool {
    *times == 1
}

/// What a known log line means. Texts and their sources: `calico::startup_log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogEventKind {
    LogLevel,
    Starting,
    DatastoreCheck,
    DatastoreRetry,
    DatastoreUnauthorized,
    DatastoreVerified,
    DatastoreSkipped,
    Autodetected,
    AddressFromEnvironment,
    AutodetectFailed,
    AutodetectKept,
    InvalidMethod,
    InvalidRegex,
    ConflictCheck,
    /// The first line behind the conflict check.
    ConflictsChecked,
    AddressConflict,
    AddressCleared,
    AddressNotOnHost,
    AddressChanged,
    NodeName,
    TunnelAddress,
    Started,
    UpdateConflict,
    Forbidden,
    /// An error after the start: the API server does not know a resource that this release asks for.
    CrdMissing,
    TyphaFailed,
    Fatal,
    Terminating,
    FailedToStart,
    BackendNotBird,
    HealthPortTaken,
    HealthEndpointFailed,
    FelixTimedOut,
    /// A row of Felix's health report, whose component is not ready; forgotten as soon as Felix says that it is.
    FelixNotReady,
    IptablesFailed,
    UsageReportFailed,
    BgpPortTaken,
    BgpAddressGone,
    BgpUnexpectedPeer,
    /// BIRD does not start, because its control socket answers already.
    AnotherBird,
    /// BIRD does not start, because it cannot make its control socket.
    BirdSocketFailed,
    /// confd has not written BIRD's configuration; usual in the first seconds.
    BirdConfigMissing,
    /// The kernel does not take a route that BIRD installs.
    BirdRouteRefused,
    /// BIRD, or confd's check of it, refuses the configuration that confd has written.
    BgpConfigRefused,
    BgpConfigAccepted,
    FelixShutdown,
    /// The last line of a shutdown, which says no reason of its own.
    FelixExits,
    /// kube-proxy changed its mode, or seemed to: Felix restarts for it.
    KubeProxyModeChanged,
    TyphaNotFound,
    /// An error after the start: a request to the API server (or etcd) got no answer.
    ApiUnreachable,
    /// Felix waits, because ClusterInformation says that the datastore is not ready.
    DatastoreLocked,
    /// A program of the image died of a signal, or cannot be run at all.
    Crashed,
    /// Felix cannot program the node: its kernel lacks a module, or refuses.
    KernelFeatureMissing,
    /// An ERROR line of an init container.
    InitError,
    /// The last line of an init container's log, where no other says why it ended.
    InitLastLine,
    /// A DEBUG read of a node's data; only the first and last are kept.
    NodeRead,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeLogs {
    pub current: Observed<StartupLog>,
    pub previous: Observed<StartupLog>,
    /// Of init containers that have not succeeded, by name: the run that ended last.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub init: BTreeMap<String, Observed<StartupLog>>,
}
