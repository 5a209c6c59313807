//! Plan files and undo records that somebody else has written: nothing of them is sent that this plugin does not own.

use serde_json::json;

use super::*;

fn image(name: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "image": name}]}}}})
}

fn sealed(plan: Plan) -> Plan {
    Plan { digest: plan.computed_digest(), ..plan }
}

#[test]
fn a_plan_that_restores_or_sets_anything_else_is_refused() {
    let stage = Stage::new("bridge-address", 3);
    let (plan, before) = (stage.plan("kubernetes-internal-ip"), stage.daemon_set());
    let mut more = plan.restore.clone();
    more["spec"]["template"]["spec"]["containers"][0]["image"] = "evil".into();
    for (hostile, says) in [
        (Plan { restore: more, ..plan.clone() }, "never changes"),
        (Plan { restore: json!({}), ..plan.clone() }, "does not follow from its patch"),
        (Plan { patch: image("evil"), ..plan.clone() }, "never changes"),
    ] {
        let output = stage.apply(&sealed(hostile), &[]);
        assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{}", told(&output));
        assert!(err(&output).contains(says), "{says}: {}", told(&output));
    }
    assert_eq!(stage.daemon_set(), before);
}

#[test]
fn a_plan_is_for_calicos_own_objects_and_its_fields_are_known() {
    let stage = Stage::new("bridge-address", 3);
    let plan = stage.plan("kubernetes-internal-ip");
    let target = calico_fix::edit::target::TargetSnapshot { name: "kube-proxy".into(), ..plan.target.clone() };
    let other = stage.apply(&sealed(Plan { target, ..plan.clone() }), &[]);
    assert_eq!(code(&other), Some(1), "{}", told(&other));
    assert!(err(&other).contains("DaemonSet kube-proxy, which is not Calico's"), "{}", told(&other));
    let path = stage.save(&plan);
    let text = std::fs::read_to_string(&path).expect("reads");
    std::fs::write(&path, format!("{text}more: 1\n")).expect("writes");
    let path = path.to_str().expect("text");
    assert_eq!(code(&stage.run(&["apply", path, "--confirm", &plan.digest])), Some(2));
    std::fs::write(path, text).expect("writes");
    assert_eq!(code(&stage.run(&["apply", path, "--yes"])), Some(2), "unseen only by its digest");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

/// The same names, values and addresses: only UIDs tell two clusters apart.
#[test]
fn a_plan_of_another_cluster_is_refused() {
    let plan = Stage::new("bridge-address", 3).plan("kubernetes-internal-ip");
    let world = scenario::named("bridge-address", 3).expect("is a scenario");
    let uid = "5eed5eed-0000-4000-8000-000000000000";
    world.store.bend("DaemonSet", "calico-node", |set| set["metadata"]["uid"] = uid.into());
    for kind in ["Pod", "ControllerRevision"] {
        for object in world.store.objects(kind) {
            let name = object["metadata"]["name"].as_str().expect("a name");
            world.store.bend(kind, name, |object| object["metadata"]["ownerReferences"][0]["uid"] = uid.into());
        }
    }
    let stage = Stage::bent(world);
    for more in [&[][..], &["--force"]] {
        let refused = stage.apply(&plan, more);
        assert_eq!((code(&refused), stage.writes()), (Some(1), vec![]), "{}", told(&refused));
        assert!(err(&refused).contains("another object than the plan was made for: is this the right cluster?"), "{}", told(&refused));
    }
    let mut forged = plan.clone();
    forged.target.uid = uid.into();
    assert_ne!(forged.computed_digest(), plan.digest);
    let edited = stage.apply(&forged, &[]);
    assert_eq!((code(&edited), stage.writes()), (Some(2), vec![]), "{}", told(&edited));
    assert!(err(&edited).contains("its digest does not fit"), "{}", told(&edited));
}

#[test]
#[cfg(unix)]
fn a_plan_is_a_new_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new("bridge-address", 3);
    let folder = tempfile::tempdir().expect("a folder");
    let (precious, link) = (folder.path().join("precious"), folder.path().join("it's a plan.yaml"));
    std::fs::write(&precious, "precious").expect("writes");
    std::os::unix::fs::symlink(&precious, &link).expect("links");
    let output = stage.run(&["autodetect", "--method", "kubernetes-internal-ip", "--out", link.to_str().expect("text")]);
    assert_eq!(std::fs::read_to_string(&precious).expect("reads"), "precious", "{}", told(&output));
    let made = std::fs::symlink_metadata(&link).expect("is there");
    assert!(made.is_file() && made.permissions().mode() & 0o777 == 0o600, "{made:?}");
    // the command that is printed is one that a shell reads
    let line = err(&output).lines().find_map(|line| line.strip_prefix("Apply it with: ").map(str::to_owned)).expect("a command");
    let words = std::process::Command::new("/bin/sh").arg("-c").arg(format!("printf '%s\\0' {line}")).output().expect("runs").stdout;
    let words: Vec<String> = String::from_utf8(words).expect("text").split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(words[..5], ["kubectl", "calico-fix", "apply", link.to_str().expect("text"), "--confirm"]);
}

#[test]
fn a_forged_record_is_not_undone() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    for restore in [image("evil"), json!({"spec": {"template": {"spec": {"hostPID": true}}}}), json!({"metadata": {"finalizers": ["x"]}})] {
        let record =
            json!({"command": "probes", "id": "x", "at": "2026-01-01T00:00:00Z", "phase": "restoring", "set": {}, "restore": restore});
        let forge = |set: &mut Value| set["metadata"]["annotations"]["kubectl-calico-fix/undo"] = record.to_string().into();
        stage.running.cluster().store.edit("DaemonSet", "kube-system", "calico-node", forge).expect("is there");
        let before = stage.daemon_set()["spec"].clone();
        let output = stage.run(&["undo", "--yes", "--force"]);
        assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{}", told(&output));
        assert_eq!(stage.daemon_set()["spec"], before, "{}", told(&output));
    }
}
