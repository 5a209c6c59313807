//! `/version`, `/api`, `/apis` and what each group holds.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use crate::kinds::{KINDS, Kind};
use crate::scenario::world::Cluster;

/// `None` for a path that is no discovery path.
pub(super) fn answer_value(world: &Cluster, path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => Some(version(world)),
        ["api"] => Some(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ["apis"] => Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups(world)})),
        ["apis", group] => {
            let mut found = groups(world).into_iter().find(|entry| entry["name"] == **group)?;
            found["kind"] = "APIGroup".into();
            found["apiVersion"] = "v1".into();
            Some(found)
        }
        ["api", "v1"] => resources(world, "", "v1"),
        ["apis", group, version] => resources(world, group, version),
        _ => None,
    }
}

pub(super) fn answer(world: &Cluster, path: &str) -> Option<Answer> {
    if ["/healthz", "/livez", "/readyz"].contains(&path) {
        return Some(super::answer(StatusCode::OK, "text/plain; charset=utf-8", "ok"));
    }
    answer_value(world, path).map(|value| super::json(StatusCode::OK, &value))
}

fn version(world: &Cluster) -> Value {
    let mut numbers = world.version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or("1"), numbers.next().unwrap_or("36"));
    let before = minor.parse::<u32>().map_or(0, |minor| minor.saturating_sub(1));
    json!({
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": before.to_string(),
        "gitVersion": world.version,
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26.6",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// Groups without stored objects: their reviews are answered by `review.rs`.
const REVIEWS: [(&str, &str, &str); 2] = [
    ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
];

fn served(world: &Cluster) -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| world.store.serves(kind))
}

fn groups(world: &Cluster) -> Vec<Value> {
    let mut found: Vec<(&str, &str)> = REVIEWS.iter().map(|(group, ..)| (*group, "v1")).collect();
    for kind in served(world).filter(|kind| !kind.group.is_empty()) {
        if !found.contains(&(kind.group, kind.version)) {
            found.push((kind.group, kind.version));
        }
    }
    let entry = |(group, version): (&str, &str)| {
        let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
        json!({"name": group, "versions": [version], "preferredVersion": version})
    };
    found.into_iter().map(entry).collect()
}

fn resources(world: &Cluster, group: &str, version: &str) -> Option<Value> {
    let mut list: Vec<Value> = Vec::new();
    for kind in served(world).filter(|kind| kind.group == group && kind.version == version) {
        let mut entry = json!({
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        });
        if !kind.short.is_empty() {
            entry["shortNames"] = json!(kind.short);
        }
        list.push(entry);
        if kind.status {
            let name = format!("{}/status", kind.plural);
            list.push(json!({"name": name, "singularName": "", "namespaced": kind.namespaced, "kind": kind.kind, "verbs": ["get", "patch", "update"]}));
        }
        if kind.plural == "pods" {
            list.push(json!({
                "name": "pods/eviction",
                "singularName": "",
                "namespaced": true,
                "group": "policy",
                "version": "v1",
                "kind": "Eviction",
                "verbs": ["create"],
            }));
        }
        for (subresource, what, verb) in [("log", "Pod", "get"), ("exec", "PodExecOptions", "create")] {
            if kind.plural == "pods" {
                let name = format!("pods/{subresource}");
                list.push(json!({"name": name, "singularName": "", "namespaced": true, "kind": what, "verbs": ["get", verb]}));
            }
        }
    }
    for (_, plural, kind) in REVIEWS.iter().filter(|(name, ..)| *name == group && version == "v1") {
        list.push(json!({"name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"]}));
    }
    if list.is_empty() {
        return None;
    }
    let api_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": list}))
}
