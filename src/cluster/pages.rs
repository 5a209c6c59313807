//! A page of a list: each object is cut down as soon as it is parsed, so that a page of whole objects is never held.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::limits::MAX_PAGE_ITEMS;
use crate::text::json;

/// What stands before the objects is smaller.
const MAX_HEAD: usize = 8 << 10;

pub(super) struct Page<R> {
    pub objects: Vec<R>,
    /// The token of the next page; empty on the last one.
    pub next: String,
}

/// Reads the objects of a page, and leaves of each what is needed.
pub(super) trait Keep: Clone + Send + 'static {
    type Kept: Send + 'static;

    /// `None` for one that is not needed.
    fn keep<'de, D: Deserializer<'de>>(&mut self, object: D) -> Result<Option<Self::Kept>, D::Error>;
}

/// Each object is parsed whole, then cut down by a function.
pub(super) struct Whole<T, F>(F, PhantomData<fn(T)>);

impl<T, F> Whole<T, F> {
    pub(super) fn then(keep: F) -> Self {
        Self(keep, PhantomData)
    }
}

impl<T, F: Clone> Clone for Whole<T, F> {
    fn clone(&self) -> Self {
        Self::then(self.0.clone())
    }
}

impl<T: DeserializeOwned + 'static, R: Send + 'static, F: Fn(T) -> Option<R> + Clone + Send + 'static> Keep for Whole<T, F> {
    type Kept = R;

    fn keep<'de, D: Deserializer<'de>>(&mut self, object: D) -> Result<Option<R>, D::Error> {
        T::deserialize(object).map(&self.0)
    }
}

/// A page with what `keep` leaves of its objects.
pub(super) fn read<K: Keep>(body: &[u8], mut keep: K) -> Result<Page<K::Kept>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(json::utf8(body)?);
    let mut objects = Vec::new();
    let next = parser.deserialize_map(PageReader { keep: &mut keep, all: &mut objects })?;
    parser.end()?;
    Ok(Page { objects, next })
}

/// The token of the next page, where it stands before the objects, as Kubernetes writes it: the page can be asked for while this one is
/// parsed.
pub(super) fn early_token(body: &[u8]) -> Option<String> {
    let mut token = None;
    let head = body.get(..MAX_HEAD).unwrap_or(body).utf8_chunks().next()?.valid();
    // It ends with an error at the objects.
    let _ = serde_json::Deserializer::from_str(head).deserialize_map(HeadReader { token: &mut token });
    token.filter(|token| !token.is_empty())
}

#[derive(Default, Deserialize)]
struct PageMeta {
    #[serde(default)]
    r#continue: Option<String>,
}

struct PageReader<'a, K: Keep> {
    keep: &'a mut K,
    all: &'a mut Vec<K::Kept>,
}

impl<'de, K: Keep> Visitor<'de> for PageReader<'_, K> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<String, A::Error> {
        let mut token = String::new();
        while let Some(field) = fields.next_key::<String>()? {
            match field.as_str() {
                "metadata" => token = fields.next_value::<PageMeta>()?.r#continue.unwrap_or_default(),
                "items" => fields.next_value_seed(ItemsReader(&mut self))?,
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(token)
    }
}

/// The objects, counted while they are read. Go writes `null` for none.
struct ItemsReader<'b, 'a, K: Keep>(&'b mut PageReader<'a, K>);

impl<'de, K: Keep> DeserializeSeed<'de> for ItemsReader<'_, '_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, K: Keep> Visitor<'de> for ItemsReader<'_, '_, K> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let PageReader { keep, all, .. } = self.0;
        let mut count = 0;
        while let Some(kept) = items.next_element_seed(ItemReader(&mut **keep))? {
            count += 1;
            if count > MAX_PAGE_ITEMS {
                return Err(A::Error::custom(format!("a page has more than {MAX_PAGE_ITEMS} objects")));
            }
            all.extend(kept);
        }
        Ok(())
    }
}

struct ItemReader<'a, K>(&'a mut K);

impl<'de, K: Keep> DeserializeSeed<'de> for ItemReader<'_, K> {
    type Value = Option<K::Kept>;

    fn deserialize<D: Deserializer<'de>>(self, object: D) -> Result<Self::Value, D::Error> {
        self.0.keep(object)
    }
}

struct HeadReader<'a> {
    token: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for HeadReader<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(field) = fields.next_key::<String>()? {
            match field.as_str() {
                "items" => return Err(A::Error::custom("the objects are not wanted")),
                "metadata" => *self.token = fields.next_value::<PageMeta>()?.r#continue,
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_the_next_token_are_read_in_any_order() {
        for (page, kept, token, early) in [
            (r#"{"kind":"NodeList","metadata":{"continue":"t"},"items":[1,2,3,4]}"#, &[20, 40][..], "t", Some("t")),
            (r#"{"items":[1,2],"metadata":{"continue":"t","x":{}}}"#, &[20], "t", None),
            (r#"{"metadata":{},"items":null}"#, &[], "", None),
            (r#"{"metadata":{"continue":null}}"#, &[], "", None),
            ("{}", &[], "", None),
        ] {
            let read = read(page.as_bytes(), Whole::then(|number: u32| number.is_multiple_of(2).then_some(number * 10))).expect(page);
            assert_eq!((read.next.as_str(), read.objects.as_slice()), (token, kept), "{page}");
            assert_eq!(early_token(page.as_bytes()).as_deref(), early, "{page}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for page in ["", "[]", "{", r#"{"items":{}}"#, r#"{"items":["x"]}"#, r#"{"items":[1"#, r#"{"items":[]} x"#, r#"{"metadata":7}"#] {
            assert!(read(page.as_bytes(), Whole::then(|number: u32| Some(number))).is_err(), "{page}");
        }
    }
}
