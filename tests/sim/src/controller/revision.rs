//! ControllerRevisions: one for each pod template a DaemonSet has had (kubernetes pkg/controller/daemon/update.go).

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Cache, MANAGER, owned_by, text};
use crate::store::Deletion;

/// The label of the template as it is now; its revision is made, or made the newest again.
pub(super) fn current(cache: &Cache, daemonset: &Value) -> String {
    let store = &cache.store;
    let data = data(daemonset);
    let known = history(cache, daemonset);
    let newest = known.iter().map(|revision| number(revision)).max().unwrap_or(0);
    if let Some(same) = known.iter().find(|revision| revision["data"] == data) {
        if number(same) < newest {
            let raised = |revision: &mut Value| revision["revision"] = (newest + 1).into();
            let _ = store.edit_as(MANAGER, "ControllerRevision", text(same, "namespace"), text(same, "name"), raised);
        }
        return same["metadata"]["labels"][HASH].as_str().unwrap_or_default().to_string();
    }
    let hash = hash(&daemonset["spec"]["template"]);
    let mut labels = daemonset["spec"]["template"]["metadata"]["labels"].clone();
    labels[HASH] = hash.as_str().into();
    let revision = json!({
        "kind": "ControllerRevision",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": format!("{}-{hash}", text(daemonset, "name")),
            "namespace": text(daemonset, "namespace"),
            "labels": labels,
            "annotations": daemonset["metadata"]["annotations"],
            "ownerReferences": [owner(daemonset)],
        },
        "data": data,
        "revision": newest + 1,
    });
    let _ = store.create(revision, MANAGER);
    hash
}

/// Removes the oldest revisions that no pod has, beyond the limit.
pub(super) fn clean_up(cache: &Cache, daemonset: &Value, pods: &[Arc<Value>], now: &str) {
    let limit = daemonset["spec"]["revisionHistoryLimit"].as_u64().unwrap_or(10) as usize;
    let live = |hash: &Value| hash == now || pods.iter().any(|pod| pod["metadata"]["labels"][HASH] == *hash);
    let mut old: Vec<_> = history(cache, daemonset).into_iter().filter(|revision| !live(&revision["metadata"]["labels"][HASH])).collect();
    old.sort_by_key(|revision| number(revision));
    for revision in &old[..old.len().saturating_sub(limit)] {
        let _ = cache.store.delete("ControllerRevision", text(revision, "namespace"), text(revision, "name"), &Deletion::now());
    }
}

pub(super) const HASH: &str = "controller-revision-hash";

pub(super) fn owner(daemonset: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "name": text(daemonset, "name"),
        "uid": text(daemonset, "uid"),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

fn history(cache: &Cache, daemonset: &Value) -> Vec<Arc<Value>> {
    let uid = text(daemonset, "uid");
    cache.objects("ControllerRevision").filter(|revision| owned_by(revision, uid)).cloned().collect()
}

fn number(revision: &Value) -> i64 {
    revision["revision"].as_i64().unwrap_or(0)
}

fn data(daemonset: &Value) -> Value {
    let mut template = daemonset["spec"]["template"].clone();
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// FNV-1a of the template, in letters that form no words. The real one hashes Go's own dump: it looks alike, no more.
fn hash(template: &Value) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let sum = template.to_string().bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    sum.to_string().bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}
