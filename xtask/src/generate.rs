//! What follows from the code: `schemas/` and `man/`. The same code gives the same bytes.

use std::path::Path;

use calico_fix::cli::Invocation;
use calico_fix::commands::change::ChangeReport;
use calico_fix::commands::change::proposed::WithChange;
use calico_fix::commands::man::page;
use calico_fix::finding::Report;
use calico_fix::reports::fleet::ClusterStatus;
use calico_fix::reports::probes_document::ProbesReport;
use calico_fix::reports::startup_log::StartupLogReport;
use calico_fix::snapshot::schema::snapshot_schema;

use crate::ROOT;

/// The folders whose files are all made here.
pub const FOLDERS: [&str; 2] = ["schemas", "man"];

/// Path from the repository's root, and content.
pub type File = (String, Vec<u8>);

pub fn files() -> anyhow::Result<Vec<File>> {
    let mut files = vec![
        schema("snapshot", &snapshot_schema())?,
        schema("startup-timeline", &schemars::schema_for!(WithChange<StartupLogReport>).to_value())?,
        schema("status", &schemars::schema_for!(Report).to_value())?,
        schema("autodetect", &schemars::schema_for!(WithChange<calico_fix::reports::autodetect_document::Report>).to_value())?,
        schema("can-i", &schemars::schema_for!(calico_fix::permissions::report::Report).to_value())?,
        schema("clusters", &schemars::schema_for!(Vec<ClusterStatus>).to_value())?,
        schema("change", &schemars::schema_for!(ChangeReport).to_value())?,
        schema("probes", &schemars::schema_for!(WithChange<ProbesReport>).to_value())?,
    ];
    for name in [Invocation::Plugin, Invocation::Standalone] {
        let mut command = name.command();
        command.build();
        files.extend(page::pages(&command).into_iter().map(|(name, page)| (format!("man/{name}"), page.into_bytes())));
    }
    Ok(files)
}

fn schema(name: &str, schema: &serde_json::Value) -> anyhow::Result<File> {
    Ok((format!("schemas/{name}.schema.json"), format!("{}\n", serde_json::to_string_pretty(schema)?).into_bytes()))
}

pub fn write() -> anyhow::Result<()> {
    let root = Path::new(ROOT);
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
