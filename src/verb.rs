//! The commands that ask a cluster.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command that asks a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    Status,
    Autodetect,
    Probes,
    DebugLog,
    Apply,
    Undo,
    Version,
    CanI,
    Completion,
}

impl Verb {
    /// Those that permissions are judged for.
    pub const JUDGED: [Self; 7] = [Self::Status, Self::Autodetect, Self::Probes, Self::DebugLog, Self::Apply, Self::Undo, Self::Version];

    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Autodetect => "autodetect",
            Self::Probes => "probes",
            Self::DebugLog => "debug-log",
            Self::Apply => "apply",
            Self::Undo => "undo",
            Self::Version => "version",
            Self::CanI => "can-i",
            Self::Completion => "completion",
        }
    }

    /// Can be run without changing anything; the others do nothing else.
    pub fn reads(self) -> bool {
        !matches!(self, Self::Apply | Self::Undo)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a command that can-i checks")]
pub struct UnknownVerb(String);

impl FromStr for Verb {
    type Err = UnknownVerb;

    fn from_str(name: &str) -> Result<Self, UnknownVerb> {
        Self::JUDGED.into_iter().find(|verb| verb.name() == name).ok_or_else(|| UnknownVerb(name.to_owned()))
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Verb;

    #[test]
    fn a_verb_is_written_as_it_is_typed() {
        for verb in Verb::JUDGED.into_iter().chain([Verb::CanI, Verb::Completion]) {
            assert_eq!(serde_json::to_value(verb).expect("is a word"), verb.name());
            assert_eq!(serde_json::from_value::<Verb>(verb.name().into()).ok(), Some(verb));
        }
        assert!(serde_json::from_value::<Verb>("fix".into()).is_err());
    }
}
