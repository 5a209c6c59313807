//! The scripts as they are printed, installed and shipped: the files of `completions/` themselves.

use crate::cli::completion::CompletionFor;

/// In each of them: what is there without it was written by somebody else.
pub(super) const MARK: &str = "made by: calico-fix completion";

/// Elvish has none: its script is clap's. kubectl looks for programs as Windows does, by PATHEXT.
pub(super) fn script_for(of: CompletionFor) -> Option<&'static str> {
    Some(match of {
        CompletionFor::Bash => include_str!("../../../completions/calico-fix.bash"),
        CompletionFor::Zsh => include_str!("../../../completions/_calico-fix"),
        CompletionFor::Fish => include_str!("../../../completions/calico-fix.fish"),
        CompletionFor::Powershell => include_str!("../../../completions/calico-fix.ps1"),
        CompletionFor::Kubectl if cfg!(windows) => include_str!("../../../completions/kubectl_complete-calico_fix.cmd"),
        CompletionFor::Kubectl => include_str!("../../../completions/kubectl_complete-calico_fix"),
        CompletionFor::Elvish => return None,
    })
}
