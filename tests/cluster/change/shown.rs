//! What people and programs are shown of a change.

use super::*;

fn dry_run(stage: &Stage, how: &str, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let plan = stage.plan("kubernetes-internal-ip");
    let path = stage.save(&plan);
    let mut command = stage.command(&[&["apply", path.to_str().expect("text"), how], more].concat());
    command.envs(variables.iter().copied()).output().expect("runs")
}

#[test]
fn a_dry_run_shows_the_difference_and_changes_nothing() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    for (how, name) in
        [("--dry-run=server", "(server dry run)"), ("--dry-run=client", "(client dry run)"), ("--dry-run", "(client dry run)")]
    {
        let output = dry_run(&stage, how, &[], &[]);
        assert_eq!(code(&output), Some(1), "{}", err(&output));
        assert!(out(&output).contains(&format!("+++ daemonset.apps/calico-node {name}")), "{}", out(&output));
        assert!(out(&output).contains("+        - name: IP_AUTODETECTION_METHOD"), "{}", out(&output));
        assert!(err(&output).contains("would be patched"), "{}", err(&output));
    }
    assert_eq!(stage.daemon_set(), before);
    let client = dry_run(&stage, "--dry-run=client", &[], &[]);
    let patches = stage.running.requests().iter().filter(|request| request.method == "PATCH").count();
    assert_eq!(patches, 1, "a client dry run sends no patch at all: {}", err(&client));
}

#[test]
fn both_dry_runs_show_the_same() {
    let stage = Stage::new("bridge-address", 3);
    let shown = |how| out(&dry_run(&stage, how, &[], &[])).replace("server dry run", "client dry run");
    let (server, client) = (shown("--dry-run=server"), shown("--dry-run=client"));
    let changed = |text: &str| text.lines().filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(changed(&server), changed(&client));
}

#[test]
fn the_users_own_diff_program_is_used() {
    let stage = Stage::new("bridge-address", 3);
    let output = dry_run(&stage, "--dry-run=server", &[], &[("KUBECTL_EXTERNAL_DIFF", "diff -r -u3")]);
    assert!(out(&output).contains("LIVE-") && out(&output).contains("apps.v1.DaemonSet.kube-system.calico-node"), "{}", out(&output));
    assert!(out(&output).contains("+        - name: IP_AUTODETECTION_METHOD"), "{}", out(&output));
    let missing = dry_run(&stage, "--dry-run=server", &[], &[("KUBECTL_EXTERNAL_DIFF", "no-such-program-here")]);
    assert!(code(&missing) != Some(0) && err(&missing).contains("KUBECTL_EXTERNAL_DIFF (no-such-program-here)"), "{}", err(&missing));
}

#[test]
fn programs_get_one_document() {
    let stage = Stage::new("bridge-address", 3);
    let output = dry_run(&stage, "--dry-run=server", &["-o", "json"], &[]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", out(&output)));
    assert_eq!((&document["kind"], &document["applied"]), (&"Change".into(), &false.into()));
    assert_eq!(document["plan"]["target"]["name"], "calico-node");
    let _live = stage.running.live(PACE);
    let applied = stage.apply(&stage.plan("kubernetes-internal-ip"), &["-o", "yaml"]);
    let document: Value = serde_yaml::from_slice(&applied.stdout).unwrap_or_else(|_| panic!("{}", out(&applied)));
    assert_eq!(document["applied"], true, "{}", err(&applied));
    assert_eq!(document["after"]["verdict"], "healthy");
}

#[test]
fn a_plan_that_is_none_or_another_is_refused_with_what_to_do() {
    let stage = Stage::new("bridge-address", 3);
    let before = stage.daemon_set();
    let plan = stage.plan("kubernetes-internal-ip");
    let folder = stage.folder.path().to_owned();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("writes");
        path.to_str().expect("text").to_owned()
    };
    let whole = std::fs::read_to_string(stage.save(&plan)).expect("reads");
    let elsewhere =
        Plan { target: calico_fix::edit::target::TargetSnapshot { uid: "another".into(), ..plan.target.clone() }, ..plan.clone() };
    let elsewhere = Plan { digest: elsewhere.computed_digest(), ..elsewhere };
    let its_digest = elsewhere.digest.clone();
    let elsewhere = std::fs::read_to_string(stage.save(&elsewhere)).expect("reads");
    for (name, text, confirm, expected, says) in [
        ("empty.yaml", String::new(), "", 2, "the file is empty"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\n".to_owned(), "", 2, "this is not a plan of calico-fix/v1, but a Pod (v1)"),
        ("changed.yaml", whole.replace("kubernetes-internal-ip", "first-found"), "", 2, "its digest does not fit"),
        ("wrong.yaml", whole.clone(), "0123456789ab", 2, "this plan has the digest"),
        ("short.yaml", whole, &plan.digest[..4], 2, "this plan has the digest"),
        ("other.yaml", elsewhere, &its_digest, 1, "is this the right cluster?"),
    ] {
        let path = file(name, &text);
        let mut arguments = vec!["apply", &path];
        if confirm.is_empty() {
            arguments.push("--yes")
        } else {
            arguments.extend(["--confirm", confirm])
        }
        let output = stage.run(&arguments);
        assert_eq!(code(&output), Some(expected), "{name}: {}", err(&output));
        assert!(err(&output).contains(says), "{name}: {}", err(&output));
    }
    let missing = stage.run(&["apply", "no-such-file.yaml", "--yes"]);
    assert!(code(&missing) == Some(3) && err(&missing).contains("no-such-file.yaml"), "{}", err(&missing));
    assert!(err(&missing).contains("Make one with: kubectl calico-fix autodetect --out plan.yaml"), "{}", err(&missing));
    let path = stage.save(&plan).to_str().expect("text").to_owned();
    let unconfirmed = stage.run(&["apply", &path, "--yes"]);
    let command = format!("kubectl calico-fix apply {path} --confirm {}", plan.digest);
    assert!(code(&unconfirmed) == Some(2) && err(&unconfirmed).contains(&command), "{}", err(&unconfirmed));
    assert_eq!(stage.daemon_set(), before);
}
