//! Execs and logs that go wrong, node by node.

use std::sync::{Arc, Condvar, Mutex};

use calico_fix::cluster::LogSelection;
use calico_fix::observed::Observed;
use sim::{Effect, Fault, Hook, Kubelet, Logs};

use super::*;

#[tokio::test]
async fn a_dead_kubelet_is_one_nodes_trouble() {
    let mut world = sim::scenario::healthy(4);
    let names: Vec<String> = world.hosts.keys().cloned().collect();
    let [dead, hanging, ..] = names.as_slice() else { panic!("four hosts") };
    for (name, kubelet) in [(dead, Kubelet::NoRoute), (hanging, Kubelet::Hangs)] {
        world.hosts.get_mut(name).expect("a host").kubelet = kubelet;
    }
    let server = start(world).await;
    let wanted = ReadOptions { exec_timeout: Duration::from_secs(2), logs: LogSelection::All, ..ReadOptions::default() };
    let snapshot = read_cluster(&server, "--request-timeout 2s", &wanted).await.expect("gathers");
    let why = |node: &str| snapshot.inside.get(node).and_then(Observed::why_not).unwrap_or_default().to_owned();
    assert!(why(dead).starts_with("the kubelet cannot be reached: dial tcp ") && why(dead).ends_with("no route to host"), "{}", why(dead));
    assert_eq!(why(hanging), "no answer to exec within 2s");
    assert_eq!(snapshot.inside.values().filter(|inside| inside.seen().is_some()).count(), 2);
    let log = |node: &str| snapshot.logs.get(node).and_then(|logs| logs.current.why_not()).unwrap_or_default().to_owned();
    assert!(log(dead).starts_with("the kubelet cannot be reached: dial tcp "), "{}", log(dead));
    assert_eq!(log(hanging), "no answer within 2s");
}

#[tokio::test]
async fn one_refusal_speaks_for_all() {
    let server = start(sim::scenario::healthy(100)).await;
    let snapshot = read_cluster(&server, "--context no-exec", &ReadOptions { max_concurrent: 8, ..brief() }).await.expect("gathers");
    assert_eq!(snapshot.inside.len(), 100);
    assert!(
        snapshot
            .inside
            .values()
            .all(|inside| matches!(inside, Observed::Forbidden(why) if why.contains("pods/exec in the namespace kube-system")))
    );
    let asked = server.requests().iter().filter(|request| request.path.ends_with("/exec")).count();
    assert!(asked <= 16, "{asked} were asked");
}

/// One node is asked after the other, and what each prints is far less than a MiB.
#[tokio::test]
async fn nodes_that_are_left_when_all_have_printed_too_much_are_a_gap() {
    let server = start(sim::scenario::healthy(4)).await;
    let snapshot = read_cluster(&server, "", &ReadOptions { max_concurrent: 1, exec_total: 1, ..brief() }).await.expect("gathers");
    let asked = snapshot.inside.values().filter(|inside| inside.seen().is_some()).count();
    let left_out = snapshot.inside.values().filter_map(Observed::why_not).filter(|why| why.starts_with("not asked: the nodes before it"));
    assert_eq!((asked, left_out.count()), (1, 3));
    assert_eq!(server.requests().iter().filter(|request| request.path.ends_with("/exec")).count(), 1);
    let snapshot = read_cluster(&server, "", &ReadOptions { max_concurrent: 1, ..brief() }).await.expect("gathers");
    assert!(snapshot.inside.values().all(|inside| inside.seen().is_some()));
}

#[tokio::test]
async fn a_tool_that_is_missing_leaves_the_rest() {
    let mut world = sim::scenario::healthy(3);
    for host in world.hosts.values_mut() {
        host.lacks = vec!["ip"];
    }
    let server = start(world).await;
    let snapshot = gathered(&server, "").await;
    for inside in snapshot.inside.values() {
        let inside = inside.seen().expect("seen");
        assert!(inside.bird4.seen().is_some());
        assert!(matches!(inside.interfaces, Observed::Failed(_)), "{:?}", inside.interfaces);
    }
}

#[tokio::test]
async fn an_exec_that_is_refused_for_the_moment_is_asked_again() {
    let world =
        Scenario { faults: vec![Fault::times("/exec", 2, Effect::TooManyRequests { retry_after: 1 })], ..sim::scenario::healthy(3) };
    let server = start(world).await;
    let snapshot = gathered(&server, "").await;
    assert!(
        snapshot.inside.values().all(|inside| inside.seen().is_some()),
        "{:?}",
        snapshot.inside.values().map(Observed::why_not).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn of_a_long_log_the_beginning_and_the_end_are_read() {
    let mut world = sim::scenario::bridge_address(3);
    let line = |at: i64, text: &str| {
        format!(
            "{} 2026-11-20 08:00:00.000 [INFO][9] startup/startup.go 1: {text}\n",
            jiff::Timestamp::from_second(1_795_160_000 + at).expect("a time")
        )
    };
    let mut log = line(0, "Early log level set to info");
    log.extend((1..20_000).map(|at| line(at, "Something that says nothing at all")));
    log += &line(20_000, "Terminating");
    for logs in world.logs.values_mut() {
        *logs = Logs::fixed(Some(&log), None);
    }
    let server = start(world).await;
    let snapshot = gathered(&server, "").await;
    let digest = snapshot.logs.values().next().and_then(|logs| logs.current.seen()).expect("a digest");
    assert!(digest.complete);
    let kinds: Vec<String> = digest.marks.iter().map(|mark| mark.text.clone()).collect();
    assert!(
        kinds.first().is_some_and(|text| text.contains("Early log level")) && kinds.last().is_some_and(|text| text.contains("Terminating")),
        "{kinds:?}"
    );
    assert!(
        server
            .requests()
            .iter()
            .filter(|request| request.path.ends_with("/log"))
            .all(|request| request.query.contains("limitBytes=262144"))
    );
}

/// No exec is answered before this many are under way.
#[tokio::test]
async fn nodes_are_looked_into_side_by_side() {
    const TOGETHER: u32 = 16;
    let under_way = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let together = under_way.clone();
    let wait = Hook::new(move |_| {
        let (number, changed) = &*together;
        let mut number = number.lock().expect("a number");
        *number += 1;
        changed.notify_all();
        drop(changed.wait_timeout_while(number, Duration::from_secs(60), |number| *number < TOGETHER));
    });
    let faults = vec![Fault::times("/exec", TOGETHER, Effect::Before(wait))];
    let server = start(Scenario { faults, ..sim::scenario::bridge_address(80) }).await;
    let wanted = ReadOptions { exec_timeout: Duration::from_secs(30), ..ReadOptions::default() };
    let snapshot = read_cluster(&server, "", &wanted).await.expect("gathers");
    assert_eq!(snapshot.inside.values().filter(|inside| inside.seen().is_some()).count(), 80);
}
