//! The flags of `completion`.

use clap::{Args, ValueEnum};

/// Print or install shell completion
///
/// The script asks this program at each Tab: contexts, namespaces and nodes come from the cluster that the command line names. Choose
/// `kubectl` to complete `kubectl calico-fix` (kubectl 1.26 or newer). It is a small program that kubectl finds on PATH.
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// bash, zsh, fish, powershell, elvish or kubectl
    #[arg(value_enum, value_name = "SHELL|kubectl")]
    pub of: CompletionFor,

    /// Install the script for the current user
    ///
    /// Prints the path, and what else must be set up for the shell to load the script.
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
    /// Completes `kubectl calico-fix`
    Kubectl,
}
