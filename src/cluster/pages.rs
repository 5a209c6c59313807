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

/// A page with what `keep` leaves of its objects.
pub(super) fn read<T: DeserializeOwned, R>(body: &[u8], keep: impl Fn(T) -> Option<R>) -> Result<Page<R>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(json::utf8(body)?);
    let mut objects = Vec::new();
    let next = parser.deserialize_map(PageReader { keep: &keep, all: &mut objects, object: PhantomData })?;
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

struct PageReader<'a, T, R, K: Fn(T) -> Option<R>> {
    keep: &'a K,
    all: &'a mut Vec<R>,
    object: PhantomData<T>,
}

impl<'de, T: DeserializeOwned, R, K: Fn(T) -> Option<R>> Visitor<'de> for PageReader<'_, T, R, K> {
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
struct ItemsReader<'b, 'a, T, R, K: Fn(T) -> Option<R>>(&'b mut PageReader<'a, T, R, K>);

impl<'de, T: DeserializeOwned, R, K: Fn(T) -> Option<R>> DeserializeSeed<'de> for ItemsReader<'_, '_, T, R, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned, R, K: Fn(T) -> Option<R>> Visitor<'de> for ItemsReader<'_, '_, T, R, K> {
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
        while let Some(item) = items.next_element()? {
            count += 1;
            if count > MAX_PAGE_ITEMS {
                return Err(A::Error::custom(format!("a page has more than {MAX_PAGE_ITEMS} objects")));
            }
            all.extend(keep(item));
        }
        Ok(())
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
            let read = read(page.as_bytes(), |number: u32| number.is_multiple_of(2).then_some(number * 10)).expect(page);
            assert_eq!((read.next.as_str(), read.objects.as_slice()), (token, kept), "{page}");
            assert_eq!(early_token(page.as_bytes()).as_deref(), early, "{page}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for page in ["", "[]", "{", r#"{"items":{}}"#, r#"{"items":["x"]}"#, r#"{"items":[1"#, r#"{"items":[]} x"#, r#"{"metadata":7}"#] {
            assert!(read(page.as_bytes(), |number: u32| Some(number)).is_err(), "{page}");
        }
    }
}
