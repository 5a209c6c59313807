//! The change as text to paste where it lasts.

use super::*;

#[test]
fn every_form_is_printed_alone() {
    for scenario in ["bridge-address", "operator-bridge-address"] {
        let stage = Stage::new(scenario, 3);
        let mut all = String::new();
        for form in ["kubectl", "kustomize", "helm", "installation", "rke2", "kubespray", "k0s", "gardener"] {
            let output = stage.kubectl(&["autodetect", "--emit", form]);
            assert_eq!((code(&output), err(&output)), (Some(0), String::new()), "{form}: {}", told(&output));
            all += &format!("# {form}\n{}\n", out(&output));
        }
        insta::assert_snapshot!(format!("forms_{scenario}").replace('-', "_"), all);
        assert_eq!(stage.writes(), Vec::<String>::new());
    }
}

/// What is printed for kubectl is what `--yes` would send; while it rolls nothing else is proposed.
#[test]
fn the_printed_command_heals() {
    for scenario in ["bridge-address", "operator-bridge-address"] {
        let stage = Stage::new(scenario, 3);
        let Some(kubectl) = tool("kubectl", "running the printed command") else { return };
        let _live = stage.running.live(PACE);
        let line = out(&stage.kubectl(&["autodetect", "--emit", "kubectl"]));
        let output = shell(&stage, &kubectl, &line);
        assert_eq!(code(&output), Some(0), "{line}: {}", told(&output));
        let left = stage.kubectl(&["autodetect", "--dry-run=server"]);
        assert!(!out(&left).contains("+++"), "{line} leaves something: {}", told(&left));
    }
}

fn shell(stage: &Stage, kubectl: &Path, script: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.arg("-ec").arg(script).env("KUBECONFIG", stage.running.kubeconfig()).current_dir(stage.folder.path());
    let paths = [kubectl.parent().expect("a folder").to_owned()].into_iter().chain(std::env::split_paths("/usr/bin:/bin"));
    shell.env("PATH", std::env::join_paths(paths).expect("paths")).output().expect("runs")
}

/// The operator has filled in `firstFound: true`: beside it no other method would be taken.
#[test]
fn the_printed_installation_heals() {
    let stage = Stage::new("operator-bridge-address", 3);
    let Some(kubectl) = tool("kubectl", "applying the printed Installation") else { return };
    let _live = stage.running.live(PACE);
    let printed = stage.kubectl(&["autodetect", "--emit", "installation"]);
    std::fs::write(stage.folder.path().join("installation.yaml"), &printed.stdout).expect("writes");
    let output = shell(&stage, &kubectl, "kubectl apply --validate=false -f installation.yaml");
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let installation = stage.running.cluster().store.object("Installation", "", "default").expect("is there");
    let method = &installation["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"];
    assert_eq!(*method, serde_json::json!({"kubernetes": "NodeInternalIP"}), "{}", out(&printed));
}

#[test]
fn nothing_is_printed_where_nothing_is_proposed() {
    let stage = Stage::new("healthy", 3);
    let output = stage.kubectl(&["autodetect", "--emit", "kubectl"]);
    assert_eq!((code(&output), out(&output)), (Some(1), String::new()), "{}", told(&output));
    assert!(err(&output).contains("--method"), "{}", err(&output));
}
