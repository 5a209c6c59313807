//! No line is wider than the terminal, no word is broken, no column is lost without a word.

use std::collections::BTreeSet;

use calico_fix::calico::startup_log;
use calico_fix::diagnosis::explain::explanations;
use calico_fix::render::style::Style;
use calico_fix::render::{explain, timeline};
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::Snapshot;
use calico_fix::startup::log_source::LogSource;
use calico_fix::text;

use super::{VERBS, cases, page};

pub(super) const WIDTHS: [usize; 4] = [60, 80, 120, 200];

pub(super) fn at(columns: usize) -> Style {
    Style { width: Some(columns), ..Style::default() }
}

/// As long as a name can be (RFC 1123 label).
fn long_name(number: char) -> String {
    let name = format!("{number}-{}-{number}.example", "rack-of-the-cluster-in-the-north".repeat(2));
    format!("ip{}{number}", &name[..60])
}

/// The same cluster, whose nodes have names of 63 characters.
pub(super) fn with_long_names(snapshot: &Snapshot) -> Snapshot {
    let mut json = serde_json::to_string(snapshot).expect("JSON");
    for number in ['1', '2', '3'] {
        let name = long_name(number);
        assert_eq!(name.len(), 63);
        json = json.replace(&format!("calico-node-{number}"), &format!("calico-pod-{number}"));
        json = json.replace(&format!("node-{number}"), &name);
    }
    serde_json::from_str(&json).expect("a snapshot")
}

/// Words of commands alone may be longer than a line: a command must be whole to be pasted.
fn fits(line: &str, columns: usize, commands: &str) -> bool {
    text::width(line) <= columns
        || line.starts_with("More info: kubectl ")
        || line.split(' ').filter(|word| !word.is_empty()).any(|word| word.len() > 40 && commands.contains(word))
}

pub(super) fn check(name: &str, columns: usize, wide: &str, narrow: &str) {
    let commands: Vec<&str> = wide.lines().filter(|line| line.contains("kubectl ")).collect();
    let commands = commands.join("\n");
    let words: BTreeSet<&str> = wide.split_whitespace().collect();
    for line in narrow.lines() {
        assert!(fits(line, columns, &commands), "{name} at {columns}: {line}\n{narrow}");
        assert_eq!(line, line.trim_end(), "{name} at {columns}");
        if line.starts_with("(-o wide adds ") || line.contains('"') {
            continue;
        }
        for word in line.split_whitespace().filter(|word| *word != "\\" && !word.contains('…') && !word.chars().all(|c| "#>".contains(c)))
        {
            assert!(words.contains(word), "{name} at {columns}: {word:?} is no word of the page in a pipe\n{narrow}");
        }
    }
    let headers = wide.lines().filter(|line| line.starts_with("NODE ") || line.starts_with("METHOD ") || line.starts_with("PROBE "));
    for header in headers.flat_map(str::split_whitespace) {
        let told = narrow.lines().any(|line| {
            (line.starts_with("(-o wide adds ") || line.contains("  ")) && line.split([' ', ',', ')']).any(|word| word == header)
        });
        assert!(told, "{name} at {columns}: the column {header} is gone without a word\n{narrow}");
    }
}

#[test]
fn every_verb_fits_every_terminal() {
    for (name, snapshot) in cases::small() {
        for (kind, snapshot) in [("short names", snapshot.clone()), ("long names", with_long_names(&snapshot))] {
            for verb in VERBS {
                let wide = page(verb, &snapshot, &Style::default());
                for columns in WIDTHS {
                    check(&format!("{name}, {kind}, {verb}"), columns, &wide, &page(verb, &snapshot, &at(columns)));
                }
            }
        }
    }
}

#[test]
fn long_names_are_whole_from_80_columns_on() {
    for (name, snapshot) in cases::small() {
        let page = page("status -o short", &with_long_names(&snapshot), &at(80));
        assert!(!page.contains('…'), "{name}: {page}");
    }
}

#[test]
fn the_explanation_of_a_log_fits() {
    let log = include_bytes!("../../fixtures/logs/killed-at-debug.timestamps.txt");
    let source = LogSource { node: Some(long_name('1')), ..LogSource::from_file("killed.log".into(), startup_log::read(&log[..], 20).0) };
    let report = explain_logs(&[source], None);
    for columns in WIDTHS {
        let mut out = Vec::new();
        timeline::write(&report, true, &at(columns), &mut out).expect("writes");
        let page = String::from_utf8(out).expect("text");
        for line in page.lines() {
            assert!(fits(line, columns, ""), "{columns}: {line}\n{page}");
        }
    }
}

#[test]
fn the_list_of_codes_fits() {
    for columns in WIDTHS {
        let mut out = Vec::new();
        explain::list(explanations(), &at(columns), &mut out).expect("writes");
        let page = String::from_utf8(out).expect("text");
        assert!(page.lines().all(|line| text::width(line) <= columns), "{columns}: {page}");
    }
}

/// Commands go on behind a `\`, and only a word that is wider than the terminal goes beyond it.
#[test]
fn every_explanation_fits_and_its_commands_stay_whole() {
    let printed = |explanation, columns: Option<usize>| {
        let mut out = Vec::new();
        explain::write_explanation(explanation, &Style { width: columns, ..Style::default() }, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    };
    for explanation in explanations() {
        let wide = printed(explanation, None);
        let commands: Vec<&str> = wide.lines().filter(|line| line.starts_with("    ")).map(str::trim).collect();
        assert!(commands.iter().any(|line| line.contains("kubectl ") || line.starts_with("On the node: ")), "{wide}");
        for columns in WIDTHS {
            let page = printed(explanation, Some(columns));
            for line in page.lines() {
                assert!(
                    text::width(line) <= columns || line.split(' ').any(|word| text::width(word) > columns - 15),
                    "{columns}: {line}\n{page}"
                );
            }
            let joined = page.replace(" \\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            for command in &commands {
                assert!(joined.contains(command), "{columns}: {command}\n{page}");
            }
        }
    }
}
