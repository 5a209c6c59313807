//! What the API server itself sees to in a written object: names, stamps, generations, and which part a request may touch.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::managed::credit;
use super::write::{Writer, stamp};
use crate::api::Failure;
use crate::kinds::Kind;

/// Kept from the stored object whatever a client sends.
const FIXED: &[&str] = &["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"];

pub(super) fn create(kind: &Kind, object: &mut Value, writer: Writer, now: Timestamp, serial: u64) -> Result<(), Failure> {
    let Some(map) = object.as_object_mut() else { return Err(Failure::bad_request("the object provided is no object")) };
    if !map.get("metadata").is_some_and(Value::is_object) {
        map.insert("metadata".into(), json!({}));
    }
    let metadata = &mut object["metadata"];
    if metadata["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
        return Err(Failure::bad_request("resourceVersion should not be set on objects to be created"));
    }
    if metadata["name"].as_str().is_none_or(str::is_empty) {
        let prefix = metadata["generateName"].as_str().unwrap_or_default();
        if prefix.is_empty() {
            let message = "name or generateName is required";
            return Err(Failure::invalid(kind, "", &[("metadata.name", "FieldValueRequired", format!("Required value: {message}"))]));
        }
        metadata["name"] = format!("{prefix}{}", suffix(serial)).into();
    }
    metadata["uid"] = uid(serial).into();
    metadata["creationTimestamp"] = stamp(now).into();
    for gone in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
        metadata.as_object_mut().map(|map| map.remove(gone));
    }
    // Credited before the server adds its own.
    credit(kind, None, object, writer, now);
    let metadata = &mut object["metadata"];
    if kind.counts_generations() {
        metadata["generation"] = 1.into();
    }
    if kind.kind == "DaemonSet" {
        annotate_template(object, 1);
    }
    Ok(())
}

/// Turns what a request sends into what is stored. `object` is left equal to `old` when nothing changed.
pub(super) fn update(kind: &Kind, old: &Value, object: &mut Value, writer: Writer, now: Timestamp) -> Result<(), Failure> {
    let name = old["metadata"]["name"].as_str().unwrap_or_default();
    if !object["metadata"].is_object() {
        return Err(Failure::bad_request("the object provided has no metadata"));
    }
    let sent = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    if !sent.is_empty() && Some(sent) != old["metadata"]["resourceVersion"].as_str() {
        return Err(Failure::conflict(kind, name));
    }
    if let Some(uid) = object["metadata"]["uid"].as_str().filter(|uid| old["metadata"]["uid"].as_str() != Some(uid)) {
        return Err(Failure::precondition(kind, name, "UID", uid, old["metadata"]["uid"].as_str().unwrap_or_default()));
    }
    match writer.subresource {
        Some("*") => {}
        Some("status") => {
            let status = object.as_object_mut().and_then(|map| map.remove("status"));
            let mut whole = old.clone();
            set(&mut whole, "status", status);
            *object = whole;
        }
        _ if kind.status => set(object, "status", old.get("status").cloned()),
        _ => {}
    }
    for key in FIXED.iter().chain(&["resourceVersion", "namespace", "name"]) {
        let fixed = old["metadata"].get(*key).cloned();
        // A kubelet or a test may end what it started.
        if writer.subresource == Some("*") && key.starts_with("deletion") {
            continue;
        }
        set(&mut object["metadata"], key, fixed);
    }
    set(&mut object["metadata"], "managedFields", old["metadata"].get("managedFields").cloned());
    if object == old {
        return Ok(());
    }
    credit(kind, Some(old), object, writer, now);
    if without(object, "status", kind) != without(old, "status", kind)
        && let Some(generation) = old["metadata"]["generation"].as_i64()
    {
        object["metadata"]["generation"] = (generation + 1).into();
        if kind.kind == "DaemonSet" && object["spec"]["template"] != old["spec"]["template"] {
            let count = &old["metadata"]["annotations"][TEMPLATE_GENERATION];
            annotate_template(object, count.as_str().and_then(|text| text.parse().ok()).unwrap_or(generation) + 1);
        }
    }
    Ok(())
}

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn annotate_template(object: &mut Value, generation: i64) {
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][TEMPLATE_GENERATION] = generation.to_string().into();
}

/// What generations count: all but metadata, and but the status where that is a part of its own.
fn without<'a>(object: &'a Value, status: &str, kind: &Kind) -> Map<String, Value> {
    let keep = |key: &&String| *key != "metadata" && (*key != status || !kind.status);
    let fields = |object: &'a Value| object.as_object().into_iter().flatten();
    fields(object).filter(|(key, _)| keep(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn set(object: &mut Value, key: &str, value: Option<Value>) {
    let Some(map) = object.as_object_mut() else { return };
    match value {
        Some(value) => map.insert(key.to_string(), value),
        None => map.remove(key),
    };
}

/// Scrambles a serial number: names and UIDs are the same on every run, and look like real ones.
fn scramble(serial: u64) -> u64 {
    let mut mixed = serial.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn uid(serial: u64) -> String {
    let (high, low) = (scramble(serial), scramble(!serial));
    let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
    format!("{first:08x}-{second:04x}-4{third:03x}-8{:03x}-{:012x}", low >> 48 & 0xfff, low & 0xffff_ffff_ffff)
}

/// Five letters, as `generateName` ends.
pub(super) fn suffix(serial: u64) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = scramble(serial);
    let letter = |_| {
        let letter = LETTERS[(rest % LETTERS.len() as u64) as usize];
        rest /= LETTERS.len() as u64;
        char::from(letter)
    };
    (0..5).map(letter).collect()
}
