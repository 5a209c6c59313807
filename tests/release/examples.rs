//! The example incidents: that they are what the plugin saves today, and what it says of them.

use std::path::Path;
use std::process::Command;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Report;
use calico_fix::finding::code::Code;
use calico_fix::finding::verdict::Verdict;
use calico_fix::import::load;
use calico_fix::snapshot::save;
use xtask::incidents;

fn report(file: &str) -> Report {
    let snapshot = load(&[incidents::path(file)], &mut std::io::empty()).unwrap_or_else(|error| panic!("{error}"));
    diagnose(&snapshot, &Scope::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_what_is_saved_today() {
    for (file, scenario) in incidents::INCIDENTS {
        let fresh = save::to_yaml(&incidents::snapshot(scenario).await.expect("gathers")).expect("writes");
        let kept = std::fs::read_to_string(incidents::path(file)).expect("reads");
        let differs = fresh.lines().zip(kept.lines()).enumerate().find(|(_, (fresh, kept))| fresh != kept);
        assert!(fresh == kept, "examples/incidents/{file}.yaml is out of date; renew it: .ci/renew\n{differs:?}");
    }
}

#[test]
fn each_incident_has_one_culprit_and_its_healthy_twin_none() {
    for (file, code, node) in [
        ("bridge-address", Code::AddressOnVirtualInterface, "amz-sin8-opsrespool-33-62"),
        ("slow-start", Code::KilledWhileStarting, "amz-iad12-opsrespool-13-33"),
    ] {
        let sick = report(file);
        assert_eq!(sick.verdict, Verdict::Sick, "{file}");
        let found: Vec<_> = sick.findings.iter().map(|finding| (finding.code, finding.nodes.as_slice())).collect();
        assert_eq!(found, [(code, [node.to_owned()].as_slice())], "{file}");
        assert!(sick.findings[0].fix.is_some(), "{file}");
        let healthy = report(&format!("{file}-healthy"));
        assert_eq!((healthy.verdict, &healthy.findings[..], &healthy.unseen[..]), (Verdict::Healthy, &[][..], &[][..]), "{file}");
        assert_eq!((healthy.nodes.len(), healthy.cluster.nodes_ready), (53, 53), "{file}");
    }
}

#[test]
fn what_status_prints_of_them() {
    for (file, _) in incidents::INCIDENTS {
        let output = Command::new(crate::PLUGIN)
            .args(["status", "--from", &format!("examples/incidents/{file}.yaml")])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .env_remove("KUBECONFIG")
            .output()
            .expect("runs");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(said(&output.stderr), "", "{file}");
        let code = output.status.code().unwrap_or(-1);
        insta::assert_snapshot!(file, format!("exit code {code}\n\n{}", said(&output.stdout)));
    }
}
