//! What `-o` takes.

use std::str::FromStr;

use clap::ValueEnum;

use crate::render;

/// The help of `-o` in `cli/status.rs` lists them for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    #[default]
    Table,
    Wide,
    Short,
    Json,
    Yaml,
    Name,
    Calicoctl,
    Html,
}

const OUTPUTS: [(&str, Output); 8] = [
    ("calicoctl", Output::Calicoctl),
    ("html", Output::Html),
    ("json", Output::Json),
    ("name", Output::Name),
    ("short", Output::Short),
    ("table", Output::Table),
    ("wide", Output::Wide),
    ("yaml", Output::Yaml),
];

/// Of verbs that list no objects by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageFormat {
    #[default]
    Table,
    Wide,
    Json,
    Yaml,
}

const PAGE_FORMATS: [(&str, PageFormat); 4] =
    [("json", PageFormat::Json), ("table", PageFormat::Table), ("wide", PageFormat::Wide), ("yaml", PageFormat::Yaml)];

/// Of verbs whose page proposes a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProposalFormat {
    #[default]
    Table,
    Wide,
    /// One line for each node that changes or is at risk. Nobody is asked.
    Short,
    Json,
    Yaml,
}

const PROPOSAL_FORMATS: [(&str, ProposalFormat); 5] = [
    ("json", ProposalFormat::Json),
    ("short", ProposalFormat::Short),
    ("table", ProposalFormat::Table),
    ("wide", ProposalFormat::Wide),
    ("yaml", ProposalFormat::Yaml),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFormat {
    Json,
    Yaml,
}

const DATA_FORMATS: [(&str, DataFormat); 2] = [("json", DataFormat::Json), ("yaml", DataFormat::Yaml)];

/// In kubectl's words.
#[derive(Debug, thiserror::Error)]
#[error("unable to match a printer suitable for the output format {given:?}, allowed formats are: {allowed}")]
pub struct UnknownFormat {
    given: String,
    allowed: String,
}

fn choose<T: Copy>(given: &str, all: &[(&str, T)]) -> Result<T, UnknownFormat> {
    all.iter()
        .find(|(name, _)| *name == given)
        .map(|(_, format)| *format)
        .ok_or_else(|| UnknownFormat { given: given.to_owned(), allowed: all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") })
}

fn names<T>(all: &'static [(&'static str, T)]) -> Vec<&'static str> {
    all.iter().map(|(name, _)| *name).collect()
}

impl Output {
    pub fn names() -> Vec<&'static str> {
        names(&OUTPUTS)
    }
}

impl PageFormat {
    pub fn names() -> Vec<&'static str> {
        names(&PAGE_FORMATS)
    }
}

impl ProposalFormat {
    pub fn names() -> Vec<&'static str> {
        names(&PROPOSAL_FORMATS)
    }

    /// The page for people, which goes on with the diff and the question.
    pub fn has_dialog(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }

    /// One document for a program, printed when everything else is done.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

impl DataFormat {
    pub fn names() -> Vec<&'static str> {
        names(&DATA_FORMATS)
    }
}

impl FromStr for Output {
    type Err = UnknownFormat;

    fn from_str(given: &str) -> Result<Self, UnknownFormat> {
        choose(given, &OUTPUTS)
    }
}

impl FromStr for PageFormat {
    type Err = UnknownFormat;

    fn from_str(given: &str) -> Result<Self, UnknownFormat> {
        choose(given, &PAGE_FORMATS)
    }
}

impl FromStr for ProposalFormat {
    type Err = UnknownFormat;

    fn from_str(given: &str) -> Result<Self, UnknownFormat> {
        choose(given, &PROPOSAL_FORMATS)
    }
}

impl FromStr for DataFormat {
    type Err = UnknownFormat;

    fn from_str(given: &str) -> Result<Self, UnknownFormat> {
        choose(given, &DATA_FORMATS)
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum LayoutName {
    /// As calicoctl prints since 2026: headers on the left, nothing wrapped
    #[default]
    New,
    /// As calicoctl up to v3.32: headers centred, cells wrapped at 30
    Old,
}

impl From<LayoutName> for render::calicoctl::Layout {
    fn from(name: LayoutName) -> Self {
        match name {
            LayoutName::New => Self::New,
            LayoutName::Old => Self::Old,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum ColorName {
    #[default]
    Auto,
    Always,
    Never,
}

impl From<ColorName> for render::style::ColorWhen {
    fn from(name: ColorName) -> Self {
        match name {
            ColorName::Auto => Self::Auto,
            ColorName::Always => Self::Always,
            ColorName::Never => Self::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    #[default]
    Warning,
}
