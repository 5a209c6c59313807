//! What controllers know: the parsed objects of the kinds they act on, kept up by the store's feed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::kinds::Kind;
use crate::store::{Change, Feed, Store, What};

/// What anybody here reads. Events, logs and leases change nothing.
const KINDS: &[&str] = &["BGPConfiguration", "ControllerRevision", "DaemonSet", "IPPool", "Installation", "Node", "Pod", "TigeraStatus"];

type Objects = BTreeMap<(String, String), Arc<Value>>;

pub(crate) struct Cache {
    pub store: Store,
    feed: Option<Feed>,
    objects: BTreeMap<&'static str, Objects>,
    changed: bool,
    /// UIDs of DaemonSets that were deleted.
    ended: BTreeSet<String>,
    /// How long a change of a DaemonSet is on its way.
    lag: SignedDuration,
    late: VecDeque<(Timestamp, Change)>,
    /// When a controller wants to look again although nothing changes.
    requeued: Option<Timestamp>,
}

impl Cache {
    pub(crate) fn new(store: &Store) -> Self {
        Self::with_lag(store, SignedDuration::ZERO)
    }

    pub(crate) fn with_lag(store: &Store, lag: SignedDuration) -> Self {
        let (objects, late) = (BTreeMap::new(), VecDeque::new());
        let mut cache =
            Self { store: store.clone(), feed: None, objects, changed: false, ended: BTreeSet::new(), lag, late, requeued: None };
        cache.refresh();
        cache
    }

    /// When something comes in or is looked at again although nobody writes.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.late.front().map(|(due, _)| *due).into_iter().chain(self.requeued).min()
    }

    /// Controllers look again at that time, if not before.
    pub(crate) fn requeue(&mut self, at: Timestamp) {
        self.requeued = Some(self.requeued.map_or(at, |earlier| earlier.min(at)));
    }

    /// Takes in what was written meanwhile.
    pub(crate) fn refresh(&mut self) {
        let Some(Ok(changes)) = self.feed.as_mut().map(Feed::ready) else { return self.list() };
        let now = self.store.now();
        for change in changes.into_iter().filter(|change| KINDS.contains(&change.kind.kind)) {
            match change.kind.kind {
                "DaemonSet" if !self.lag.is_zero() => self.late.push_back((now + self.lag, change)),
                _ => self.take(&change),
            }
        }
        while self.late.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, change)) = self.late.pop_front() else { break };
            self.take(&change);
        }
        if self.requeued.is_some_and(|at| at <= now) {
            self.requeued = None;
            self.changed = true;
        }
    }

    fn take(&mut self, change: &Change) {
        let objects = self.objects.entry(change.kind.kind).or_default();
        let place = (change.object.namespace.clone(), change.object.name.clone());
        if change.what == What::Deleted {
            if let Some(gone) = objects.remove(&place).filter(|_| change.kind.kind == "DaemonSet") {
                self.ended.extend(gone["metadata"]["uid"].as_str().map(str::to_owned));
            }
        } else {
            objects.insert(place, Arc::new(change.value()));
        }
        self.changed = true;
    }

    /// The beginning, and when the history was forgotten.
    fn list(&mut self) {
        self.feed = self.store.subscribe(self.store.resource_version()).ok();
        for name in KINDS {
            let Some(kind) = Kind::named(name) else { continue };
            let place = |stored: &crate::store::Stored| (stored.namespace.clone(), stored.name.clone());
            let all = self.store.all(kind).into_iter().map(|stored| (place(&stored), Arc::new(stored.whole_value(kind))));
            self.objects.insert(kind.kind, all.collect());
        }
        self.changed = true;
    }

    /// Whether something changed that was not yet taken.
    pub(crate) fn is_changed(&mut self) -> bool {
        self.refresh();
        self.changed
    }

    /// Whether something changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        self.refresh();
        std::mem::take(&mut self.changed)
    }

    /// A DaemonSet with this UID was there once.
    pub(crate) fn has_ended(&self, uid: &str) -> bool {
        self.ended.contains(uid)
    }

    pub(crate) fn has_any_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    pub(crate) fn objects(&self, kind: &str) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.get(kind).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(kind)?.get(&(namespace.to_string(), name.to_string()))
    }
}
