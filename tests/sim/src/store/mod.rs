//! The objects, kept as JSON text (as etcd keeps them) with what lists select by.

mod feed;
mod managed;
mod prepare;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::kinds::Kind;
use feed::History;
pub use feed::{Change, Feed, What};
pub(crate) use managed::give_up;
pub use write::{Deletion, Writer};

/// One stored object.
#[derive(Clone, Debug)]
pub struct Stored {
    pub namespace: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    /// What `fieldSelector` may ask for this kind.
    pub fields: BTreeMap<&'static str, String>,
    /// Without `kind` and `apiVersion` for built-in kinds: lists leave them out.
    pub json: Bytes,
}

impl Stored {
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or(Value::Null)
    }

    /// With `kind` and `apiVersion`, as a GET answers.
    pub fn whole(&self, kind: &Kind) -> Bytes {
        if kind.custom {
            return self.json.clone();
        }
        let mut text = format!(r#"{{"kind":"{}","apiVersion":"{}","#, kind.kind, kind.api_version()).into_bytes();
        text.extend_from_slice(&self.json[1..]);
        text.into()
    }

    pub fn whole_value(&self, kind: &Kind) -> Value {
        serde_json::from_slice(&self.whole(kind)).unwrap_or(Value::Null)
    }
}

type Key = (&'static str, &'static str);
type Objects = BTreeMap<(String, String), Arc<Stored>>;
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

struct Inner {
    /// By kind, then by namespace and name: the order of a list.
    objects: BTreeMap<Key, Objects>,
    /// Groups with a CustomResourceDefinition; the others answer 404.
    custom_groups: BTreeSet<&'static str>,
    version: u64,
    history: History,
    clock: Clock,
}

/// Every object, shared: clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<RwLock<Inner>>,
    /// The newest resource version: whoever follows waits on it.
    newest: Arc<watch::Sender<u64>>,
}

const SELECTABLE: &[(&str, &[&str])] = &[
    ("Pod", &["spec.nodeName", "status.phase", "spec.restartPolicy", "status.podIP"]),
    (
        "Event",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "reason",
            "source",
            "type",
            "reportingComponent",
        ],
    ),
    ("Node", &["spec.unschedulable"]),
    ("Namespace", &["status.phase"]),
    ("Secret", &["type"]),
];

/// The field labels a kind's lists can be selected by, beyond name and namespace.
pub(crate) fn selectable(kind: &Kind) -> &'static [&'static str] {
    SELECTABLE.iter().find(|(name, _)| *name == kind.kind).map_or(&[], |(_, fields)| fields)
}

impl Default for Store {
    fn default() -> Self {
        let inner = Inner {
            objects: BTreeMap::new(),
            custom_groups: BTreeSet::new(),
            version: 0,
            history: History::default(),
            clock: Arc::new(|| Timestamp::UNIX_EPOCH),
        };
        Self { inner: Arc::new(RwLock::new(inner)), newest: Arc::new(watch::Sender::new(0)) }
    }
}

/// # Panics
/// When the kind is not in `KINDS`: a scenario's or a controller's mistake.
pub(crate) fn named(kind: &str) -> &'static Kind {
    Kind::named(kind).unwrap_or_else(|| panic!("no such kind: {kind:?}"))
}

/// Reading, and building a world before anybody looks at it.
impl Store {
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a whole object (`kind` and `apiVersion` present) as it is. For a world being built: nobody is told.
    pub fn add(&self, mut object: Value) {
        let kind = named(object["kind"].as_str().unwrap_or_default());
        let mut inner = self.write();
        if kind.custom {
            inner.custom_groups.insert(kind.group);
        }
        strip(kind, &mut object);
        inner.version += 1;
        if object["metadata"]["resourceVersion"].is_null() {
            object["metadata"]["resourceVersion"] = inner.version.to_string().into();
        } else if let Some(version) = object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()) {
            inner.version = inner.version.max(version);
        }
        inner.put(kind, index(kind, &object));
        inner.forget();
    }

    /// Adds the items of a `List` or of a typed list.
    pub fn add_list(&self, list: &Value) {
        let kind = list["kind"].as_str().unwrap_or_default().trim_end_matches("List");
        for item in list["items"].as_array().into_iter().flatten() {
            let mut item = item.clone();
            if item["kind"].is_null() {
                item["kind"] = kind.into();
                item["apiVersion"] = list["apiVersion"].clone();
            }
            self.add(item);
        }
    }

    /// Makes a custom group exist without any object in it.
    pub fn define(&self, group: &'static str) {
        self.write().custom_groups.insert(group);
    }

    /// Changes objects of this name in place, versions and all untouched: how a test bends a scenario before it starts.
    pub fn bend(&self, kind: &str, name: &str, change: impl Fn(&mut Value)) {
        let kind = named(kind);
        for stored in self.write().objects.entry((kind.group, kind.plural)).or_default().values_mut() {
            if stored.name == name {
                let mut value = stored.value();
                change(&mut value);
                *stored = Arc::new(index(kind, &value));
            }
        }
    }

    /// Removes the objects of a kind that `gone` picks, before anybody looks.
    pub fn remove(&self, kind: &str, gone: impl Fn(&str) -> bool) {
        let kind = named(kind);
        self.write().objects.entry((kind.group, kind.plural)).or_default().retain(|(_, name), _| !gone(name));
    }

    pub fn serves(&self, kind: &Kind) -> bool {
        !kind.custom || self.read().custom_groups.contains(kind.group)
    }

    pub fn all(&self, kind: &Kind) -> Vec<Arc<Stored>> {
        self.snapshot(kind).0
    }

    /// The objects of a kind and the version they are of.
    pub fn snapshot(&self, kind: &Kind) -> (Vec<Arc<Stored>>, u64) {
        let inner = self.read();
        let objects = inner.objects.get(&(kind.group, kind.plural));
        (objects.into_iter().flat_map(BTreeMap::values).cloned().collect(), inner.version)
    }

    pub fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        self.read().get(kind, namespace, name)
    }

    /// One object with `kind` and `apiVersion`, by the kind's name.
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = named(kind);
        self.get(kind, namespace, name).map(|stored| stored.whole_value(kind))
    }

    /// Every object of a kind, in the order of a list.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        let kind = named(kind);
        self.all(kind).iter().map(|stored| stored.whole_value(kind)).collect()
    }

    pub fn resource_version(&self) -> u64 {
        self.read().version
    }

    /// Sets the version the world starts at.
    pub fn start_at(&self, version: u64) {
        let mut inner = self.write();
        inner.version = version;
        inner.forget();
    }

    /// What stamps are taken from.
    pub fn set_clock(&self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) {
        self.write().clock = Arc::new(clock);
    }

    pub fn now(&self) -> Timestamp {
        let clock = self.read().clock.clone();
        clock()
    }
}

impl Inner {
    fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        self.objects.get(&(kind.group, kind.plural))?.get(&(namespace.to_string(), name.to_string())).cloned()
    }

    fn put(&mut self, kind: &Kind, stored: Stored) -> Arc<Stored> {
        let stored = Arc::new(stored);
        let place = (stored.namespace.clone(), stored.name.clone());
        self.objects.entry((kind.group, kind.plural)).or_default().insert(place, stored.clone());
        stored
    }

    fn take(&mut self, kind: &Kind, stored: &Stored) {
        if let Some(objects) = self.objects.get_mut(&(kind.group, kind.plural)) {
            objects.remove(&(stored.namespace.clone(), stored.name.clone()));
        }
    }
}

/// The other way round: the object as a GET answers it.
fn whole(kind: &Kind, mut object: Value) -> Value {
    if !kind.custom {
        object["kind"] = kind.kind.into();
        object["apiVersion"] = kind.api_version().into();
    }
    object
}

/// Built-in kinds are kept without `kind` and `apiVersion`, as their lists show them.
fn strip(kind: &Kind, object: &mut Value) {
    if !kind.custom
        && let Some(map) = object.as_object_mut()
    {
        map.remove("kind");
        map.remove("apiVersion");
    }
}

fn index(kind: &Kind, object: &Value) -> Stored {
    let metadata = &object["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let labels = metadata["labels"].as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect();
    let fields = selectable(kind)
        .iter()
        .map(|&field| {
            let pointer = match field {
                "source" => "/source/component".to_string(),
                field => format!("/{}", field.replace('.', "/")),
            };
            let value = match object.pointer(&pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Bool(yes)) => yes.to_string(),
                _ if field == "spec.unschedulable" => "false".to_string(),
                _ => String::new(),
            };
            (field, value)
        })
        .collect();
    Stored { namespace: text(&metadata["namespace"]), name: text(&metadata["name"]), labels, fields, json: object.to_string().into() }
}

#[cfg(test)]
mod tests;
