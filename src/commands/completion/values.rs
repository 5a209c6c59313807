//! What each flag may be given, by the name of the flag.

use std::path::PathBuf;

use clap::{Arg, Command, ValueHint};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;
use etcetera::BaseStrategy;

use crate::calico::method::FORMS;
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::{DataFormat, Output, PageFormat, ProposalFormat};
use crate::cluster::ProcessEnv;
use crate::cluster::completion_names::{self, Kind, Known};
use crate::diagnosis::explain::explanations;
use crate::probes::timing::ProbeSetting;
use crate::text::shell;

/// Stands for a path: shells know best what files there are. No word of a command line holds a NUL.
pub(super) const FILES: &str = "\0files";

/// DaemonSets that run calico-node (discovery's names).
const DAEMON_SETS: [&str; 3] = ["calico-node", "canal", "rke2-canal"];

type Candidates = Vec<(String, Option<&'static str>)>;

/// Every flag below it gets its values; nothing is asked before one is completed.
pub(super) fn attach(command: Command, flags: &ConnectionFlags) -> Command {
    let name = command.get_name().to_owned();
    let with = |arg: Arg| {
        let Some(source) = source(&name, &arg) else { return arg };
        let flags = flags.clone();
        arg.add(ArgValueCompleter::new(move |typed: &std::ffi::OsStr| matching(source(&flags), &typed.to_string_lossy())))
    };
    let ids: Vec<_> = command.get_arguments().map(|arg| arg.get_id().clone()).collect();
    let command = ids.into_iter().fold(command, |command, id| command.mut_arg(id, with));
    let below: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    below.into_iter().fold(command, |command, name| command.mut_subcommand(name, |command| attach(command, flags)))
}

fn matching(candidates: Candidates, typed: &str) -> Vec<CompletionCandidate> {
    let fits = |(value, _): &(String, _)| value == FILES || value.starts_with(typed);
    let candidate = |(value, help): (String, Option<&'static str>)| CompletionCandidate::new(value).help(help.map(Into::into));
    candidates.into_iter().filter(fits).map(candidate).collect()
}

fn source(command: &str, arg: &Arg) -> Option<fn(&ConnectionFlags) -> Candidates> {
    Some(match (command, arg.get_id().as_str()) {
        (_, "context") => |flags| of_kubeconfig(flags, |known| known.contexts),
        (_, "cluster") => |flags| of_kubeconfig(flags, |known| known.clusters),
        (_, "user") => |flags| of_kubeconfig(flags, |known| known.users),
        (_, "namespace") => |flags| live(flags, Kind::Namespaces),
        (_, "node") => |flags| live(flags, Kind::Nodes),
        (_, "canary") => |flags| [live(flags, Kind::Nodes), vec![("none".into(), Some("change all nodes as the rollout has it"))]].concat(),
        (_, "daemonset") => |_| plain(&DAEMON_SETS),
        (_, "method") => |_| FORMS.iter().map(|(form, help)| ((*form).to_owned(), Some(*help))).collect(),
        ("explain", "code") => |_| explanations().map(|one| (one.code.name().to_owned(), Some(one.title))).collect(),
        ("probes", "set") => |_| ProbeSetting::names().map(|name| (format!("{name}="), None)).collect(),
        ("status", "output") => |_| plain(&Output::names()),
        ("autodetect" | "probes", "output") => |_| plain(&ProposalFormat::names()),
        ("can-i", "output") => |_| plain(&PageFormat::names()),
        ("debug-log", "format") => |_| plain(&["table", "json", "yaml"]),
        ("apply" | "undo" | "version", "output") => |_| plain(&DataFormat::names()),
        _ if arg.get_value_hint() != ValueHint::Unknown => |_| plain(&[FILES]),
        _ => return None,
    })
}

fn plain(values: &[&str]) -> Candidates {
    values.iter().map(|value| ((*value).to_owned(), None)).collect()
}

/// Names that a shell would read as anything else are left to be typed.
fn of_kubeconfig(flags: &ConnectionFlags, choose: fn(Known) -> Vec<String>) -> Candidates {
    let names = choose(completion_names::known(flags, &ProcessEnv::of_process()));
    names.into_iter().filter(|name| shell::is_plain_argument(name)).map(|name| (name, None)).collect()
}

fn live(flags: &ConnectionFlags, kind: Kind) -> Candidates {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let names = runtime.block_on(completion_names::names(flags, kind, &ProcessEnv::of_process(), folder().as_deref()));
    // A name that is still being looked up must not hold up the shell.
    runtime.shutdown_background();
    names.into_iter().filter(|name| shell::object_name(name).is_some()).map(|name| (name, None)).collect()
}

fn folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.cache_dir().join("kubectl-calico-fix").join("completion"))
}
