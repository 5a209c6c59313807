//! Every text for a person: pages, and the string literals of the code.

use std::fs;
use std::path::{Path, PathBuf};

use calico_fix::diagnosis::explain::explanations;
use serde_json::Value;

pub(super) struct Text {
    /// File, or `explain CODE`.
    pub place: String,
    pub text: String,
    /// Its sentences are counted; a message is built of pieces.
    pub is_prose: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn every_text() -> Vec<Text> {
    let mut all = Vec::new();
    let mut add = |place: String, text: String, is_prose: bool| all.push(Text { place, text, is_prose });
    for path in
        files("README.md", "md").into_iter().chain(files("CHANGELOG.md", "md")).chain(files("docs", "md")).chain(files("krew", "md"))
    {
        add(place(&path), without_code(&read(&path)), true);
    }
    for path in files("man", "1") {
        add(place(&path), manual(&read(&path)), true);
    }
    for path in files("schemas", "json") {
        let mut found = Vec::new();
        descriptions(&serde_json::from_str(&read(&path)).expect("JSON"), &mut found);
        found.into_iter().for_each(|text| add(place(&path), text, false));
    }
    for one in explanations() {
        add(format!("explain {}", one.code), one.title.to_owned(), true);
        for (_, text) in one.sections() {
            let prose: Vec<&str> = text.lines().filter(|line| !line.starts_with("  ")).collect();
            add(format!("explain {}", one.code), prose.join("\n\n"), true);
        }
    }
    for path in files("src", "rs").into_iter().chain(files("examples/playground/src", "rs")) {
        if path.file_stem().is_some_and(|stem| stem != "tests") {
            let source = read(&path);
            let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            literals(code).into_iter().for_each(|text| add(place(&path), without_placeholders(&text), false));
        }
    }
    all
}

fn place(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("reads").replace("\r\n", "\n")
}

/// The file itself, or the files below a folder.
fn files(below: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(below)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).expect("lists").flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    assert!(!found.is_empty(), "{below}");
    found.sort();
    found
}

/// Markdown without its blocks of code. Answers in them are literals of the code.
fn without_code(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n\n")
}

/// roff without its macros: each of them ends a paragraph.
fn manual(text: &str) -> String {
    let line = |line: &str| if line.starts_with('.') { "\n".to_owned() } else { line.replace("\\-", "-").replace("\\(aq", "'") };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn descriptions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("description").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| descriptions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| descriptions(value, found)),
        _ => {}
    }
}

fn without_placeholders(text: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// The string literals of Rust source, without comments.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (before, here) = rest.split_at(at);
        rest = if here.starts_with("//") {
            here.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(escaped) = here.strip_prefix("'\\") {
            escaped.char_indices().skip(1).find(|(_, c)| *c == '\'').map_or("", |(end, _)| &escaped[end + 1..])
        } else if let Some(after) = here.strip_prefix('\'') {
            let mut letters = here.char_indices().skip(2);
            match letters.next() {
                Some((end, '\'')) => &here[end + 1..],
                _ => after,
            }
        } else if let Some(after) = here.strip_prefix('/') {
            after
        } else {
            let raw = before.ends_with("r#") || before.ends_with('r') || before.ends_with("br");
            let end = if before.ends_with("r#") { here[1..].find("\"#").map(|end| end + 2) } else { end_of(here, raw) };
            let Some(end) = end else { break };
            found.push(unfolded(&here[1..end - 1]));
            &here[end..]
        };
    }
    found
}

/// The index behind the closing quote.
fn end_of(text: &str, raw: bool) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| match c {
        _ if escaped => {
            escaped = false;
            None
        }
        '\\' if !raw => {
            escaped = true;
            None
        }
        '"' => Some(at + 1),
        _ => None,
    })
}

/// A backslash at the end of a line takes the line break and the indentation away.
fn unfolded(text: &str) -> String {
    let mut pieces = text.split("\\\n");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.trim_start())
}

#[test]
fn literals_are_found_and_nothing_else() {
    let source = "// \"no\"\nlet a = \"one \\\n   two\"; let b = '\"'; let c: &'static str = \"a \\\" b\"; let d = r#\"raw \"x\"\"#; let e = '\\''; f(\"end\")";
    assert_eq!(literals(source), ["one two", "a \\\" b", "raw \"x\"", "end"]);
}
