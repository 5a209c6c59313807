//! What a snapshot was read from, block by block: the files' own account of themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One file, or one block of a text with several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct InputSource {
    /// As the user can find it: the path, an archive's entry behind a colon.
    pub file: String,
    /// Where the block begins, counted from 1; `null` for a whole file of objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The format it was taken for, as the command that prints it; `unknown` where none fits.
    pub format: String,
    /// The node it tells of, where that is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What was read: `3 pods`, `2 sessions`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub read: String,
    /// The command whose output says more, where this one shows a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
    /// What was left out, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
}

impl InputSource {
    /// `FILE:LINE`
    pub fn place(&self) -> String {
        self.line.map_or_else(|| self.file.clone(), |line| format!("{}:{line}", self.file))
    }
}

impl std::fmt::Display for InputSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place(), self.format)?;
        if let Some(node) = &self.node {
            write!(f, " of {node}")?;
        }
        if !self.read.is_empty() {
            write!(f, ": {}", self.read)?;
        }
        if let Some(why) = &self.ignored {
            write!(f, "; ignored: {why}")?;
        }
        match &self.more {
            Some(command) => write!(f, "; more is in: {command}"),
            None => Ok(()),
        }
    }
}
