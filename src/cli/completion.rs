//! The flags of `completion`.

use clap::{Args, ValueEnum};

/// Print a completion script, or install it.
///
/// The script asks this program at each press of the key: contexts, namespaces and nodes are those of the cluster that the line names.
/// `kubectl` stands for completion of `kubectl calico-fix` by kubectl's own (1.26 and newer): a small program that must be on PATH.
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// The shell, or kubectl
    #[arg(value_enum, value_name = "SHELL|kubectl")]
    pub of: CompletionFor,

    /// Write it where the shell, or kubectl, finds it, and say where that is
    #[arg(long)]
    pub install: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompletionFor {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
    /// What `kubectl calico-fix` itself is completed by
    Kubectl,
}
