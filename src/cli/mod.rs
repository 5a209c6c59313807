//! What can be typed: one file of clap types for each verb.
//!
//! `connection` holds the flags of kubectl, `change` the flags of every verb that can change something.
//! `output` lists the forms of output; `examples` and `environment_docs` are printed by the help and the man pages.
//! Nothing here knows what a verb does.

pub mod apply_undo;
pub mod autodetect;
pub mod can_i;
pub mod change;
pub mod completion;
pub mod connection;
pub mod debug_log;
pub mod environment_docs;
mod examples;
pub mod output;
pub mod probes;
pub mod status;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::apply_undo::{ApplyArgs, UndoArgs};
use autodetect::AutodetectArgs;
use can_i::CanIArgs;
use completion::CompletionArgs;
use connection::ConnectionFlags;
use debug_log::DebugLogArgs;
use output::DataFormat;
use probes::ProbesArgs;
use status::{NodeStatusArgs, StatusArgs};

/// Find out what is wrong with Calico, cluster-wide, and how to mend it.
///
/// It reads the nodes, calico-node's DaemonSet, pods and events, and asks BIRD in each calico-node pod. What changes something shows the
/// exact difference and asks, is tried on one node first, proven, and put back where it did not help.
#[derive(Parser, Debug)]
#[command(version = env!("CALICO_FIX_VERSION"), disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub connection: ConnectionFlags,
    #[command(subcommand)]
    pub command: Command,
}

/// The same, and what stands in for calicoctl.
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
    /// Say whether Calico is healthy: addresses, BGP sessions, probes, and what is wrong
    Status(Box<StatusArgs>),
    /// Show which address each autodetection method would pick on each node, and set the right one
    Autodetect(Box<AutodetectArgs>),
    /// Show the time calico-node needs to start against the time its probes allow, and give it enough
    Probes(Box<ProbesArgs>),
    /// Explain calico-node's startup logs: where the time went, how each attempt ended, and why; at DEBUG, for a while, where INFO does
    /// not tell
    DebugLog(Box<DebugLogArgs>),
    /// Explain what a finding means, how it was seen and how to fix it by hand
    Explain(ExplainArgs),
    /// Apply a plan that was saved with --out, to the letter or not at all
    Apply(Box<ApplyArgs>),
    /// Put back what the last change replaced
    Undo(Box<UndoArgs>),
    /// Show which commands will work with the rights that you have, and what is missing
    CanI(CanIArgs),
    /// Print the version of this plugin, of the server and of Calico
    Version(VersionArgs),
    /// Print or install completion for a shell, or for kubectl
    Completion(CompletionArgs),
    #[command(skip)]
    NodeStatus(NodeStatusArgs),
    #[command(skip)]
    Calicoctl(Vec<OsString>),
}

#[derive(Subcommand, Debug)]
enum StandaloneCommand {
    #[command(flatten)]
    Shared(Command),
    /// Show a node's BGP peers as calicoctl does, from anywhere and without root
    #[command(subcommand)]
    Node(NodeCommand),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Subcommand, Debug)]
enum NodeCommand {
    /// Print `calicoctl node status` for chosen nodes
    Status(NodeStatusArgs),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The finding's code; without one all codes are listed
    pub code: Option<String>,
}

#[derive(Args, Debug)]
pub struct VersionArgs {
    /// Only this plugin's version; no cluster is asked
    #[arg(long)]
    pub client: bool,
    /// One of json, yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<DataFormat>,
    /// Calico's DaemonSet, where it has another name or there are several
    #[arg(long, value_name = "NAME")]
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
        let command = match self {
            Self::Plugin => Cli::command(),
            Self::Standalone => StandaloneCli::command()
                .about(Cli::command().get_about().cloned().unwrap_or_default())
                .long_about(Cli::command().get_long_about().cloned().unwrap_or_default()),
        };
        examples::add(command.name(self.text()).bin_name(self.text()).display_name(self.text()), self.text())
    }

    pub fn parse(self, arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let mut command = self.command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        let parsed = match self {
            Self::Plugin => Cli::from_arg_matches(&matches),
            Self::Standalone => StandaloneCli::from_arg_matches(&matches).and_then(|cli| cli.settle(&mut command)),
        };
        parsed.map_err(|error| error.format(&mut command))
    }
}

/// calicoctl's own verbs (calicoctl/commands, v3.30 and master); any other word is a typing mistake.
const CALICOCTL: [&str; 13] =
    ["apply", "cluster", "convert", "create", "datastore", "delete", "get", "ipam", "label", "node", "patch", "replace", "validate"];

impl StandaloneCli {
    fn settle(self, command: &mut clap::Command) -> Result<Cli, clap::Error> {
        let command = match self.command {
            StandaloneCommand::Shared(shared) => shared,
            StandaloneCommand::Node(NodeCommand::Status(arguments)) => Command::NodeStatus(arguments),
            StandaloneCommand::Node(NodeCommand::Other(words)) => Command::Calicoctl([vec!["node".into()], words].concat()),
            StandaloneCommand::Other(words) => {
                let verb = words.first().map(|verb| verb.to_string_lossy().into_owned()).unwrap_or_default();
                if !CALICOCTL.contains(&verb.as_str()) {
                    let message = format!("unknown command \"{verb}\" for \"calico-fix\"");
                    return Err(command.error(clap::error::ErrorKind::InvalidSubcommand, message));
                }
                Command::Calicoctl(words)
            }
        };
        Ok(Cli { connection: self.connection, command })
    }
}
