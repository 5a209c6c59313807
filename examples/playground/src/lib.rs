//! An example that is the plugin too, so that it needs no other program beside it.

use std::process::ExitCode;

/// First among the arguments: the rest is for the plugin.
pub const FLAG: &str = "--as-plugin";

/// The plugin's exit code, where it was asked for.
pub fn asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|first| first == FLAG)?;
    let arguments = std::iter::once("kubectl-calico_fix".into()).chain(arguments).collect();
    let mut streams = calico_fix::commands::Streams::standard();
    let result = calico_fix::commands::run(arguments, &mut streams);
    if let Err(failure) = &result {
        let _ = calico_fix::exit::explain(failure, &mut streams.err);
    }
    let _ = streams.flush();
    Some(calico_fix::exit::code(&result).into())
}
