//! Writing, with the bookkeeping of a real API server: versions, generations, UIDs, optimistic concurrency, deletion with grace.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::feed::{Change, What};
use super::{Inner, Store, Stored, index, named, prepare, strip, whole};
use crate::api::Failure;
use crate::kinds::Kind;

/// Who writes, and which part of the object.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// `status`: the rest of the object stays as it is.
    pub subresource: Option<&'a str>,
    /// Everything is checked and answered, nothing kept.
    pub dry_run: bool,
    /// By server-side apply, of this: what it names is owned by an entry of its own, changed or not.
    pub applied: Option<&'a Value>,
}

impl<'a> Writer<'a> {
    pub fn new(manager: &'a str) -> Self {
        Self { manager, subresource: None, dry_run: false, applied: None }
    }

    #[must_use]
    pub fn applying(self, config: &'a Value) -> Self {
        Self { applied: Some(config), ..self }
    }

    #[must_use]
    pub fn status(self) -> Self {
        Self { subresource: Some("status"), ..self }
    }
}

/// How an object is to go.
#[derive(Clone, Debug, Default)]
pub struct Deletion {
    /// `None`: the kind's default (a pod's `terminationGracePeriodSeconds`).
    pub grace: Option<i64>,
    pub uid: Option<String>,
    pub version: Option<String>,
    pub dry_run: bool,
}

impl Deletion {
    /// At once, as a kubelet finishes a pod.
    pub fn now() -> Self {
        Self { grace: Some(0), ..Self::default() }
    }
}

impl Store {
    /// Creates an object of the kind its `kind` names. `metadata.generateName` is honoured.
    pub fn create(&self, object: Value, writer: Writer) -> Result<Value, Failure> {
        let kind = named(object["kind"].as_str().unwrap_or_default());
        Ok(self.create_stored(kind, object, writer)?.whole_value(kind))
    }

    pub(crate) fn create_stored(&self, kind: &'static Kind, mut object: Value, writer: Writer) -> Result<Arc<Stored>, Failure> {
        let now = self.now();
        let mut inner = self.write();
        strip(kind, &mut object);
        prepare::create(kind, &mut object, writer, now, inner.version + 1)?;
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_string();
        if inner.get(kind, &text("namespace"), &text("name")).is_some() {
            return Err(Failure::already_exists(kind, &text("name")));
        }
        if kind.namespaced && inner.get(named("Namespace"), "", &text("namespace")).is_none() && !inner.has_none(named("Namespace")) {
            return Err(Failure::not_found(named("Namespace"), &text("namespace")));
        }
        Ok(self.keep(&mut inner, kind, object, None, What::Added, writer.dry_run))
    }

    /// Replaces an object; 409 when it carries another `resourceVersion` than the stored one.
    pub fn update(&self, object: Value, writer: Writer) -> Result<Value, Failure> {
        let kind = named(object["kind"].as_str().unwrap_or_default());
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_string();
        let (namespace, name) = (text("namespace"), text("name"));
        Ok(self.change(kind, &namespace, &name, writer, |_| Ok(object))?.whole_value(kind))
    }

    /// Changes an object under the lock: no conflict is possible, and `change` must not use the store.
    /// Status is only kept with `writer.status()`.
    pub fn edit_as(
        &self,
        writer: Writer,
        kind: &str,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Value, Failure> {
        let kind = named(kind);
        let changed = self.change(kind, namespace, name, writer, |mut object| {
            change(&mut object);
            Ok(object)
        })?;
        Ok(changed.whole_value(kind))
    }

    /// Changes spec, metadata and status at once, as `kube-controller-manager`: the simulation's own hand.
    pub fn edit(&self, kind: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) -> Result<Value, Failure> {
        self.edit_as(Writer { subresource: Some("*"), ..Writer::new("kube-controller-manager") }, kind, namespace, name, change)
    }

    /// One read-modify-write under the lock. `change` gets the object with `kind` and `apiVersion`.
    pub(crate) fn change(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        writer: Writer,
        change: impl FnOnce(Value) -> Result<Value, Failure>,
    ) -> Result<Arc<Stored>, Failure> {
        let now = self.now();
        let mut inner = self.write();
        let before = inner.get(kind, namespace, name).ok_or_else(|| Failure::not_found(kind, name))?;
        let old = before.value();
        let mut object = change(whole(kind, old.clone()))?;
        strip(kind, &mut object);
        prepare::update(kind, &old, &mut object, writer, now)?;
        // A write that changes nothing is no write.
        if object == old {
            return Ok(before);
        }
        let leaves = object["metadata"]["deletionTimestamp"].is_string()
            && object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
            && object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
        let what = if leaves { What::Deleted } else { What::Modified };
        Ok(self.keep(&mut inner, kind, object, Some(before), what, writer.dry_run))
    }

    /// Deletes an object, or starts its deletion when it has grace or finalizers. The object as it was left.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str, how: &Deletion) -> Result<Value, Failure> {
        let kind = named(kind);
        Ok(self.delete_stored(kind, namespace, name, how)?.0.whole_value(kind))
    }

    /// `true`: it is gone.
    pub(crate) fn delete_stored(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        how: &Deletion,
    ) -> Result<(Arc<Stored>, bool), Failure> {
        let now = self.now();
        let mut inner = self.write();
        let before = inner.get(kind, namespace, name).ok_or_else(|| Failure::not_found(kind, name))?;
        let mut object = before.value();
        let metadata = &object["metadata"];
        for (what, wanted, found) in
            [("UID", &how.uid, metadata["uid"].as_str()), ("ResourceVersion", &how.version, metadata["resourceVersion"].as_str())]
        {
            if let Some(wanted) = wanted.as_deref().filter(|wanted| Some(*wanted) != found) {
                return Err(Failure::precondition(kind, name, what, wanted, found.unwrap_or_default()));
            }
        }
        let grace = grace(kind, &object, how.grace);
        let held = metadata["finalizers"].as_array().is_some_and(|list| !list.is_empty());
        if grace == 0 && !held {
            // A pod whose own period is 0 is seen going, then gone.
            if kind.kind == "Pod" && how.grace.is_none() && object["spec"]["nodeName"].is_string() && !how.dry_run {
                leave(&mut object, now, 0);
                let going = self.keep(&mut inner, kind, object, Some(before), What::Modified, false);
                return Ok((self.keep(&mut inner, kind, going.value(), Some(going), What::Deleted, false), true));
            }
            return Ok((self.keep(&mut inner, kind, object, Some(before), What::Deleted, how.dry_run), true));
        }
        let going = metadata["deletionGracePeriodSeconds"].as_i64();
        if going.is_some_and(|going| going <= grace) {
            return Ok((before, false));
        }
        let at = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
        leave(&mut object, at, grace);
        Ok((self.keep(&mut inner, kind, object, Some(before), What::Modified, how.dry_run), false))
    }

    fn keep(
        &self,
        inner: &mut Inner,
        kind: &'static Kind,
        mut object: Value,
        before: Option<Arc<Stored>>,
        what: What,
        dry_run: bool,
    ) -> Arc<Stored> {
        if dry_run {
            return Arc::new(index(kind, &object));
        }
        inner.version += 1;
        let version = inner.version;
        object["metadata"]["resourceVersion"] = version.to_string().into();
        let stored = index(kind, &object);
        let object = if what == What::Deleted {
            inner.take(kind, &stored);
            Arc::new(stored)
        } else {
            inner.put(kind, stored)
        };
        inner.remember(Change { version, what, kind, object: object.clone(), before });
        self.newest.send_replace(version);
        object
    }
}

impl Inner {
    /// Whether a world keeps no such objects at all: then they are not insisted on.
    fn has_none(&self, kind: &Kind) -> bool {
        self.objects.get(&(kind.group, kind.plural)).is_none_or(std::collections::BTreeMap::is_empty)
    }
}

fn leave(object: &mut Value, at: Timestamp, grace: i64) {
    object["metadata"]["deletionTimestamp"] = stamp(at).into();
    object["metadata"]["deletionGracePeriodSeconds"] = grace.into();
    if let Some(generation) = object["metadata"]["generation"].as_i64() {
        object["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Only a pod that is on a node needs time to end.
fn grace(kind: &Kind, object: &Value, asked: Option<i64>) -> i64 {
    let ended = matches!(object["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
    if kind.kind != "Pod" || ended || object["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
        return 0;
    }
    asked.or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or(30).max(0)
}

pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
