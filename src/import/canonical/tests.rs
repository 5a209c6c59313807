use proptest::prelude::*;
use serde::de::DeserializeSeed;
use serde_json::{Value, json};

use super::to_json;
use crate::import::transcode::Transcoder;
use crate::snapshot::save;

fn quick(yaml: &str) -> Option<Value> {
    to_json(yaml).map(|json| serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{error}: {yaml}")))
}

/// What the reader of all of YAML makes of it; `None` where it refuses.
fn thorough(yaml: &str) -> Option<Value> {
    let mut json = Vec::new();
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::with_deserializer_from_str_with_options(yaml, options, |document| Transcoder::new(&mut json).deserialize(document))
        .ok()?;
    Some(serde_json::from_slice(&json).expect("JSON"))
}

fn written(fields: &Value) -> String {
    let mut text = b"# a comment\n".to_vec();
    for (name, value) in fields.as_object().expect("fields") {
        save::long_key(&mut text, name, 0).and_then(|()| save::after_key(&mut text, value, 0)).expect("writes");
    }
    String::from_utf8(text).expect("text")
}

fn trees() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z/][a-zA-Z0-9_./-]{0,8}",
        "[ -~]{0,12}",
        any::<String>(),
        Just("yes".to_owned()),
        Just("null".to_owned()),
        Just("1_000".to_owned()),
        Just("10.0.0.1/24".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let keys = prop_oneof!["[a-z/][a-zA-Z0-9_./-]{0,8}", "[ -~]{1,12}"];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(keys.clone(), inner, 0..5).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tree in trees()) {
        let fields = json!({"apiVersion": "calico-fix/v1", "tree": tree});
        let yaml = written(&fields);
        prop_assert_eq!(thorough(&yaml), Some(fields.clone()));
        // Keys with escapes and very long ones are left to the other reader.
        if let Some(read) = quick(&yaml) {
            prop_assert_eq!(read, fields);
        } else {
            prop_assert!(yaml.contains('\\') || yaml.contains("? "), "{}", yaml);
        }
    }

    /// What was edited by hand is read as YAML says, or left to the reader that knows.
    #[test]
    fn what_was_edited_is_read_alike_or_not_at_all(
        tree in trees(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just(""), Just(" "), Just("\n"), Just("- "), Just(": "), Just(":"), Just("\""), Just("'"), Just("#"), Just(" # x"), Just("a"),
            Just("\n  a: b\n"), Just("0"), Just("&a "), Just("*a"), Just("\\"), Just("\\u0041"), Just("[]"), Just("{"), Just("\t"), Just("|\n"),
        ], any::<bool>()), 1..4),
    ) {
        let mut yaml = written(&json!({"a": tree, "b": {"c": 1, "d": ["x", {"y": true, "z": "q"}]}}));
        for (at, text, removes) in edits {
            let places: Vec<usize> = yaml.char_indices().map(|(at, _)| at).collect();
            let at = places[at.index(places.len())];
            let end = if removes { at + yaml[at..].chars().next().map_or(0, char::len_utf8) } else { at };
            yaml.replace_range(at..end, text);
        }
        if let Some(read) = quick(&yaml) {
            prop_assert_eq!(Some(read), thorough(&yaml), "{}", yaml);
        }
    }
}

#[test]
fn other_styles_are_left_to_the_other_reader() {
    for yaml in [
        "",
        "a",
        "- a\n",
        "a:\n",
        "a: 'b'\n",
        "a: {b: c}\n",
        "a: |\n  b\n",
        "b: 1\nb: 2\n",
        "a:\n  c: 1\n  b: 2\n",
        "a:\n  b: 1\n  b: 2\n",
        "a: yes\n",
        "a: 1_000\n",
        "a: 010\n",
        "a: 1.5\n",
        "a: ~\n",
        "a: \"b\" # c\n",
        "a: &x b\n",
        "a:\tb\n",
        "a: \"\\x41\"\n",
        "a: \"\\ud800\"\n",
        "a:\n    b: 1\n",
        "a:\n- b\n - c\n",
        "a: b\r\n",
        "---\na: b\n",
        "\"a\\u0062\": 1\n",
    ] {
        assert_eq!(quick(yaml), None, "{yaml}");
    }
}

#[test]
fn what_save_writes_is_taken() {
    for (yaml, expected) in [
        ("a: b\n", json!({"a": "b"})),
        ("# c\n\nb: []\na: {}\n", json!({"a": {}, "b": []})),
        ("a:\n- - 1\n  - -2\n- b: null\n  c:\n  - true\nd: 3\n", json!({"a": [[1, -2], {"b": null, "c": [true]}], "d": 3})),
        ("\"a b\": \"c: \\\"d\\\" \\u0007\\U0001f600\"\n", json!({"a b": "c: \"d\" \u{7}\u{1f600}"})),
    ] {
        assert_eq!(quick(yaml), Some(expected), "{yaml}");
    }
}

#[test]
fn nothing_is_nested_without_end() {
    let deep = format!("a:\n{}1\n", "- ".repeat(5_000));
    assert_eq!(to_json(&deep), None);
    assert_eq!(thorough(&deep), None);
}
