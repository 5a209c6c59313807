//! `--install`: writes the script where its shell finds it, and never replaces a file of somebody else.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::scripts::{self, MARK};
use crate::cli::Invocation;
use crate::cli::completion::CompletionFor;
use crate::exit::{Failure, Outcome};
use crate::streams::Streams;
use crate::text::shell;

const PLUGIN: &str = "kubectl-calico_fix";

/// The place of a script, and what remains to be done by hand.
struct Place {
    path: PathBuf,
    then: String,
}

pub(super) fn install(name: Invocation, of: CompletionFor, streams: &mut Streams) -> Result<Outcome, Failure> {
    let Some(script) = scripts::script_for(of) else {
        let hint = format!("Save the script and load it from rc.elv: {} completion elvish > FILE", name.text());
        return Err(Failure::Usage { message: "elvish has no folder for completion scripts".to_owned(), hint: Some(hint) });
    };
    let place = place(name, of)?;
    let failed = |source| Failure::NotWritten { path: place.path.clone(), source };
    let word = match fs::symlink_metadata(&place.path) {
        Ok(meta) if !meta.is_file() || !is_ours(&place.path).map_err(failed)? => {
            return Err(Failure::NotApplied {
                message: format!("error: {} exists and was not written by this program; it is not replaced", place.path.display()),
                hint: Some("Move the file away and try again, or print the script without --install.".to_owned()),
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
    let homeless = || Failure::Files { what: "the home directory".to_owned(), source: io::Error::other("HOME is not set") };
    let base = etcetera::choose_base_strategy().map_err(|_| homeless())?;
    Ok(match of {
        CompletionFor::Bash => {
            let folder = variable("BASH_COMPLETION_USER_DIR").unwrap_or_else(|| base.data_dir().join("bash-completion"));
            let path = folder.join("completions").join("calico-fix.bash");
            let then = after_bash(&path, has_bash_completion(Path::new("/")), name);
            Place { path, then }
        }
        CompletionFor::Zsh => {
            let folder = base.data_dir().join("zsh").join("site-functions");
            let then = format!(
                "Completes `calico-fix` in new shells, if ~/.zshrc has this line before compinit: fpath=({} $fpath)",
                folder.display()
            );
            Place { path: folder.join("_calico-fix"), then }
        }
        CompletionFor::Fish => Place {
            path: base.config_dir().join("fish").join("completions").join("calico-fix.fish"),
            then: "Completes `calico-fix` in new shells.".into(),
        },
        CompletionFor::Powershell | CompletionFor::Elvish => {
            let path = base.data_dir().join("kubectl-calico-fix").join("calico-fix.ps1");
            let then = format!("Completes `calico-fix` in new shells, if your $PROFILE has: . \"{}\"", path.display());
            Place { path, then }
        }
        CompletionFor::Kubectl => of_kubectl(base.home_dir()),
    })
}

/// Where packages put bash-completion: Linux, MacPorts, Homebrew on both architectures (its README, "Installation").
const BASH_COMPLETION: [&str; 6] = [
    "usr/share/bash-completion/bash_completion",
    "usr/local/share/bash-completion/bash_completion",
    "etc/bash_completion",
    "opt/local/share/bash-completion/bash_completion",
    "opt/homebrew/share/bash-completion/bash_completion",
    "home/linuxbrew/.linuxbrew/share/bash-completion/bash_completion",
];

fn has_bash_completion(root: &Path) -> bool {
    BASH_COMPLETION.iter().any(|file| root.join(file).is_file())
}

/// The script itself needs no function of bash-completion: without that package ~/.bashrc loads it.
fn after_bash(path: &Path, has_package: bool, name: Invocation) -> String {
    let loaded = if has_package {
        "Completes `calico-fix` in new shells.".to_owned()
    } else {
        let line = shell::command(&["source", &path.to_string_lossy()]).unwrap_or_else(|| "source FILE".to_owned());
        format!("bash-completion is not installed. To complete `calico-fix` without it, add this line to ~/.bashrc:\n  {line}")
    };
    format!("{loaded}\nFor `kubectl calico-fix`: {} completion kubectl --install", name.text())
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The folder of the plugin as PATH has it (krew's links too), if it is writable.
fn of_kubectl(home: &Path) -> Place {
    let name = if cfg!(windows) { "kubectl_complete-calico_fix.cmd" } else { "kubectl_complete-calico_fix" };
    let paths: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).filter(|path| path.is_absolute()).collect();
    let program = format!("{PLUGIN}{}", std::env::consts::EXE_SUFFIX);
    let beside = paths.iter().find(|path| path.join(&program).exists()).filter(|path| tempfile::tempfile_in(path).is_ok());
    let folder = beside.cloned().unwrap_or_else(|| home.join(".local").join("bin"));
    let known = paths.contains(&folder);
    let path = folder.join(name);
    let then = if known {
        "Enables Tab completion for `kubectl calico-fix` (kubectl 1.26 or newer, with its own completion loaded).".to_owned()
    } else {
        format!("kubectl finds it only if {} is on PATH. Add that folder to PATH.", folder.display())
    };
    Place { path, then }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_without_its_package_is_told_what_to_add() {
        let root = tempfile::tempdir().expect("a folder");
        assert!(!has_bash_completion(root.path()));
        let path = Path::new("/home/j d/calico-fix.bash");
        let without = after_bash(path, false, Invocation::Plugin);
        assert!(without.contains("bash-completion is not installed"), "{without}");
        assert!(without.contains("\n  source '/home/j d/calico-fix.bash'\n"), "{without}");
        for file in BASH_COMPLETION {
            let root = tempfile::tempdir().expect("a folder");
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("makes");
            fs::write(file, "").expect("writes");
            assert!(has_bash_completion(root.path()));
        }
        let with = after_bash(path, true, Invocation::Plugin);
        assert!(with.starts_with("Completes `calico-fix` in new shells.\n") && !with.contains("not installed"), "{with}");
    }
}
