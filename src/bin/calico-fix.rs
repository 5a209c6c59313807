//! The second name: runs the program beside it, which goes by the name it is called by.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// As a shell says it: there is no such command.
    const NOT_FOUND: u8 = 127;
    let own = std::env::current_exe().and_then(|path| path.canonicalize());
    let program = own.unwrap_or_default().with_file_name("kubectl-calico_fix");
    let error = Command::new(&program).arg0("calico-fix").args(std::env::args_os().skip(1)).exec();
    let _ = writeln!(std::io::stderr(), "error: {}: {error}\nInstall kubectl-calico_fix in the same folder", program.display());
    NOT_FOUND.into()
}

/// Windows can neither replace a process nor choose the name that it is called by.

#[cfg(not(unix))]
fn main() -> ExitCode {
    calico_fix::run()
}
