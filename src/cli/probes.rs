//! The flags of `probes`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::change::{ChangeArgs, PlanArgs, duration};
use super::output::{ColorName, ProposalFormat};
use crate::plan::canary::CanaryChoice;
use crate::probes::misfit_fix::MisfitFix;
use crate::probes::proposal::ProbeOptions;
use crate::probes::strategy::Strategy;
use crate::probes::timing::ProbeSetting;

/// Give calico-node enough time to start
///
/// Measures starts from pods, events and logs, without exec. If a start is too slow, a larger startup limit is proposed. Other causes get
/// their own fix.
#[derive(Args, Debug)]
pub struct ProbesArgs {
    /// Read files, not a cluster; - is standard input
    ///
    /// A saved snapshot, `kubectl get -o yaml|json`, or a `calicoctl cluster diags` archive. May be repeated.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,

    /// Name of Calico's DaemonSet
    ///
    /// Needed only if it has an unusual name, or if there are several.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub daemonset: Option<String>,

    /// Do not read logs; use only pods and events
    #[arg(long)]
    pub no_logs: bool,

    /// Pods to read at the same time
    #[arg(long, value_name = "N", default_value_t = 32, hide_short_help = true, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub max_concurrent: u16,

    /// Show only these nodes
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub node: Vec<String>,

    /// Show only nodes with these labels
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "node")]
    pub selector: Option<String>,

    /// Use startup-probe (the default) or initial-delay
    #[arg(long, value_enum, default_value_t, hide_default_value = true, value_name = "STRATEGY")]
    pub strategy: StrategyName,

    /// Set a field, e.g. startup.failureThreshold=90
    ///
    /// PROBE.FIELD=NUMBER replaces the proposal. PROBE is startup, liveness or readiness. FIELD is initialDelaySeconds, periodSeconds,
    /// timeoutSeconds or failureThreshold.
    #[arg(long, value_name = "SETTING", num_args = 1.., value_delimiter = ',', conflicts_with = "strategy")]
    pub set: Vec<ProbeSetting>,

    /// Fix probes: timeouts, host, bird, port, command
    ///
    /// Fixes probes that ask for something calico-node cannot answer.
    #[arg(long, value_enum, value_name = "MISFIT", num_args = 1.., value_delimiter = ',', conflicts_with = "strategy")]
    pub fix: Vec<FixName>,

    /// Maximum startup time to try
    ///
    /// If the first node is killed again while still making progress, the limit is doubled up to this value.
    #[arg(long, value_name = "DURATION", default_value = "20m", value_parser = duration, help_heading = "Change")]
    pub ceiling: Duration,

    /// List all nodes and all evidence
    #[arg(long)]
    pub all: bool,

    /// table, wide, short, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub output: ProposalFormat,

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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StrategyName {
    /// Adds a startup probe with the handler of the liveness probe; the liveness probe stays as fast as before
    #[default]
    StartupProbe,
    /// Starts the liveness probe later and allows more failures
    InitialDelay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FixName {
    /// Sets timeoutSeconds: 10 on exec probes with 1 second
    Timeouts,
    /// Sets host: localhost on httpGet probes without a host
    Host,
    /// Removes the BIRD check where BIRD does not run
    Bird,
    /// Uses the port of FELIX_HEALTHPORT
    Port,
    /// Uses the health command of this Calico release
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
        // Without a canary the limit cannot be tried on one node before the others get it.
        let alone = self.plan.canary() != CanaryChoice::None && !self.change.no_wait;
        let ceiling = if alone { u32::try_from(self.ceiling.as_secs()).unwrap_or(u32::MAX) } else { 0 };
        ProbeOptions { strategy, settings: self.set.clone(), fixes: self.fix.iter().map(fix).collect(), ceiling: Some(ceiling) }
    }
}
