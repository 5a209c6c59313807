//! What this machine keeps of a change: a copy of its undo record, used when the annotation was removed from the object, and a lock
//! that is held while the change's run is at work. The system releases the lock when the process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use etcetera::BaseStrategy;

use crate::diagnosis::unfinished_change::EndedChanges;
use crate::edit::target::TargetSnapshot;
use crate::edit::undo_record::UndoRecord;
use crate::snapshot::Snapshot;

/// `~/.local/state/kubectl-calico-fix/undo/UID.json`; other systems have other state directories.
pub fn path(target: &TargetSnapshot) -> Option<PathBuf> {
    file(&target.uid, "json")
}

fn file(uid: &str, extension: &str) -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    // A UID is the API server's own; another text must not lead out of the folder.
    let name: String = uid.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!name.is_empty()).then(|| state.join("kubectl-calico-fix").join("undo").join(format!("{name}.{extension}")))
}

/// Held by the one run on this machine that changes the object.
pub struct RunLock {
    _file: File,
}

/// Another process may be looking whether the lock is held.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

impl RunLock {
    /// `None` while another process on this machine changes the same object.
    pub fn acquire(target: &TargetSnapshot) -> io::Result<Option<Self>> {
        let path = file(&target.uid, "lock").ok_or_else(|| io::Error::other("no home directory found"))?;
        fs::create_dir_all(path.parent().ok_or_else(|| io::Error::other("no folder"))?)?;
        let file = File::options().create(true).append(true).open(path)?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// A process on this machine changes the object with this UID.
pub fn is_running(uid: &str) -> bool {
    let Some(file) = file(uid, "lock").and_then(|path| File::open(path).ok()) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The changes that this machine began and whose run is over, of the objects in `snapshot`.
pub fn ended_changes(snapshot: &Snapshot) -> EndedChanges {
    let set = snapshot.daemon_set.seen().map(|set| &set.metadata);
    let installations = snapshot.resources.installations.seen().into_iter().flatten().map(|one| &one.metadata);
    let uids = set.into_iter().chain(installations).filter_map(|meta| meta.uid.clone());
    let record = |uid: &str| UndoRecord::parse(&fs::read_to_string(file(uid, "json")?).ok()?).ok();
    uids.filter(|uid| !is_running(uid)).filter_map(|uid| Some((uid.clone(), record(&uid)?))).collect()
}

pub fn save(target: &TargetSnapshot, record: &UndoRecord) -> io::Result<PathBuf> {
    let path = path(target).ok_or_else(|| io::Error::other("no home directory found"))?;
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
