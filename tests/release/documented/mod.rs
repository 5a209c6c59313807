//! README and docs: every command in them is one, every answer in a `console` block is what is answered today, every link leads somewhere.
//!
//! `UPDATE_DOCS=1 cargo test --test release documented` writes the answers anew.

mod blocks;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use blocks::{Block, blocks};
use calico_fix::cli::Invocation;
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn pages() -> Vec<(PathBuf, String)> {
    let folder = std::fs::read_dir(Path::new(ROOT).join("docs")).expect("docs");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "md"));
    paths.extend(["README.md", "CONTRIBUTING.md"].map(|name| Path::new(ROOT).join(name)));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("reads").replace("\r\n", "\n"))).collect()
}

fn understands(words: &[String]) -> Result<(), String> {
    let (name, rest) = match words {
        [kubectl, plugin, rest @ ..] if kubectl == "kubectl" && plugin == "calico-fix" => (Invocation::Plugin, rest),
        [_, rest @ ..] => (Invocation::Standalone, rest),
        [] => return Err("nothing".into()),
    };
    let program = if name == Invocation::Plugin { "kubectl-calico_fix" } else { "calico-fix" };
    let arguments = [program].into_iter().chain(rest.iter().map(String::as_str)).map(OsString::from);
    name.parse(arguments).map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_command_is_one() {
    let mut count = 0;
    for (path, text) in pages() {
        for block in blocks(&text).filter(|block| matches!(block.language, "sh" | "console")) {
            let lines = block.text.lines().map(|line| line.strip_prefix("$ ").unwrap_or(if block.language == "sh" { line } else { "" }));
            for words in lines.flat_map(words::ours) {
                count += 1;
                if let Err(error) = understands(&words) {
                    panic!("{}: {}\n{error}", path.display(), words.join(" "));
                }
            }
        }
    }
    assert!(count > 60, "only {count} commands were found");
}

/// Commands in the running text, too.
#[test]
fn every_command_in_a_sentence_is_one() {
    for (path, text) in pages() {
        let prose = blocks::without(&text);
        for words in prose.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with("kubectl calico-fix ")).flat_map(words::ours) {
            assert!(understands(&words).is_ok(), "{}: {}", path.display(), words.join(" "));
        }
    }
}

#[test]
fn every_answer_is_the_one_of_today() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut count = 0;
    for (path, text) in pages() {
        let mut fresh = text.clone();
        for block in blocks(&text).filter(|block| block.language == "console") {
            let answered = answered(&block);
            count += 1;
            if update {
                fresh = fresh.replace(block.text, &answered);
            } else {
                let hint = "renew it: .ci/renew";
                assert!(answered == block.text, "{} is out of date; {hint}\n{answered}", path.display());
            }
        }
        if fresh != text {
            std::fs::write(&path, fresh).expect("writes");
        }
    }
    assert!(count >= 6, "only {count} answers were found");
}

/// The block with each command's answer below it. A command that is cut to its first lines says so: `| head -20`.
fn answered(block: &Block) -> String {
    let mut fresh = String::new();
    for line in block.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let (command, lines) = match line.split_once(" | head -") {
            Some((command, lines)) => (command, lines.parse().expect("a number")),
            None => (line, usize::MAX),
        };
        let words = words::split(command);
        let rest = words.strip_prefix(&["kubectl".to_owned(), "calico-fix".to_owned()][..]).expect("a command of this plugin");
        let mut program = Command::new(crate::PLUGIN);
        program.current_dir(ROOT).env_clear().env("HOME", "").args(rest);
        let output = program.output().expect("runs");
        assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let answer = String::from_utf8(output.stdout).expect("text");
        fresh += &format!("$ {line}\n");
        answer.lines().take(lines).for_each(|line| fresh += &format!("{line}\n"));
    }
    fresh
}

#[test]
fn every_link_leads_somewhere() {
    for (path, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().expect("a folder").join(file) };
            assert!(file.exists(), "{}: {target}", path.display());
            if !anchor.is_empty() {
                let page = std::fs::read_to_string(&file).expect("reads");
                let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
                let anchors: Vec<String> = headings.map(|heading| heading.to_lowercase().replace(' ', "-")).collect();
                assert!(anchors.iter().any(|known| known == anchor), "{}: {target} of {anchors:?}", path.display());
            }
        }
    }
}

#[test]
fn every_manifest_can_be_read_and_runs_a_command_that_is_one() {
    let mut jobs = 0;
    for (path, text) in pages() {
        for block in blocks(&text).filter(|block| block.language == "yaml") {
            for document in block.text.split("\n---\n") {
                let object: Value = serde_yaml::from_str(document).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(object["kind"].is_string() && object["metadata"]["name"].is_string(), "{object}");
                if let Some(kubeconfig) = object["data"]["kubeconfig"].as_str() {
                    let kubeconfig: Value = serde_yaml::from_str(kubeconfig).expect("a kubeconfig");
                    assert_eq!(kubeconfig["current-context"], kubeconfig["contexts"][0]["name"]);
                }
                let arguments = object["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"].as_array();
                for arguments in arguments.into_iter() {
                    let words = arguments.iter().map(|word| word.as_str().expect("text").to_owned());
                    let words: Vec<String> = ["kubectl".to_owned(), "calico-fix".to_owned()].into_iter().chain(words).collect();
                    understands(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
                    jobs += 1;
                }
            }
        }
    }
    assert_eq!(jobs, 1);
}

/// Each claim in docs/security.md names a test that is there: a function, or a file of tests.
#[test]
fn the_tests_behind_the_claims_are_there() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/security.md")).expect("reads");
    let mut sources = Vec::new();
    let mut folders = vec![Path::new(ROOT).join("src"), Path::new(ROOT).join("tests")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|ext| ext == "rs") => sources.push(path),
                false => {}
            }
        }
    }
    let code: String = sources.iter().map(|path| std::fs::read_to_string(path).expect("reads")).collect();
    let is_file = |name: &str| sources.iter().any(|path| path.file_stem().is_some_and(|stem| stem == name));
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && !line.contains("| test |")) {
        let column = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        for name in column.split('`').skip(1).step_by(2).filter(|name| !name.contains(['#', '/', '=', '.'])) {
            let last = name.rsplit("::").next().unwrap_or(name);
            assert!(is_file(last) || code.contains(&format!("fn {last}(")), "{name} is no test");
            count += 1;
        }
    }
    assert!(count > 15, "only {count} claims name a test");
}
