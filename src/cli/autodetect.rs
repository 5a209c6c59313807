//! The flags of `autodetect`.

use clap::Args;

use super::change::{ChangeArgs, PlanArgs};
use super::output::{ColorName, PageFormat};
use super::status::SourceArgs;

#[derive(Args, Debug, Default)]
pub struct AutodetectArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Look at this method too, as IP_AUTODETECTION_METHOD would have it; a single one is the one that is set. May be repeated
    #[arg(long, value_name = "METHOD")]
    pub method: Vec<String>,

    /// Detection of IPv6 addresses instead of IPv4's
    #[arg(long)]
    pub ipv6: bool,

    /// What this release of Calico would pick, as a preview of an upgrade
    #[arg(long, value_name = "VERSION")]
    pub calico_version: Option<String>,

    /// Only the rows of these nodes; all nodes are judged
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Only rows of nodes with these labels, as kubectl's --selector
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// List every node, however many
    #[arg(long)]
    pub all: bool,

    /// One of table, wide, json, yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: PageFormat,

    /// Only the table's rows, of every node
    #[arg(long)]
    pub no_headers: bool,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorName,

    /// The same as --color never
    #[arg(long, overrides_with = "color")]
    pub no_color: bool,

    #[command(flatten)]
    pub change: ChangeArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
}

impl AutodetectArgs {
    pub fn color(&self) -> crate::render::style::ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }
}
