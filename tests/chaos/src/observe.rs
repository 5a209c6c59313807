//! From what a run has left to the facts of its history.

use std::process::Output;

use serde_json::Value;
use sim::{Change, What};

use crate::cluster::{ANNOTATION, Moment, Target, changeable};
use crate::history::{Command, Deletion, Version};
use crate::play::Verb;
use crate::stage::Stage;

/// Codes of the findings of severity error.
pub(crate) fn errors(document: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let findings = document["findings"].as_array();
    let errors = findings.into_iter().flatten().filter(|finding| finding["severity"] == "error");
    errors.filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
}

pub(crate) fn command(
    stage: &Stage,
    verb: Verb,
    arguments: Vec<String>,
    output: &Output,
    began: (u64, usize),
    (alone, cleans_up): (bool, bool),
) -> Command {
    let requests = stage.running.requests();
    let wrote = requests.iter().skip(began.1).filter(|request| request.writes());
    Command {
        verb,
        arguments,
        code: output.status.code(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        began: began.0,
        ended: stage.version(),
        requests: wrote.map(|request| format!("{} {}", request.method, request.path)).collect(),
        alone,
        cleans_up,
        moment: stage.moment(),
    }
}

pub(crate) fn versions(changes: &[Change], target: Target) -> Vec<Version> {
    let (kind, _, name) = target.place();
    let ours = changes.iter().filter(|change| change.kind.kind == kind && change.object.name == name && change.what != What::Deleted);
    let version = |change: &Change| {
        let object = change.value();
        let text = object["metadata"]["annotations"][ANNOTATION].as_str();
        let record = text.map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
        Version { number: change.version, spec: object["spec"].clone(), record }
    };
    ours.map(version).collect()
}

pub(crate) fn deletions(changes: &[Change], before: &Moment, foreign: &[String]) -> Vec<Deletion> {
    let mut found = Vec::new();
    let mut wanted = before.template.clone();
    for change in changes {
        let object = change.value();
        match change.kind.kind {
            "DaemonSet" if change.object.name == "calico-node" => wanted = changeable(&object["spec"]["template"]["spec"]),
            "Pod" if change.object.name.starts_with("calico-node-") => {
                let before = change.before.as_ref().map(|before| before.value());
                let asked = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
                if asked(&object) && !before.is_some_and(|before| asked(&before)) {
                    let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
                    found.push(Deletion {
                        number: change.version,
                        pod: change.object.name.clone(),
                        node: object["spec"]["nodeName"].as_str().unwrap_or_default().to_owned(),
                        foreign: foreign.iter().any(|other| other == uid),
                        template: changeable(&object["spec"]),
                        wanted: wanted.clone(),
                    });
                }
            }
            _ => {}
        }
    }
    found
}
