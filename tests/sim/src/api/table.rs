//! Tables, as `kubectl get` asks for them: the columns and cells of the real printers for the kinds that matter.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::ACCEPT;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::list::{Page, metadata};
use crate::kinds::Kind;
use crate::scenario::world::Cluster;
use crate::store::Stored;

pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Only when it comes first: `application/json` alone further on is the fallback.
    accept.split(',').next().is_some_and(|first| first.contains("as=Table") && first.contains("g=meta.k8s.io"))
}

/// Name and priority: 0 is always shown, 1 with `-o wide`.
type Column = (&'static str, u8);

const NODES: &[Column] = &[
    ("Name", 0),
    ("Status", 0),
    ("Roles", 0),
    ("Age", 0),
    ("Version", 0),
    ("Internal-IP", 1),
    ("External-IP", 1),
    ("OS-Image", 1),
    ("Kernel-Version", 1),
    ("Container-Runtime", 1),
];
const PODS: &[Column] = &[
    ("Name", 0),
    ("Ready", 0),
    ("Status", 0),
    ("Restarts", 0),
    ("Age", 0),
    ("IP", 1),
    ("Node", 1),
    ("Nominated Node", 1),
    ("Readiness Gates", 1),
];
const DAEMON_SETS: &[Column] = &[
    ("Name", 0),
    ("Desired", 0),
    ("Current", 0),
    ("Ready", 0),
    ("Up-to-date", 0),
    ("Available", 0),
    ("Node Selector", 0),
    ("Age", 0),
    ("Containers", 1),
    ("Images", 1),
    ("Selector", 1),
];
const EVENTS: &[Column] = &[
    ("Last Seen", 0),
    ("Type", 0),
    ("Reason", 0),
    ("Object", 0),
    ("Subobject", 1),
    ("Source", 1),
    ("Message", 0),
    ("First Seen", 1),
    ("Count", 1),
    ("Name", 1),
];
const CONFIG_MAPS: &[Column] = &[("Name", 0), ("Data", 0), ("Age", 0)];
const NAMESPACES: &[Column] = &[("Name", 0), ("Status", 0), ("Age", 0)];
const REVISIONS: &[Column] = &[("Name", 0), ("Controller", 0), ("Revision", 0), ("Age", 0)];
const TIGERA_STATUSES: &[Column] = &[("Name", 0), ("Available", 0), ("Progressing", 0), ("Degraded", 0), ("Since", 0)];
const SLICES: &[Column] = &[("Name", 0), ("AddressType", 0), ("Ports", 0), ("Endpoints", 0), ("Age", 0)];
const OTHERS: &[Column] = &[("Name", 0), ("Age", 0)];

type Cells = fn(&Value, Timestamp) -> Vec<Value>;

pub(super) fn build(kind: &Kind, items: &[Arc<Stored>], world: &Cluster, page: Option<&Page>) -> Value {
    let (columns, cells): (&[Column], Cells) = match kind.kind {
        "Node" => (NODES, node),
        "Pod" => (PODS, pod),
        "DaemonSet" => (DAEMON_SETS, daemon_set),
        "Event" => (EVENTS, event),
        "ConfigMap" => (CONFIG_MAPS, config_map),
        "Namespace" => (NAMESPACES, |object, now| vec![name(object), text(&object["status"]["phase"]), age(object, now)]),
        "ControllerRevision" => (REVISIONS, revision),
        "TigeraStatus" => (TIGERA_STATUSES, tigera_status),
        "EndpointSlice" => (SLICES, slice),
        _ => (OTHERS, |object, now| vec![name(object), age(object, now)]),
    };
    let now = world.store.now();
    let rows: Vec<Value> = items
        .iter()
        .map(|stored| {
            let object = stored.value();
            let partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
            json!({"cells": cells(&object, now), "object": partial})
        })
        .collect();
    let columns: Vec<Value> = columns
        .iter()
        .map(|(name, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({"name": name, "type": "string", "format": format, "description": "", "priority": priority})
        })
        .collect();
    let metadata = page.map_or_else(|| json!({}), |page| metadata(kind, page));
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns, "rows": rows})
}

fn text(value: &Value) -> Value {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or("<none>").into()
}

fn name(object: &Value) -> Value {
    text(&object["metadata"]["name"])
}

fn age(object: &Value, now: Timestamp) -> Value {
    since(&object["metadata"]["creationTimestamp"], now).into()
}

fn since(value: &Value, now: Timestamp) -> String {
    value
        .as_str()
        .and_then(|text| text.parse::<Timestamp>().ok())
        .map_or_else(|| "<unknown>".into(), |then| duration(now.as_second() - then.as_second()))
}

/// apimachinery's `HumanDuration`.
fn duration(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |big: i64, unit: char, small: i64, part: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{part}") }
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        _ => pair(days / 365, 'y', days % 365, 'd'),
    }
}

fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let mut status = match ready.and_then(|condition| condition["status"].as_str()) {
        Some("True") => "Ready".to_string(),
        Some(_) => "NotReady".to_string(),
        None => "Unknown".to_string(),
    };
    if object["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    let labels = object["metadata"]["labels"].as_object();
    let roles: Vec<&str> = labels.into_iter().flatten().filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect();
    let address = |kind: &str| {
        let mut all = object["status"]["addresses"].as_array().into_iter().flatten();
        all.find(|address| address["type"] == kind).map_or_else(|| "<none>".into(), |address| text(&address["address"]))
    };
    let info = &object["status"]["nodeInfo"];
    vec![
        name(object),
        status.into(),
        if roles.is_empty() { "<none>".into() } else { roles.join(",").into() },
        age(object, now),
        text(&info["kubeletVersion"]),
        address("InternalIP"),
        address("ExternalIP"),
        text(&info["osImage"]),
        text(&info["kernelVersion"]),
        text(&info["containerRuntimeVersion"]),
    ]
}

fn pod(object: &Value, now: Timestamp) -> Vec<Value> {
    let statuses: Vec<&Value> = object["status"]["containerStatuses"].as_array().into_iter().flatten().collect();
    let ready = statuses.iter().filter(|status| status["ready"] == true).count();
    let total = object["spec"]["containers"].as_array().map_or(0, Vec::len);
    let mut status = object["status"]["reason"].as_str().or(object["status"]["phase"].as_str()).unwrap_or("Unknown").to_string();
    for container in &statuses {
        let state = &container["state"];
        if let Some(reason) = state["waiting"]["reason"].as_str().or(state["terminated"]["reason"].as_str()) {
            status = reason.to_string();
        }
    }
    if object["metadata"]["deletionTimestamp"].is_string() {
        status = "Terminating".into();
    }
    let count: i64 = statuses.iter().filter_map(|status| status["restartCount"].as_i64()).sum();
    let last = statuses.iter().map(|status| &status["lastState"]["terminated"]["finishedAt"]).find(|at| at.is_string());
    let restarts = match last {
        Some(at) if count > 0 => format!("{count} ({} ago)", since(at, now)),
        _ => count.to_string(),
    };
    vec![
        name(object),
        format!("{ready}/{total}").into(),
        status.into(),
        restarts.into(),
        age(object, now),
        text(&object["status"]["podIP"]),
        text(&object["spec"]["nodeName"]),
        "<none>".into(),
        "<none>".into(),
    ]
}

fn selector(value: &Value) -> Value {
    let pairs: Vec<String> =
        value.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",").into() }
}

fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let count = |key: &str| Value::from(status[key].as_i64().unwrap_or(0));
    let of_containers = |key: &str| -> Value {
        let containers = spec["template"]["spec"]["containers"].as_array().into_iter().flatten();
        containers.filter_map(|container| container[key].as_str()).collect::<Vec<_>>().join(",").into()
    };
    vec![
        name(object),
        count("desiredNumberScheduled"),
        count("currentNumberScheduled"),
        count("numberReady"),
        count("updatedNumberScheduled"),
        count("numberAvailable"),
        selector(&spec["template"]["spec"]["nodeSelector"]),
        age(object, now),
        of_containers("name"),
        of_containers("image"),
        selector(&spec["selector"]["matchLabels"]),
    ]
}

fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let involved = &object["involvedObject"];
    let first_time = if object["firstTimestamp"].is_string() { &object["firstTimestamp"] } else { &object["eventTime"] };
    let last_time = if object["lastTimestamp"].is_string() { &object["lastTimestamp"] } else { first_time };
    let count = object["count"].as_i64().unwrap_or(1);
    let first = since(first_time, now);
    let last = if count > 1 { format!("{} (x{count} over {first})", since(last_time, now)) } else { first.clone() };
    let source = [&object["source"]["component"], &object["source"]["host"]];
    let source: Vec<&str> = source.iter().filter_map(|part| part.as_str()).collect();
    vec![
        last.into(),
        object["type"].clone(),
        object["reason"].clone(),
        format!("{}/{}", involved["kind"].as_str().unwrap_or_default().to_lowercase(), involved["name"].as_str().unwrap_or_default())
            .into(),
        involved["fieldPath"].as_str().unwrap_or_default().into(),
        source.join(", ").into(),
        object["message"].as_str().unwrap_or_default().trim().into(),
        first.into(),
        count.into(),
        name(object),
    ]
}

fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), object["data"].as_object().map_or(0, serde_json::Map::len).into(), age(object, now)]
}

fn revision(object: &Value, now: Timestamp) -> Vec<Value> {
    let owner = &object["metadata"]["ownerReferences"][0];
    let controller = match (owner["kind"].as_str(), owner["name"].as_str()) {
        (Some(kind), Some(name)) => format!("{}.apps/{name}", kind.to_lowercase()).into(),
        _ => "<none>".into(),
    };
    vec![name(object), controller, object["revision"].clone(), age(object, now)]
}

fn slice(object: &Value, now: Timestamp) -> Vec<Value> {
    let joined = |list: Vec<String>| if list.is_empty() { Value::from("<unset>") } else { list.join(",").into() };
    let items = |key: &str| object[key].as_array().into_iter().flatten();
    let endpoints = items("endpoints").filter_map(|endpoint| Some(endpoint["addresses"][0].as_str()?.to_string()));
    let ports = items("ports").map(|port| port["port"].to_string());
    vec![name(object), text(&object["addressType"]), joined(ports.collect()), joined(endpoints.collect()), age(object, now)]
}

fn tigera_status(object: &Value, now: Timestamp) -> Vec<Value> {
    let condition = |kind: &str| object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind);
    let status = |kind: &str| condition(kind).map_or(Value::Null, |found| found["status"].clone());
    let changed = condition("Available").map_or(Value::Null, |found| found["lastTransitionTime"].clone());
    vec![name(object), status("Available"), status("Progressing"), status("Degraded"), since(&changed, now).into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_has_them() {
        for (seconds, expected) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (179, "2m59s"),
            (3600, "60m"),
            (10_800, "3h"),
            (86_400, "24h"),
            (200_000, "2d7h"),
            (8 * 86_400, "8d"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
