//! The flags of `probes`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::change::{ChangeArgs, PlanArgs, duration};
use super::output::{ColorName, PageFormat};
use crate::plan::canary::CanaryChoice;
use crate::probes::misfit_fix::MisfitFix;
use crate::probes::proposal::ProbeOptions;
use crate::probes::strategy::Strategy;
use crate::probes::timing::ProbeSetting;

/// The probes of calico-node and the time it takes to start.
///
/// Measured from pods, events and logs; no container is looked into. A slow start gets a larger budget proposed, every other cause its own
/// cure.
#[derive(Args, Debug)]
pub struct ProbesArgs {
    /// Read files instead of a cluster: a saved snapshot, `kubectl get -o yaml|json`, or a `calicoctl cluster diags` archive;
    /// may be repeated, - is standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,

    /// Calico's DaemonSet, where it has another name or there are several
    #[arg(long, value_name = "NAME")]
    pub daemonset: Option<String>,

    /// Do not read logs: starts are told from pods and events alone
    #[arg(long, conflicts_with = "from")]
    pub no_logs: bool,

    /// Logs read at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrent: u16,

    /// Only these nodes
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Only nodes with these labels, as kubectl's --selector
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// How a slow start is given its time
    #[arg(long, value_enum, default_value_t, value_name = "STRATEGY")]
    pub strategy: StrategyName,

    /// Set a timing field by hand, PROBE.FIELD=NUMBER, instead of what would be proposed; PROBE is startup, liveness or readiness,
    /// FIELD is initialDelaySeconds, periodSeconds, timeoutSeconds or failureThreshold
    #[arg(long, value_name = "SETTING", num_args = 1.., value_delimiter = ',', conflicts_with = "strategy")]
    pub set: Vec<ProbeSetting>,

    /// Put right probes that ask for what calico-node cannot answer
    #[arg(long, value_enum, value_name = "MISFIT", num_args = 1.., value_delimiter = ',', conflicts_with = "strategy")]
    pub fix: Vec<FixName>,

    /// The largest budget that a start may be given in this run: where nobody has seen one come to its end, and it is killed again on the
    /// first node while it still gets on, its budget is doubled, again and again, up to this
    #[arg(long, value_name = "DURATION", default_value = "20m", value_parser = duration, help_heading = "Change")]
    pub ceiling: Duration,

    /// List every node and all evidence, however many
    #[arg(long)]
    pub all: bool,

    /// One of table, wide, json, yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: PageFormat,

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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StrategyName {
    /// A startup probe with the liveness probe's own handler; liveness stays as quick as it was
    #[default]
    StartupProbe,
    /// A liveness probe that begins later and fails more often before it kills
    InitialDelay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FixName {
    /// timeoutSeconds 10 for exec probes that have one second
    Timeouts,
    /// host: localhost for httpGet probes that have none
    Host,
    /// No questions for BIRD where none runs
    Bird,
    /// The port of FELIX_HEALTHPORT
    Port,
    /// The health command that this release has
    Command,
}

impl ProbesArgs {
    pub fn color(&self) -> crate::render::style::ColorWhen {
        if self.no_color { ColorName::Never } else { self.color }.into()
    }

    pub fn wishes(&self) -> ProbeOptions {
        let strategy = match self.strategy {
            StrategyName::StartupProbe => Strategy::StartupProbe,
            StrategyName::InitialDelay => Strategy::InitialDelay,
        };
        let fix = |name: &FixName| match name {
            FixName::Timeouts => MisfitFix::Timeouts,
            FixName::Host => MisfitFix::Host,
            FixName::Bird => MisfitFix::Bird,
            FixName::Port => MisfitFix::Port,
            FixName::Command => MisfitFix::Command,
        };
        // Where no node is first nothing can prove too small before the others have it.
        let alone = self.plan.canary() != CanaryChoice::None && !self.change.no_wait;
        let ceiling = if alone { u32::try_from(self.ceiling.as_secs()).unwrap_or(u32::MAX) } else { 0 };
        ProbeOptions { strategy, settings: self.set.clone(), fixes: self.fix.iter().map(fix).collect(), ceiling: Some(ceiling) }
    }
}
