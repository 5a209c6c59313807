//! The objects, kept as JSON text (as etcd keeps them) with what lists select by.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use crate::kinds::Kind;

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
}

type Key = (&'static str, &'static str);

/// Every object by kind, then by namespace and name: the order of a list.
#[derive(Default)]
pub struct Store {
    objects: BTreeMap<Key, BTreeMap<(String, String), Stored>>,
    /// Groups with a CustomResourceDefinition; the others answer 404.
    custom_groups: BTreeSet<&'static str>,
    pub resource_version: u64,
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
pub fn selectable(kind: &Kind) -> &'static [&'static str] {
    SELECTABLE.iter().find(|(name, _)| *name == kind.kind).map_or(&[], |(_, fields)| fields)
}

impl Store {
    /// Adds a whole object (`kind` and `apiVersion` present).
    ///
    /// # Panics
    /// When the object's kind is not in `KINDS`: a scenario's mistake.
    pub fn add(&mut self, mut object: Value) {
        let name = object["kind"].as_str().unwrap_or_default();
        let kind = Kind::named(name).unwrap_or_else(|| panic!("no such kind: {name:?}"));
        if kind.custom {
            self.custom_groups.insert(kind.group);
        } else if let Some(map) = object.as_object_mut() {
            map.remove("kind");
            map.remove("apiVersion");
        }
        self.resource_version += 1;
        if object["metadata"]["resourceVersion"].is_null() {
            object["metadata"]["resourceVersion"] = self.resource_version.to_string().into();
        } else if let Some(version) = object["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()) {
            self.resource_version = self.resource_version.max(version);
        }
        let stored = index(kind, &object);
        self.objects.entry((kind.group, kind.plural)).or_default().insert((stored.namespace.clone(), stored.name.clone()), stored);
    }

    /// Adds the items of a `List` or of a typed list.
    pub fn add_list(&mut self, list: &Value) {
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
    pub fn define(&mut self, group: &'static str) {
        self.custom_groups.insert(group);
    }

    pub fn serves(&self, kind: &Kind) -> bool {
        !kind.custom || self.custom_groups.contains(kind.group)
    }

    pub fn all(&self, kind: &Kind) -> impl Iterator<Item = &Stored> {
        self.objects.get(&(kind.group, kind.plural)).into_iter().flat_map(BTreeMap::values)
    }

    pub fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<&Stored> {
        self.objects.get(&(kind.group, kind.plural))?.get(&(namespace.to_string(), name.to_string()))
    }

    /// Changes one object in place: how a test bends a scenario.
    pub fn edit(&mut self, kind: &str, name: &str, change: impl Fn(&mut Value)) {
        let kind = Kind::named(kind).unwrap_or_else(|| panic!("no such kind: {kind:?}"));
        for stored in self.objects.entry((kind.group, kind.plural)).or_default().values_mut().filter(|stored| stored.name == name) {
            let mut value = stored.value();
            change(&mut value);
            *stored = index(kind, &value);
        }
    }

    /// Removes the objects of a kind that `gone` picks.
    pub fn remove(&mut self, kind: &str, gone: impl Fn(&str) -> bool) {
        let kind = Kind::named(kind).unwrap_or_else(|| panic!("no such kind: {kind:?}"));
        self.objects.entry((kind.group, kind.plural)).or_default().retain(|(_, name), _| !gone(name));
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
