//! Reads a `kubectl get` document item by item, so that a list of thousands is never held whole.
//! Keys that are there twice and numbers that are none (`.nan`) are refused.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits::YAML_EXPANSION;

/// How much a document may still come to: aliases make gigabytes of a megabyte.
pub(super) struct Budget(Cell<usize>);

/// One value of a tree, in memory.
const VALUE: usize = size_of::<Value>();

impl Budget {
    /// Without aliases the smallest value takes two bytes of text, so that no such document comes near its limit.
    pub(super) fn of(text: &str) -> Self {
        Self(Cell::new(text.len().saturating_mul(YAML_EXPANSION).saturating_add(1 << 20)))
    }

    fn spend<E: Error>(&self, text: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(VALUE + text);
        self.0.set(left.ok_or_else(|| E::custom(format!("its aliases make it more than {YAML_EXPANSION} times as large")))?);
        Ok(())
    }
}

/// A tree of bounded depth (both readers stop at 128) and size.
#[derive(Clone, Copy)]
struct Tree<'a>(&'a Budget);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON has")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(format!("{value} is not a number")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.0.spend(value.len())?;
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.0.spend(value.len())?;
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.0.spend(0)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        self.0.spend(0)?;
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            self.0.spend(name.len())?;
            insert(&mut map, name, fields.next_value_seed(self)?)?;
        }
        Ok(Value::Object(map))
    }
}

fn insert<E: Error>(map: &mut Map<String, Value>, name: String, value: Value) -> Result<(), E> {
    if map.contains_key(&name) {
        return Err(E::custom(format!("the key {name:?} is there twice")));
    }
    map.insert(name, value);
    Ok(())
}

/// A document of Kubernetes: each object of a list, or the one object, goes to `take`.
pub(super) struct Document<'a> {
    pub budget: &'a Budget,
    pub take: &'a mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    /// What stood beside the items.
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list of objects of Kubernetes")
    }

    /// The items of a list alone, as `jq .items` leaves them. A list of anything else is not Kubernetes'.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while let Some(item) = items.next_element_seed(Tree(self.budget))? {
            if item.pointer("/metadata/name").is_none() {
                return Err(A::Error::custom("a list of something else than objects of Kubernetes"));
            }
            (self.take)(item);
        }
        Ok(Map::from_iter([("items".to_owned(), Value::Null)]))
    }

    /// An empty document, as `---` alone gives.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut rest = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if name == "items" {
                if rest.contains_key(&name) {
                    return Err(A::Error::custom("the key \"items\" is there twice"));
                }
                rest.insert(name, Value::Null);
                fields.next_value_seed(Items { budget: self.budget, take: &mut *self.take })?;
            } else {
                insert(&mut rest, name, fields.next_value_seed(Tree(self.budget))?)?;
            }
        }
        if !rest.contains_key("items") && rest.contains_key("metadata") {
            (self.take)(Value::Object(std::mem::take(&mut rest)));
            rest.insert("items".into(), Value::Null);
        }
        Ok(rest)
    }
}

struct Items<'a> {
    budget: &'a Budget,
    take: &'a mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element_seed(Tree(self.budget))? {
            (self.take)(item);
        }
        Ok(())
    }
}
