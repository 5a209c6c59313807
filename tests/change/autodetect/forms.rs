//! The change as text to paste where it lasts.

use super::*;

#[test]
fn every_form_is_printed_alone() {
    for scenario in ["bridge-address", "operator-bridge-address"] {
        let stage = Stage::new(scenario, 3);
        let mut all = String::new();
        for form in ["kubectl", "kustomize", "helm", "installation", "rke2", "kubespray"] {
            let output = stage.kubectl(&["autodetect", "--emit", form]);
            assert_eq!((code(&output), err(&output)), (Some(0), String::new()), "{form}: {}", told(&output));
            all += &format!("# {form}\n{}\n", out(&output));
        }
        insta::assert_snapshot!(format!("forms_{scenario}").replace('-', "_"), all);
        assert_eq!(stage.writes(), Vec::<String>::new());
    }
}

/// What is printed for kubectl is what `--yes` would send.
#[test]
fn the_printed_command_heals() {
    for scenario in ["bridge-address", "operator-bridge-address"] {
        let stage = Stage::new(scenario, 3);
        let Ok(kubectl) = which::which("kubectl") else {
            eprintln!("no kubectl on PATH: the printed command is not run");
            return;
        };
        let _live = stage.running.live(PACE);
        let line = out(&stage.kubectl(&["autodetect", "--emit", "kubectl"]));
        let mut shell = Command::new("sh");
        shell.arg("-ec").arg(&line).env("KUBECONFIG", stage.running.kubeconfig());
        let paths = [kubectl.parent().expect("a folder").to_owned()].into_iter().chain(std::env::split_paths("/usr/bin:/bin"));
        let output = shell.env("PATH", std::env::join_paths(paths).expect("paths")).output().expect("runs");
        assert_eq!(code(&output), Some(0), "{line}: {}", told(&output));
        let left = stage.kubectl(&["autodetect", "--dry-run=server"]);
        assert!(!out(&left).contains("+++"), "{line} leaves something: {}", told(&left));
    }
}

#[test]
fn nothing_is_printed_where_nothing_is_proposed() {
    let stage = Stage::new("healthy", 3);
    let output = stage.kubectl(&["autodetect", "--emit", "kubectl"]);
    assert_eq!((code(&output), out(&output)), (Some(1), String::new()), "{}", told(&output));
    assert!(err(&output).contains("--method"), "{}", err(&output));
}
