//! The target: the object that is edited, calico-node's DaemonSet or the operator's Installation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::patch::PatchKind;
use crate::text::shell;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    DaemonSet {
        namespace: String,
        name: String,
    },
    /// `default` or `overlay`.
    Installation {
        name: String,
    },
}

const DAEMON_SET: (&str, &str) = ("apps/v1", "DaemonSet");
const INSTALLATION: (&str, &str) = ("operator.tigera.io/v1", "Installation");

/// Metadata written by the API server and controllers; ignored in comparisons.
const SERVER_METADATA: [&str; 5] = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "selfLink"];

/// Identity and state of the target when the user saw the diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Target", description = "The object, and the very state of it that was shown.")]
pub struct TargetSnapshot {
    pub api_version: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    /// SHA-256 of the object without what controllers write.
    pub state: String,
}

/// A required metadata field is missing.
#[derive(Debug, thiserror::Error)]
#[error("the object has no {0}")]
pub struct IncompleteObject(pub &'static str);

impl TargetSnapshot {
    pub fn new(object: &Value, target: &Target) -> Result<Self, IncompleteObject> {
        let text = |field: &'static str| {
            let value = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
            value.map(str::to_owned).ok_or(IncompleteObject(field))
        };
        let (api_version, kind) = target.type_meta();
        Ok(Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: target.namespace().map(str::to_owned),
            name: target.name().to_owned(),
            uid: text("uid")?,
            resource_version: text("resourceVersion")?,
            state: sha256(&without_server_fields(object)),
        })
    }
}

/// SHA-256 of the canonical JSON, in hex; keys are sorted.
pub fn sha256(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Target {
    pub fn from_snapshot(target: &TargetSnapshot) -> Option<Self> {
        match (target.api_version.as_str(), target.kind.as_str()) {
            DAEMON_SET => Some(Self::DaemonSet { namespace: target.namespace.clone()?, name: target.name.clone() }),
            INSTALLATION => Some(Self::Installation { name: target.name.clone() }),
            _ => None,
        }
    }

    pub fn type_meta(&self) -> (&'static str, &'static str) {
        match self {
            Self::DaemonSet { .. } => DAEMON_SET,
            Self::Installation { .. } => INSTALLATION,
        }
    }

    pub fn patch_kind(&self) -> PatchKind {
        match self {
            Self::DaemonSet { .. } => PatchKind::Strategic,
            Self::Installation { .. } => PatchKind::Merge,
        }
    }

    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::DaemonSet { namespace, .. } => Some(namespace),
            Self::Installation { .. } => None,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::DaemonSet { name, .. } | Self::Installation { name } => name,
        }
    }

    /// Whether the API server would accept its name and namespace.
    pub fn has_valid_name(&self) -> bool {
        shell::object_name(self.name()).is_some() && self.namespace().is_none_or(|namespace| shell::namespace(namespace).is_some())
    }

    /// The operator renders the DaemonSet from this object; the DaemonSet's update strategy cannot be set.
    pub fn is_installation(&self) -> bool {
        matches!(self, Self::Installation { .. })
    }
}

/// As kubectl prints it: `daemonset.apps/calico-node`.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DaemonSet { name, .. } => write!(f, "daemonset.apps/{name}"),
            Self::Installation { name } => write!(f, "installation.operator.tigera.io/{name}"),
        }
    }
}

/// The object without status and server-written metadata, for comparing and showing.
pub fn without_server_fields(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(meta) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        meta.retain(|key, _| !SERVER_METADATA.contains(&key.as_str()));
        if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(DEPRECATED_GENERATION);
        }
    }
    object
}

/// Counted up by the API server with every change of the template.
const DEPRECATED_GENERATION: &str = "deprecated.daemonset.template.generation";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_what_servers_and_controllers_write() {
        let object = serde_json::json!({
            "metadata": {"name": "calico-node", "uid": "u", "resourceVersion": "5", "generation": 2, "managedFields": [],
                "annotations": {"deprecated.daemonset.template.generation": "2", "a": "b"}},
            "spec": {"x": 1},
            "status": {"numberReady": 3},
        });
        let expected = serde_json::json!({"metadata": {"name": "calico-node", "uid": "u", "annotations": {"a": "b"}}, "spec": {"x": 1}});
        assert_eq!(without_server_fields(&object), expected);
    }
}
