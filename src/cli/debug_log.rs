//! The flags of `debug-log`.

use std::path::PathBuf;

use clap::Args;

use super::output::{ColorName, Output};

#[derive(Args, Debug, Default)]
pub struct DebugLogArgs {
    /// Explain logs that somebody sent; no cluster is asked. May be repeated, - is standard input
    #[arg(long, value_name = "LOG", num_args = 1.., conflicts_with_all = ["no_change", "from", "node", "daemonset"])]
    pub file: Vec<PathBuf>,

    /// Read and explain the logs that are there, and change nothing
    #[arg(long)]
    pub no_change: bool,

    /// Take what was seen of the logs from a saved snapshot or a `calicoctl cluster diags` archive; no cluster is asked
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "no_change")]
    pub from: Vec<PathBuf>,

    /// Only these nodes; without it those whose calico-node is not Ready or has restarted
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

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
}

impl DebugLogArgs {
    pub fn color(&self) -> crate::render::style::ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }
}
