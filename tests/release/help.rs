//! Help pages of every command: short, narrow, usage first, one line for each flag.

use std::process::Output;

use calico_fix::cli::Invocation;
use calico_fix::cli::help::{CONNECTION, GROUPS, LINES, WIDTH};
use clap::Command;
use support::output::{err, out};
use unicode_width::UnicodeWidthStr;

use crate::STANDALONE;
use crate::cli::{bare, plugin, run};

/// Every command that can be typed, with its full name.
fn commands(name: Invocation) -> Vec<(String, Command)> {
    fn collect(command: &Command, spoken: &str, found: &mut Vec<(String, Command)>) {
        found.push((spoken.to_owned(), command.clone()));
        for below in command.get_subcommands() {
            collect(below, &format!("{spoken} {}", below.get_name()), found);
        }
    }
    let mut found = Vec::new();
    collect(&name.command(), name.text(), &mut found);
    assert!(found.len() > 14, "{}", found.len());
    found
}

fn fits(page: &str, spoken: &str) {
    for line in page.lines() {
        assert!(line.width() <= WIDTH, "{spoken}: {} columns: {line}", line.width());
        assert!(!line.contains('%') && line.trim_end() == line, "{spoken}: {line:?}");
    }
}

#[test]
fn every_page_is_short_and_narrow_with_one_line_for_each_flag() {
    for name in [Invocation::Plugin, Invocation::Standalone] {
        for (spoken, mut command) in commands(name) {
            let page = command.render_help().to_string();
            assert!(page.lines().count() <= LINES, "{spoken} has {} lines\n{page}", page.lines().count());
            fits(&page, &spoken);
            assert_eq!(page, command.render_long_help().to_string(), "{spoken}: -h and --help");
            assert_eq!(page.lines().nth(2), Some("Usage:"), "{spoken}\n{page}");
            assert!(page.lines().nth(3).is_some_and(|line| line.starts_with(&format!("  {spoken}"))), "{spoken}\n{page}");
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version") {
                let Some(long) = arg.get_long() else { continue };
                let lines = page.lines().filter(|line| line.trim_start().trim_start_matches("-").contains(long));
                let lines = lines.filter(|line| flag(line).is_some_and(|flag| flag == long)).count();
                let elsewhere = arg.get_help_heading() == Some(CONNECTION) || arg.is_hide_short_help_set();
                assert_eq!(lines, usize::from(!elsewhere), "{spoken} --{long}\n{page}");
            }
        }
    }
}

/// The long flag that a line of a page explains.
fn flag(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = if line.starts_with("--") { line } else { line.strip_prefix('-')?.split_once(", ")?.1 };
    rest.strip_prefix("--")?.split([' ', '[', '=']).next()
}

#[test]
fn every_command_with_a_choice_shows_an_example() {
    for (spoken, mut command) in commands(Invocation::Plugin) {
        let page = command.render_help().to_string();
        let example = page.split("\nExamples:\n").nth(1).and_then(|rest| rest.lines().nth(1)).unwrap_or_default();
        assert!(example.contains("kubectl calico-fix"), "{spoken}\n{page}");
    }
}

#[test]
fn options_lists_every_flag_that_pages_leave_out() {
    for name in [Invocation::Plugin, Invocation::Standalone] {
        let page = calico_fix::cli::help::options(&name.command(), name.text());
        let page = clap::builder::StyledStr::from(page).to_string();
        fits(&page, "options");
        for (spoken, command) in commands(name) {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                if let Some(long) = arg.get_long().filter(|_| arg.get_help_heading() == Some(CONNECTION) || arg.is_hide_short_help_set()) {
                    let lines = page.lines().filter(|line| flag(line) == Some(long)).count();
                    assert_eq!(lines, 1, "{spoken} --{long}\n{page}");
                }
            }
        }
    }
}

#[test]
fn every_command_is_in_one_group() {
    let command = Invocation::Plugin.command();
    for verb in command.get_subcommands().map(Command::get_name).chain(["help"]) {
        let groups = GROUPS.iter().filter(|(_, verbs)| verbs.contains(&verb)).count();
        assert_eq!(groups, 1, "{verb}");
    }
    for verb in GROUPS.iter().flat_map(|(_, verbs)| *verbs) {
        assert!(*verb == "help" || command.find_subcommand(verb).is_some(), "{verb}");
    }
}

fn page(output: &Output) -> String {
    assert_eq!((output.status.code(), err(output).as_str()), (Some(0), ""), "{}", out(output));
    out(output)
}

#[test]
fn help_and_options_work_through_kubectl() {
    let whole = page(&run(&mut plugin(), &["--help"]));
    for arguments in [&["-h"][..], &["help"]] {
        assert_eq!(page(&run(&mut plugin(), arguments)), whole, "{arguments:?}");
    }
    let status = page(&run(&mut plugin(), &["status", "--help"]));
    for arguments in [&["status", "-h"][..], &["help", "status"]] {
        assert_eq!(page(&run(&mut plugin(), arguments)), status, "{arguments:?}");
    }
    assert!(status.contains("\n  kubectl calico-fix status [flags]\n") && status.contains("kubectl calico-fix options"), "{status}");
    assert!(!status.contains("--kubeconfig"), "{status}");
    let options = page(&run(&mut plugin(), &["options"]));
    for flag in ["--kubeconfig", "--context", "--as-group", "--color"] {
        assert!(options.contains(flag), "{flag}\n{options}");
    }
    let unknown = run(&mut plugin(), &["help", "nonsense"]);
    assert_eq!((unknown.status.code(), out(&unknown).as_str()), (Some(2), ""), "{}", err(&unknown));
}

#[test]
fn node_status_is_the_same_under_both_names() {
    let arguments = [
        "node",
        "status",
        "--node",
        "amz-sin8-opsrespool-33-10",
        "--from",
        concat!(env!("CARGO_MANIFEST_DIR"), "/examples/incidents/bridge-address.yaml"),
    ];
    let under_kubectl = run(&mut plugin(), &arguments);
    let alone = run(&mut bare(STANDALONE), &arguments);
    assert!(out(&alone).contains("IPv4 BGP status"), "{}{}", out(&alone), err(&alone));
    assert_eq!((under_kubectl.status.code(), out(&under_kubectl)), (alone.status.code(), out(&alone)));
    let calicoctls = run(&mut plugin(), &["node", "diags"]);
    assert_eq!(calicoctls.status.code(), Some(2));
    assert_eq!(
        err(&calicoctls),
        "error: unknown command \"node diags\" for \"kubectl calico-fix\"\nA command of calicoctl runs as: calico-fix node diags\n"
    );
}

/// The overview of the pages, as a reader meets it.
#[test]
fn overview_and_options_read_well() {
    for word in ["help", "options", "help status", "help autodetect"] {
        let words: Vec<&str> = word.split(' ').collect();
        insta::assert_snapshot!(word.replace(' ', "_"), page(&run(&mut bare(crate::PLUGIN), &words)));
    }
}
