//! What a snapshot was read from, block by block: the files' own account of themselves.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a name begins that stands for a node which nothing names: no name of Kubernetes has parentheses.
pub const STANDS_FOR_NODE: &str = "(node ";
/// The same, before the place of the text.
pub const UNNAMED_NODE: &str = "(node at ";

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
    /// The block itself while it is judged, so that evidence can name its own line; not kept in any file.
    #[serde(skip)]
    #[schemars(skip)]
    pub block: SourceBlock,
}

/// Lines of a block, each with its number in the file.
#[derive(Clone, Default)]
pub struct SourceBlock(Arc<Vec<(usize, String)>>);

impl std::fmt::Debug for SourceBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceBlock({} lines)", self.0.len())
    }
}

/// What is not kept is the same before and after.
impl PartialEq for SourceBlock {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SourceBlock {}

impl SourceBlock {
    /// Lines of a larger block are not held a second time.
    const MAX_BYTES: usize = 4 << 20;

    pub fn new<'t>(lines: impl Iterator<Item = (usize, &'t str)>) -> Self {
        let mut left = Self::MAX_BYTES;
        let mut held = Vec::new();
        for (number, text) in lines {
            let Some(rest) = left.checked_sub(text.len()) else { return Self::default() };
            left = rest;
            held.push((number, text.to_owned()));
        }
        Self(Arc::new(held))
    }

    /// The number of the last line that holds this text: the newest of a log, and the only one of most others.
    pub fn line_with(&self, text: &str) -> Option<usize> {
        (!text.is_empty()).then(|| self.0.iter().rfind(|(_, line)| line.contains(text)).map(|(number, _)| *number))?
    }
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
        match &self.node {
            Some(node) if node.starts_with(UNNAMED_NODE) => write!(f, " of a node that is not named (--node NODE or FILE=NODE names it)")?,
            Some(node) => write!(f, " of {node}")?,
            None => {}
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
