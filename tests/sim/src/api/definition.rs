//! The one CustomResourceDefinition that is served: which Installation this cluster's operator knows.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::path::Target;
use super::status::Failure;
use super::{Answer, crd};
use crate::kinds::{Kind, OPERATOR};
use crate::scenario::world::Cluster;
use crate::users::{Act, User};

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";
const NAME: &str = "installations.operator.tigera.io";

/// `None` for any other request.
pub(super) fn answer(world: &Cluster, user: &User, target: &Target) -> Option<Result<Answer, Failure>> {
    if target.group != GROUP || target.plural != PLURAL || target.name.as_deref() != Some(NAME) {
        return None;
    }
    if !user.may(Act { verb: "get", group: GROUP, resource: PLURAL, namespace: "", name: NAME }) {
        return Some(Err(Failure::forbidden(user.name, "get", GROUP, PLURAL, None, Some(NAME))));
    }
    let kind = Kind::named("Installation").filter(|kind| world.store.serves(kind))?;
    Some(Ok(super::json(StatusCode::OK, &definition(kind, world))))
}

fn definition(kind: &'static Kind, world: &Cluster) -> Value {
    let schema = crd::schema(kind, world.operator).cloned().unwrap_or_else(|| json!({"type": "object"}));
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": OPERATOR,
            "names": {"kind": kind.kind, "listKind": "InstallationList", "plural": kind.plural, "singular": kind.singular},
            "scope": "Cluster",
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}],
        },
    })
}
