//! The flags of `debug-log`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::change::{ChangeArgs, DryRun, FIELD_MANAGER, duration};
use super::output::{ColorName, Output};

#[derive(Args, Debug)]
pub struct DebugLogArgs {
    /// Use these nodes instead of those in trouble
    ///
    /// Without this flag the logs of all nodes are explained whose calico-node is not Ready or has restarted. The log level is raised on
    /// the worst-affected node.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Use nodes with these labels
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// Explain existing logs; change nothing
    #[arg(long)]
    pub no_change: bool,

    /// Explain log files; no cluster is contacted
    ///
    /// May be repeated; - is standard input.
    #[arg(long, value_name = "LOG", num_args = 1.., conflicts_with_all = ["no_change", "from", "node", "selector", "daemonset"])]
    pub file: Vec<PathBuf>,

    /// Read a snapshot or diags archive instead
    ///
    /// Explains the logs in a saved snapshot or a `calicoctl cluster diags` archive. No cluster is contacted.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "no_change")]
    pub from: Vec<PathBuf>,

    /// Restore the log level after a killed run
    #[arg(long, conflicts_with_all = ["file", "from", "node", "selector", "no_change", "output", "all", "attempts"])]
    pub restore: bool,

    /// Print a pod that starts at DEBUG on --node
    ///
    /// Must be "pod". The pod runs a copy of the startup program next to calico-node. Use it where you cannot change the DaemonSet. Nothing
    /// is created.
    #[arg(long, value_enum, value_name = "pod", hide_possible_values = true,
        conflicts_with_all = ["file", "from", "no_change", "output", "all", "attempts", "yes", "dry_run", "restore"])]
    pub emit: Option<EmitName>,

    /// Name of Calico's DaemonSet
    #[arg(long, value_name = "NAME", conflicts_with = "from", hide_short_help = true)]
    pub daemonset: Option<String>,

    /// Save the logs too, with secrets masked
    ///
    /// One log is saved to a file, several to a directory; - is standard output. Passwords, tokens and certificates are masked.
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "from")]
    pub output: Option<PathBuf>,

    /// Print as table, json or yaml
    #[arg(short = 'o', value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub format: Output,

    /// Show every attempt and all evidence
    #[arg(long)]
    pub all: bool,

    /// Use colour: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorName,

    /// Same as --color never
    #[arg(long, overrides_with = "color", hide_short_help = true)]
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
    /// Raise the log level without asking
    ///
    /// This restarts calico-node on the chosen nodes.
    #[arg(short, long)]
    pub yes: bool,

    /// Show the change only; MODE is client or server
    ///
    /// Must be "none", "client" or "server". With server, the API server validates the change and returns the result. With client, no
    /// request is sent that could write. Without a mode it is client.
    #[arg(long, value_enum, default_value_t, value_name = "MODE", num_args = 0..=1, require_equals = true, hide_default_value = true,
        default_missing_value = "client", hide_possible_values = true)]
    pub dry_run: DryRun,

    /// Failed starts to follow
    ///
    /// After this many failed starts the log level is restored.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub attempts: u16,

    /// Follow the logs at most this long
    ///
    /// Also the time limit for the node to become Ready after the log level is restored.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,

    /// Continue despite failed preflight checks
    ///
    /// Each failed check is listed.
    #[arg(long)]
    pub force: bool,

    /// Name of the manager used to track field ownership
    #[arg(long, value_name = "NAME", default_value = FIELD_MANAGER, hide_short_help = true, hide_default_value = true)]
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
