//! Prints the proposed change as a diff, or runs the program in KUBECTL_EXTERNAL_DIFF.

use std::fs;
use std::io::{self, Write};
use std::process::Command;

use serde_json::Value;

use crate::edit::target::Target;
use crate::render::diff;
use crate::render::style::Style;
use crate::rollout::dry_run::DryRunResult;

pub(super) fn write(target: &Target, prepared: &DryRunResult, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (diff::yaml(&prepared.object), diff::yaml(&prepared.after));
    if let Some(program) = std::env::var("KUBECTL_EXTERNAL_DIFF").ok().filter(|text| !text.trim().is_empty()) {
        out.flush()?;
        return external(&program, target, &before, &after, out);
    }
    if before == after {
        return writeln!(out, "No setting of {target} changes.");
    }
    let how = if prepared.by_server { "server dry run" } else { "client dry run" };
    diff::write(&before, &after, (&target.to_string(), &format!("{target} ({how})")), style, out)
}

/// As kubectl does (pkg/cmd/diff/diff.go): two folders, LIVE and MERGED, with a file of the same name in each; exit code 1 means a difference.
fn external(line: &str, target: &Target, before: &str, after: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut words = line.split_whitespace();
    let Some(program) = words.next() else { return Ok(()) };
    let folders = [("LIVE-", before), ("MERGED-", after)].map(|(prefix, text)| folder(prefix, target, text));
    let [live, merged] = folders;
    let (live, merged) = (live?, merged?);
    let run = Command::new(program).args(words).arg(live.path()).arg(merged.path()).output();
    let run = run.map_err(|error| io::Error::new(error.kind(), format!("KUBECTL_EXTERNAL_DIFF ({program}): {error}")))?;
    out.write_all(&run.stdout)?;
    if run.status.code().is_none_or(|code| code > 1) {
        let said = String::from_utf8_lossy(&run.stderr).trim().to_owned();
        return Err(io::Error::other(format!("KUBECTL_EXTERNAL_DIFF ({program}) failed: {said}")));
    }
    Ok(())
}

fn folder(prefix: &str, target: &Target, text: &str) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
    let (api_version, kind) = target.type_meta();
    let name = format!("{}.{kind}.{}.{}", api_version.replace('/', "."), target.namespace().unwrap_or_default(), target.name());
    fs::write(folder.path().join(name.replace("..", ".")), text)?;
    Ok(folder)
}

/// The user has seen exactly this diff: no need to ask again.
pub(super) fn same_diff(one: &DryRunResult, other: &DryRunResult) -> bool {
    let text = |object: &Value| diff::yaml(object);
    text(&one.object) == text(&other.object) && text(&one.after) == text(&other.after)
}
