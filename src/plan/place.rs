//! Where a change is written: calico-node's DaemonSet, or the operator's Installation that it is made from.

use serde_json::Value;

use super::Target;
use super::patch::PatchKind;
use crate::text::shell;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
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

/// Written by the API server and by controllers: nothing of it is anybody's wish.
const NOISE: [&str; 5] = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "selfLink"];

impl Place {
    pub fn of(target: &Target) -> Option<Self> {
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

    /// The operator makes the DaemonSet anew from it: only one object may be written, and never the strategy.
    pub fn is_operators(&self) -> bool {
        matches!(self, Self::Installation { .. })
    }
}

/// As kubectl prints it: `daemonset.apps/calico-node`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DaemonSet { name, .. } => write!(f, "daemonset.apps/{name}"),
            Self::Installation { name } => write!(f, "installation.operator.tigera.io/{name}"),
        }
    }
}

/// The object as people wrote it: what is compared and shown.
pub fn without_noise(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(meta) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        meta.retain(|key, _| !NOISE.contains(&key.as_str()));
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
        assert_eq!(without_noise(&object), expected);
    }
}
