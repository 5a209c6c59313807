//! The flags of every verb that can change something.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::plan::canary::CanaryChoice;
use crate::plan::snippets;
use crate::text::go_duration;

pub const FIELD_MANAGER: &str = "kubectl-calico-fix";

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Change")]
pub struct ChangeArgs {
    /// Apply without asking
    #[arg(short, long)]
    pub yes: bool,

    /// Must be "none", "client" or "server": show what would be changed, and change nothing. The default asks the server what it
    /// would make of the change; client sends nothing that writes
    #[arg(long, value_enum, default_value_t, value_name = "none|client|server", num_args = 0..=1, require_equals = true,
        default_missing_value = "client", hide_possible_values = true)]
    pub dry_run: DryRun,

    /// Name of the manager used to track field ownership
    #[arg(long, value_name = "NAME", default_value = FIELD_MANAGER)]
    pub field_manager: String,

    /// Begin although something stands against it; each such thing is named
    #[arg(long)]
    pub force: bool,

    /// How long one node may take to come to its new state before the change is put back
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,

    /// Leave a change that failed as it is, for looking at it; put it back later with: undo
    #[arg(long)]
    pub no_rollback: bool,

    /// Only send the change: nothing is tried on one node first, watched, proven or put back
    #[arg(long)]
    pub no_wait: bool,
}

/// What only a change that is made here and now has.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Change")]
pub struct PlanArgs {
    /// The node that is changed and proven first, or none; without it the worst affected
    #[arg(long, value_name = "NODE|none")]
    pub canary: Option<String>,

    /// Save the plan, for `apply FILE --confirm DIGEST`, and change nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "emit"])]
    pub out: Option<PathBuf>,

    /// Print only the change in this form, ready to paste where it lasts
    #[arg(long, value_enum, value_name = "FORM")]
    pub emit: Option<FormName>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    #[default]
    None,
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormName {
    Kubectl,
    Kustomize,
    Helm,
    Installation,
    Rke2,
    Kubespray,
}

impl PlanArgs {
    pub fn canary(&self) -> CanaryChoice {
        match self.canary.as_deref() {
            None => CanaryChoice::Default,
            Some("none") => CanaryChoice::None,
            Some(name) => CanaryChoice::Node(name.to_owned()),
        }
    }
}

impl From<FormName> for snippets::Form {
    fn from(name: FormName) -> Self {
        match name {
            FormName::Kubectl => Self::Kubectl,
            FormName::Kustomize => Self::Kustomize,
            FormName::Helm => Self::Helm,
            FormName::Installation => Self::Installation,
            FormName::Rke2 => Self::Rke2,
            FormName::Kubespray => Self::Kubespray,
        }
    }
}

/// As Go reads it; a time of nothing would put everything back at once.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    go_duration::parse_with_seconds(text)
        .filter(|duration| duration.as_secs() > 0)
        .ok_or_else(|| "a time with its unit, such as 90s, 5m or 1h".to_owned())
}
