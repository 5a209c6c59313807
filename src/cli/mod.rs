//! What can be typed: one file of clap types for each verb.
//!
//! `connection` holds the flags of kubectl, `change` the flags of every verb that can change something.
//! `output` lists the forms of output; `help` makes the pages, with `examples`; `environment_docs` is for the man pages.
//! `without_effect` refuses flags that would do nothing. Nothing here knows what a verb does.

pub mod apply_undo;
pub mod autodetect;
pub mod can_i;
pub mod change;
pub mod completion;
pub mod connection;
pub mod debug_log;
pub mod environment_docs;
mod examples;
pub mod help;
pub mod mistakes;
pub mod output;
pub mod probes;
pub mod status;
mod without_effect;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::apply_undo::{ApplyArgs, UndoArgs};
use crate::text::nearest::nearest;
use autodetect::AutodetectArgs;
use can_i::CanIArgs;
use completion::CompletionArgs;
use connection::ConnectionFlags;
use debug_log::DebugLogArgs;
use output::DataFormat;
use probes::ProbesArgs;
use status::{NodeStatusArgs, StatusArgs};

/// Diagnose and fix Calico problems across a cluster
///
/// Reads the nodes, and calico-node's DaemonSet, pods and events. Asks BIRD in each calico-node pod about its BGP sessions. Commands that make a
/// change show a diff and ask first. They change one node, verify it, then continue. If verification fails, they roll the change back.
#[derive(Parser, Debug)]
#[command(version = env!("CALICO_FIX_VERSION"), subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub connection: ConnectionFlags,
    #[command(subcommand)]
    pub command: Command,
}

/// Adds the verbs of calicoctl.
#[derive(Parser, Debug)]
#[command(version = env!("CALICO_FIX_VERSION"))]
struct StandaloneCli {
    #[command(flatten)]
    connection: ConnectionFlags,
    #[command(subcommand)]
    command: StandaloneCommand,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check Calico: nodes, addresses, BGP sessions and probes
    Status(Box<StatusArgs>),
    /// Compare address autodetection methods and set the right one
    Autodetect(Box<AutodetectArgs>),
    /// Give calico-node enough time to start
    Probes(Box<ProbesArgs>),
    /// Explain why calico-node does not start, from its logs
    ///
    /// Shows where the time went, how each attempt ended, and why. Temporarily enables DEBUG logging if INFO is not enough.
    DebugLog(Box<DebugLogArgs>),
    /// Explain a finding: what it means and how to fix it by hand
    Explain(ExplainArgs),
    /// Apply a plan that was saved with --out
    ///
    /// Fails if the cluster has changed since the plan was made.
    Apply(Box<ApplyArgs>),
    /// Roll back the last change
    Undo(Box<UndoArgs>),
    /// Show which commands your permissions allow
    CanI(CanIArgs),
    /// Print calicoctl's node status from anywhere, without root
    #[command(subcommand)]
    Node(NodeCommand),
    /// Print the versions of the plugin, Kubernetes and Calico
    Version(VersionArgs),
    /// Print or install shell completion
    Completion(CompletionArgs),
    /// Print or install the manual pages
    Man(ManArgs),
    /// List the flags that every command accepts
    Options,
    #[command(skip)]
    Calicoctl(Vec<OsString>),
}

#[derive(Subcommand, Debug)]
enum StandaloneCommand {
    #[command(flatten)]
    Shared(Command),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Subcommand, Debug)]
pub enum NodeCommand {
    /// Print `calicoctl node status` for chosen nodes
    Status(NodeStatusArgs),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Args, Debug)]
pub struct ManArgs {
    /// Page of this command; none for the overview
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Install all pages for the current user
    ///
    /// Prints where, and what else must be set up for man to find them.
    #[arg(long, conflicts_with = "command")]
    pub install: bool,
}

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Code of the finding; none to list all
    pub code: Option<String>,
}

#[derive(Args, Debug)]
pub struct VersionArgs {
    /// Print only the plugin's version
    ///
    /// No cluster is contacted.
    #[arg(long)]
    pub client: bool,
    /// json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<DataFormat>,
    /// Name of Calico's DaemonSet
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub daemonset: Option<String>,
}

/// The name it was called by decides how it speaks of itself, and whether calicoctl's verbs belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invocation {
    Plugin,
    Standalone,
}

impl Invocation {
    pub fn of(argument: Option<&OsStr>) -> Self {
        let base = argument.and_then(|path| Path::new(path).file_name()).map(OsStr::to_string_lossy).unwrap_or_default();
        if base.starts_with("kubectl-") { Self::Plugin } else { Self::Standalone }
    }

    /// As it is typed.
    pub fn text(self) -> &'static str {
        match self {
            Self::Plugin => "kubectl calico-fix",
            Self::Standalone => "calico-fix",
        }
    }

    pub fn program(self) -> &'static str {
        match self {
            Self::Plugin => "kubectl-calico_fix",
            Self::Standalone => "calico-fix",
        }
    }

    pub fn command(self) -> clap::Command {
        self.command_with_pages(&|_| true)
    }

    /// Pages take longer to make than a command line to parse: only the wanted verbs get theirs.
    fn command_with_pages(self, is_wanted: &dyn Fn(&str) -> bool) -> clap::Command {
        let command = match self {
            Self::Plugin => Cli::command(),
            Self::Standalone => {
                let plugin = Cli::command();
                let (about, long) = (plugin.get_about().cloned(), plugin.get_long_about().cloned());
                StandaloneCli::command().about(about.unwrap_or_default()).long_about(long.unwrap_or_default())
            }
        };
        help::add(command.name(self.text()).bin_name(self.text()).display_name(self.text()), self.text(), is_wanted)
    }

    /// The page of `options`.
    pub fn options_page(self) -> String {
        help::options(&self.command(), self.text())
    }

    pub fn parse(self, arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, UsageError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let mut command = self.command_with_pages(&|verb| arguments.iter().any(|word| word == verb));
        let matches = command.try_get_matches_from_mut(&arguments)?;
        without_effect::check(&command, &matches)?;
        let parsed = match self {
            Self::Plugin => Cli::from_arg_matches(&matches),
            Self::Standalone => {
                StandaloneCli::from_arg_matches(&matches).map(|cli| Cli { connection: cli.connection, command: cli.command.flat() })
            }
        };
        let cli = parsed.map_err(|error| error.format(&mut command))?;
        self.check_verb(&command, cli)
    }

    /// Verbs of calicoctl belong to `calico-fix`; every other word that is unknown is a mistake.
    fn check_verb(self, command: &clap::Command, cli: Cli) -> Result<Cli, UsageError> {
        let words = match cli.command {
            Command::Node(NodeCommand::Other(words)) => [vec!["node".into()], words].concat(),
            Command::Calicoctl(words) => words,
            command => return Ok(Cli { command, ..cli }),
        };
        let typed = words.first().map(|verb| verb.to_string_lossy().into_owned()).unwrap_or_default();
        if self == Self::Standalone && CALICOCTL.contains(&typed.as_str()) {
            return Ok(Cli { command: Command::Calicoctl(words), ..cli });
        }
        let spoken =
            words.iter().take(if typed == "node" { 2 } else { 1 }).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let hint = if CALICOCTL.contains(&typed.as_str()) {
            format!("A command of calicoctl runs as: calico-fix {spoken}")
        } else {
            match nearest(&typed, command.get_subcommands().map(clap::Command::get_name), 1)[..] {
                [verb] => format!("Did you mean {verb}?"),
                _ => format!("See: {} --help", self.text()),
            }
        };
        Err(UsageError::Message { message: format!("unknown command {spoken:?} for {:?}", self.text()), hint })
    }
}

/// What is wrong with a command line.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// Also help and version, which are asked for.
    #[error(transparent)]
    Clap(#[from] clap::Error),
    #[error("{message}")]
    Message { message: String, hint: String },
}

/// calicoctl's own verbs (calicoctl/commands, v3.30 and master); any other word is a typing mistake.
const CALICOCTL: [&str; 13] =
    ["apply", "cluster", "convert", "create", "datastore", "delete", "get", "ipam", "label", "node", "patch", "replace", "validate"];

impl StandaloneCommand {
    fn flat(self) -> Command {
        match self {
            Self::Shared(shared) => shared,
            Self::Other(words) => Command::Calicoctl(words),
        }
    }
}
