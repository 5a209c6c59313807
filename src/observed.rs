//! What was asked of a cluster and what came back. *Not known* is a value here, never an empty list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that was looked at, or that could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Observed<T> {
    Seen(T),
    /// Asked, and the answer was that it does not exist.
    Absent,
    /// Asked, and refused: a permission is missing. The text names the verb and the resource.
    Forbidden(String),
    /// Asked, and no usable answer came. The text says why.
    Failed(String),
    /// Never asked: left out on purpose, or the file that was read does not have it.
    #[default]
    NotAsked,
}

impl<T> Observed<T> {
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            _ => None,
        }
    }

    pub fn into_seen(self) -> Option<T> {
        match self {
            Self::Seen(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_ref(&self) -> Observed<&T> {
        match self {
            Self::Seen(value) => Observed::Seen(value),
            Self::Absent => Observed::Absent,
            Self::Forbidden(why) => Observed::Forbidden(why.clone()),
            Self::Failed(why) => Observed::Failed(why.clone()),
            Self::NotAsked => Observed::NotAsked,
        }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Seen(value) => Observed::Seen(f(value)),
            Self::Absent => Observed::Absent,
            Self::Forbidden(why) => Observed::Forbidden(why),
            Self::Failed(why) => Observed::Failed(why),
            Self::NotAsked => Observed::NotAsked,
        }
    }

    /// Why there is nothing to see; `None` when there is.
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Self::Seen(_) => None,
            Self::Absent => Some("does not exist"),
            Self::Forbidden(why) | Self::Failed(why) => Some(why),
            Self::NotAsked => Some("not asked"),
        }
    }

    /// The question was answered, be it with "does not exist".
    pub fn is_answered(&self) -> bool {
        matches!(self, Self::Seen(_) | Self::Absent)
    }

    pub fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }
}

/// The written form: a mapping with one key, so that YAML needs no tags.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    absent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    forbidden: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    failed: Option<String>,
}

impl<T: Serialize> Serialize for Observed<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire: Wire<&T> = Wire { seen: None, absent: None, forbidden: None, failed: None };
        match self {
            Self::Seen(value) => wire.seen = Some(value),
            Self::Absent => wire.absent = Some(true),
            Self::Forbidden(why) => wire.forbidden = Some(why.clone()),
            Self::Failed(why) => wire.failed = Some(why.clone()),
            Self::NotAsked => {}
        }
        wire.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Observed<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::<T>::deserialize(deserializer)?;
        match (wire.seen, wire.absent, wire.forbidden, wire.failed) {
            (Some(value), None, None, None) => Ok(Self::Seen(value)),
            (None, Some(true), None, None) => Ok(Self::Absent),
            (None, None, Some(why), None) => Ok(Self::Forbidden(why)),
            (None, None, None, Some(why)) => Ok(Self::Failed(why)),
            (None, None, None, None) => Ok(Self::NotAsked),
            _ => Err(serde::de::Error::custom("one of seen, absent: true, forbidden, failed is expected, and only one")),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Observed<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Observed_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Wire::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_yaml() {
        let all: Vec<Observed<u32>> = vec![
            Observed::Seen(3),
            Observed::Absent,
            Observed::Forbidden("cannot list nodes".into()),
            Observed::Failed("timed out".into()),
            Observed::NotAsked,
        ];
        let text = serde_yaml::to_string(&all).expect("writes");
        assert_eq!(serde_yaml::from_str::<Vec<Observed<u32>>>(&text).expect("reads"), all);
    }

    #[test]
    fn two_answers_at_once_are_refused() {
        assert!(serde_yaml::from_str::<Observed<u32>>("{seen: 1, absent: true}").is_err());
    }
}
