//! The flags of `can-i`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::output::{ColorName, PageFormat};
use crate::permissions::command::Verb;
use crate::permissions::role::Manifest;

/// Which commands will work with the rights that you have, and what is missing.
///
/// The API server is asked right by right (SelfSubjectAccessReview), and nothing is tried. Exit code 1 where anything is missing.
#[derive(Args, Debug, Default)]
pub struct CanIArgs {
    /// Only these commands
    #[arg(value_name = "COMMAND", value_parser = verbs())]
    pub commands: Vec<Verb>,

    /// Only what reads: nothing about changing something
    #[arg(long)]
    pub no_change: bool,

    /// As for the other commands' --no-exec: the right to look into the pods is not missed
    #[arg(long)]
    pub no_exec: bool,

    /// Print the ClusterRoles of plugin-manifest/ and ask no cluster: view to read, edit to change
    #[arg(long, value_enum, value_name = "NAME", num_args = 1.., value_delimiter = ',',
        conflicts_with_all = ["commands", "no_change", "no_exec", "output", "daemonset"])]
    pub manifest: Vec<ManifestName>,

    /// Calico's DaemonSet, where it has another name or there are several
    #[arg(long, value_name = "NAME")]
    pub daemonset: Option<String>,

    /// One of table, wide, json, yaml; wide lists the rights that you have, too
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: PageFormat,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorName,

    /// The same as --color never
    #[arg(long, overrides_with = "color")]
    pub no_color: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ManifestName {
    View,
    Edit,
}

impl From<ManifestName> for Manifest {
    fn from(name: ManifestName) -> Self {
        match name {
            ManifestName::View => Self::View,
            ManifestName::Edit => Self::Edit,
        }
    }
}

impl CanIArgs {
    pub fn color(&self) -> crate::render::style::ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }
}

fn verbs() -> impl TypedValueParser<Value = Verb> {
    PossibleValuesParser::new(Verb::ALL.map(Verb::name)).try_map(|name| name.parse::<Verb>())
}
