//! The rooms of `src/` import one another in one direction: the order in CONTRIBUTING.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Arrows against the order that stay, each with its reason: `("from", "to", "reason")`.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Floor of each room, counted from the top.
fn floors(page: &str) -> BTreeMap<String, usize> {
    let block = page.split("```").find(|block| block.trim_start().starts_with("lib →")).expect("CONTRIBUTING.md holds the order of rooms");
    let mut floors = BTreeMap::new();
    for (floor, rooms) in block.split('→').enumerate() {
        for room in rooms.split(['|', ',']).map(str::trim).filter(|room| !room.is_empty()) {
            assert_eq!(floors.insert(room.to_owned(), floor), None, "{room} stands twice in the order");
        }
    }
    floors
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The rooms that `crate::…` names in a source file.
fn named_rooms(source: &str) -> Vec<&str> {
    let mut rooms = Vec::new();
    for (at, found) in source.match_indices("crate::") {
        let after = &source[at + found.len()..];
        match after.strip_prefix('{') {
            None => rooms.push(word(after)),
            Some(group) => {
                let mut depth = 0;
                let mut start = 0;
                for (index, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            rooms.push(word(group[start..index].trim_start()));
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            rooms.push(word(group[start..index].trim_start()));
                            start = index + 1;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}

fn room_of(file: &Path) -> String {
    let src = root().join("src");
    let inside = file.strip_prefix(&src).expect("a file in src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn every_import_goes_down() {
    let floors = floors(&fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md"));
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let mut upward = Vec::new();
    for file in &files {
        let from = room_of(file);
        if from == "main" || from == "bin" {
            continue;
        }
        let floor = floors.get(&from).unwrap_or_else(|| panic!("the order in CONTRIBUTING.md lacks the room {from}"));
        let source = fs::read_to_string(file).expect("a source file");
        for to in named_rooms(&source) {
            let Some(target) = floors.get(to) else { panic!("{}: the order in CONTRIBUTING.md lacks the room {to}", file.display()) };
            let excepted = EXCEPTIONS.iter().any(|(a, b, _)| *a == from && *b == to);
            if from != to && target <= floor && !excepted {
                upward.push(format!("{}: {from} imports {to}", file.display()));
            }
        }
    }
    assert!(upward.is_empty(), "imports against the order in CONTRIBUTING.md:\n{}", upward.join("\n"));
    assert!(EXCEPTIONS.len() <= 1, "remove an arrow before another exception is listed");
}

#[test]
fn every_room_of_the_order_exists() {
    let floors = floors(&fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md"));
    for room in floors.keys() {
        let src = root().join("src");
        assert!(src.join(room).is_dir() || src.join(format!("{room}.rs")).is_file(), "no room {room} in src");
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let source = "use crate::model::{A, B};\nuse crate::{render, text::{self, x}, plan};\nlet y = crate::calico::method::parse(t);\npub(crate) fn f() {}";
    assert_eq!(named_rooms(source), ["model", "render", "text", "plan", "calico"]);
}

/// Files of `tests/offline/checks` that are about several codes, or help the others.
const GENERAL: [&str; 18] = [
    "bgp_topologies",
    "commands",
    "flavours",
    "judge",
    "mod",
    "page",
    "pod_faults",
    "pods",
    "properties",
    "random",
    "random_clusters",
    "random_dress",
    "random_pods",
    "restarting",
    "seeds",
    "settings_faults",
    "starts",
    "unseen",
];

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of sources").map(|entry| entry.expect("an entry").path());
    let sources = entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<String> = sources.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

#[test]
fn each_check_has_a_test_file_of_its_name() {
    let checks: Vec<String> = names("src/diagnosis/checks").into_iter().filter(|name| name != "mod").collect();
    let tests: Vec<String> = names("tests/offline/checks").into_iter().filter(|name| !GENERAL.contains(&name.as_str())).collect();
    assert_eq!(checks, tests);
}
