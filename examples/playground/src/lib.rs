//! A program that is the plugin too, so that no other program has to be built beside it.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

/// First argument of a process that is to be the plugin. The plugin's own follow, its name first.
pub const FLAG: &str = "--as-plugin";

/// The plugin's name, as kubectl looks for it.
pub const PLUGIN: &str = "kubectl-calico_fix";

/// Runs the plugin if `FLAG` is the first argument, and returns its exit code.
pub fn run_as_plugin() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|first| first == FLAG)?;
    let mut streams = calico_fix::streams::Streams::standard();
    let result = calico_fix::commands::run(arguments.collect(), &mut streams);
    if let Err(failure) = &result {
        let _ = calico_fix::exit::explain(failure, &mut streams.err);
    }
    let _ = streams.flush();
    Some(calico_fix::exit::code(&result).into())
}

/// Makes this program known in `folder` under the plugin's two names, the first of which kubectl looks for on PATH. What it keeps of a
/// change stays there too: the objects of every simulated cluster have the same UIDs.
pub fn install(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let program = std::env::current_exe()?;
    for name in [PLUGIN, "calico-fix"] {
        let state = folder.join("state");
        let script = format!("#!/bin/sh\nXDG_STATE_HOME='{}' exec '{}' {FLAG} {name} \"$@\"\n", state.display(), program.display());
        let path = folder.join(name);
        std::fs::write(&path, script)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
