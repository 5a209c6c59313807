//! The three forms of PATCH, by content type.

mod apply;
mod json;
mod merge;
mod strategic;

use serde_json::Value;

use super::status::Failure;
use crate::kinds::Kind;
pub(super) use merge::merge;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Merge,
    Strategic,
}

impl Form {
    /// By the content type; server-side apply is known to real servers and refused here.
    pub(super) fn of(kind: &Kind, content_type: &str) -> Result<Self, Failure> {
        let built_in = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";
        let accepted = if kind.custom {
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml".to_string()
        } else {
            format!("{built_in}, application/apply-patch+yaml, application/apply-patch+cbor")
        };
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" if !kind.custom => Ok(Self::Strategic),
            _ => Err(Failure::unsupported_media_type(&accepted)),
        }
    }

    /// The patch as an error message has it: a strategic one is shown as Go prints a map.
    pub(super) fn shown(self, patch: &Value) -> String {
        if self == Self::Strategic { go(patch) } else { patch.to_string() }
    }

    pub(super) fn apply(self, object: Value, patch: &Value) -> Result<Value, Failure> {
        match self {
            Self::Json => json::apply(object, patch),
            Self::Merge | Self::Strategic if !patch.is_object() => Err(Failure::bad_request("the patch is no JSON object")),
            Self::Merge => {
                let mut object = object;
                merge(&mut object, patch);
                Ok(object)
            }
            Self::Strategic => strategic::apply(object, patch),
        }
    }
}

fn go(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(" ");
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", joined(list.iter().map(go).collect())),
        Value::Object(map) => format!("map[{}]", joined(map.iter().map(|(key, value)| format!("{key}:{}", go(value))).collect())),
        plain => plain.to_string(),
    }
}
