//! Reads a `kubectl get` document item by item, so that a list of thousands is never held whole.
//! Keys that are there twice and numbers that are none (`.nan`) are refused.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A tree of bounded depth: both readers stop at 128.
struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON has")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(format!("{value} is not a number")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Tree)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            insert(&mut map, name, fields.next_value_seed(Tree)?)?;
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
pub struct Document<'a> {
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
                fields.next_value_seed(Items { take: &mut *self.take })?;
            } else {
                insert(&mut rest, name, fields.next_value_seed(Tree)?)?;
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
        while let Some(item) = items.next_element_seed(Tree)? {
            (self.take)(item);
        }
        Ok(())
    }
}
