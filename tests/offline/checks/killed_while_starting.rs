use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

const ETCD: &str = include_str!("../../fixtures/logs/etcd-killed.logrus.txt");
const AT_WORK: &str = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
const CONFLICT: &str = include_str!("../../fixtures/logs/update-conflict.timestamps.txt");
const FOUND: &[&str] = &["error killed-while-starting node-2"];

/// node-2 is far from the datastore: killed after 70 s, three times.
pub(super) fn killed() -> World {
    cluster()
        .no_bird("node-2")
        .not_ready("node-2")
        .restarted("node-2", 3, 137, 70, 40)
        .killed("node-2", 3)
        .unhealthy("node-2", BIRD_REFUSES, 16)
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Connection refused | 10.0.0.1 Established")
}

#[test]
fn with_logs() {
    let case = finds(&killed().log("node-2", AT_WORK).previous("node-2", AT_WORK), FOUND);
    let finding = case.only();
    assert!(finding.message.contains("killed 3 times so far") && finding.message.contains("within the 70s"), "{}", finding.message);
    shows(finding, Source::Event, "node-2", "Container calico-node failed liveness probe, will be restarted (3×)");
    shows(finding, Source::Pod, "node-2", "3 restarts, last exit code 137");
    shows(finding, Source::Log, "node-2", "last log line: Looking up existing affinities for host");
    assert_eq!(
        case.command(),
        Some(concat!(
            r#"kubectl patch daemonset calico-node -n kube-system -p '{"spec":{"template":{"spec":{"containers":[{"name":"calico-node","#,
            r#""startupProbe":{"exec":{"command":["/bin/calico-node","-felix-live","-bird-live"]},"failureThreshold":16,"periodSeconds":10,"timeoutSeconds":10}}]}}}}'"#
        ))
    );
}

#[test]
fn without_logs() {
    let case = finds(&killed(), FOUND);
    assert!(case.command().is_some_and(|command| command.contains("\"startupProbe\"")));
    let row = case.report.nodes.iter().find(|row| row.name == "node-2").and_then(|row| row.start);
    assert_eq!(row.map(|start| (start.seconds, start.at_least)), Some((70.0, true)));
}

#[test]
fn at_debug_on_etcd() {
    let log = ETCD.replace("10.12.13.33", "10.0.0.2");
    let case = finds(&killed().etcd().log("node-2", &log).previous("node-2", &log), FOUND);
    shows(case.only(), Source::Log, "node-2", "ip_addr_v4");
}

/// On a slow link the Node object changes under it now and then: exits of its own between the kills.
#[test]
fn kills_and_exits_in_turn() {
    let exit = "another attempt exited";
    for (current, previous) in [(AT_WORK, CONFLICT), (CONFLICT, AT_WORK), (CONFLICT, CONFLICT)] {
        let case = finds(&killed().log("node-2", current).previous("node-2", previous), FOUND);
        shows(case.only(), Source::Log, "node-2", exit);
    }
}

/// It started in the end: worth a word, no outage.
#[test]
fn started_in_the_end() {
    let world =
        cluster().restarted("node-2", 3, 137, 70, 1800).killed("node-2", 3).previous("node-2", AT_WORK).log("node-2", &started(&[]));
    finds(&world, &["warning killed-while-starting node-2"]);
}

/// The twin: the same restarts, without a kill.
#[test]
fn restarted_for_another_reason() {
    healthy(&cluster().restarted("node-2", 3, 0, 90_000, 1800).log("node-2", &started(&[])));
}

/// A liveness probe that kills a container that had long started is no matter of the start-up budget.
#[test]
fn killed_while_running() {
    let felix = "[WARNING][81] felix/health.go 211: Report timed out name=\"int_dataplane\"";
    for logs in [true, false] {
        let mut world = cluster().not_ready("node-2").restarted("node-2", 2, 137, 7200, 40).killed("node-2", 2);
        if logs {
            world = world.previous("node-2", &started(&[felix])).log("node-2", &started(&[]));
        }
        let case = judge(&world);
        assert!(case.report.findings.iter().all(|finding| finding.code.name() != "killed-while-starting"), "{:?}", case.lines());
    }
}

/// Another container's kill is another's.
#[test]
fn a_neighbour_is_killed() {
    healthy(&cluster().event("node-2", "Killing", "Container kube-flannel failed liveness probe, will be restarted", 3, 20));
}

/// The operator keeps the probes to itself: a patch of the DaemonSet would be reverted and kill a pod.
#[test]
fn the_operator_keeps_its_probes() {
    let case = finds(&killed().operator(), FOUND);
    assert_eq!(case.command(), None);
}

#[test]
fn a_startup_probe_is_stretched() {
    use calico_fix::snapshot::objects::Probe;
    let mut world = killed().event("node-2", "Killing", "Container calico-node failed startup probe, will be restarted", 1, 20);
    let liveness = world.container().liveness_probe.clone().unwrap_or_default();
    world.container().startup_probe =
        Some(Probe { period_seconds: Some(2), failure_threshold: Some(30), initial_delay_seconds: None, ..liveness });
    let case = finds(&world, FOUND);
    assert!(case.command().is_some_and(|command| command.contains(r#""startupProbe":{"failureThreshold":80}"#)), "{:?}", case.command());
}
