//! Pods that do not run, made out of a healthy cluster's.

use calico_fix::calico::startup_log;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::*;

use super::build::*;
use super::judge::*;

/// The pod of node-2.
pub(super) fn second(snapshot: &mut Snapshot) -> &mut Pod {
    match &mut snapshot.pods {
        Observed::Seen(pods) => pods.get_mut(1).expect("a second pod"),
        _ => panic!("no pods"),
    }
}

pub(super) fn waiting(reason: &str, message: &str) -> ContainerState {
    let message = Some(message.to_owned()).filter(|message| !message.is_empty());
    ContainerState { waiting: Some(Waiting { reason: Some(reason.into()), message }), ..ContainerState::default() }
}

pub(super) fn ended(exit_code: i32, reason: &str) -> ContainerState {
    let ended = Terminated { exit_code, reason: Some(reason.into()), started_at: ago(61), finished_at: ago(60), ..Terminated::default() };
    ContainerState { terminated: Some(ended), ..ContainerState::default() }
}

/// install-cni of node-2 crashes, so its calico-node has not run.
pub(super) fn install_cni_fails(snapshot: &mut Snapshot) {
    let pod = second(snapshot);
    pod.status.phase = "Pending".into();
    let init = |name: &str, restart_count: i32, state: ContainerState, last_state: ContainerState| ContainerStatus {
        name: name.into(),
        restart_count,
        state,
        last_state,
        ..ContainerStatus::default()
    };
    pod.status.init_container_statuses = vec![
        init("install-cni", 6, waiting("CrashLoopBackOff", ""), ended(1, "Error")),
        init("mount-bpffs", 0, waiting("PodInitializing", ""), ContainerState::default()),
    ];
    pod.status.container_statuses = vec![init(CALICO_NODE, 0, waiting("PodInitializing", ""), ContainerState::default())];
    snapshot.inside.insert("node-2".into(), Observed::Absent);
}

pub(super) fn init_log(snapshot: &mut Snapshot, container: &str, text: &str) {
    let log = Observed::Seen(startup_log::digest_init(text.as_bytes(), true));
    snapshot.logs.entry("node-2".into()).or_default().init.insert(container.into(), log);
}

/// node-2's peers miss it, as BIRD says when nothing answers there.
pub(super) fn missed_by_its_peers() -> World {
    cluster()
        .not_ready("node-2")
        .bird("node-1", "10.0.0.2 Connect Socket: Connection refused | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Passive | 10.0.0.1 Established")
}

/// The kubelet leaves no conditions on a pod that it ends; its successor counts, wherever it stands in the list.
#[test]
fn an_evicted_pod_without_conditions() {
    fn evict(snapshot: &mut Snapshot, at: Option<usize>) {
        let Observed::Seen(pods) = &mut snapshot.pods else { panic!("no pods") };
        let mut ended = pods[1].clone();
        (ended.status.phase, ended.status.reason) = ("Failed".into(), Some("Evicted".into()));
        (ended.status.conditions, ended.status.container_statuses) = (Vec::new(), Vec::new());
        match at {
            Some(at) => {
                ended.metadata.name = "calico-node-zzzzz".into();
                pods.insert(at, ended);
            }
            None => pods[1] = ended,
        }
    }
    let case = finds(&cluster().edit(|snapshot| evict(snapshot, None)), &["error pod-not-ready node-2"]);
    assert!(case.only().message.ends_with("its pod has ended"), "{}", case.only().message);
    assert!(case.command().is_some_and(|command| command.starts_with("kubectl describe pod")), "{:?}", case.command());
    healthy(&cluster().edit(|snapshot| evict(snapshot, Some(0))));
    healthy(&cluster().edit(|snapshot| evict(snapshot, Some(3))));
}
