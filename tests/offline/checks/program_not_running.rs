use calico_fix::snapshot::{ProgramPod, Snapshot};
use serde_json::json;

use super::build::*;
use super::judge::*;

fn put(snapshot: &mut Snapshot, name: &str, ready: &str, waiting: &str) {
    let state = if waiting.is_empty() { json!({"running": {}}) } else { json!({"waiting": {"reason": waiting}}) };
    let restarts = if waiting == "CrashLoopBackOff" { 7 } else { 0 };
    let pod = json!({"metadata": {"name": name, "namespace": "kube-system"}, "status": {"phase": "Running",
        "conditions": [{"type": "Ready", "status": ready}],
        "containerStatuses": [{"name": "x", "ready": ready == "True", "restartCount": restarts, "state": state}]}});
    snapshot.programs.push(ProgramPod { pod: serde_json::from_value(pod).expect("a pod"), newest_error: None });
}

const TYPHA: &str = "calico-typha-6b9d7c5d6f-2kx7p";
const CONTROLLERS: &str = "calico-kube-controllers-5f9dc85578-l9kts";
const OPERATOR: &str = "tigera-operator-54b47459dd-dq66n";

type Edit = fn(&mut Snapshot);

#[test]
fn a_program_without_a_ready_pod() {
    let cases: [(Edit, Edit, &str, String); 4] = [
        (
            |snapshot| put(snapshot, TYPHA, "False", "CrashLoopBackOff"),
            |snapshot| put(snapshot, "calico-typha-6b9d7c5d6f-88888", "True", ""),
            "error program-not-running",
            format!("kubectl logs {TYPHA} -n kube-system --previous"),
        ),
        (
            |snapshot| put(snapshot, TYPHA, "False", "ImagePullBackOff"),
            |snapshot| put(snapshot, "calico-typha-6b9d7c5d6f-88888", "True", ""),
            "error program-not-running",
            format!("kubectl describe pod {TYPHA} -n kube-system"),
        ),
        (
            |snapshot| put(snapshot, CONTROLLERS, "False", ""),
            |snapshot| put(snapshot, "calico-kube-controllers-5f9dc85578-88888", "True", ""),
            "warning program-not-running",
            format!("kubectl logs {CONTROLLERS} -n kube-system"),
        ),
        (
            |snapshot| put(snapshot, OPERATOR, "False", "CrashLoopBackOff"),
            |snapshot| put(snapshot, "tigera-operator-54b47459dd-88888", "True", ""),
            "warning program-not-running",
            format!("kubectl logs {OPERATOR} -n kube-system --previous"),
        ),
    ];
    for (sick, another, expected, command) in cases {
        let case = finds(&cluster().edit(sick), &[expected]);
        assert_eq!(case.only().fix.as_ref().map(|fix| fix.command.as_str()), Some(command.as_str()));
        // one that is ready does the work of all
        finds(&cluster().edit(sick).edit(another), &[]);
    }
}

#[test]
fn new_pods_and_those_that_wait_for_calico_node_are_not_judged() {
    let world = cluster().edit(|snapshot| {
        put(snapshot, TYPHA, "False", "ContainerCreating");
        snapshot.programs[0].pod.metadata.creation_timestamp = Some(snapshot.taken_at);
    });
    finds(&world, &[]);
    let world = cluster().edit(|snapshot| {
        put(snapshot, CONTROLLERS, "False", "ContainerCreating");
        let pods = match &mut snapshot.pods {
            calico_fix::observed::Observed::Seen(pods) => pods,
            other => panic!("{other:?}"),
        };
        pods[0].status.conditions.iter_mut().filter(|one| one.r#type == "Ready").for_each(|one| one.status = "False".to_owned());
        pods[0].status.container_statuses[0].ready = false;
    });
    let first = judge(&world).lines();
    assert!(!first.is_empty() && first.iter().all(|line| !line.contains("program-not-running")), "{first:?}");
}
