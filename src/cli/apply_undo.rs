//! The flags of the verbs that only make changes: `apply` and `undo`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::change::ChangeArgs;
use super::output::{ColorName, DataFormat};
use crate::render::data;
use crate::render::style::ColorWhen;
use crate::streams::Streams;

#[derive(Args, Debug, Default)]
pub struct ApplyArgs {
    /// Plan file that was saved with --out
    #[arg(value_name = "PLAN", required_unless_present = "resume")]
    pub plan: Option<PathBuf>,

    /// Finish a change whose run has ended
    ///
    /// Changes the remaining nodes, verifies all of them, and closes the record of the change.
    #[arg(long, conflicts_with_all = ["plan", "confirm", "no_wait"])]
    pub resume: bool,

    /// Apply without asking if the plan has this digest
    ///
    /// The beginning of the digest is enough, from 12 digits on. It ensures that this is the plan you reviewed.
    #[arg(long, value_name = "DIGEST")]
    pub confirm: Option<String>,

    #[command(flatten)]
    pub source: ClusterArgs,
    #[command(flatten)]
    pub shown: OutputArgs,

    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Args, Debug, Default)]
pub struct UndoArgs {
    #[command(flatten)]
    pub source: ClusterArgs,
    #[command(flatten)]
    pub shown: OutputArgs,

    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Flags for reading a live cluster.
#[derive(Args, Clone, Debug, Default)]
pub struct ClusterArgs {
    /// Name of Calico's DaemonSet
    ///
    /// Needed only if it has an unusual name, or if there are several.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub daemonset: Option<String>,

    /// Do not exec into pods; do not verify BGP
    ///
    /// Only addresses and readiness are verified then.
    #[arg(long)]
    pub no_exec: bool,

    /// Pods to read at the same time
    #[arg(long, value_name = "N", default_value_t = 32, hide_short_help = true, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrent: u16,
}

#[derive(Args, Clone, Debug, Default)]
pub struct OutputArgs {
    /// Print plan and result as json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<DataFormat>,

    /// Use colour: auto, always or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorName,

    /// Same as --color never
    #[arg(long, overrides_with = "color", hide_short_help = true)]
    pub no_color: bool,
}

impl OutputArgs {
    pub fn color(&self) -> ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }

    pub fn print(&self, value: &impl Serialize, streams: &mut Streams) -> io::Result<()> {
        match self.output {
            Some(DataFormat::Json) => data::json(value, &mut streams.out),
            Some(DataFormat::Yaml) => data::yaml(value, &mut streams.out),
            None => Ok(()),
        }
    }
}
