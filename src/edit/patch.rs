//! The difference between two objects as a patch, there and back, and what a patch makes of an object.
//!
//! Only what Kubernetes' two kinds of patch need for the fields that are changed here: merge keys of pod templates for the
//! strategic one (`patchMergeKey` in k8s.io/api core/v1), none for custom resources (RFC 7386).

use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// Lists of containers and variables are merged by name.
    Strategic,
    /// A list is replaced whole.
    Merge,
}

const BY_NAME: [&str; 3] = ["containers", "initContainers", "env"];
const DIRECTIVE: &str = "$patch";

impl PatchKind {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Merge => "application/merge-patch+json",
        }
    }

    fn is_keyed(self, field: &str, list: &[Value]) -> bool {
        self == Self::Strategic && BY_NAME.contains(&field) && list.iter().all(|item| name(item).is_some())
    }

    /// What turns `before` into `after`; `None` where they are alike.
    pub fn diff(self, before: &Value, after: &Value) -> Option<Value> {
        self.difference("", before, after)
    }

    fn difference(self, field: &str, before: &Value, after: &Value) -> Option<Value> {
        match (before, after) {
            (before, after) if before == after => None,
            (Value::Object(before), Value::Object(after)) => Some(self.of_fields(before, after)),
            (Value::Array(before), Value::Array(after)) if self.is_keyed(field, before) && self.is_keyed(field, after) => {
                Some(self.of_items(before, after))
            }
            (_, after) => Some(after.clone()),
        }
    }

    fn of_fields(self, before: &Map<String, Value>, after: &Map<String, Value>) -> Value {
        let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), Value::Null));
        let other = after.iter().filter_map(|(key, value)| {
            let old = before.get(key);
            Some((key.clone(), old.map_or_else(|| Some(value.clone()), |old| self.difference(key, old, value))?))
        });
        Value::Object(gone.chain(other).collect())
    }

    fn of_items(self, before: &[Value], after: &[Value]) -> Value {
        let gone =
            before.iter().filter(|item| find(after, item).is_none()).map(|item| json!({DIRECTIVE: "delete", "name": item.get("name")}));
        let other = after.iter().filter_map(|item| match find(before, item) {
            None => Some(item.clone()),
            Some(at) => self.difference("", before.get(at)?, item).map(|mut changed| {
                if let Some(fields) = changed.as_object_mut() {
                    fields.insert("name".to_owned(), item.get("name").cloned().unwrap_or_default());
                }
                changed
            }),
        });
        Value::Array(other.chain(gone).collect())
    }

    /// What the server will make of it, where only the fields named in the module's first lines differ.
    pub fn apply(self, object: &mut Value, patch: &Value) {
        self.onto("", object, patch);
    }

    fn onto(self, field: &str, object: &mut Value, patch: &Value) {
        match (object, patch) {
            (Value::Array(items), Value::Array(changes)) if self.is_keyed(field, items) && self.is_keyed(field, changes) => {
                for change in changes {
                    let found = find(items, change);
                    if change.get(DIRECTIVE).is_some_and(|directive| directive == "delete") {
                        found.into_iter().for_each(|at| drop(items.remove(at)));
                    } else {
                        match found.and_then(|at| items.get_mut(at)) {
                            Some(item) => self.onto("", item, change),
                            None => items.push(without_nulls(change)),
                        }
                    }
                }
            }
            (object, Value::Object(changes)) => {
                if !object.is_object() {
                    *object = Value::Object(Map::new());
                }
                let Value::Object(fields) = object else { return };
                for (key, change) in changes {
                    match change {
                        Value::Null => drop(fields.remove(key)),
                        change => match fields.get_mut(key) {
                            Some(old) => self.onto(key, old, change),
                            None => drop(fields.insert(key.clone(), without_nulls(change))),
                        },
                    }
                }
            }
            (object, other) => *object = other.clone(),
        }
    }

    /// The object has already what the patch would give it.
    pub fn holds(self, object: &Value, patch: &Value) -> bool {
        let mut patched = object.clone();
        self.apply(&mut patched, patch);
        patched == *object
    }
}

fn name(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

fn find(items: &[Value], like: &Value) -> Option<usize> {
    items.iter().position(|item| name(item) == name(like))
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), without_nulls(value))).collect()
        }
        other => other.clone(),
    }
}

/// Both patches at once; they must not say different things of one field.
pub fn join(mut one: Value, other: &Value) -> Value {
    fn add(onto: &mut Value, other: &Value) {
        match (onto, other) {
            (Value::Object(fields), Value::Object(more)) => {
                for (key, value) in more {
                    match fields.get_mut(key) {
                        Some(old) => add(old, value),
                        None => drop(fields.insert(key.clone(), value.clone())),
                    }
                }
            }
            (onto, other) => *onto = other.clone(),
        }
    }
    add(&mut one, other);
    one
}

#[cfg(test)]
mod tests;
