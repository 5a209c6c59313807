//! What changed, in order: HTTP watches and controllers read the same feed.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Inner, Store, Stored};
use crate::api::Failure;
use crate::kinds::Kind;

/// As far as a watch may fall behind: so many changes, so many bytes.
const KEPT: usize = 20_000;
const KEPT_BYTES: usize = 128 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Added,
    Modified,
    Deleted,
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    pub version: u64,
    pub what: What,
    pub kind: &'static Kind,
    /// As it is now; as it was last, with the version of its deletion, when it is gone.
    pub object: Arc<Stored>,
    /// As it was before.
    pub before: Option<Arc<Stored>>,
}

impl Change {
    /// The object with `kind` and `apiVersion`.
    pub fn value(&self) -> Value {
        self.object.whole_value(self.kind)
    }
}

#[derive(Default)]
pub(super) struct History {
    changes: VecDeque<Change>,
    bytes: usize,
    /// Changes up to this version are forgotten.
    oldest: u64,
}

impl Inner {
    pub(super) fn forget(&mut self) {
        self.history.changes.clear();
        self.history.bytes = 0;
        self.history.oldest = self.version;
    }

    pub(super) fn remember(&mut self, change: Change) {
        self.history.bytes += change.object.json.len();
        self.history.changes.push_back(change);
        while self.history.changes.len() > KEPT || self.history.bytes > KEPT_BYTES {
            let Some(gone) = self.history.changes.pop_front() else { return };
            self.history.bytes -= gone.object.json.len();
            self.history.oldest = gone.version;
        }
    }
}

/// The changes after a version, as they come.
pub struct Feed {
    store: Store,
    seen: u64,
    newest: watch::Receiver<u64>,
}

impl Store {
    /// Every change after `from`; 410 when the history does not reach back so far.
    pub fn subscribe(&self, from: u64) -> Result<Feed, Failure> {
        let feed = Feed { store: self.clone(), seen: from, newest: self.newest.subscribe() };
        self.since(from)?;
        Ok(feed)
    }

    /// Forgets every change so far, as etcd's compaction does: older watches get 410.
    pub fn compact(&self) {
        self.write().forget();
        self.newest.send_modify(|_| {});
    }

    /// The objects of a kind as they were at a version; `None` when it is forgotten or yet to come.
    pub(crate) fn snapshot_at(&self, kind: &Kind, version: u64) -> Option<Vec<Arc<Stored>>> {
        let inner = self.read();
        if version < inner.history.oldest || version > inner.version {
            return None;
        }
        let mut objects = inner.objects.get(&(kind.group, kind.plural)).cloned().unwrap_or_default();
        for change in inner.history.changes.iter().rev().take_while(|change| change.version > version) {
            if change.kind != kind {
                continue;
            }
            let place = (change.object.namespace.clone(), change.object.name.clone());
            match &change.before {
                Some(before) => objects.insert(place, before.clone()),
                None => objects.remove(&place),
            };
        }
        Some(objects.into_values().collect())
    }

    fn since(&self, version: u64) -> Result<Vec<Change>, Failure> {
        let inner = self.read();
        if version < inner.history.oldest {
            return Err(Failure::expired(format!("too old resource version: {version} ({})", inner.history.oldest)));
        }
        let changes = &inner.history.changes;
        let start = changes.partition_point(|change| change.version <= version);
        Ok(changes.iter().skip(start).cloned().collect())
    }
}

impl Feed {
    /// What has happened since the last call; empty when nothing has.
    pub fn ready(&mut self) -> Result<Vec<Change>, Failure> {
        let changes = self.store.since(self.seen)?;
        if let Some(last) = changes.last() {
            self.seen = last.version;
        }
        Ok(changes)
    }

    /// Waits until something has happened.
    pub async fn next(&mut self) -> Result<Vec<Change>, Failure> {
        loop {
            self.newest.borrow_and_update();
            let changes = self.ready()?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            if self.newest.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// The version up to which everything has been seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}
