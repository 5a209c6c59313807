//! The manifest, by the rules of krew's own `validate-krew-manifest`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

/// What krew can be on (krew `validate-krew-manifest`).
const PLATFORMS: [(&str, &[&str]); 3] = [
    ("windows", &["386", "amd64", "arm64"]),
    ("linux", &["386", "amd64", "arm", "arm64", "ppc64le"]),
    ("darwin", &["386", "amd64", "arm64"]),
];

/// Five archives of stand-ins, and the manifest for them.
fn render() -> (tempfile::TempDir, String) {
    let folder = stand_ins();
    let text = rendered(folder.path(), "https://example.org/download/v1.2.3");
    (folder, text)
}

/// krew `internal/index/validation/validate.go`, rule by rule.
fn problems(manifest: &Value, file_name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut rule = |holds: bool, says: &str| {
        if !holds {
            problems.push(says.to_owned());
        }
    };
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = text("/metadata/name");
    rule(file_name.strip_suffix(".yaml") == Some(name), "the file is named as the plugin, with .yaml");
    rule(text("/apiVersion") == "krew.googlecontainertools.github.com/v1alpha2", "apiVersion");
    rule(text("/kind") == "Plugin", "kind");
    rule(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "a safe name");
    let short = text("/spec/shortDescription");
    rule(!short.is_empty() && !short.contains(['\r', '\n']), "a short description on one line");
    rule(short.chars().count() <= 50, "a short description of at most 50 characters");
    let version: Vec<&str> = text("/spec/version").strip_prefix('v').unwrap_or_default().split('.').collect();
    rule(version.len() == 3 && version.iter().all(|part| part.parse::<u32>().is_ok()), "a semantic version with its v");
    let platforms = manifest.pointer("/spec/platforms").and_then(Value::as_array).cloned().unwrap_or_default();
    rule(!platforms.is_empty(), "a platform");
    let mut taken = BTreeSet::new();
    for platform in &platforms {
        let text = |pointer: &str| platform.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        rule(text("/uri").starts_with("https://"), "a uri");
        let sum = text("/sha256");
        rule(sum.len() == 64 && sum.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "a SHA-256 in lower case");
        rule(!text("/bin").is_empty(), "a bin");
        rule(platform.get("files").is_none_or(|files| files.as_array().is_some_and(|files| !files.is_empty())), "files are not empty");
        let labels: BTreeMap<String, String> =
            platform.pointer("/selector/matchLabels").and_then(|labels| serde_json::from_value(labels.clone()).ok()).unwrap_or_default();
        rule(!labels.is_empty() && labels.keys().all(|key| key == "os" || key == "arch"), "a selector by os and arch alone");
        let is = |key: &str, value: &str| labels.get(key).is_none_or(|wanted| wanted == value);
        let matched: Vec<String> = PLATFORMS
            .iter()
            .flat_map(|(os, archs)| archs.iter().map(move |arch| (*os, *arch)))
            .filter(|(os, arch)| is("os", os) && is("arch", arch))
            .map(|(os, arch)| format!("{os}/{arch}"))
            .collect();
        rule(!matched.is_empty(), "a platform that krew knows");
        for platform in matched {
            rule(taken.insert(platform), "no platform twice");
        }
    }
    problems
}

fn parse(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML")
}

#[test]
fn the_template_becomes_a_manifest_that_krew_takes() {
    let (folder, text) = render();
    assert!(!text.contains("@URI") && !text.contains("@SHA") && !text.contains("\"@"), "{text}");
    let manifest = parse(&text);
    assert_eq!(problems(&manifest, "calico-fix.yaml"), [""; 0]);
    assert_eq!(manifest["spec"]["platforms"].as_array().map(Vec::len), Some(release::TARGETS.len()));
    for platform in manifest["spec"]["platforms"].as_array().into_iter().flatten() {
        let (os, arch) = (&platform["selector"]["matchLabels"]["os"], &platform["selector"]["matchLabels"]["arch"]);
        let target = release::TARGETS.into_iter().find(|(_, system, processor)| os == system && arch == processor).expect("a target").0;
        let name = release::archive_name("v1.2.3", target);
        assert_eq!(platform["uri"], format!("https://example.org/download/v1.2.3/{name}"));
        assert_eq!(platform["sha256"], release::sha256(&folder.path().join(&name)).expect("reads"), "{name}");
        let bin = if os == "windows" { "kubectl-calico_fix.exe" } else { "kubectl-calico_fix" };
        assert_eq!(platform["bin"], bin);
    }
    let wide = manifest["spec"]["description"].as_str().unwrap_or_default().lines().map(str::len).max();
    assert!(wide.is_some_and(|wide| wide <= 80), "{wide:?}");
}

#[test]
fn the_rules_refuse_what_krew_refuses() {
    let (_folder, text) = render();
    for (was, becomes, rule) in [
        ("kind: Plugin", "kind: Plug", "kind"),
        ("name: calico-fix", "name: calico fix", "a safe name"),
        ("\"v1.2.3\"", "\"1.2.3\"", "a semantic version with its v"),
        ("\"v1.2.3\"", "\"v1.2\"", "a semantic version with its v"),
        ("sha256: \"", "sha256: \"A", "a SHA-256 in lower case"),
        ("Find out what is wrong with Calico", "\"\"", "a short description on one line"),
        ("os: windows", "os: plan9", "a platform that krew knows"),
        ("os: windows", "os: linux", "no platform twice"),
    ] {
        let found = problems(&parse(&text.replace(was, becomes)), "calico-fix.yaml");
        assert!(found.iter().any(|problem| problem == rule), "{was} -> {becomes}: {found:?}");
    }
    assert!(!problems(&parse(&text), "calico-fix.yml").is_empty());
}
