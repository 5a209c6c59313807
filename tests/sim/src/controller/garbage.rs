//! The garbage collector, for what DaemonSets own: their pods and revisions go after them (kubernetes pkg/controller/garbagecollector).
//! How a deletion is to propagate is not read: dependents always go, and the owner does not wait for them.

use super::{Cache, text};
use crate::store::Deletion;

pub(super) fn sync(cache: &mut Cache) {
    cache.refresh();
    if !cache.has_any_ended() {
        return;
    }
    for kind in ["Pod", "ControllerRevision"] {
        for object in cache.objects(kind).filter(|object| object["metadata"]["deletionTimestamp"].is_null()) {
            let owners = object["metadata"]["ownerReferences"].as_array();
            let mut uids = owners.into_iter().flatten().map(|owner| owner["uid"].as_str().unwrap_or_default()).peekable();
            // An object stays as long as one of its owners does.
            if uids.peek().is_some() && uids.all(|uid| cache.has_ended(uid)) {
                let only = Deletion { uid: Some(text(object, "uid").into()), ..Deletion::default() };
                let _ = cache.store.delete(kind, text(object, "namespace"), text(object, "name"), &only);
            }
        }
    }
}
