//! docs/security.md: each claim names a test, and that test is there.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Where a test's path begins: `import::x` is in tests/offline/import, `snapshot::secrets` among the program's own.
const ROOTS: [&str; 4] = ["tests/offline", "tests/cluster", "tests/release", "src"];

/// The claims with the tests in their last column.
fn claims(page: &str) -> Vec<(String, Vec<String>)> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|--"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).map(str::to_owned).collect::<Vec<_>>());
    cells
        .filter(|cells| cells.len() > 1 && !["test", "claim"].contains(&cells[cells.len() - 1].as_str()))
        .map(|cells| {
            let tests = cells[cells.len() - 1].split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (cells[0].clone(), tests)
        })
        .collect()
}

/// The file of a module path, below one of the roots.
fn files(path: &[&str]) -> Vec<PathBuf> {
    let places = ROOTS.iter().map(|root| Path::new(ROOT).join(root).join(path.join("/")));
    places.flat_map(|place| [place.with_extension("rs"), place.join("mod.rs")]).filter(|file| file.is_file()).collect()
}

fn holds_tests(file: &Path) -> bool {
    let text = fs::read_to_string(file).expect("reads");
    text.contains("#[test]") || text.contains("#[tokio::test") || text.contains("mod tests;")
}

/// `module::test`, a module of tests, or a word that a file of the repository has.
fn is_there(test: &str) -> bool {
    if test.contains(" = ") {
        return fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("reads").contains(test);
    }
    let path: Vec<&str> = test.split("::").collect();
    if files(&path).iter().any(|file| holds_tests(file)) {
        return true;
    }
    let Some((name, module)) = path.split_last() else { return false };
    files(module).iter().any(|file| {
        let text = fs::read_to_string(file).expect("reads");
        holds_tests(file) && text.contains(&format!("fn {name}("))
    })
}

#[test]
fn each_claim_names_a_test_that_is_there() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/security.md")).expect("reads");
    let claims = claims(&page);
    assert!(claims.len() > 20, "{}", claims.len());
    for (claim, tests) in claims {
        let named: Vec<&String> = tests.iter().filter(|test| test.as_str() != "Cargo.toml").collect();
        assert!(!named.is_empty(), "{claim} names no test");
        for test in named {
            assert!(is_there(test), "{claim}: there is no {test}");
        }
    }
    assert!(!is_there("import::no_such_test") && !is_there("nowhere"));
}
