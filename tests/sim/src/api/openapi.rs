//! As much OpenAPI as kubectl asks for before it writes: which kinds know `dryRun` and `fieldValidation`. No schemas.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::Answer;
use crate::kinds::{KINDS, Kind};
use crate::scenario::world::Cluster;

fn place(kind: &Kind) -> String {
    if kind.group.is_empty() { format!("api/{}", kind.version) } else { format!("apis/{}/{}", kind.group, kind.version) }
}

/// `None` for a path that is not OpenAPI's.
pub(super) fn answer(world: &Cluster, path: &str) -> Option<Answer> {
    let wanted = path.strip_prefix("/openapi/v3")?.trim_matches('/');
    let served = || KINDS.iter().filter(|kind| world.store.serves(kind));
    let value = if wanted.is_empty() {
        let link = |kind: &Kind| (place(kind), json!({"serverRelativeURL": format!("/openapi/v3/{}", place(kind))}));
        json!({"paths": served().map(link).collect::<Map<_, _>>()})
    } else {
        let paths: Map<String, Value> = served().filter(|kind| place(kind) == wanted).map(operation).collect();
        if paths.is_empty() {
            return None;
        }
        json!({"openapi": "3.0.0", "info": {"title": "simulated", "version": world.version}, "paths": paths})
    };
    Some(super::json(StatusCode::OK, &value))
}

fn operation(kind: &Kind) -> (String, Value) {
    let path = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let patch = json!({
        "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": kind.group, "kind": kind.kind, "version": kind.version},
        "responses": {},
    });
    (format!("/{}/{path}{}/{{name}}", place(kind), kind.plural), json!({"patch": patch}))
}
