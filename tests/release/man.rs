//! The manual pages, as mandoc and man read them.

use std::path::{Path, PathBuf};
use std::process::Command;

use support::tools;

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(folder).expect("lists").flatten().map(|entry| entry.path()).collect();
    pages.sort();
    assert!(pages.len() > 20, "{}", pages.len());
    pages
}

#[test]
fn mandoc_finds_nothing_to_complain_of() {
    let Some(mandoc) = tools::tool("mandoc", "linting the manual pages") else { return };
    let output = Command::new(&mandoc).args(["-T", "lint", "-W", "style"]).args(pages()).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.is_empty(), "{said}");
    // That it complains at all.
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("x.1");
    std::fs::write(&page, ".TH x 1\n.SH NAME\nx\n.nonsense\n").expect("writes");
    let output = Command::new(&mandoc).args(["-T", "lint"]).arg(page).output().expect("runs");
    assert!(!output.stdout.is_empty() || !output.stderr.is_empty());
}

#[test]
fn a_page_reads_as_one() {
    let Some(mandoc) = tools::tool("mandoc", "reading the manual pages") else { return };
    for page in pages() {
        let output = Command::new(&mandoc).args(["-T", "ascii", "-O", "width=100"]).arg(&page).output().expect("runs");
        // Bold and underlined are struck twice.
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let struck: Vec<char> = text.chars().collect();
        let plain: String =
            (0..struck.len()).filter(|at| struck[*at] != '\u{8}' && struck.get(at + 1) != Some(&'\u{8}')).map(|at| struck[at]).collect();
        for section in ["NAME", "SYNOPSIS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"] {
            assert!(plain.contains(&format!("\n{section}\n")), "{}: {section}\n{plain}", page.display());
        }
        assert!(!plain.contains("\\f") && !plain.contains("\\-"), "{}\n{plain}", page.display());
        assert!(plain.find("\nEXAMPLES\n") < plain.find("\nCONNECTION\n"), "{}", page.display());
    }
}
