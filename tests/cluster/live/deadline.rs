//! What is not reached by the deadline is a gap, and what was read before is judged.

use calico_fix::cluster::LogSelection;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::verdict::Verdict;
use calico_fix::observed::Observed;
use sim::{Effect, Fault, Kubelet};

use super::*;

const NOT_REACHED: &str = "not reached within 2s (--deadline)";

#[tokio::test]
async fn a_list_that_does_not_come_is_a_gap() {
    let fault = Fault::always("/api/v1/nodes", Effect::Hang);
    let server = start(Scenario { faults: vec![fault], ..sim::scenario::healthy(3) }).await;
    let snapshot = read_cluster(&server, "--deadline 2s", &brief()).await.expect("the rest is there");
    assert_eq!(snapshot.nodes, Observed::Failed(NOT_REACHED.to_owned()));
    assert_eq!(snapshot.pods.seen().map(Vec::len), Some(3));
    assert_eq!(diagnose(&snapshot, &Scope::default()).verdict, Verdict::Unknown);
}

#[tokio::test]
async fn nodes_that_are_not_reached_are_gaps_and_never_healthy() {
    let mut world = sim::scenario::healthy(4);
    let silent = world.hosts.keys().next().expect("a host").clone();
    world.hosts.get_mut(&silent).expect("a host").kubelet = Kubelet::Hangs;
    let server = start(world).await;
    let wanted =
        ReadOptions { exec_timeout: Duration::from_secs(600), max_concurrent: 1, logs: LogSelection::None, ..ReadOptions::default() };
    let snapshot = read_cluster(&server, "--deadline 2s", &wanted).await.expect("reads");
    assert_eq!(snapshot.inside.get(&silent), Some(&Observed::Failed(NOT_REACHED.to_owned())));
    assert_eq!(snapshot.inside.len(), 4, "each node has an answer or a reason");
    assert_eq!(diagnose(&snapshot, &Scope::default()).verdict, Verdict::Unknown);
    let asked = server.requests().iter().filter(|request| request.path.ends_with("/exec")).count();
    let reached = snapshot.inside.values().filter(|inside| inside.seen().is_some()).count();
    assert!(asked <= reached + 1, "nothing is begun after the deadline: {asked} asked, {reached} answered");
}

#[tokio::test]
async fn nodes_in_trouble_are_looked_into_first() {
    let server = start(sim::scenario::bridge_address(6)).await;
    let snapshot = read_cluster(&server, "", &ReadOptions { max_concurrent: 1, ..brief() }).await.expect("reads");
    let victim = snapshot.pods.seen().and_then(|pods| pods.iter().find(|pod| pod.is_ready() == Some(false))).expect("the victim");
    let asked = server.requests();
    let first = asked.iter().find(|request| request.path.ends_with("/exec")).expect("an exec");
    assert!(first.path.contains(&victim.metadata.name), "{} is not {}", first.path, victim.metadata.name);
}

#[tokio::test]
async fn a_sample_takes_all_in_trouble_and_is_never_healthy() {
    let server = start(sim::scenario::bridge_address(6)).await;
    let snapshot = read_cluster(&server, "", &ReadOptions { exec_sample: Some(2), ..brief() }).await.expect("reads");
    assert_eq!(snapshot.inside.len(), 3);
    let victim = snapshot.pods.seen().and_then(|pods| pods.iter().find(|pod| pod.is_ready() == Some(false))).expect("the victim");
    assert!(victim.spec.node_name.as_ref().is_some_and(|node| snapshot.inside.contains_key(node)));

    let server = start(sim::scenario::healthy(6)).await;
    let snapshot = read_cluster(&server, "", &ReadOptions { exec_sample: Some(2), ..brief() }).await.expect("reads");
    let report = diagnose(&snapshot, &Scope::default());
    assert_eq!((report.verdict, report.findings.len()), (Verdict::Unknown, 0));
    let gap = report.unseen.iter().find(|gap| gap.blocks_healthy).expect("a gap");
    assert_eq!((gap.why.as_str(), gap.nodes.len()), ("not asked, because of --exec-sample 2", 4));
    // A sample that takes every node is none.
    let snapshot = read_cluster(&server, "", &ReadOptions { exec_sample: Some(6), ..brief() }).await.expect("reads");
    assert_eq!(diagnose(&snapshot, &Scope::default()).verdict, Verdict::Healthy);
}
