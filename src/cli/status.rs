//! The flags of `status` and of `node status`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::change::duration;
use super::output::{ColorName, FailOn, LayoutName, Output};

#[derive(Args, Debug, Default)]
pub struct StatusArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Only these nodes
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Only nodes with these labels, as kubectl's --selector
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// Show what an upgrade to this release of Calico would break
    #[arg(long, value_name = "VERSION", conflicts_with = "watch")]
    pub calico_version: Option<String>,

    /// List every BGP session
    #[arg(long)]
    pub peers: bool,

    /// List every node and all evidence, however many
    #[arg(long)]
    pub all: bool,

    /// One of table, wide, short (one line a finding), json, yaml, name, calicoctl, html (one page to send)
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: Output,

    /// Which calicoctl's table -o calicoctl prints
    #[arg(long, value_enum, default_value_t)]
    pub layout: LayoutName,

    /// Only the table's rows, of every node
    #[arg(long)]
    pub no_headers: bool,

    /// Look into every pod in trouble, and into N of the others; without findings the verdict is UNKNOWN
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "no_exec"])]
    pub exec_sample: Option<usize>,

    /// The least severe finding that makes the exit code 1
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,

    /// Every context of the kubeconfig: a line a cluster; --context may be given several times too
    #[arg(long)]
    pub all_contexts: bool,

    /// Look again and again, and print what changed
    #[arg(short, long, conflicts_with = "from")]
    pub watch: bool,

    /// Seconds between looks with --watch and --wait
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub watch_interval: u64,

    /// Wait until Calico is healthy; exit code 1 when --timeout comes first
    #[arg(long, conflicts_with_all = ["from", "watch"])]
    pub wait: bool,

    /// How long --wait waits
    #[arg(long, value_name = "DURATION", default_value = "5m", requires = "wait", value_parser = duration)]
    pub timeout: Duration,

    /// Save what was seen, for `status --from FILE` elsewhere and later
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub save: Option<PathBuf>,

    /// Replace names and addresses, the same one always by the same, in what is saved and printed
    #[arg(long)]
    pub redact: bool,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorName,

    /// The same as --color never
    #[arg(long, overrides_with = "color")]
    pub no_color: bool,
}

impl StatusArgs {
    pub fn color(&self) -> crate::render::style::ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }
}

/// Where to read: a cluster, or files instead of one.
#[derive(Args, Clone, Debug, Default)]
pub struct SourceArgs {
    /// Read files instead of a cluster: a saved snapshot, kubectl's or calicoctl's output, logs, an archive, or a page with
    /// several of these; FILE=NODE names the node of a text that does not; - is standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,

    /// Calico's DaemonSet, where it has another name or there are several
    #[arg(long, value_name = "NAME")]
    pub daemonset: Option<String>,

    /// Do not look into the pods: BIRD, interfaces and routes stay unknown
    #[arg(long, conflicts_with = "from")]
    pub no_exec: bool,

    /// Read the logs of every calico-node, not only of those in trouble
    #[arg(long, conflicts_with = "from")]
    pub logs: bool,

    /// Pods looked into at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrent: u16,
}

#[derive(Args, Debug)]
pub struct NodeStatusArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Only these nodes; without it all of them
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Which calicoctl's table is printed
    #[arg(long, value_enum, default_value_t)]
    pub layout: LayoutName,
}

impl From<NodeStatusArgs> for StatusArgs {
    fn from(arguments: NodeStatusArgs) -> Self {
        let NodeStatusArgs { source, node, layout } = arguments;
        Self { source, node, layout, output: Output::Calicoctl, ..Self::default() }
    }
}
