//! Writes what a kubelet and calico-node would have written: status, annotations, events, logs.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{CONTAINER, Resident, Simulation};
use crate::calico::network::{Family, Prefix};
use crate::calico::start::Change;
use crate::controller::Cache;
use crate::kubelet::{Identity, Pod};
use crate::scenario::logs::seconds_of;
use crate::scenario::world::Logs;
use crate::scenario::{Happened, event};
use crate::store::{Store, Writer};

pub(super) fn annotation(family: Family) -> &'static str {
    match family {
        Family::V4 => "projectcalico.org/IPv4Address",
        Family::V6 => "projectcalico.org/IPv6Address",
    }
}

const TUNNELS: [&str; 2] = ["projectcalico.org/IPv4IPIPTunnelAddr", "projectcalico.org/IPv4VXLANTunnelAddr"];

/// The node's tunnel address, whatever the tunnel.
pub(super) fn tunnel(node: &Value) -> Option<Ipv4Addr> {
    TUNNELS.iter().find_map(|key| node["metadata"]["annotations"][key].as_str()?.parse().ok())
}

/// As IPAM gives it: a block that no other node has. Nodes that have none yet take the free ones in the order of their names.
pub(super) fn free_tunnel(cache: &Cache, node: &str) -> Ipv4Addr {
    let used: BTreeSet<Ipv4Addr> = cache.objects("Node").filter_map(|node| tunnel(node)).collect();
    let lacking = cache.objects("Node").filter(|other| tunnel(other).is_none());
    let before = lacking.filter(|other| other["metadata"]["name"].as_str().is_some_and(|name| name < node)).count();
    let blocks = (0..1024).map(|number| Ipv4Addr::from_bits(Ipv4Addr::new(192, 168, 0, 0).to_bits() + number * 64));
    blocks.filter(|block| !used.contains(block)).nth(before).unwrap_or(Ipv4Addr::new(192, 168, 0, 0))
}

/// Which tunnel the pools want.
fn tunnel_key(cache: &Cache) -> &'static str {
    let wants = |pool: &Value| pool["spec"]["ipipMode"].as_str().is_some_and(|mode| mode != "Never");
    let ipip = cache.objects("IPPool").next().is_none_or(|pool| wants(pool));
    TUNNELS[usize::from(!ipip)]
}

pub(super) fn shown(pod: &Pod) -> Value {
    json!([pod.is_initialized(), pod.container_status(), pod.conditions()])
}

impl Simulation {
    pub(super) fn write(&self, resident: &mut Resident, uid: &str) {
        self.write_status(resident, uid);
        self.write_node(resident);
        self.write_events(resident, uid);
        let Resident { pod, agent, logged, .. } = resident;
        let said = (agent.run, agent.lines(self.now()));
        if *logged == said {
            return;
        }
        *logged = said;
        if let Some(current) = agent.log(self.now()) {
            let Identity { namespace, name, .. } = &pod.identity;
            let previous = agent.previous_log();
            self.cluster.set_logs(namespace, name, CONTAINER, Logs::fixed(Some(&current), previous.as_deref()));
        }
    }

    fn write_status(&self, resident: &mut Resident, uid: &str) {
        let Resident { pod, agent, shown: before, .. } = resident;
        let host = self.places.get(agent.node()).map(|at| &self.hosts[*at]);
        let status = |object: &mut Value| {
            let Some(host) = host.filter(|_| object["metadata"]["uid"] == uid) else { return };
            object["status"]["phase"] = if pod.is_initialized() { "Running" } else { "Pending" }.into();
            object["status"]["hostIP"] = host.internal.to_string().into();
            object["status"]["podIP"] = host.internal.to_string().into();
            object["status"]["podIPs"] = json!([{"ip": host.internal}]);
            object["status"]["startTime"] = object["metadata"]["creationTimestamp"].clone();
            object["status"]["conditions"] = pod.conditions();
            let mut statuses = object["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
            statuses.retain(|status| status["name"] != CONTAINER);
            statuses.insert(0, pod.container_status());
            object["status"]["containerStatuses"] = statuses.into();
        };
        let after = shown(pod);
        if *before != after {
            let Identity { namespace, name, .. } = &pod.identity;
            // It may be gone already.
            let _ = self.cluster.store.edit_as(Writer::new("kubelet").status(), "Pod", namespace, name, status);
            *before = after;
        }
    }

    fn write_node(&self, resident: &mut Resident) {
        for (at, change) in std::mem::take(&mut resident.agent.written) {
            let tunnel = tunnel_key(&self.cache);
            let _ = self.cluster.store.edit("Node", "", resident.agent.node(), |node| annotate(node, at, change, tunnel));
        }
    }

    fn write_events(&self, resident: &mut Resident, uid: &str) {
        let store = &self.cluster.store;
        let Resident { pod, agent, told, .. } = resident;
        let Identity { namespace, name, .. } = &pod.identity;
        told.resize(pod.events.events.len(), 0);
        for (number, (happened, told)) in pod.events.events.iter().zip(told).enumerate() {
            if happened.count == *told {
                continue;
            }
            let known = Happened {
                reason: happened.reason,
                message: &happened.message,
                count: happened.count.into(),
                first: happened.first,
                last: happened.last,
                warning: happened.warning,
            };
            let mut object = event(namespace, name, uid, agent.node(), &known);
            let event_name = format!("{name}.{number:016x}");
            object["metadata"]["name"] = event_name.as_str().into();
            let counted = |stored: &mut Value| {
                for field in ["count", "lastTimestamp", "message"] {
                    stored[field] = object[field].clone();
                }
            };
            if *told == 0 {
                let _ = store.create(object, Writer::new("kubelet"));
            } else {
                let _ = store.edit("Event", namespace, &event_name, counted);
            }
            *told = happened.count;
        }
    }
}

/// The kubelet's own conditions.
pub(super) fn beat(store: &Store, node: &str, now: Timestamp) {
    let _ = store.edit_as(Writer::new("kubelet").status(), "Node", "", node, |node| {
        for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if condition["type"] != "NetworkUnavailable" {
                condition["lastHeartbeatTime"] = seconds_of(now).into();
            }
        }
    });
}

fn store(annotations: &mut Map<String, Value>, family: Family, address: Option<Prefix>) -> Option<Value> {
    match address {
        Some(address) => annotations.insert(annotation(family).into(), address.to_string().into()),
        None => annotations.remove(annotation(family)),
    }
}

fn annotate(node: &mut Value, at: Timestamp, change: Change, tunnel: &str) {
    if !node["metadata"]["annotations"].is_object() {
        node["metadata"]["annotations"] = json!({});
    }
    let Some(annotations) = node["metadata"]["annotations"].as_object_mut() else { return };
    match change {
        Change::Address(address) => store(annotations, Family::V4, address),
        Change::Address6(address) => store(annotations, Family::V6, address),
        Change::Tunnel(address) => annotations.insert(tunnel.into(), address.to_string().into()),
        Change::NetworkAvailable => {
            for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
                if condition["type"] == "NetworkUnavailable" {
                    condition["status"] = "False".into();
                    condition["reason"] = "CalicoIsUp".into();
                    condition["message"] = "Calico is running on this node".into();
                    condition["lastHeartbeatTime"] = seconds_of(at).into();
                    condition["lastTransitionTime"] = seconds_of(at).into();
                }
            }
            None
        }
    };
}
