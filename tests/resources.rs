//! The files for others' machines: the krew manifest, and the roles an admin applies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

mod manifests;

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("reads")
}

mod krew {
    use super::*;

    /// What krew can be on (krew `validate-krew-manifest`).
    const PLATFORMS: [(&str, &[&str]); 3] = [
        ("windows", &["386", "amd64", "arm64"]),
        ("linux", &["386", "amd64", "arm", "arm64", "ppc64le"]),
        ("darwin", &["386", "amd64", "arm64"]),
    ];
    const OURS: [&str; 5] = ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"];
    const NAME: &str = "calico-fix";

    fn render() -> String {
        let mut text =
            file("krew/calico-fix.yaml.in").replace("@VERSION@", "v1.2.3").replace("@HOMEPAGE@", "https://example.org/calico-fix");
        for platform in OURS {
            let key = platform.replace('/', "_").to_uppercase();
            text = text
                .replace(&format!("@URI_{key}@"), &format!("https://example.org/calico-fix-{}.tar.gz", platform.replace('/', "-")))
                .replace(&format!("@SHA256_{key}@"), &"0123456789abcdef".repeat(4));
        }
        text
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
            let labels: BTreeMap<String, String> = platform
                .pointer("/selector/matchLabels")
                .and_then(|labels| serde_json::from_value(labels.clone()).ok())
                .unwrap_or_default();
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
        let text = render();
        assert!(!text.contains("@URI") && !text.contains("@SHA") && !text.contains("\"@"), "{text}");
        let manifest = parse(&text);
        assert_eq!(problems(&manifest, &format!("{NAME}.yaml")), [""; 0]);
        assert_eq!(manifest["spec"]["platforms"].as_array().map(Vec::len), Some(OURS.len()));
        for platform in manifest["spec"]["platforms"].as_array().into_iter().flatten() {
            let (os, arch) = (&platform["selector"]["matchLabels"]["os"], &platform["selector"]["matchLabels"]["arch"]);
            let key = format!("{}-{}", os.as_str().unwrap_or_default(), arch.as_str().unwrap_or_default());
            assert!(platform["uri"].as_str().is_some_and(|uri| uri.contains(&key)), "{key} has another's archive");
            let bin = if os == "windows" { "kubectl-calico_fix.exe" } else { "kubectl-calico_fix" };
            assert_eq!(platform["bin"], bin);
        }
        let wide = manifest["spec"]["description"].as_str().unwrap_or_default().lines().map(str::len).max();
        assert!(wide.is_some_and(|wide| wide <= 80), "{wide:?}");
    }

    #[test]
    fn the_rules_refuse_what_krew_refuses() {
        let text = render();
        for (was, becomes, rule) in [
            ("kind: Plugin", "kind: Plug", "kind"),
            ("name: calico-fix", "name: calico fix", "a safe name"),
            ("\"v1.2.3\"", "\"1.2.3\"", "a semantic version with its v"),
            ("\"v1.2.3\"", "\"v1.2\"", "a semantic version with its v"),
            ("89abcdef\"", "89ABCDEF\"", "a SHA-256 in lower case"),
            ("Find out what is wrong with Calico", "\"\"", "a short description on one line"),
            ("os: windows", "os: plan9", "a platform that krew knows"),
            ("os: windows", "os: linux", "no platform twice"),
        ] {
            let found = problems(&parse(&text.replace(was, becomes)), "calico-fix.yaml");
            assert!(found.iter().any(|problem| problem == rule), "{was} -> {becomes}: {found:?}");
        }
        assert!(!problems(&parse(&text), "calico-fix.yml").is_empty());
    }
}

mod roles {
    use super::*;

    use super::manifests::{Rule, roles, simulated};
    use calico_fix::cli::connection::ConnectionFlags;
    use calico_fix::cluster::{LogsWanted, Silent, Wanted, connect, gather};
    use calico_fix::diagnosis::report::{Report, Verdict};
    use calico_fix::diagnosis::{Scope, diagnose};
    use calico_fix::snapshot::save;

    /// Recorded as refused, but no verdict hangs on them alone.
    const UNSAID: [&str; 2] = ["caliconodestatuses", "endpointslices"];

    fn all_rules() -> Vec<Rule> {
        roles("view.yaml").into_values().flatten().collect()
    }

    /// What `status` says to a user of just these rules, and saves; the error where it cannot say anything.
    async fn status(mut world: sim::World, rules: Vec<Rule>) -> Result<(Report, String), String> {
        world.users.push(sim::User { name: "operator", token: "operator-token", rules: simulated(rules) });
        let server = sim::Server::start(world).await.expect("a server");
        let flags =
            ConnectionFlags { kubeconfig: Some(server.kubeconfig()), context: Some("operator".into()), ..ConnectionFlags::default() };
        let wanted = Wanted { logs: LogsWanted::All, exec_timeout: std::time::Duration::from_secs(120), ..Wanted::default() };
        let snapshot =
            gather(&connect(&flags, "status").await.expect("connects"), &wanted, &Silent).await.map_err(|error| error.to_string())?;
        Ok((diagnose(&snapshot, &Scope::default()), save::to_yaml(&snapshot).expect("writes")))
    }

    fn unseen(report: &Report) -> String {
        report.unseen.iter().map(|gap| format!("{}: {}\n", gap.what, gap.why)).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn both_roles_are_enough() {
        assert_eq!(roles("view.yaml").into_keys().collect::<Vec<_>>(), ["kubectl-calico-fix-exec", "kubectl-calico-fix-view"]);
        for world in [sim::scenario::healthy(3), sim::scenario::operator(3)] {
            let (report, saved) = status(world, all_rules()).await.expect("a report");
            assert_eq!((report.verdict, unseen(&report).as_str()), (Verdict::Healthy, ""));
            assert!(!saved.contains("forbidden:"), "{saved}");
        }
    }

    /// Nothing in the roles is there for nothing, and whoever lacks a part is told which.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn without_one_resource_what_is_missing_is_said() {
        let rules = all_rules();
        let resources: BTreeSet<String> = rules.iter().flat_map(|rule| rule.resources.iter().cloned()).collect();
        assert!(resources.len() > 10, "{resources:?}");
        for missing in resources {
            let mut fewer = rules.clone();
            fewer.iter_mut().for_each(|rule| rule.resources.retain(|resource| *resource != missing));
            // The operator's install has no ConfigMap, the manifest's no Installation.
            let (mut said, mut recorded) = (String::new(), String::new());
            for world in [sim::scenario::healthy(3), sim::scenario::operator(3)] {
                match status(world, fewer.clone()).await {
                    Ok((report, saved)) => {
                        said += &unseen(&report);
                        recorded.extend(saved.lines().filter(|line| line.trim_start().starts_with("forbidden:")));
                    }
                    Err(error) => {
                        said += &error;
                        recorded += &error;
                    }
                }
            }
            assert!(recorded.contains(&missing), "without {missing}: {recorded:?}");
            assert_eq!(said.contains(&missing), !UNSAID.contains(&missing.as_str()), "without {missing}: {said:?}");
        }
    }
}
