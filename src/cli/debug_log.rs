//! The flags of `debug-log`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::change::{ChangeArgs, DryRun, FIELD_MANAGER, duration};
use super::output::{ColorName, Output};

#[derive(Args, Debug)]
pub struct DebugLogArgs {
    /// Only these nodes; without it those whose calico-node is not Ready or has restarted are explained, and the log level is raised
    /// on the sickest of them
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Only nodes with these labels, as kubectl's --selector
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// Read and explain the logs that are there, and change nothing
    #[arg(long)]
    pub no_change: bool,

    /// Explain logs that somebody sent; no cluster is asked. May be repeated, - is standard input
    #[arg(long, value_name = "LOG", num_args = 1.., conflicts_with_all = ["no_change", "from", "node", "selector", "daemonset"])]
    pub file: Vec<PathBuf>,

    /// Take what was seen of the logs from a saved snapshot or a `calicoctl cluster diags` archive; no cluster is asked
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "no_change")]
    pub from: Vec<PathBuf>,

    /// Put back the level that a debug-log which was killed has left raised
    #[arg(long, conflicts_with_all = ["file", "from", "node", "selector", "no_change", "output", "all", "attempts"])]
    pub restore: bool,

    /// Print a copy of the start-up program of --node, as a pod that logs at DEBUG beside calico-node: for where its DaemonSet cannot be
    /// changed. Must be "pod"; nothing is created
    #[arg(long, value_enum, value_name = "pod", hide_possible_values = true,
        conflicts_with_all = ["file", "from", "no_change", "output", "all", "attempts", "yes", "dry_run", "restore"])]
    pub emit: Option<EmitName>,

    /// Calico's DaemonSet, where it has another name or there are several
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub daemonset: Option<String>,

    /// Save the logs too, with passwords, tokens and certificates masked: into a file, for several logs into a directory; - is
    /// standard output
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "from")]
    pub output: Option<PathBuf>,

    /// How the explanation is printed: one of table, json, yaml
    #[arg(short = 'o', value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub format: Output,

    /// Draw every attempt of every log, and list all evidence
    #[arg(long)]
    pub all: bool,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorName,

    /// The same as --color never
    #[arg(long, overrides_with = "color")]
    pub no_color: bool,

    #[command(flatten)]
    pub raising: RaisingArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EmitName {
    Pod,
}

/// What only a raised level has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Change")]
pub struct RaisingArgs {
    /// Raise the level and restart calico-node on these nodes without asking
    #[arg(short, long, conflicts_with_all = ["no_change", "file", "from"])]
    pub yes: bool,

    /// Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it
    /// would make of the change; client sends nothing that writes
    #[arg(long, value_enum, default_value_t, value_name = "none|client|server", num_args = 0..=1, require_equals = true,
        default_missing_value = "client", hide_possible_values = true, conflicts_with_all = ["no_change", "file", "from"])]
    pub dry_run: DryRun,

    /// How many starts that fail are followed before everything is put back
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub attempts: u16,

    /// How long the logs are followed at most; and how long a node may take to come back afterwards
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,

    /// Begin although something stands against it; each such thing is named
    #[arg(long)]
    pub force: bool,

    /// Name of the manager used to track field ownership
    #[arg(long, value_name = "NAME", default_value = FIELD_MANAGER)]
    pub field_manager: String,
}

impl RaisingArgs {
    pub fn as_change(&self) -> ChangeArgs {
        let Self { yes, dry_run, timeout, force, field_manager, .. } = self.clone();
        ChangeArgs { yes, dry_run, field_manager, force, timeout, ..ChangeArgs::default() }
    }
}

impl DebugLogArgs {
    /// Nothing but files is read.
    pub fn is_offline(&self) -> bool {
        !(self.file.is_empty() && self.from.is_empty())
    }

    pub fn color(&self) -> crate::render::style::ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }
}
