//! That the files made from the code are those the code makes today, and that what is printed and saved keeps to the schemas.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::import::{load, log};
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::render::data;
use calico_fix::reports::autodetect::evaluate;
use calico_fix::reports::autodetect_document::Report as Matrix;
use calico_fix::reports::fleet::ClusterStatus;
use calico_fix::reports::probes::probes_report;
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::{Snapshot, redact, save};
use calico_fix::startup::log_source::LogSource;
use xtask::generate;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const RENEW: &str = "renew it: .ci/renew";

#[test]
fn committed_files_are_what_the_code_makes() {
    let made: BTreeMap<String, Vec<u8>> = generate::files().expect("makes").into_iter().collect();
    for (path, content) in &made {
        let kept = fs::read(Path::new(ROOT).join(path)).unwrap_or_default();
        assert!(kept == *content, "{path} is out of date; {RENEW}");
    }
    for folder in generate::FOLDERS {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).expect("lists").flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            assert!(made.contains_key(&path), "{path} is made no more; {RENEW}");
        }
    }
    for page in [
        "kubectl-calico-fix",
        "kubectl-calico-fix-status",
        "kubectl-calico-fix-autodetect",
        "kubectl-calico-fix-probes",
        "kubectl-calico-fix-debug-log",
        "kubectl-calico-fix-explain",
        "kubectl-calico-fix-can-i",
        "calico-fix",
        "calico-fix-node-status",
    ] {
        assert!(made.contains_key(&format!("man/{page}.1")), "{page}");
    }
}

fn validator(name: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(Path::new(ROOT).join(format!("schemas/{name}.schema.json"))).expect("reads");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

fn complaints(validator: &jsonschema::Validator, value: &serde_json::Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Every example, fixture and recorded case.
fn snapshots() -> Vec<(PathBuf, Snapshot)> {
    let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let root = Path::new(ROOT);
    let mut inputs: Vec<PathBuf> = below(root.join("examples/incidents")).chain(below(root.join("tests/fixtures/import"))).collect();
    for release in below(root.join("tests/fixtures/real")).filter(|path| path.is_dir()) {
        for case in below(release) {
            inputs.extend(
                [case.clone(), case.join("fault"), case.join("healed")].into_iter().filter(|case| case.join("nodes.json").exists()),
            );
        }
    }
    inputs.sort();
    let read = |path: &PathBuf| load(std::slice::from_ref(path), &mut std::io::empty()).unwrap_or_else(|error| panic!("{error}"));
    inputs.iter().map(|path| (path.clone(), read(path))).collect()
}

#[test]
fn what_is_printed_and_saved_keeps_to_its_schema() {
    let [status, autodetect, probes, snapshot] = ["status", "autodetect", "probes", "snapshot"].map(validator);
    let read = snapshots();
    assert!(read.len() >= 5, "{}", read.len());
    for (path, seen) in read {
        let mut printed = Vec::new();
        data::json(&diagnose(&seen, &Scope { nodes: None, sessions: true, ..Scope::default() }), &mut printed).expect("prints");
        let printed = serde_json::from_slice(&printed).expect("JSON");
        assert_eq!(complaints(&status, &printed), [""; 0], "{path:?}");
        for family in Family::ALL {
            let mut printed = Vec::new();
            data::json(&Matrix::new(&evaluate(&seen, &AutodetectOptions::new(family)), None), &mut printed).expect("prints");
            let printed = serde_json::from_slice(&printed).expect("JSON");
            assert_eq!(complaints(&autodetect, &printed), [""; 0], "{path:?}");
        }
        let mut printed = Vec::new();
        data::json(&probes_report(&seen, &Scope::default(), &ProbeOptions::default()).expect("no wish"), &mut printed).expect("prints");
        assert_eq!(complaints(&probes, &serde_json::from_slice(&printed).expect("JSON")), [""; 0], "{path:?}");
        let redacted = redact::redact(seen.clone()).expect("redacts");
        for kept in [seen, redacted] {
            let saved = serde_yaml::from_str(&save::to_yaml(&kept).expect("writes")).expect("reads");
            assert_eq!(complaints(&snapshot, &saved), [""; 0], "{path:?}");
        }
    }
}

#[test]
fn clusters_keep_to_their_schema() {
    let schema = validator("clusters");
    let (_, seen) = snapshots().into_iter().next().expect("an example");
    let clusters = [Ok(diagnose(&seen, &Scope::default())), Err("the server does not answer".to_owned())]
        .map(|read| ClusterStatus::new("production".into(), vec!["same".into()], read));
    let mut printed = Vec::new();
    data::json(&clusters, &mut printed).expect("prints");
    assert_eq!(complaints(&schema, &serde_json::from_slice(&printed).expect("JSON")), [""; 0]);
    for wrong in [serde_json::json!({}), serde_json::json!([{"context": "production"}])] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn timelines_keep_to_their_schema() {
    let schema = validator("startup-timeline");
    let logs = fs::read_dir(Path::new(ROOT).join("tests/fixtures/logs")).expect("lists").flatten();
    let read = |path: &Path| log::read(path, &mut std::io::empty(), &mut |_| Ok(())).unwrap_or_else(|error| panic!("{error}"));
    let logs = logs.flat_map(|entry| read(&entry.path()));
    let subjects: Vec<LogSource> = logs.map(|log| LogSource::from_file("a log".into(), log.attempts)).collect();
    assert!(subjects.len() >= 10, "{}", subjects.len());
    let mut printed = Vec::new();
    data::json(&explain_logs(&subjects, None), &mut printed).expect("prints");
    assert_eq!(complaints(&schema, &serde_json::from_slice(&printed).expect("JSON")), [""; 0]);
}

#[test]
fn the_schemas_refuse_what_is_none() {
    for name in ["status", "snapshot", "autodetect", "probes", "startup-timeline", "can-i"] {
        let schema = validator(name);
        for wrong in [serde_json::json!({}), serde_json::json!([]), serde_json::json!({"apiVersion": 1, "kind": "Snapshot"})] {
            assert!(!schema.is_valid(&wrong), "{name}: {wrong}");
        }
    }
}
