//! The flags of `status` and of `node status`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::change::{duration, file_name};
use super::output::{ColorName, FailOn, LayoutName, Output};

#[derive(Args, Debug, Default)]
pub struct StatusArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Show only these nodes
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Show only nodes with these labels
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// Show what an upgrade to this release breaks
    #[arg(long, value_name = "VERSION", conflicts_with = "watch")]
    pub calico_version: Option<String>,

    /// List every BGP session
    #[arg(long)]
    pub peers: bool,

    /// List all nodes and all evidence
    #[arg(long)]
    pub all: bool,

    /// table, wide, short, json, yaml, html, ...
    ///
    /// One of table, wide, short, json, yaml, name, calicoctl and html. short prints one line for each finding. html is one page to send,
    /// with a picture of the BGP sessions.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: Output,

    /// Style of -o calicoctl: new or old
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub layout: LayoutName,

    /// Print only the table rows, for all nodes
    #[arg(long)]
    pub no_headers: bool,

    /// Exec into N healthy pods only
    ///
    /// Reads every pod in trouble, and N of the others. Without findings the verdict is UNKNOWN then, because not all pods were read.
    #[arg(long, value_name = "N", conflicts_with = "no_exec")]
    pub exec_sample: Option<usize>,

    /// Exit 1 at error or warning
    ///
    /// The least severe finding that makes the exit code 1.
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub fail_on: FailOn,

    /// Check every context of the kubeconfig
    ///
    /// Prints one line for each cluster. Repeat --context to check some of them.
    #[arg(long)]
    pub all_contexts: bool,

    /// Repeat the check and print changes
    #[arg(short, long)]
    pub watch: bool,

    /// Seconds between checks
    ///
    /// For --watch and --wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = interval)]
    pub watch_interval: u64,

    /// Wait until Calico is healthy
    ///
    /// The exit code is 0 when Calico is healthy, and 1 after --timeout.
    #[arg(long, conflicts_with = "watch")]
    pub wait: bool,

    /// Time limit of --wait
    #[arg(long, value_name = "DURATION", default_value = "5m", requires = "wait", value_parser = duration)]
    pub timeout: Duration,

    /// Save what was read, for status --from
    ///
    /// The extension decides the format: .json, .json.gz, .yaml or .yaml.gz. JSON is the fastest to read back.
    #[arg(long, value_name = "FILE", conflicts_with = "watch", value_parser = file_name)]
    pub save: Option<PathBuf>,

    /// Replace names and addresses
    ///
    /// Replaces node names and addresses with consistent placeholders in everything that is saved or printed.
    #[arg(long)]
    pub redact: bool,

    /// Use colour: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorName,

    /// Same as --color never
    #[arg(long, overrides_with = "color", hide_short_help = true)]
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
    /// Read files, not a cluster; - is standard input
    ///
    /// A saved snapshot, output of kubectl or calicoctl, logs, an archive, or a page with several of these. FILE=NODE names the node of a
    /// file that does not name it.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,

    /// Name of Calico's DaemonSet
    ///
    /// Needed only if it has an unusual name, or if there are several.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub daemonset: Option<String>,

    /// Do not exec into pods
    ///
    /// BGP sessions, interfaces and routes stay unknown then.
    #[arg(long)]
    pub no_exec: bool,

    /// Read the logs of all nodes
    ///
    /// Without this flag only the logs of nodes in trouble are read.
    #[arg(long)]
    pub logs: bool,

    /// Pods to read at the same time
    #[arg(long, value_name = "N", default_value_t = 32, hide_short_help = true, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrent: u16,
}

#[derive(Args, Debug)]
pub struct NodeStatusArgs {
    #[command(flatten)]
    pub source: SourceArgs,

    /// Show only these nodes
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Style of the table: new or old
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub layout: LayoutName,
}

impl From<NodeStatusArgs> for StatusArgs {
    fn from(arguments: NodeStatusArgs) -> Self {
        let NodeStatusArgs { source, node, layout } = arguments;
        Self { source, node, layout, output: Output::Calicoctl, ..Self::default() }
    }
}

/// Less than a second would be a load on the API server, more than a day a mistake.
fn interval(text: &str) -> Result<u64, String> {
    const DAY: u64 = 86_400;
    text.parse().ok().filter(|seconds| (1..=DAY).contains(seconds)).ok_or_else(|| format!("a whole number of seconds from 1 to {DAY}"))
}
