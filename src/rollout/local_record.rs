//! Local copy of the undo record, used when the annotation was removed from the object.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use etcetera::BaseStrategy;

use crate::edit::target::TargetSnapshot;
use crate::edit::undo_record::UndoRecord;

/// `~/.local/state/kubectl-calico-fix/undo/UID.json`; other systems have other state directories.
pub fn path(target: &TargetSnapshot) -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    // A UID is the API server's own; another text must not lead out of the folder.
    let name: String = target.uid.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!name.is_empty()).then(|| state.join("kubectl-calico-fix").join("undo").join(format!("{name}.json")))
}

pub fn save(target: &TargetSnapshot, record: &UndoRecord) -> io::Result<PathBuf> {
    let path = path(target).ok_or_else(|| io::Error::other("there is no home directory"))?;
    let folder = path.parent().ok_or_else(|| io::Error::other("no folder"))?;
    fs::create_dir_all(folder)?;
    // Whole or not at all.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(serde_json::to_string_pretty(record)?.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(path)
}

/// `None` without a file.
pub fn load(target: &TargetSnapshot) -> io::Result<Option<UndoRecord>> {
    let Some(path) = path(target) else { return Ok(None) };
    match fs::read_to_string(&path) {
        Ok(text) => UndoRecord::parse(&text).map(Some).map_err(|error| io::Error::other(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the newest record away; the one below it is kept again.
pub fn pop(target: &TargetSnapshot, record: &UndoRecord) {
    // What is left behind is read only where the object itself remembers nothing.
    match (&record.previous, path(target)) {
        (Some(previous), _) => drop(save(target, previous)),
        (None, Some(path)) => drop(fs::remove_file(path)),
        (None, None) => {}
    }
}
