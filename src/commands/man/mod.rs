//! `man`: prints a manual page, or installs all of them for the current user.

pub mod page;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::cli::{Invocation, ManArgs};
use crate::exit::{Failure, Outcome};
use crate::streams::Streams;
use crate::text;

pub fn run(name: Invocation, arguments: &ManArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    if arguments.install {
        return install(streams);
    }
    let file = format!("{}.1", [&[name.text().replace(' ', "-")], arguments.command.as_slice()].concat().join("-"));
    match pages(name).into_iter().find(|(known, _)| *known == file) {
        Some((_, page)) => {
            write!(streams.out, "{page}")?;
            Ok(Outcome::Done)
        }
        None => Err(Failure::Usage {
            message: format!("unknown command {:?}", arguments.command.join(" ")),
            hint: Some(format!("See: {} --help", name.text())),
        }),
    }
}

fn pages(name: Invocation) -> Vec<(String, String)> {
    let mut command = name.command();
    command.build();
    page::pages(&command)
}

/// Writes the pages of both names, because both are installed.
fn install(streams: &mut Streams) -> Result<Outcome, Failure> {
    let base = etcetera::choose_base_strategy()
        .map_err(|_| Failure::Files { what: "the home directory".to_owned(), source: io::Error::other("HOME is not set") })?;
    let folder = base.data_dir().join("man").join("man1");
    let pages: Vec<_> = [Invocation::Plugin, Invocation::Standalone].into_iter().flat_map(pages).collect();
    for (file, page) in &pages {
        let path = folder.join(file);
        write(&folder, &path, page).map_err(|source| Failure::NotWritten { path: path.to_owned(), source })?;
    }
    writeln!(streams.out, "{} written to {}", text::count(pages.len(), "manual page"), folder.display())?;
    let root = folder.parent().unwrap_or(&folder);
    if is_searched(root, base.home_dir()) {
        writeln!(streams.out, "Read them with: man kubectl-calico-fix")?;
    } else {
        writeln!(streams.out, "Read them with: man -M {} kubectl-calico-fix", root.display())?;
    }
    Ok(Outcome::Done)
}

fn write(folder: &Path, path: &Path, page: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(page.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// man searches `~/.local/share/man` if `~/.local/bin` is on PATH (manpath(1)), or if MANPATH names it.
fn is_searched(root: &Path, home: &Path) -> bool {
    let listed = |variable: &str, folder: PathBuf| {
        std::env::var_os(variable).is_some_and(|value| std::env::split_paths(&value).any(|path| path == folder))
    };
    listed("MANPATH", root.to_owned()) || (std::env::var_os("MANPATH").is_none() && listed("PATH", home.join(".local").join("bin")))
}
