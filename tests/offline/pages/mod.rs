//! The pages of each verb as an operator reads them: in every kind of cluster, at every width.

mod can_i;
mod cases;
mod change;
mod debug_log;
mod widths;

use std::io::{self, Write};
use std::sync::LazyLock;

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::render::style::Style;
use calico_fix::render::{matrix, matrix_short, probes, short, status};
use calico_fix::reports::autodetect::evaluate;
use calico_fix::reports::probes::probes_report;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::text;

const VERBS: [&str; 7] =
    ["status", "status -o short", "status --peers --all", "autodetect", "autodetect -o short", "probes", "probes -o short"];

fn page(verb: &str, snapshot: &Snapshot, style: &Style) -> String {
    let mut out = Vec::new();
    write(verb, snapshot, style, &mut out).expect("writes");
    String::from_utf8(out).expect("text")
}

fn write(verb: &str, snapshot: &Snapshot, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let scope = Scope { sessions: verb.contains("--peers"), ..Scope::default() };
    match verb {
        "status" => status::write(&diagnose(snapshot, &scope), status::Shown::default(), style, out),
        "status -o short" => short::write(&diagnose(snapshot, &scope), style, out),
        "status --peers --all" => {
            let shown = status::Shown { all: true, peers: true, ..status::Shown::default() };
            status::write(&diagnose(snapshot, &scope), shown, style, out)
        }
        "autodetect" => {
            let look = evaluate(snapshot, &AutodetectOptions::new(Family::V4));
            matrix::write(&look, None, matrix::Shown::default(), style, out)
        }
        "autodetect -o short" => matrix_short::write(&evaluate(snapshot, &AutodetectOptions::new(Family::V4)), None, style, out),
        "probes -o short" => {
            let report = probes_report(snapshot, &scope, &ProbeOptions::default()).expect("a report");
            probes::write_short(&report, style, out)
        }
        "probes" => {
            let report = probes_report(snapshot, &scope, &ProbeOptions::default()).expect("a report");
            probes::write(&report, probes::Shown::default(), style, out)
        }
        other => panic!("{other}"),
    }
}

/// Case, verb and page at no width: made once, for the largest cluster takes seconds.
static PAGES: LazyLock<Vec<(&str, &str, String)>> = LazyLock::new(|| {
    let pages = |(name, snapshot)| VERBS.map(|verb| (name, verb, page(verb, &snapshot, &Style::default())));
    cases::every().into_iter().flat_map(pages).collect()
});

/// Colours as words, so that a snapshot can be read.
fn spelled(page: &str) -> String {
    [
        ("\u{1b}[1m\u{1b}[31m", "<red>"),
        ("\u{1b}[31m\u{1b}[1m", "<red>"),
        ("\u{1b}[32m", "<green>"),
        ("\u{1b}[33m", "<yellow>"),
        ("\u{1b}[1m", "<bold>"),
        ("\u{1b}[2m", "<dim>"),
        ("\u{1b}[0m", "</>"),
    ]
    .into_iter()
    .fold(page.to_owned(), |page, (escape, word)| page.replace(escape, word))
}

/// The page at 80 columns, and how it begins in colour. Colour changes nothing but colour.
fn plain_and_coloured(name: &str, verb: &str, print: impl Fn(&Style) -> String) -> String {
    let plain = Style { width: Some(80), ..Style::default() };
    let (page, painted) = (print(&plain), print(&Style { colour: true, ..plain }));
    assert_eq!(text::clean_lines(&painted), page, "{name} {verb}: colour changes nothing but colour");
    let head: Vec<&str> = painted.lines().take(6).collect();
    format!("$ kubectl calico-fix {verb}\n{page}\n--- the first lines in colour\n{}\n\n", spelled(&head.join("\n")))
}

#[test]
fn at_80_columns() {
    for (name, snapshot) in cases::every() {
        let verbs = VERBS.into_iter().filter(|verb| !verb.contains("--all"));
        let pages: String = verbs.map(|verb| plain_and_coloured(name, verb, |style| page(verb, &snapshot, style))).collect();
        insta::assert_snapshot!(name, pages);
    }
}

/// Of a word that is a number and a unit apart from it, the first.
fn split_unit(page: &str) -> Option<&str> {
    page.lines().find(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.windows(2).any(|pair| {
            matches!(pair[1].trim_end_matches(['.', ',', ';', ':', ')']), "s" | "ms") && pair[0].ends_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// `70s`, as in kubectl and in probes, never `70 s`.
#[test]
fn a_time_is_one_word() {
    assert_eq!(split_unit("took 105 s of 70s"), Some("took 105 s of 70s"));
    assert_eq!(split_unit("took 105s of 70s, node-1 starts"), None);
    for (name, verb, page) in PAGES.iter() {
        assert_eq!(split_unit(page), None, "{name} {verb}");
    }
}

/// One line for each node, and one in all where nothing changes.
#[test]
fn short_is_one_line_a_node() {
    for (name, verb, page) in PAGES.iter().filter(|(_, verb, _)| ["autodetect -o short", "probes -o short"].contains(verb)) {
        let about = |word: &str| page.lines().filter(|line| line.starts_with(word)).count();
        match *name {
            "bridge_address_healthy" | "slow_start_healthy" => {
                assert!(page.lines().count() == 1 && page.contains("nothing to change"), "{name} {verb}: {page}");
            }
            "two_errors" => assert_eq!(about("WRONG") + about("KILLED"), 1, "{name} {verb}: {page}"),
            "five_thousand_nodes" if verb.starts_with("autodetect") => assert_eq!(page.lines().count(), 2, "{page}"),
            _ => {}
        }
    }
}

/// The first five lines answer: how bad, which node, why, what to type.
#[test]
fn the_verdict_is_the_first_word() {
    for (name, verb, page) in PAGES.iter() {
        let word = page.split(' ').next().unwrap_or_default();
        let expected = match *name {
            // Starts and addresses may be well where BIRD was not seen.
            "unknown" | "forbidden" if !verb.starts_with("status") => continue,
            "unknown" | "forbidden" => "UNKNOWN",
            "bridge_address_healthy" | "slow_start_healthy" => "HEALTHY",
            _ => "UNHEALTHY",
        };
        assert_eq!(word, expected, "{name} {verb}: {page}");
    }
}
