//! The flags of `can-i`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::output::{ColorName, PageFormat};
use crate::permissions::role::Manifest;
use crate::verb::Verb;

/// Show which commands your permissions allow
///
/// The plugin asks the API server about each permission (SelfSubjectAccessReview) and tries nothing. The exit code is 1 if a permission is
/// missing.
#[derive(Args, Debug, Default)]
pub struct CanIArgs {
    /// Check only these commands
    #[arg(value_name = "COMMAND", value_parser = verbs())]
    pub commands: Vec<Verb>,

    /// Check only the permissions for reading
    #[arg(long)]
    pub no_change: bool,

    /// Do not check the permission to exec into pods
    #[arg(long)]
    pub no_exec: bool,

    /// Print ClusterRoles: view, edit or both
    ///
    /// These are the files of plugin-manifest/. No cluster is contacted. view grants what is read, edit what is changed.
    #[arg(long, value_enum, value_name = "NAME", num_args = 1.., value_delimiter = ',',
        conflicts_with_all = ["commands", "no_change", "no_exec", "output", "daemonset"])]
    pub manifest: Vec<ManifestName>,

    /// Name of Calico's DaemonSet
    ///
    /// Needed only if it has an unusual name, or if there are several.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub daemonset: Option<String>,

    /// table, wide (also what is granted), json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: PageFormat,

    /// Use colour: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorName,

    /// Same as --color never
    #[arg(long, overrides_with = "color", hide_short_help = true)]
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
    PossibleValuesParser::new(Verb::JUDGED.map(Verb::name)).try_map(|name| name.parse::<Verb>())
}
