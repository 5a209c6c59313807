//! The flags of `autodetect`.

use clap::Args;

use super::change::{ChangeArgs, PlanArgs};
use super::output::{ColorName, ProposalFormat};
use super::status::SourceArgs;

#[derive(Args, Debug, Default)]
pub struct AutodetectArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Propose this method; repeat to compare several
    ///
    /// Written as in IP_AUTODETECTION_METHOD: first-found, kubernetes-internal-ip, can-reach=ADDRESS, cidr=NETWORK, interface=REGEX or
    /// skip-interface=REGEX. A single method is proposed; several are compared only.
    #[arg(long, value_name = "METHOD")]
    pub method: Vec<String>,

    /// Detect IPv6 addresses instead of IPv4
    #[arg(long)]
    pub ipv6: bool,

    /// Preview the addresses after an upgrade
    ///
    /// Shows which addresses the code of this Calico release would choose. Nothing is changed.
    #[arg(long, value_name = "VERSION")]
    pub calico_version: Option<String>,

    /// Show only these nodes
    ///
    /// All nodes are read and compared, because an address is judged against those of the other nodes.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Show only nodes with these labels
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// List all nodes
    #[arg(long)]
    pub all: bool,

    /// table, wide, short, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: ProposalFormat,

    /// Print only the table rows, for all nodes
    #[arg(long)]
    pub no_headers: bool,

    /// Use colour: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorName,

    /// Same as --color never
    #[arg(long, overrides_with = "color", hide_short_help = true)]
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
