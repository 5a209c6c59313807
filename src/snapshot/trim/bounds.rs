//! Texts, maps and trees cut to their bounds, with secrets masked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{MAX_ITEMS, MAX_MESSAGE, MAX_TREE_ITEMS, MAX_WORD};
use crate::snapshot::secrets::mask_text;

/// `text` within `MAX_WORD`.
pub fn bounded(text: &str) -> String {
    let mut text = text.to_owned();
    bound(&mut text, MAX_WORD);
    text
}

/// Cuts at a character's border and says so.
pub fn bound(text: &mut String, max: usize) {
    if text.len() > max {
        let mut end = max.saturating_sub('…'.len_utf8());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
        text.shrink_to_fit();
    }
}

pub(super) fn message(text: &mut String) {
    bound(text, MAX_MESSAGE);
    mask_text(text);
}

pub(super) fn word(text: &mut String) {
    bound(text, MAX_WORD);
    mask_text(text);
}

pub(super) fn words(map: &mut BTreeMap<String, String>) {
    keep_first(map, MAX_ITEMS);
    map.values_mut().for_each(word);
}

pub(super) fn keep_first<V>(map: &mut BTreeMap<String, V>, count: usize) {
    if let Some(key) = map.keys().nth(count).cloned() {
        map.split_off(&key);
    }
}

pub(super) fn bound_tree(value: &mut Value, depth: usize) {
    match value {
        Value::String(text) => bound(text, MAX_MESSAGE),
        Value::Array(items) => {
            items.truncate(if depth == 0 { 0 } else { MAX_TREE_ITEMS });
            items.iter_mut().for_each(|item| bound_tree(item, depth - 1));
        }
        Value::Object(fields) => {
            let excess: Vec<String> = fields.keys().skip(if depth == 0 { 0 } else { MAX_TREE_ITEMS }).cloned().collect();
            excess.iter().for_each(|name| drop(fields.remove(name)));
            fields.values_mut().for_each(|field| bound_tree(field, depth - 1));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
