//! `docs/coverage.md`: a row for each code, and a reason where nothing is found.

use calico_fix::finding::code::Code;

const COVERAGE: &str = include_str!("../../docs/coverage.md");

/// Cause and finding of each row of its tables.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = COVERAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| cause |"));
    rows.map(|line| line.trim_matches(['|', ' ']).split_once(" | ").expect("two cells"))
}

#[test]
fn every_code_has_a_row() {
    for code in Code::ALL {
        assert!(rows().any(|(_, finding)| finding.contains(&format!("`{code}`"))), "docs/coverage.md has no row for {code}");
    }
}

#[test]
fn every_row_names_a_finding_or_a_reason() {
    for (cause, finding) in rows() {
        let names = Code::ALL.iter().any(|code| finding.contains(&format!("`{code}`")));
        let elsewhere = ["evidence", "none: ", "that node's own finding", "the `address-*` findings", "looks like a blocked port"];
        let reason = finding.strip_prefix("not found: ").is_some_and(|reason| reason.len() > 20);
        assert!(names || reason || elsewhere.iter().any(|begin| finding.starts_with(begin)), "{cause}: {finding}");
    }
}
