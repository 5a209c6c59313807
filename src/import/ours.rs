//! Our own snapshots, as YAML or JSON.

use std::io::Read;

use serde::de::DeserializeSeed;

use super::transcode::Transcoder;
use super::{ImportError, assemble, canonical};
use crate::limits::{MAX_FILE, MIB};
use crate::observed::Observed;
use crate::snapshot::{API_VERSION, KIND, Snapshot, trim, without_place};
use crate::text::json;

const GROUP: &str = "calico-fix/";
/// Our header comment and the first fields are well within this.
pub(super) const HEAD: usize = 8 << 10;

/// The version that a file of ours claims; `None` when it is not ours. Reads the head only.
pub(super) fn version(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let at = head.find("apiVersion")?;
    let value = head[at + "apiVersion".len()..].trim_start_matches(['"', '\'', ' ', ':', '\t', '\r', '\n']);
    let version: String = value.chars().take_while(|c| c.is_ascii_alphanumeric() || "/.-_".contains(*c)).collect();
    version.starts_with(GROUP).then_some(version)
}

/// What a file of ours is, if it is not a snapshot. By its head: the rest of it has another shape.
fn other_document(head: &[u8], json: bool) -> Option<&'static str> {
    let head = String::from_utf8_lossy(&head[..head.len().min(HEAD)]);
    let value =
        if json { head.split_once("\"kind\"").map(|(_, value)| value) } else { head.lines().find_map(|line| line.strip_prefix("kind:")) };
    let value = value?.trim_start_matches([':', ' ', '"', '\'']);
    match value.split(|c: char| !c.is_ascii_alphanumeric()).next()? {
        KIND => None,
        "Plan" => Some("a plan: apply it with kubectl calico-fix apply FILE"),
        _ => Some("a report of -o json or -o yaml: save a snapshot with --save"),
    }
}

/// Reads a file by its head and what follows it. What was edited by hand is bounded and masked like what comes from a cluster.
pub(super) fn read(file: &str, head: &[u8], rest: &mut dyn Read, version: &str) -> Result<Snapshot, ImportError> {
    if version != API_VERSION {
        return Err(ImportError::Version { file: file.into(), found: version.into() });
    }
    let json = head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if let Some(name) = other_document(head, json) {
        return Err(ImportError::Unknown { file: file.into(), looks_like: Some(name), seen: Vec::new() });
    }
    let mut whole = head.chain(rest).take(MAX_FILE + 1);
    let mut text = Vec::new();
    let read = whole.read_to_end(&mut text).map_err(|error| error.to_string());
    if whole.limit() == 0 {
        return Err(ImportError::TooLarge { file: file.into(), limit: MAX_FILE / MIB });
    }
    let parsed = read.and_then(|_| if json { from_json(&text) } else { from_yaml(text) });
    let mut snapshot = parsed.map_err(|problem| ImportError::Syntax { file: file.into(), problem })?;
    if snapshot.kind != KIND {
        let problem = format!("its kind is {:?}, not {KIND:?}", trim::bounded(&snapshot.kind));
        return Err(ImportError::Syntax { file: file.into(), problem });
    }
    if let Observed::Seen(nodes) = &mut snapshot.nodes {
        let whole = assemble::unique_nodes(std::mem::take(nodes)).map_err(|error| match error {
            ImportError::Contradiction { node, .. } => ImportError::Contradiction { file: file.into(), node },
            other => other,
        })?;
        *nodes = whole;
    }
    trim::snapshot(&mut snapshot);
    Ok(snapshot)
}

fn from_json(json: &[u8]) -> Result<Snapshot, String> {
    json::from_bytes(json).map_err(|error| error.to_string())
}

/// One reader makes a snapshot of both formats: YAML becomes JSON first, at once where `save` wrote it.
fn from_yaml(yaml: Vec<u8>) -> Result<Snapshot, String> {
    if let Some(json) = std::str::from_utf8(&yaml).ok().and_then(canonical::to_json) {
        drop(yaml);
        // The columns are JSON's, the lines are those of the file.
        return json::from_bytes(&json).map_err(|error| format!("{} at line {}", without_place(&error), error.line()));
    }
    let mut json = Vec::with_capacity(yaml.len());
    transcode_yaml(&yaml, &mut json)?;
    drop(yaml);
    json::from_bytes(&json).map_err(|error| without_place(&error))
}

/// The library that reads others' YAML holds a document's text and all its events, some 14 times its size; this one does not.
fn transcode_yaml(yaml: &[u8], json: &mut Vec<u8>) -> Result<(), String> {
    let mut options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    if let Some(budget) = &mut options.budget {
        // We write none, and a few of them make gigabytes.
        budget.max_aliases = 0;
        // The size of the file bounds these.
        budget.max_reader_input_bytes = None;
        budget.max_events = usize::MAX;
        budget.max_nodes = usize::MAX;
        budget.max_total_scalar_bytes = usize::MAX;
        budget.max_total_comment_bytes = usize::MAX;
    }
    let whole = |document: serde_saphyr::Deserializer<'_, '_>| Transcoder::new(json).deserialize(document);
    serde_saphyr::with_deserializer_from_slice_with_options(yaml, options, whole).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::snapshot::Origin;
    use crate::snapshot::save::to_yaml;

    #[test]
    fn what_does_not_fit_is_told_with_its_line() {
        let yaml = to_yaml(&Snapshot::empty(Origin::Live, Timestamp::UNIX_EPOCH)).expect("writes").replace("origin: live", "origin: 7");
        let line = yaml.lines().position(|line| line == "origin: 7").expect("a line") + 1;
        let problem = from_yaml(yaml.into_bytes()).expect_err("a number is no origin");
        assert!(problem.ends_with(&format!(" at line {line}")), "{problem}");
    }

    #[test]
    fn a_plan_and_a_report_are_not_truncated_snapshots() {
        for (text, name) in [
            ("apiVersion: calico-fix/v1\ncanary: node-1\nkind: Plan\nnodes: []\n", Some("a plan")),
            ("{\n  \"apiVersion\": \"calico-fix/v1\",\n  \"kind\": \"Status\"\n}\n", Some("a report")),
            ("{\"apiVersion\":\"calico-fix/v1\",\"kind\":\"Probes\"}", Some("a report")),
            ("apiVersion: calico-fix/v1\nkind: Snapshot\n", None),
            ("apiVersion: calico-fix/v1\n", None),
        ] {
            let error = read("FILE", text.as_bytes(), &mut std::io::empty(), API_VERSION).expect_err("no snapshot").to_string();
            match name {
                Some(name) => assert!(error.starts_with(&format!("FILE: unrecognized file format; it looks like {name}")), "{error}"),
                None => assert!(error.starts_with("FILE: cannot be parsed: missing field"), "{error}"),
            }
        }
    }

    #[test]
    fn another_style_of_yaml_is_the_same_snapshot() {
        let snapshot = Snapshot::empty(Origin::Live, Timestamp::UNIX_EPOCH);
        let yaml = to_yaml(&snapshot).expect("writes");
        assert_eq!(from_yaml(yaml.replace("origin: live", "origin: 'live' # as kubectl saw it").into_bytes()), Ok(snapshot.clone()));
        assert_eq!(from_yaml(yaml.into_bytes()), Ok(snapshot));
    }
}
