//! `debug-log`: the level is raised on chosen nodes alone, the log followed from its first line, and everything put back.

use super::*;
use sim::{Effect, Fault, Hook, Victim};

const SICK: &str = "amz-iad12-opsrespool-13-33";
const WELL: &str = "amz-sin8-opsrespool-33-11";
const LEVEL: &str = "CALICO_STARTUP_LOGLEVEL";

impl Stage {
    /// Whether the next pods would log at DEBUG.
    fn is_raised(&self) -> bool {
        let set = self.daemon_set();
        let env = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
        env.iter().any(|variable| variable["name"] == LEVEL)
    }

    /// As it was before: template, strategy, no record; and no pod at DEBUG.
    pub(super) fn is_as(&self, before: &Value, told: &str) {
        let after = self.daemon_set();
        assert_eq!(after["spec"]["template"], before["spec"]["template"], "{told}");
        assert_eq!(after["spec"]["updateStrategy"], before["spec"]["updateStrategy"], "{told}");
        let annotations = after["metadata"]["annotations"].to_string();
        assert!(!annotations.contains("kubectl-calico-fix") && !annotations.contains("unsupported.operator"), "{told}");
        for pod in self.running.cluster().store.objects("Pod") {
            assert!(!pod["spec"].to_string().contains(LEVEL), "{told}");
        }
    }

    fn started_at(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let started = |pod: &Value| text(&pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]);
        let pods = self.running.cluster().store.objects("Pod");
        let mut all: Vec<_> = pods.iter().map(|pod| (text(&pod["spec"]["nodeName"]), started(pod))).collect();
        all.sort();
        all
    }
}

fn others<T>(of_nodes: Vec<(String, T)>, but: &str) -> Vec<(String, T)> {
    of_nodes.into_iter().filter(|(node, _)| node != but).collect()
}

/// Only the chosen pod restarts; both failed attempts are in the saved log from their first lines, and in the page.
#[test]
fn the_log_of_one_node_at_debug_through_its_restarts() {
    let stage = Stage::new("slow-start", 4);
    let before = stage.daemon_set();
    let (pods, started) = (stage.pods(), stage.started_at());
    let _live = stage.running.live(PACE);
    let folder = stage.folder.path().join("logs");
    let output = stage.kubectl(&["debug-log", "--yes", "--output", &format!("{}/", folder.display())]);
    let told = told(&output);
    assert_eq!(code(&output), Some(1), "it is found why it does not start: {told}");
    stage.is_as(&before, &told);
    assert_eq!(others(stage.pods(), SICK), others(pods.clone(), SICK), "{told}");
    assert_eq!(others(stage.started_at(), SICK), others(started, SICK), "{told}");
    assert_ne!(stage.pods(), pods, "{told}");
    let deleted: Vec<String> = stage.writes().into_iter().filter(|write| write.starts_with("DELETE")).collect();
    assert!((1..=2).contains(&deleted.len()), "{deleted:?}");

    let log = std::fs::read_to_string(folder.join(format!("{SICK}.debug.log"))).expect("saved");
    assert_eq!(log.matches("Early log level set to debug").count(), 2, "{log}");
    assert_eq!(log.matches("Performing 'Get' for Node(foo)").count(), 2);
    let page = out(&output);
    for part in ["level debug", "attempt 1", "attempt 2", "Interfaces   eth0", "2 of 2 attempts were killed", "killed-while-starting"] {
        assert!(page.contains(part), "{part:?} is not in {told}");
    }
    let said = err(&output);
    for part in ["attempt 1 begins in pod", "attempt 2: killed after", "log level and update strategy restored"] {
        assert!(said.contains(part), "{part:?} is not in {told}");
    }
}

/// The log that was saved is explained as the cluster's was.
#[test]
fn the_saved_log_tells_the_same() {
    let stage = Stage::new("slow-start", 3);
    let _live = stage.running.live(PACE);
    let path = stage.folder.path().join("one.log");
    let file = path.to_str().expect("text");
    let output = stage.run(&["debug-log", "--yes", "--attempts", "1", "--output", file, "-o", "json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} {}", told(&output)));
    assert_eq!((&seen["change"]["restored"], &seen["change"]["applied"]), (&true.into(), &false.into()));
    assert_eq!(seen["change"]["plan"]["nodes"][0]["name"], SICK);
    let again = stage.run(&["debug-log", "--file", file, "-o", "json"]);
    let again: Value = serde_json::from_slice(&again.stdout).expect("json");
    for part in ["phases", "requests", "detection"] {
        assert_eq!(seen["logs"][0]["attempts"][0][part], again["logs"][0]["attempts"][0][part], "{part}");
    }
    assert_eq!(seen["logs"][0]["level"], "debug");
}

#[test]
fn a_start_that_succeeds_ends_it_at_once() {
    let stage = Stage::new("healthy", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let output = stage.run(&["debug-log", "--node", WELL, "--yes"]);
    let told = told(&output);
    assert_eq!(code(&output), Some(0), "{told}");
    assert!(
        out(&output).contains("calico-node started. The log shows no problem with the start.") && told.contains("attempt 1: started"),
        "{told}"
    );
    stage.is_as(&before, &told);
}

/// What the log at INFO explains needs no restart, and a program is not asked.
#[test]
fn nothing_is_changed_where_the_log_explains_it() {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let output = stage.run(&["debug-log"]);
    assert_eq!(code(&output), Some(1), "{}", told(&output));
    assert!(err(&output).contains("already explains the problem") && err(&output).contains("--yes"), "{}", err(&output));
    let dry = stage.run(&["debug-log", "--dry-run=server"]);
    assert_eq!(code(&dry), Some(1), "{}", told(&dry));
    assert!(out(&dry).contains(&format!("+        - name: {LEVEL}")), "{}", told(&dry));
    assert_eq!((stage.daemon_set(), stage.writes()), (before, Vec::new()));
}

#[test]
fn at_a_terminal_it_offers_to_go_on() {
    use asking::{QUESTION, ended, in_a_terminal, until};
    use expectrl::Expect;
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    for (first, second, code) in [("n", None, 1), ("y", Some("n"), 1), ("y", Some("y"), 1)] {
        let mut terminal = in_a_terminal(stage.kubectl_command(&["debug-log", "--attempts", "1"]));
        until(&mut terminal, &format!("Restart calico-node at DEBUG on {SICK} anyway? (y/N): "));
        terminal.send_line(first).expect("types");
        if let Some(second) = second {
            let shown = until(&mut terminal, QUESTION);
            assert!(shown.contains(LEVEL) && shown.contains(&format!("This restarts calico-node on {SICK} twice")), "{shown}");
            terminal.send_line(second).expect("types");
        }
        let (rest, ended) = ended(&mut terminal);
        assert_eq!(ended, Some(code), "{first} {second:?} {rest}");
        assert_eq!(rest.contains("level debug"), second == Some("y"), "{rest}");
        stage.is_as(&before, &rest);
    }
}

#[test]
fn an_interrupt_puts_everything_back_and_tells_what_came() {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let child = stage.command(&["debug-log", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    while !stage.is_raised() || stage.writes().len() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(700));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs");
    assert!(sent.success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), Some(130), "{}", told(&output));
    assert!(out(&output).contains("level debug, "), "what came is told: {}", told(&output));
    stage.is_as(&before, &told(&output));
}

#[test]
fn a_timeout_explains_what_came_and_puts_everything_back() {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    // In real seconds: a start takes a minute and more here.
    let _live = stage.running.live(1.0);
    let output = stage.run(&["debug-log", "--yes", "--timeout", "5s"]);
    let told = told(&output);
    assert!(err(&output).contains("not finished within 5s") && out(&output).contains("still starting"), "{told}");
    assert_eq!(code(&output), Some(3), "how the start ends was not seen: {told}");
    stage.is_as(&before, &told);
}

/// A pod that cannot start is no reason to leave anything behind.
#[test]
fn a_pod_that_never_starts() {
    let mut world = scenario::named("slow-start", 3).expect("is a scenario");
    world.hosts.get_mut(SICK).expect("is there").starts_nothing = true;
    let stage = Stage::bent(world);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let output = stage.run(&["debug-log", "--yes", "--timeout", "2s"]);
    let told = told(&output);
    assert!(told.contains("its new pod has not started") && told.contains("not finished within 2s"), "{told}");
    assert!(out(&output).contains("the log of attempt 1 of") && out(&output).contains("No problems found, but"), "{told}");
    assert_eq!(code(&output), Some(3), "{told}");
    stage.is_as(&before, &told);
}

/// Nothing can be restarted where the kubelet is gone; what other nodes' kubelets do is nothing to it.
#[test]
fn a_node_that_is_not_ready() {
    let world = scenario::named("slow-start", 3).expect("is a scenario");
    let gone = WELL;
    world.store.bend("Node", gone, |node| {
        for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten().filter(|one| one["type"] == "Ready") {
            (condition["status"], condition["reason"]) = ("Unknown".into(), "NodeStatusUnknown".into());
        }
    });
    let stage = Stage::bent(world);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let refused = stage.run(&["debug-log", "--yes", "--node", gone]);
    assert_eq!(code(&refused), Some(1), "{}", told(&refused));
    assert!(err(&refused).contains(&format!("(nodes-not-ready): the node {gone} is not Ready")), "{}", told(&refused));
    assert_eq!((stage.daemon_set(), stage.writes()), (before.clone(), Vec::new()));
    let other = stage.run(&["debug-log", "--yes", "--node", SICK, "--attempts", "1"]);
    assert_eq!(code(&other), Some(1), "{}", told(&other));
    assert!(err(&other).contains("attempt 1: killed after"), "{}", told(&other));
    stage.is_as(&before, &told(&other));
}

#[test]
fn the_roles_are_enough_and_what_is_missing_is_named_before_anything_is_changed() {
    for (missing, right) in
        [("", ""), ("pods/log", "get pods/log"), ("pods", "delete pods"), ("daemonsets", "patch daemonsets.apps calico-node")]
    {
        let mut rules = rights::enough();
        for rule in
            rules.iter_mut().filter(|rule| missing == "pods/log" || rule.verbs.iter().any(|verb| verb == "patch" || verb == "delete"))
        {
            rule.resources.retain(|resource| resource != missing);
        }
        let stage = rights::stage("slow-start", rules);
        let before = stage.daemon_set();
        let _live = stage.running.live(PACE);
        let output = stage.run(&["debug-log", "--yes", "--attempts", "1", "--context", "operator"]);
        let told = told(&output);
        assert_eq!(code(&output), Some(1), "{told}");
        if missing.is_empty() {
            assert!(told.contains("attempt 1: killed after"), "{told}");
        } else {
            assert!(err(&output).contains(&format!("you may not {right}")), "{told}");
            assert!(stage.writes().is_empty());
        }
        stage.is_as(&before, &told);
    }
}

/// At the n-th write or request. `false` when it came to its end before.
fn killed_and_restored(fault: impl FnOnce(Hook) -> Fault, restore: &[&str]) -> bool {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let victim = Victim::default();
    stage.running.cluster().add_fault(fault(victim.kill()));
    let mut command = stage.command(&["debug-log", "--yes", "--attempts", "1"]);
    let ended = victim.run(&mut command).expect("runs");
    if ended.status.code().is_some() {
        assert_eq!(code(&ended), Some(1), "{}", err(&ended));
        return false;
    }
    let left = stage.annotation().is_some();
    let status = stage.run(&["status", "-o", "json"]);
    assert_eq!(out(&status).contains("debug-left-on"), left, "{}", out(&status));
    let restored = stage.run(restore);
    let told = told(&restored);
    assert_eq!(code(&restored), Some(0), "{told}");
    stage.is_as(&before, &told);
    true
}

#[test]
fn killed_before_each_write() {
    let restore = ["debug-log", "--restore", "--yes"];
    let killed = (1..).take_while(|number| killed_and_restored(|hook| Fault::nth_write(*number, Effect::Lost(hook)), &restore)).count();
    assert!(killed >= 4, "two patches, a deletion and the last patch at least: {killed}");
}

#[test]
fn killed_after_each_write() {
    let killed =
        (1..).take_while(|number| killed_and_restored(|hook| Fault::nth_write(*number, Effect::After(hook)), &["undo", "--yes"])).count();
    assert!(killed >= 4, "{killed}");
}

#[test]
fn restoring_touches_no_other_change() {
    let stage = Stage::new("bridge-address", 3);
    let _live = stage.running.live(PACE);
    let nothing = stage.run(&["debug-log", "--restore", "--yes"]);
    assert!(code(&nothing) == Some(0) && err(&nothing).contains("no change by this plugin's debug-log"), "{}", told(&nothing));
    assert_eq!(code(&stage.apply(&stage.plan("kubernetes-internal-ip"), &[])), Some(0));
    let set = stage.daemon_set();
    let other = stage.run(&["debug-log", "--restore", "--yes"]);
    assert!(code(&other) == Some(0) && err(&other).contains("the change by autodetect"), "{}", told(&other));
    assert_eq!(stage.daemon_set()["spec"], set["spec"]);
}

const OPERATED: &str = "operator-bridge-address";

/// An edit would be reverted, at the cost of a pod.
#[test]
fn under_the_operator_nothing_is_changed() {
    let stage = Stage::new(OPERATED, 3);
    let _live = stage.running.live(PACE);
    let pods = stage.pods();
    let output = stage.run(&["debug-log", "--yes"]);
    let told = told(&output);
    assert_eq!(code(&output), Some(1), "{told}");
    for part in ["blocked (operator-managed)", "--no-change", "unsupported.operator.tigera.io/ignore", "nothing was changed"] {
        assert!(err(&output).contains(part), "{part:?} is not in {told}");
    }
    assert_eq!((stage.pods(), stage.writes()), (pods, Vec::new()));
}

#[test]
fn forced_under_the_operator_it_is_kept_from_reverting_and_let_again() {
    let stage = Stage::new(OPERATED, 3);
    let operated = || stage.running.cluster().store.object("DaemonSet", "calico-system", "calico-node").expect("is there");
    let before = operated();
    let _live = stage.running.live(PACE);
    let pods = stage.pods();
    let output = stage.run(&["debug-log", "--yes", "--force", "--attempts", "1"]);
    let told = told(&output);
    assert!(err(&output).contains("overridden (operator-managed)") && out(&output).contains("level debug"), "{told}");
    let after = operated();
    assert_eq!(after["spec"], before["spec"], "{told}");
    assert!(!after["metadata"]["annotations"].to_string().contains("unsupported.operator"), "{told}");
    let replaced: Vec<_> = stage.pods().into_iter().filter(|pod| !pods.contains(pod)).collect();
    assert_eq!(replaced.len(), 1, "{replaced:?} {told}");
}

/// A GitOps tool was faster: no pod is restarted for a log that would not come.
#[test]
fn someone_who_reverts_the_level_is_named_before_a_pod_is_deleted() {
    let stage = Stage::new("slow-start", 3);
    let (before, pods) = (stage.daemon_set(), stage.pods());
    let _live = stage.running.live(PACE);
    stage.reverts_at_once(LEVEL);
    let output = stage.run(&["debug-log", "--yes", "--attempts", "1"]);
    let told = told(&output);
    assert_eq!(code(&output), Some(4), "{told}");
    assert!(told.contains("someone reverts this change: manager argocd-controller restores CALICO_STARTUP_LOGLEVEL, 3 times"), "{told}");
    stage.is_as(&before, &told);
    assert_eq!(stage.pods(), pods, "{told}");
}

/// Reverted in the moment between the last look and the deletion: the log of the new pod is not passed off as one at DEBUG.
#[test]
fn a_pod_that_was_made_without_the_level_is_not_explained() {
    let stage = Stage::new("slow-start", 3);
    let before = stage.daemon_set();
    let _live = stage.running.live(PACE);
    let cluster = stage.running.cluster().clone();
    let reverter = Hook::new(move |_| take_out(&cluster, LEVEL));
    stage.running.cluster().add_fault(Fault::times("/pods/", 1, Effect::Before(reverter)).on(&["delete"]));
    let output = stage.run(&["debug-log", "--yes", "--attempts", "1"]);
    let told = told(&output);
    assert!(told.contains("was made without CALICO_STARTUP_LOGLEVEL=DEBUG: somebody else reverts the change"), "{told}");
    assert!(out(&output).contains(&format!("\ncalico-node on {SICK}")), "{told}");
    assert_eq!(code(&output), Some(1), "{told}");
    stage.is_as(&before, &told);
}

/// The API server takes the copy as it is printed.
#[test]
fn a_copy_of_the_start_up_program_for_where_nothing_may_be_restarted() {
    let stage = Stage::new("slow-start", 3);
    let output = stage.run(&["debug-log", "--emit", "pod", "--node", SICK]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    insta::assert_snapshot!("copy", told(&output));
    let path = stage.folder.path().join("copy.yaml");
    std::fs::write(&path, &output.stdout).expect("saves");
    if let Some(kubectl) = tool("kubectl", "giving the printed pod to the API server") {
        let mut command = Command::new(kubectl);
        command.env("KUBECONFIG", stage.running.kubeconfig()).env("HOME", stage.folder.path());
        let taken = command.args(["create", "--dry-run=server", "-f"]).arg(&path).output().expect("runs");
        assert!(taken.status.success(), "{}", told(&taken));
    }
    assert_eq!(stage.writes(), Vec::<String>::new());
    for (arguments, says, expected) in
        [(&["--node", WELL][..], "is Ready", 1), (&["--node", "nobody"], "node \"nobody\" not found", 2), (&[], "Name one node", 2)]
    {
        let refused = stage.run(&[&["debug-log", "--emit", "pod"], arguments].concat());
        assert_eq!((code(&refused), err(&refused).contains(says)), (Some(expected), true), "{}", told(&refused));
    }
}
