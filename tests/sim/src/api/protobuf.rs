//! The one message kubectl sends as protobuf: an access review (`kubectl auth can-i`). Answers are JSON, which it also takes.

use serde_json::{Map, Value, json};

const MAGIC: &[u8] = b"k8s\0";
/// Field numbers of `ResourceAttributes` and `NonResourceAttributes` (k8s.io/api/authorization/v1/generated.proto).
const RESOURCE: &[(u64, &str)] =
    &[(1, "namespace"), (2, "verb"), (3, "group"), (4, "version"), (5, "resource"), (6, "subresource"), (7, "name")];
const NON_RESOURCE: &[(u64, &str)] = &[(1, "path"), (2, "verb")];

/// `None` when it is no protobuf, or not such a message.
pub(super) fn review(body: &[u8]) -> Option<Value> {
    let unknown = fields(body.strip_prefix(MAGIC)?)?;
    let object = fields(field(&unknown, 2)?)?;
    // A SelfSubjectReview has no spec.
    let Some(spec) = field(&object, 2) else { return Some(json!({})) };
    let spec = fields(spec)?;
    let mut out = Map::new();
    for (number, key, names) in [(1, "resourceAttributes", RESOURCE), (2, "nonResourceAttributes", NON_RESOURCE)] {
        let Some(attributes) = field(&spec, number) else { continue };
        let attributes = fields(attributes)?;
        let named = names.iter().filter_map(|(number, name)| Some((*name, field(&attributes, *number)?)));
        let named = named.filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_string(), String::from_utf8_lossy(text).into()));
        out.insert(key.into(), Value::Object(named.collect()));
    }
    Some(json!({"spec": out}))
}

fn field<'a>(fields: &[(u64, &'a [u8])], number: u64) -> Option<&'a [u8]> {
    fields.iter().find(|(found, _)| *found == number).map(|(_, data)| *data)
}

/// The length-delimited fields of a message; numbers are skipped.
fn fields(mut rest: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        match tag & 7 {
            0 => {
                varint(&mut rest)?;
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let (data, tail) = rest.split_at_checked(length)?;
                found.push((tag >> 3, data));
                rest = tail;
            }
            _ => return None,
        }
    }
    Some(found)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
