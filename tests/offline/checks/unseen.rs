//! What could not be seen never makes a cluster healthy.

use calico_fix::finding::verdict::Verdict;

use calico_fix::finding::Report;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::inspection::NodeLogs;

use super::build::*;
use super::judge::*;

fn refused<T>() -> Observed<T> {
    Observed::Forbidden("nodes is forbidden: User \"viewer\" cannot list resource \"nodes\"".into())
}

fn verdict(world: &World) -> (Verdict, Report) {
    let report = finds(world, &[]).report;
    (report.verdict, report)
}

type Hide = fn(&mut Snapshot);

/// What a pod said before its node fell silent may be over.
#[test]
fn a_node_that_is_not_ready_although_its_pod_is() {
    fn set(snapshot: &mut Snapshot, status: &str, message: &str) {
        let Observed::Seen(nodes) = &mut snapshot.nodes else { panic!("no nodes") };
        nodes[1].status.conditions.retain(|condition| condition.r#type != "Ready");
        let condition = serde_json::json!({"type": "Ready", "status": status, "message": message});
        nodes[1].status.conditions.push(serde_json::from_value(condition).expect("a condition"));
    }
    for (world, why) in [
        (cluster().edit(|snapshot| set(snapshot, "Unknown", "Kubelet stopped posting node status.")), "the last status of its pod is old"),
        (cluster().edit(|snapshot| set(snapshot, "False", "PLEG is not healthy")), "the Node is not Ready: PLEG is not healthy"),
    ] {
        let (verdict, report) = verdict(&world);
        assert_eq!(verdict, Verdict::Unknown);
        assert!(report.unseen.iter().any(|gap| gap.nodes == ["node-2"] && gap.why.ends_with(why)), "{:?}", report.unseen);
    }
    healthy(&cluster().edit(|snapshot| set(snapshot, "True", "kubelet is posting ready status")));
}

#[test]
fn parts_that_matter() {
    let hidden: [(&str, Hide, &str); 9] = [
        ("nodes forbidden", |snapshot| snapshot.nodes = refused(), "nodes"),
        ("nodes failed", |snapshot| snapshot.nodes = Observed::Failed("timed out".into()), "nodes"),
        ("nodes not asked", |snapshot| snapshot.nodes = Observed::NotAsked, "nodes"),
        ("pods forbidden", |snapshot| snapshot.pods = refused(), "calico-node pods"),
        ("pods not asked", |snapshot| snapshot.pods = Observed::NotAsked, "calico-node pods"),
        ("no DaemonSet", |snapshot| snapshot.daemon_set = refused(), "the calico-node DaemonSet"),
        ("exec forbidden", |snapshot| _ = snapshot.inside.insert("node-2".into(), refused()), "BIRD's sessions"),
        (
            "kubelet dead",
            |snapshot| _ = snapshot.inside.insert("node-2".into(), Observed::Failed("dial tcp: i/o timeout".into())),
            "BIRD's sessions",
        ),
        ("exec not asked", |snapshot| snapshot.inside.clear(), "BIRD's sessions"),
    ];
    for (case, hide, what) in hidden {
        let (verdict, report) = verdict(&cluster().edit(hide));
        assert_eq!(verdict, Verdict::Unknown, "{case}");
        assert!(report.unseen.iter().any(|unseen| unseen.what == what && unseen.blocks_healthy), "{case}: {:?}", report.unseen);
    }
}

/// Left out by choice, or not needed where pods are Ready.
#[test]
fn parts_that_do_not_matter() {
    let hidden: [Hide; 3] = [
        |snapshot| snapshot.events = refused(),
        |snapshot| snapshot.controller_revisions = refused(),
        |snapshot| {
            let refused = NodeLogs { current: refused(), ..NodeLogs::default() };
            snapshot.logs.insert("node-2".into(), refused);
        },
    ];
    for hide in hidden {
        let (verdict, report) = verdict(&cluster().edit(hide));
        assert_eq!(verdict, Verdict::Healthy, "{:?}", report.unseen);
        assert_eq!(report.unseen.len(), 1, "it is said all the same");
    }
}

/// What was not asked is not healthy, whoever left it out; CalicoNodeStatus would tell.
#[test]
fn no_exec_by_choice() {
    let no_exec: Hide = |snapshot| {
        snapshot.inside.clear();
        snapshot.cluster.exec_skipped = true;
    };
    assert_eq!(verdict(&cluster().edit(no_exec)).0, Verdict::Unknown);
    healthy(&cluster().without_bgp("vxlan").edit(no_exec));
}

/// Only the log of a node in trouble is missed.
#[test]
fn a_log_that_matters() {
    let unread: Hide = |snapshot| {
        let refused = NodeLogs { current: refused(), ..NodeLogs::default() };
        snapshot.logs.insert("node-2".into(), refused);
    };
    let report = finds(&cluster().not_ready("node-2").edit(unread), &["error pod-not-ready node-2"]).report;
    assert!(report.unseen.iter().any(|gap| gap.what == "logs" && gap.blocks_healthy), "{:?}", report.unseen);
}

/// Nodes that are not judged are named.
#[test]
fn windows_and_excluded_nodes() {
    let (verdict, report) = verdict(
        &cluster()
            .no_pod("node-3")
            .label("node-3", "kubernetes.io/os", "windows")
            .bird("node-1", "10.0.0.2 Established")
            .bird("node-2", "10.0.0.1 Established"),
    );
    assert_eq!(verdict, Verdict::Healthy);
    assert!(
        report.unseen.iter().any(|gap| gap.nodes == ["node-3"] && gap.why.contains("Windows") && !gap.blocks_healthy),
        "{:?}",
        report.unseen
    );
}

/// The pod is Ready still, and its newest event says that a probe fails.
#[test]
fn a_probe_that_began_to_fail() {
    let fails = |seconds: i64| cluster().event("node-2", "Unhealthy", FELIX_NOT_LIVE, 1, seconds);
    assert_eq!(verdict(&fails(10)).0, Verdict::Unknown);
    healthy(&fails(600));
}

#[test]
fn birdcl_missing_in_the_image() {
    let (verdict, _) = verdict(&cluster().inside("node-2", Observed::Seen(())));
    assert_eq!(verdict, Verdict::Unknown);
}

#[test]
fn nothing_at_all() {
    let snapshot = Snapshot::empty(calico_fix::snapshot::Origin::Live, now());
    let report = calico_fix::diagnosis::diagnose(&snapshot, &Default::default());
    sound(&report, &snapshot);
    assert_eq!(report.verdict, Verdict::Unknown);
}

/// No node, no pod, no DaemonSet: nothing was found to be healthy.
#[test]
fn an_empty_cluster() {
    let empty: Hide = |snapshot| (snapshot.nodes, snapshot.pods) = (Observed::Seen(Vec::new()), Observed::Seen(Vec::new()));
    let absent: Hide = |snapshot| snapshot.daemon_set = Observed::Absent;
    assert_eq!(verdict(&cluster().edit(empty)).0, Verdict::Unknown);
    assert_eq!(verdict(&cluster().edit(absent)).0, Verdict::Unknown);
}

/// Where no BIRD runs there is nothing to ask it.
#[test]
fn vxlan_needs_no_exec() {
    healthy(&cluster().without_bgp("vxlan").exec_forbidden());
}

/// A CalicoNodeStatus stands in for an exec, and its rows say where they come from.
#[test]
fn calico_node_status_stands_in() {
    use calico_fix::finding::Source;
    let world = cluster().exec_forbidden().edit(|snapshot| {
        let bgp = |peers: &[(&str, &str)]| {
            let peers: Vec<_> = peers.iter().map(|(ip, state)| serde_json::json!({"peerIP": ip, "state": state, "type": "NodeMesh", "since": "09:57:45"})).collect();
            serde_json::json!({"bgp": {"numberEstablishedV4": 1, "numberNotEstablishedV4": 1, "numberEstablishedV6": 0, "numberNotEstablishedV6": 0, "peersV4": peers}})
        };
        let status = |node: &str, peers: &[(&str, &str)]| calico_fix::snapshot::objects::Custom {
            metadata: Default::default(),
            spec: serde_json::json!({"node": node}),
            status: bgp(peers),
        };
        snapshot.resources.node_statuses = Observed::Seen(vec![
            status("node-1", &[("10.0.0.2", ""), ("10.0.0.3", "Established")]),
            status("node-2", &[("10.0.0.1", "Connect"), ("10.0.0.3", "Established")]),
        ]);
    });
    let case = finds(&world, &["error bgp-session-down node-1,node-2"]);
    shows(case.only(), Source::CalicoNodeStatus, "node-2", "Connect");
}

/// In a rollout each node misses the one that restarts. Once BIRD has all sessions again nothing is left to wait for.
#[test]
fn a_probe_that_missed_a_restarting_peer_is_no_doubt() {
    let missed = not_established("10.0.0.2");
    let ready_before = |snapshot: &mut Snapshot| {
        let Observed::Seen(pods) = &mut snapshot.pods else { panic!("no pods") };
        for condition in pods.iter_mut().flat_map(|pod| &mut pod.status.conditions) {
            condition.last_transition_time = ago(600);
        }
    };
    let missing = |seconds| cluster().event("node-1", "Unhealthy", &missed, 1, seconds).edit(ready_before);
    healthy(&missing(20).age("node-2", 45));
    healthy(&missing(70).age("node-2", 3_000));
    for (name, world) in [
        ("the peer did not restart", missing(20).age("node-2", 3_000)),
        ("another probe failed too", missing(20).age("node-2", 45).event("node-1", "Unhealthy", TIMED_OUT, 1, 10)),
        ("BIRD was not asked", missing(20).age("node-2", 45).inside("node-1", Observed::Failed("broken pipe".into()))),
    ] {
        let (verdict, report) = verdict(&world);
        assert_eq!(verdict, Verdict::Unknown, "{name}: {:?}", report.unseen);
        let gap = report.unseen.iter().find(|gap| gap.what == "whether calico-node stays Ready");
        let gap = gap.unwrap_or_else(|| panic!("{name}: {:?}", report.unseen));
        assert!(gap.nodes == ["node-1"] && gap.why.contains(" if no probe fails until then"), "{name}: {gap:?}");
    }
}
