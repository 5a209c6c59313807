//! `--install`: the script where its shell looks for it, never over somebody else's file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::scripts::{self, MARK};
use crate::cli::Invocation;
use crate::cli::completion::CompletionFor;
use crate::exit::{Failure, Outcome};
use crate::streams::Streams;

const PLUGIN: &str = "kubectl-calico_fix";

/// Where a script goes, and what is still to be done by hand.
struct Place {
    path: PathBuf,
    then: String,
}

pub fn install(name: Invocation, of: CompletionFor, streams: &mut Streams) -> Result<Outcome, Failure> {
    let Some(script) = scripts::script_for(of) else {
        let hint = format!("Write it where your rc.elv finds it: {} completion elvish > FILE", name.text());
        return Err(Failure::Usage { message: "elvish has no folder that scripts are read from".to_owned(), hint: Some(hint) });
    };
    let place = place(name, of)?;
    let failed = |source| Failure::Files { what: place.path.display().to_string(), source };
    let word = match fs::symlink_metadata(&place.path) {
        Ok(meta) if !meta.is_file() || !is_ours(&place.path).map_err(failed)? => {
            return Err(Failure::NotApplied {
                message: format!("error: {} is there already, and not from here: it is left as it is", place.path.display()),
                hint: Some("Move it away and try again, or write the script elsewhere: leave out --install.".to_owned()),
            });
        }
        Ok(_) if fs::read(&place.path).map_err(failed)? == script.as_bytes() => "is up to date",
        Ok(_) => "renewed",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "written",
        Err(error) => return Err(failed(error)),
    };
    if word != "is up to date" {
        write(&place.path, script, of == CompletionFor::Kubectl).map_err(failed)?;
    }
    writeln!(streams.out, "{} {word}", place.path.display())?;
    writeln!(streams.out, "{}", place.then)?;
    Ok(Outcome::Done)
}

fn is_ours(path: &Path) -> io::Result<bool> {
    // Ours are a few kilobytes.
    Ok(fs::metadata(path)?.len() < 64 << 10 && String::from_utf8_lossy(&fs::read(path)?).contains(MARK))
}

fn write(path: &Path, script: &str, program: bool) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("no folder"))?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(script.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(if program { 0o755 } else { 0o644 }))?;
    }
    #[cfg(not(unix))]
    let _ = program;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn place(name: Invocation, of: CompletionFor) -> Result<Place, Failure> {
    let homeless = || Failure::Files { what: "the home directory".to_owned(), source: io::Error::other("there is none: HOME is not set") };
    let base = etcetera::choose_base_strategy().map_err(|_| homeless())?;
    Ok(match of {
        CompletionFor::Bash => {
            let folder = variable("BASH_COMPLETION_USER_DIR").unwrap_or_else(|| base.data_dir().join("bash-completion"));
            Place {
                path: folder.join("completions").join("calico-fix.bash"),
                then: format!(
                    "It completes `calico-fix`, and is read by bash-completion in the next shell. For `kubectl calico-fix`: {} completion kubectl --install",
                    name.text()
                ),
            }
        }
        CompletionFor::Zsh => {
            let folder = base.data_dir().join("zsh").join("site-functions");
            let then = format!(
                "It completes `calico-fix`, and is read in the next shell, if ~/.zshrc has, before compinit: fpath=({} $fpath)",
                folder.display()
            );
            Place { path: folder.join("_calico-fix"), then }
        }
        CompletionFor::Fish => Place {
            path: base.config_dir().join("fish").join("completions").join("calico-fix.fish"),
            then: "It completes `calico-fix`, and is read in the next shell.".into(),
        },
        CompletionFor::Powershell | CompletionFor::Elvish => {
            let path = base.data_dir().join("kubectl-calico-fix").join("calico-fix.ps1");
            let then = format!("It completes `calico-fix`, and is read in the next shell, if your $PROFILE has: . \"{}\"", path.display());
            Place { path, then }
        }
        CompletionFor::Kubectl => of_kubectl(base.home_dir()),
    })
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Beside the plugin as PATH has it (krew's links too), where that folder can be written to.
fn of_kubectl(home: &Path) -> Place {
    let name = if cfg!(windows) { "kubectl_complete-calico_fix.cmd" } else { "kubectl_complete-calico_fix" };
    let paths: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).filter(|path| path.is_absolute()).collect();
    let program = format!("{PLUGIN}{}", std::env::consts::EXE_SUFFIX);
    let beside = paths.iter().find(|path| path.join(&program).exists()).filter(|path| tempfile::tempfile_in(path).is_ok());
    let folder = beside.cloned().unwrap_or_else(|| home.join(".local").join("bin"));
    let known = paths.contains(&folder);
    let path = folder.join(name);
    let then = if known {
        "kubectl (1.26 and newer, with its own completion loaded) asks it for `kubectl calico-fix`.".to_owned()
    } else {
        format!("kubectl finds it only where {} is on PATH: add it.", folder.display())
    };
    Place { path, then }
}
