//! One file a verb: each calls the other rooms in order and knows nothing of Calico or Kubernetes.
//!
//! `status` checks once; `watch` and `wait` repeat the check (`looks`), `fleet` checks several clusters.
//! `source` reads a cluster or files and saves snapshots; `node_selection` is the only reading of `--node` and `-l`.
//! `change` holds the dialog of every verb that can change something: diff, preflight, question, rollout, report.
//! `prompt` asks the person; `completion` answers the shell.
//! Each verb returns an `Outcome` or a `Failure`; `exit` makes the exit code.

mod apply;
mod autodetect;
mod calicoctl;
mod can_i;
pub mod change;
pub mod completion;
mod debug_log;
mod explain;
mod fleet;
mod looks;
pub mod man;
mod node_selection;
pub mod probes;
mod prompt;
mod source;
mod status;
mod undo;
mod version;
mod wait;
mod watch;

use std::ffi::OsString;
use std::io::Write;

use clap::builder::StyledStr;
use clap::error::ErrorKind;

use crate::calico::version::Version;
use crate::cli::output::UnknownFormat;
use crate::cli::status::StatusArgs;
use crate::cli::{Command, Invocation, NodeCommand, UsageError, mistakes};
use crate::exit::{Failure, Outcome};
use crate::render::notice;
use crate::render::style::{ColorWhen, Style};
use crate::rollout::interrupt::Interrupt;
use crate::streams::Streams;

pub fn run(arguments: Vec<OsString>, streams: &mut Streams) -> Result<Outcome, Failure> {
    if let Some(question) = completion::question(&arguments) {
        return completion::answer(&question, streams);
    }
    let name = Invocation::of(arguments.first().map(OsString::as_os_str));
    let cli = match name.parse(arguments) {
        Ok(cli) => cli,
        Err(UsageError::Clap(error)) => return not_a_command(&error, name, streams),
        Err(UsageError::Message { message, hint }) => return Err(Failure::Usage { message, hint: Some(hint) }),
    };
    let takes_several = matches!(cli.command, Command::Status(_) | Command::Node(NodeCommand::Status(_)));
    if cli.connection.context.len() > 1 && !takes_several {
        return Err(several_contexts());
    }
    match cli.command {
        Command::Status(arguments) => wait(status::run(&cli.connection, &arguments, streams)),
        Command::Autodetect(arguments) => guarded(|interrupt| autodetect::run(&cli.connection, &arguments, interrupt, streams)),
        Command::Node(NodeCommand::Status(arguments)) => wait(status::run(&cli.connection, &StatusArgs::from(arguments), streams)),
        Command::Node(NodeCommand::Other(words)) => calicoctl::hand_on(&cli.connection, &words, streams),
        Command::Apply(arguments) => guarded(|interrupt| apply::run(&cli.connection, &arguments, interrupt, streams)),
        Command::Undo(arguments) => guarded(|interrupt| undo::run(&cli.connection, &arguments, interrupt, streams)),
        Command::Probes(arguments) => guarded(|interrupt| probes::run(&cli.connection, &arguments, interrupt, streams)),
        Command::DebugLog(arguments) if arguments.is_offline() => debug_log::offline(&arguments, streams),
        Command::DebugLog(arguments) => guarded(|interrupt| debug_log::run(&cli.connection, &arguments, interrupt, streams)),
        Command::Explain(arguments) => explain::run(&arguments, streams),
        Command::CanI(arguments) if !arguments.manifest.is_empty() => can_i::manifest(&arguments, streams),
        Command::CanI(arguments) => wait(can_i::run(&cli.connection, &arguments, streams)),
        Command::Version(arguments) if arguments.client => version::client(&arguments, streams),
        Command::Version(arguments) => wait(version::run(&cli.connection, &arguments, streams)),
        Command::Completion(arguments) => completion::run(name, &arguments, streams),
        Command::Man(arguments) => man::run(name, &arguments, streams),
        Command::Options => {
            write!(streams.out, "{}", coloured(&name.options_page().into(), &Style::of_stdout(ColorWhen::Auto)))?;
            Ok(Outcome::Done)
        }
        Command::Calicoctl(words) => calicoctl::hand_on(&cli.connection, &words, streams),
    }
}

/// Prints help and version, which are no mistakes, or the mistake.
fn not_a_command(error: &clap::Error, invocation: Invocation, streams: &mut Streams) -> Result<Outcome, Failure> {
    if let Some(unknown) = std::error::Error::source(error).and_then(|source| source.downcast_ref::<UnknownFormat>()) {
        return Err(Failure::Usage { message: unknown.to_string(), hint: None });
    }
    let page = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            write!(streams.out, "{}", coloured(&page, &Style::of_stdout(ColorWhen::Auto)))?;
            Ok(Outcome::Done)
        }
        _ => {
            write!(streams.err, "{}", coloured(&page, &Style::of_stderr(ColorWhen::Auto)))?;
            if let Some(hint) = mistakes::hint(error, invocation.text()) {
                notice::plain(&hint, &mut streams.err)?;
            }
            Ok(Outcome::UsageError)
        }
    }
}

fn coloured(page: &StyledStr, style: &Style) -> String {
    if style.colour { page.ansi().to_string() } else { page.to_string() }
}

/// Runs a verb that may have to roll back: a signal is passed to it and does not end the process.
fn guarded<F: Future<Output = Result<Outcome, Failure>>>(work: impl FnOnce(Interrupt) -> F) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async { work(Interrupt::listen()).await });
    // A question that was interrupted still waits for the terminal.
    runtime.shutdown_background();
    result
}

/// Runs a verb that only reads. Threads are started only here, because nothing else needs them.
fn wait(work: impl Future<Output = Result<Outcome, Failure>>) -> Result<Outcome, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        tokio::select! {
            result = work => result,
            Ok(()) = tokio::signal::ctrl_c() => Ok(Outcome::Interrupted),
        }
    })
}

fn several_contexts() -> Failure {
    Failure::Usage {
        message: "--context was given several times, and this command is for one cluster".to_owned(),
        hint: Some("Several clusters at once: kubectl calico-fix status --context a --context b".to_owned()),
    }
}

/// The value of `--calico-version`.
fn release(typed: &str) -> Result<Version, Failure> {
    Version::parse(typed).ok_or_else(|| Failure::Usage {
        message: format!("{typed:?} is not a Calico release"),
        hint: Some("Write all three numbers: --calico-version v3.31.2".to_owned()),
    })
}
