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

    /// Show the change only; MODE is client or server
    ///
    /// Must be "none", "client" or "server". With server, the API server validates the change and returns the result. With client, no
    /// request is sent that could write. Without a mode it is client.
    #[arg(long, value_enum, default_value_t, value_name = "MODE", num_args = 0..=1, require_equals = true, hide_default_value = true,
        default_missing_value = "client", hide_possible_values = true)]
    pub dry_run: DryRun,

    /// Name of the manager used to track field ownership
    #[arg(long, value_name = "NAME", default_value = FIELD_MANAGER, hide_short_help = true, hide_default_value = true)]
    pub field_manager: String,

    /// Continue despite failed preflight checks
    ///
    /// Each failed check is listed.
    #[arg(long)]
    pub force: bool,

    /// Time limit for each node
    ///
    /// If a node is not verified within this time, the change is rolled back.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,

    /// Keep a failed change; roll it back with undo
    #[arg(long)]
    pub no_rollback: bool,

    /// Apply only: no canary, no verification
    ///
    /// There is no automatic rollback either.
    #[arg(long)]
    pub no_wait: bool,
}

impl ChangeArgs {
    /// A flag asks for the change itself: to make, to preview or to save it.
    pub fn is_asked_for(&self, plan: &PlanArgs) -> bool {
        self.yes || self.dry_run != DryRun::None || plan.out.is_some()
    }
}

/// Flags of a change that this command plans itself.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Change")]
pub struct PlanArgs {
    /// Node to change first [default: worst]
    ///
    /// Node to update and verify before the others. Defaults to the worst-affected node; none disables it.
    #[arg(long, value_name = "NODE|none")]
    pub canary: Option<String>,

    /// Save the plan for apply; change nothing
    ///
    /// Apply it later with: apply FILE --confirm DIGEST.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "emit"], value_parser = file_name)]
    pub out: Option<PathBuf>,

    /// Print the change for kubectl, helm, ...
    ///
    /// Prints the change for the place where the configuration of Calico is kept, and changes nothing.
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
    Kops,
    K0s,
    Gardener,
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
            FormName::Kops => Self::Kops,
            FormName::K0s => Self::K0s,
            FormName::Gardener => Self::Gardener,
        }
    }
}

/// Standard output has the report, so `-` would mix both.
pub(super) fn file_name(text: &str) -> Result<PathBuf, String> {
    if text == "-" { Err("a file name is needed; write ./- for a file with this name".to_owned()) } else { Ok(PathBuf::from(text)) }
}

/// As Go reads it; a time of nothing would put everything back at once.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    go_duration::parse_with_seconds(text)
        .filter(|duration| duration.as_secs() > 0)
        .ok_or_else(|| "a time with its unit, such as 90s, 5m or 1h".to_owned())
}
