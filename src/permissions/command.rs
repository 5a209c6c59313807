//! The commands that ask a cluster.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::permissions::table::InstallFacts;

/// A command that asks a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    Status,
    Autodetect,
    Probes,
    DebugLog,
    Apply,
    Undo,
    Version,
}

impl Verb {
    pub const ALL: [Self; 7] = [Self::Status, Self::Autodetect, Self::Probes, Self::DebugLog, Self::Apply, Self::Undo, Self::Version];

    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Autodetect => "autodetect",
            Self::Probes => "probes",
            Self::DebugLog => "debug-log",
            Self::Apply => "apply",
            Self::Undo => "undo",
            Self::Version => "version",
        }
    }

    /// Under the operator `debug-log` has nothing to write to, short of --force: an Installation cannot hold the level.
    pub fn changes(self, around: &InstallFacts) -> bool {
        match self {
            Self::Status | Self::Version => false,
            Self::DebugLog => around.installation.is_none(),
            Self::Autodetect | Self::Probes | Self::Apply | Self::Undo => true,
        }
    }

    /// Without changing anything; the others do nothing else.
    pub fn reads(self) -> bool {
        !matches!(self, Self::Apply | Self::Undo)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no command {0:?} that asks a cluster")]
pub struct UnknownVerb(String);

impl FromStr for Verb {
    type Err = UnknownVerb;

    fn from_str(name: &str) -> Result<Self, UnknownVerb> {
        Self::ALL.into_iter().find(|verb| verb.name() == name).ok_or_else(|| UnknownVerb(name.to_owned()))
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
