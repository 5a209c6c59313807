//! The flags of the verbs that only change things: `apply` and `undo`.

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
    /// A plan that was saved with --out
    #[arg(value_name = "PLAN", required_unless_present = "resume")]
    pub plan: Option<PathBuf>,

    /// Finish a change whose run ended before it was finished: change the remaining nodes, verify all, close the record
    #[arg(long, conflicts_with_all = ["plan", "confirm", "no_wait"])]
    pub resume: bool,

    /// The plan's digest, or its beginning: apply without asking what was looked at before
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

/// A cluster and nothing else.
#[derive(Args, Clone, Debug, Default)]
pub struct ClusterArgs {
    /// Calico's DaemonSet, where it has another name or there are several
    #[arg(long, value_name = "NAME")]
    pub daemonset: Option<String>,

    /// Do not look into the pods: BGP sessions cannot be proven then, only addresses and readiness
    #[arg(long)]
    pub no_exec: bool,

    /// Pods looked into at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrent: u16,
}

#[derive(Args, Clone, Debug, Default)]
pub struct OutputArgs {
    /// One of json, yaml: a document with the plan and what came of it
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<DataFormat>,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorName,

    /// The same as --color never
    #[arg(long, overrides_with = "color")]
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
