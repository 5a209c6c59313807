//! Objects of Kubernetes in YAML or JSON: single ones, lists, and documents one after the other.

use serde::de::DeserializeSeed;
use serde_json::Value;

use super::objects::{self, Objects};
use super::tree::{self, Budget};

/// Keys that begin an object of Kubernetes.
const FIRST_KEYS: [&str; 7] = ["apiVersion:", "kind:", "items:", "metadata:", "spec:", "status:", "{"];

/// The whole text is objects, by its first line that is no comment.
pub(super) fn is_objects(text: &str) -> bool {
    // kubectl cluster-info dump puts logs between its objects
    if memchr::memmem::find(text.as_bytes(), b"\n==== START logs for container ").is_some() {
        return false;
    }
    let first = text
        .lines()
        .map(str::trim_end)
        .find(|line| !line.trim().is_empty() && !line.starts_with('#') && *line != "---")
        .unwrap_or_default();
    FIRST_KEYS.iter().any(|key| first.trim_start_matches("- ").starts_with(key)) && !is_json_lines(text)
        || (is_list(text) && !text.contains("\"ifindex\""))
}

/// Not a prompt, not a log's level, and not a section of an INI file.
pub(super) fn is_list(text: &str) -> bool {
    text.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']))
}

/// Logs as one object a line: each has a message and none a kind.
fn is_json_lines(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.lines().filter(|line| !line.trim().is_empty()).take(3).all(super::logs::is_log_line)
}

pub(super) fn json(objects: &mut Objects, file: &str, text: &str) -> Result<bool, String> {
    let mut understood = false;
    // `kubectl get` for one kind after the other gives documents one after the other.
    let budget = Budget::of(text);
    let mut documents = serde_json::Deserializer::from_str(text);
    loop {
        understood |= document(objects, file, &budget, &mut documents).map_err(|error| error.to_string())?;
        if documents.end().is_ok() {
            return Ok(understood);
        }
    }
}

pub(super) fn yaml(objects: &mut Objects, file: &str, text: &str) -> Result<bool, String> {
    let mut understood = false;
    let budget = Budget::of(text);
    for one in serde_yaml::Deserializer::from_str(text) {
        understood |= document(objects, file, &budget, one).map_err(|error| error.to_string())?;
    }
    Ok(understood)
}

fn document<'de, D: serde::Deserializer<'de>>(objects: &mut Objects, file: &str, budget: &Budget, document: D) -> Result<bool, D::Error> {
    let mut count = 0;
    let rest = tree::Document {
        budget,
        take: &mut |object| {
            count += 1;
            objects.take(object);
        },
    }
    .deserialize(document)?;
    if count == 0 && rest.contains_key("items") {
        let kind = rest.get("kind").and_then(Value::as_str).unwrap_or_default();
        let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty()).or_else(|| objects::kind_by_name(file));
        objects.saw_empty_list(kind.unwrap_or_default());
    }
    Ok(count > 0 || rest.contains_key("items") || rest.is_empty())
}
