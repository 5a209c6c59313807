//! Any format that `serde` reads, written as JSON: one reader for a type then serves all of them.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// `serde_json` reads no deeper.
const MAX_DEPTH: usize = 128;

/// Appends one value to `json`.
pub(super) struct Transcoder<'a> {
    pub json: &'a mut Vec<u8>,
    depth: usize,
}

impl<'a> Transcoder<'a> {
    pub(super) fn new(json: &'a mut Vec<u8>) -> Self {
        Self { json, depth: 0 }
    }

    fn leaf<E: Error>(self, value: impl Serialize) -> Result<(), E> {
        serde_json::to_writer(self.json, &value).map_err(E::custom)
    }

    fn inner(&mut self) -> Transcoder<'_> {
        Transcoder { json: self.json, depth: self.depth + 1 }
    }

    fn check_depth<E: Error>(&self) -> Result<(), E> {
        if self.depth < MAX_DEPTH { Ok(()) } else { Err(E::custom(format!("nested more than {MAX_DEPTH} deep"))) }
    }
}

impl<'de> DeserializeSeed<'de> for Transcoder<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Transcoder<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON has")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() { self.leaf(value) } else { Err(E::custom(format!("{value} is not a number"))) }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.leaf(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.leaf(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.check_depth()?;
        self.json.push(b'[');
        let mut count = 0;
        while items.next_element_seed(Element { rest: self.inner(), is_first: count == 0 })?.is_some() {
            count += 1;
        }
        self.json.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        self.check_depth()?;
        self.json.push(b'{');
        let mut count = 0;
        while let Some(name) = fields.next_key::<String>()? {
            if count > 0 {
                self.json.push(b',');
            }
            count += 1;
            self.inner().leaf(name)?;
            self.json.push(b':');
            fields.next_value_seed(self.inner())?;
        }
        self.json.push(b'}');
        Ok(())
    }
}

struct Element<'a> {
    rest: Transcoder<'a>,
    is_first: bool,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.is_first {
            self.rest.json.push(b',');
        }
        self.rest.deserialize(deserializer)
    }
}
