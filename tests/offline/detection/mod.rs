//! Detection against what Calico's own code answered, and against the simulated cluster's detection, which shares no line with it.

mod recorded;
#[cfg(unix)]
mod simulated;

use std::collections::BTreeMap;
use std::net::IpAddr;

use calico_fix::calico::detect::{DetectionResult, Host, Interfaces, Routing};
use calico_fix::calico::version::Version;
use calico_fix::calico::{interfaces, routes};
use calico_fix::observed::Observed;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::inspection::{Interface, Route, RouteLookup};
use serde_json::Value;

/// What a host's kernel and Kubernetes say of it.
struct Seen {
    interfaces: Vec<Interface>,
    routes: Option<Vec<Route>>,
    internal_ips: Option<Vec<IpAddr>>,
    route_lookups: BTreeMap<String, Observed<RouteLookup>>,
}

impl Seen {
    /// From `ip -j addr`, `ip -j route`, `ip -6 -j route` and `status.addresses`.
    fn new(addr: &Value, routes4: &Value, routes6: &Value, addresses: &Value) -> Self {
        let mut addr = addr.clone();
        for (index, link) in addr.as_array_mut().into_iter().flatten().enumerate() {
            link["ifindex"] = (index + 1).into();
            // The hosts that are kept here are cut to what methods look at.
            if link["flags"].is_null() {
                link["flags"] = serde_json::json!(["UP"]);
            }
        }
        let table = |value: &Value, family| routes::parse(&value.to_string(), family).expect("routes");
        let internal = |listed: &Vec<Value>| {
            let internal = listed.iter().filter(|one| one["type"] == "InternalIP");
            internal.filter_map(|one| one["address"].as_str()?.parse().ok()).collect()
        };
        Self {
            interfaces: interfaces::parse(&addr.to_string()).expect("interfaces"),
            routes: routes4.is_array().then(|| [table(routes4, Family::V4), table(routes6, Family::V6)].concat()),
            internal_ips: addresses.as_array().map(internal),
            route_lookups: BTreeMap::new(),
        }
    }

    fn host(&self) -> Host<'_> {
        Host {
            interfaces: Interfaces::Kernel(&self.interfaces),
            logged: Vec::new(),
            route_lookups: Some(&self.route_lookups),
            routing: self.routes.as_deref().map(|routes| Routing { routes, main_table_only: true }),
            internal_ips: self.internal_ips.as_deref(),
            has_kubernetes_node: Some(self.internal_ips.is_some()),
        }
    }
}

/// `eth0 10.0.0.2/24`, `none`, `exits`; nothing where it is not known.
fn told(outcome: &DetectionResult) -> Option<String> {
    match outcome {
        DetectionResult::Address(found) => Some(format!("{} {found}", found.interface.as_deref().unwrap_or("?"))),
        DetectionResult::None { .. } => Some("none".into()),
        DetectionResult::Exits { .. } => Some("exits".into()),
        DetectionResult::Unknown { .. } => None,
    }
}

/// `master` is newer than every release.
fn version(text: &str) -> Version {
    if text == "master" { Version::new(u16::MAX, 0, 0) } else { Version::parse(text).expect("a release") }
}
