//! What controllers know: the parsed objects of the kinds they act on, kept up by the store's feed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::kinds::Kind;
use crate::store::{Feed, Store, What};

/// What anybody here reads. Events, logs and leases change nothing.
const KINDS: &[&str] = &["BGPConfiguration", "ControllerRevision", "DaemonSet", "IPPool", "Installation", "Node", "Pod", "TigeraStatus"];

type Objects = BTreeMap<(String, String), Arc<Value>>;

pub struct Cache {
    pub store: Store,
    feed: Option<Feed>,
    objects: BTreeMap<&'static str, Objects>,
    changed: bool,
}

impl Cache {
    pub fn new(store: &Store) -> Self {
        let mut cache = Self { store: store.clone(), feed: None, objects: BTreeMap::new(), changed: false };
        cache.refresh();
        cache
    }

    /// Takes in what was written meanwhile.
    pub fn refresh(&mut self) {
        let Some(Ok(changes)) = self.feed.as_mut().map(Feed::ready) else { return self.list() };
        for change in changes.into_iter().filter(|change| KINDS.contains(&change.kind.kind)) {
            let objects = self.objects.entry(change.kind.kind).or_default();
            let place = (change.object.namespace.clone(), change.object.name.clone());
            if change.what == What::Deleted {
                objects.remove(&place);
            } else {
                objects.insert(place, Arc::new(change.value()));
            }
            self.changed = true;
        }
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
    pub fn is_changed(&mut self) -> bool {
        self.refresh();
        self.changed
    }

    /// Whether something changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        self.refresh();
        std::mem::take(&mut self.changed)
    }

    pub fn objects(&self, kind: &str) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.get(kind).into_iter().flat_map(BTreeMap::values)
    }

    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(kind)?.get(&(namespace.to_string(), name.to_string()))
    }
}
