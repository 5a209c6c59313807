//! Writes what follows from the code: `schemas/`, `completions/` and `man/`. The same code gives the same bytes.

use std::path::Path;

use calico_fix::autodetect;
use calico_fix::cli::Name;
use calico_fix::commands::change::Told;
use calico_fix::commands::change::going_on::Document;
use calico_fix::diagnosis::report::Report;
use calico_fix::snapshot::schema::snapshot_schema;
use calico_fix::startup::report::ProbesReport;
use calico_fix::timeline;
use clap_complete::{Generator, Shell};
use clap_mangen::Man;

/// The folders whose files are all made here.
pub const FOLDERS: [&str; 3] = ["schemas", "completions", "man"];
const SHELLS: [Shell; 4] = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];

/// Path from the repository's root, and content.
pub type File = (String, Vec<u8>);

pub fn files() -> anyhow::Result<Vec<File>> {
    let mut files = vec![
        schema("snapshot", &snapshot_schema())?,
        schema("startup-timeline", &schemars::schema_for!(timeline::report::Report).to_value())?,
        schema("status", &schemars::schema_for!(Report).to_value())?,
        schema("autodetect", &schemars::schema_for!(Document<autodetect::report::Report>).to_value())?,
        schema("probes", &schemars::schema_for!(Document<ProbesReport>).to_value())?,
        schema("change", &schemars::schema_for!(Told).to_value())?,
    ];
    for (name, program) in [(Name::Plugin, "kubectl-calico_fix"), (Name::Standalone, "calico-fix")] {
        files.extend(SHELLS.map(|shell| completion(shell, name, program)));
        let mut command = name.command();
        command.build();
        pages(&command, &mut files)?;
    }
    Ok(files)
}

fn schema(name: &str, schema: &serde_json::Value) -> anyhow::Result<File> {
    Ok((format!("schemas/{name}.schema.json"), format!("{}\n", serde_json::to_string_pretty(schema)?).into_bytes()))
}

fn completion(shell: Shell, name: Name, program: &str) -> File {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut name.command(), program, &mut script);
    (format!("completions/{}", shell.file_name(program)), script)
}

/// A page for the command and one for each below it. They bear no version: it would be another page with every release.
fn pages(command: &clap::Command, files: &mut Vec<File>) -> anyhow::Result<()> {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-");
    let mut page = Vec::new();
    Man::new(command.clone()).title(&title).source("kubectl calico-fix").manual("kubectl calico-fix").render(&mut page)?;
    files.push((format!("man/{title}.1"), page));
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
        .try_for_each(|command| pages(command, files))
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        // What is no longer made must not stay.
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
    }
    for (path, content) in files()? {
        std::fs::write(root.join(path), content)?;
    }
    Ok(())
}
