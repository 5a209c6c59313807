//! Reads logs without a cluster: from files, or from a snapshot.

use std::path::PathBuf;

use crate::exit::Failure;
use crate::import;
use crate::import::log::LogError;
use crate::startup::log_source::LogSource;
use crate::startup::saved_logs::saved_logs;

use super::Logs;
use super::save::Place;
use crate::commands::node_selection::NodeSelection;
use crate::commands::source;

pub(super) fn read(files: &[PathBuf], place: &Place) -> Result<Logs, Failure> {
    place.suits(files.len())?;
    let mut subjects = Vec::new();
    for path in files {
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        let mut saving = place.begin(&path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default())?;
        let read = import::log::read(path, &mut std::io::stdin().lock(), &mut |chunk| saving.push(chunk));
        place.end(saving, read.is_ok())?;
        for log in read? {
            let whose = log.pod.or(log.host).map_or_else(|| name.clone(), |whose| format!("{name}: {whose}"));
            subjects.push(LogSource::from_file(whose, log.attempts));
        }
    }
    Ok(Logs { subjects, snapshot: None })
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::ReadFailed { message: format!("error: {error}"), hint: Some(error.hint().to_owned()) }
    }
}

/// A snapshot holds the known lines of each container's last attempt.
pub(super) fn from_snapshot(files: &[PathBuf], selection: &NodeSelection) -> Result<Logs, Failure> {
    let snapshot = source::load(files, selection.only())?;
    let wanted = selection.resolve(&snapshot)?.unwrap_or_default();
    let named = wanted.iter().filter(|_| matches!(selection, NodeSelection::Names(_)));
    if let Some(missing) = named.into_iter().find(|node| !snapshot.logs.contains_key(*node)) {
        let message = format!("error: the file has no log of the node {missing:?}");
        let known: Vec<&String> = snapshot.logs.keys().collect();
        return Err(Failure::ReadFailed { message, hint: Some(format!("It has logs of: {}", crate::text::list(&known, 10))) });
    }
    if snapshot.logs.is_empty() {
        let hint = "Only logs of nodes in trouble are kept: kubectl calico-fix status --logs --save FILE keeps all.".to_owned();
        return Err(Failure::ReadFailed { message: "error: the file has no logs".to_owned(), hint: Some(hint) });
    }
    let subjects = saved_logs(&snapshot, |node| wanted.is_empty() || wanted.contains(node));
    Ok(Logs { subjects, snapshot: Some(snapshot) })
}
