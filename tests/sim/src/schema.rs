//! How lists of built-in kinds merge: the `patchMergeKey` and `listMapKey` marks of k8s.io/api, for the fields that occur here.

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MergeList {
    /// Items are objects, told apart by this field.
    By(&'static str),
    /// A set of plain values.
    Set,
    Atomic,
}

/// Field, key for strategic merge, keys that name an item in `managedFields`.
const KEYED: &[(&str, &str, &[&str])] = &[
    ("addresses", "type", &["type"]),
    ("conditions", "type", &["type"]),
    ("containers", "name", &["name"]),
    ("env", "name", &["name"]),
    ("ephemeralContainers", "name", &["name"]),
    ("hostAliases", "ip", &["ip"]),
    ("hostIPs", "ip", &[]),
    ("imagePullSecrets", "name", &["name"]),
    ("initContainers", "name", &["name"]),
    ("ownerReferences", "uid", &["uid"]),
    ("podIPs", "ip", &["ip"]),
    ("secrets", "name", &["name"]),
    ("topologySpreadConstraints", "topologyKey", &["topologyKey", "whenUnsatisfiable"]),
    ("volumeDevices", "devicePath", &["devicePath"]),
    ("volumeMounts", "mountPath", &["mountPath"]),
    ("volumes", "name", &["name"]),
];
const CONTAINER_PORTS: (&str, &[&str]) = ("containerPort", &["containerPort", "protocol"]);
const SERVICE_PORTS: (&str, &[&str]) = ("port", &["port", "protocol"]);

fn keyed(field: &str, items: &[Value]) -> Option<(&'static str, &'static [&'static str])> {
    // Containers and Services both have `ports`.
    if field == "ports" {
        let of_container = items.iter().any(|item| !item["containerPort"].is_null());
        return Some(if of_container { CONTAINER_PORTS } else { SERVICE_PORTS });
    }
    KEYED.iter().find(|(name, ..)| *name == field).map(|(_, key, keys)| (*key, *keys))
}

pub(crate) fn merge_list(field: &str, items: &[Value]) -> MergeList {
    match keyed(field, items) {
        Some((key, _)) => MergeList::By(key),
        None if field == "finalizers" || field == "podCIDRs" => MergeList::Set,
        None => MergeList::Atomic,
    }
}

/// The keys that name an item of a list in `managedFields`; `None`: the list is owned as a whole.
pub(crate) fn item_keys(field: &str, items: &[Value]) -> Option<&'static [&'static str]> {
    keyed(field, items).map(|(_, keys)| keys).filter(|keys| !keys.is_empty())
}
