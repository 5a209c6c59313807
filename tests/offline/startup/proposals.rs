//! What is proposed, and where nothing may be.

use calico_fix::calico::probe::ProbeKind;
use calico_fix::diagnosis::Scope;
use calico_fix::finding::verdict::Verdict;
use calico_fix::observed::Observed;
use calico_fix::probes::misfit_fix::MisfitFix;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::probes::strategy::Strategy;
use calico_fix::probes::target::ProbeTarget;
use calico_fix::reports::probes::probes_report;
use calico_fix::reports::probes_document::ProbesReport;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::ProbeOverrides;
use calico_fix::startup::budget::BudgetBasis;
use serde_json::{Value, json};

use super::build::*;
use super::recorded::recording;

const AT_WORK: &str = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
const API: &str = include_str!("../../fixtures/logs/api-unreachable.txt");

fn killed(world: World, lived: i64) -> World {
    world.not_ready("node-2").restarted("node-2", 3, 137, lived, 40).killed("node-2", 3)
}

fn wishing(snapshot: &Snapshot, wishes: &ProbeOptions) -> Result<ProbesReport, String> {
    probes_report(snapshot, &Scope::default(), wishes).map_err(|refusal| refusal.to_string())
}

fn wishes(settings: &[&str], fixes: &[MisfitFix]) -> ProbeOptions {
    let settings = settings.iter().map(|setting| setting.parse().expect("a setting")).collect();
    ProbeOptions { settings, fixes: fixes.to_vec(), ..ProbeOptions::default() }
}

fn delay() -> ProbeOptions {
    ProbeOptions { strategy: Strategy::InitialDelay, ..ProbeOptions::default() }
}

fn report(world: &World) -> ProbesReport {
    wishing(&world.snapshot(), &ProbeOptions::default()).expect("no mistake")
}

/// The patch as it is sent.
fn patched(world: &World, wishes: &ProbeOptions) -> Result<Value, String> {
    let report = wishing(&world.snapshot(), wishes)?;
    let proposal = report.proposal.ok_or("nothing")?;
    let object = match &proposal.place {
        ProbeTarget::Installation { .. } => serde_json::json!({"spec": world.installation.clone().unwrap_or_default()}),
        _ => serde_json::to_value(&world.daemon_set).expect("an object"),
    };
    proposal.patch(&object).ok_or_else(|| "no place".to_owned())
}

fn container(patch: &Value) -> &Value {
    &patch["spec"]["template"]["spec"]["containers"][0]
}

/// Which probes this cluster's Installation has fields for.
fn operator(world: World, liveness: bool, startup: bool) -> World {
    let edit: fn(&mut Snapshot) = match (liveness, startup) {
        (false, _) => |snapshot| snapshot.resources.installation_probes = Observed::Seen(ProbeOverrides::default()),
        (true, false) => |snapshot| {
            let fields = ProbeOverrides { liveness_probe: true, readiness_probe: true, startup_probe: false };
            snapshot.resources.installation_probes = Observed::Seen(fields);
        },
        (true, true) => |snapshot| {
            let fields = ProbeOverrides { liveness_probe: true, readiness_probe: true, startup_probe: true };
            snapshot.resources.installation_probes = Observed::Seen(fields);
        },
    };
    world.operator().edit(edit)
}

#[test]
fn a_slow_start_gets_a_startup_probe_and_keeps_its_liveness() {
    let world = killed(cluster(), 70);
    let report = report(&world);
    let proposal = report.proposal.expect("a proposal");
    assert_eq!(
        (proposal.budget_before_seconds, proposal.budget_after_seconds, proposal.known),
        (Some(70), Some(160), Some(BudgetBasis::LowerBound))
    );
    assert!(proposal.why[0].contains("160s is the next step"), "{:?}", proposal.why);
    assert!(proposal.why[1].contains("raised to 320s, 640s and at most 1200s there"), "{:?}", proposal.why);
    assert_eq!(proposal.steps.iter().map(|step| step.budget_seconds).collect::<Vec<_>>(), [320, 640, 1200]);
    assert!(proposal.cost.is_some_and(|cost| cost.contains("160s instead of 70s")) && proposal.warnings.is_empty());
    // The node to try it on comes first.
    let first = &proposal.nodes[0];
    assert_eq!((first.node.as_str(), first.started_within_seconds, first.steady_seconds), ("node-2", Some(160), Some(70)));
    assert_eq!(proposal.nodes.len(), 3);
    let patch = patched(&world, &ProbeOptions::default()).expect("a patch");
    assert_eq!(
        container(&patch),
        &json!({"name": "calico-node", "startupProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live", "-bird-live"]},
            "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 16}})
    );
}

#[test]
fn the_published_remedy_on_request() {
    let patch = patched(&killed(cluster(), 70), &delay()).expect("a patch");
    assert_eq!(container(&patch), &json!({"name": "calico-node", "livenessProbe": {"initialDelaySeconds": 60, "failureThreshold": 10}}));
    // With nothing known but the kills it is the same.
    let bare = killed(cluster(), 70).edit(|snapshot| {
        let Observed::Seen(pods) = &mut snapshot.pods else { return };
        pods[1].status.container_statuses[0].last_state.terminated = None;
    });
    assert_eq!(container(&patched(&bare, &delay()).expect("a patch"))["livenessProbe"]["initialDelaySeconds"], 60);
}

#[test]
fn what_is_killed_again_grows_again() {
    let larger = |mut world: World| {
        let liveness = world.container().liveness_probe.clone().unwrap_or_default();
        world.container().startup_probe = Some(calico_fix::snapshot::objects::Probe {
            initial_delay_seconds: None,
            period_seconds: Some(10),
            failure_threshold: Some(16),
            ..liveness
        });
        world
    };
    let world = killed(larger(cluster()), 161);
    assert_eq!(
        container(&patched(&world, &ProbeOptions::default()).expect("a patch")),
        &json!({"name": "calico-node", "startupProbe": {"failureThreshold": 33}})
    );
    assert!(patched(&world, &delay()).expect_err("pointless").contains("there is a startup probe"));
}

/// 60 s × 3, as operators from 1.31 have it: the published remedy must not make it shorter.
#[test]
fn no_budget_shrinks() {
    let probe = json!({"httpGet": {"host": "localhost", "path": "/liveness", "port": 9099}, "periodSeconds": 60, "failureThreshold": 3, "timeoutSeconds": 10});
    let world = killed(cluster().liveness(probe), 181);
    for wishes in [ProbeOptions::default(), delay()] {
        let report = wishing(&world.snapshot(), &wishes).expect("no mistake");
        let proposal = report.proposal.expect("a proposal");
        assert!(proposal.budget_after_seconds > proposal.budget_before_seconds && proposal.warnings.is_empty(), "{proposal:#?}");
    }
    // The pod is older than a DaemonSet that has the time already.
    let given = json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "initialDelaySeconds": 60, "failureThreshold": 30, "timeoutSeconds": 10});
    let mut old = killed(cluster(), 70).snapshot();
    let Observed::Seen(set) = &mut old.daemon_set else { panic!("a DaemonSet") };
    set.spec.template.spec.calico_node_mut().expect("the container calico-node").liveness_probe =
        serde_json::from_value(given).expect("a probe");
    let report = wishing(&old, &ProbeOptions::default()).expect("no mistake");
    assert_eq!(report.proposal, None);
    assert!(report.no_proposal.is_some_and(|why| why.contains("already allows enough")));
}

#[test]
fn without_the_daemon_set_there_is_nothing_to_change() {
    let world = killed(cluster(), 70).edit(|snapshot| snapshot.daemon_set = Observed::Forbidden("cannot get daemonsets.apps".into()));
    let report = report(&world);
    assert_eq!((report.verdict, report.findings[0].code.name(), report.proposal), (Verdict::Sick, "killed-while-starting", None));
    assert!(report.no_proposal.is_some_and(|why| why.contains("DaemonSet was not seen")));
}

#[test]
fn by_hand() {
    let world = cluster();
    let patch = patched(&world, &wishes(&["liveness.failureThreshold=10", "readiness.timeoutSeconds=5"], &[])).expect("a patch");
    assert_eq!(
        container(&patch),
        &json!({"name": "calico-node", "livenessProbe": {"failureThreshold": 10}, "readinessProbe": {"timeoutSeconds": 5}})
    );
    // A startup probe that is not there yet takes the liveness probe's handler.
    let patch = patched(&world, &wishes(&["startup.periodSeconds=2", "startup.failureThreshold=90"], &[])).expect("a patch");
    assert_eq!(
        container(&patch)["startupProbe"],
        json!({"exec": {"command": ["/bin/calico-node", "-felix-live", "-bird-live"]}, "periodSeconds": 2, "failureThreshold": 90})
    );
    // What is so already is no change.
    assert_eq!(patched(&world, &wishes(&["liveness.failureThreshold=6"], &[])), Err("nothing".into()));
    assert_eq!(
        patched(&world, &wishes(&["liveness.periodSeconds=5", "liveness.periodSeconds=6"], &[])),
        Err("liveness.periodSeconds is set twice".into())
    );
}

#[test]
fn what_speaks_against_a_wish_is_said() {
    let report = wishing(&killed(cluster(), 70).snapshot(), &wishes(&["liveness.failureThreshold=2"], &[])).expect("no mistake");
    let warnings = report.proposal.expect("a proposal").warnings;
    assert_eq!(
        warnings,
        ["This lowers the startup limit from 70s to 30s.", "30s is not enough for node-2: its slowest start took more than 70s."]
    );
}

/// Every other cause is named, and time is no cure of it.
#[test]
fn no_time_for_other_causes() {
    let stopped = || cluster().not_ready("node-2").restarted("node-2", 2, 137, 7200, 400).event("node-2", "Killing", KILLED, 2, 401);
    let late = "Liveness probe failed: calico/node is not ready: Felix is not live: Get \"http://localhost:9099/liveness\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)";
    let forbidden = "[ERROR][9] startup/startup.go 3: Unable to list nodes error=nodes is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot list resource \"nodes\"";
    let conflict = log(&[
        "Early log level set to info",
        "[WARNING][9] startup/startup.go 1: Calico node 'node-3' is already using the IPv4 address 10.0.0.3.",
        "[WARNING][9] startup/utils.go 49: Terminating",
    ]);
    for (world, code) in [
        (stopped().unhealthy("node-2", late, 9), "cpu-starved"),
        (killed(cluster(), 70).log("node-2", API).previous("node-2", API), "datastore-unreachable"),
        (
            cluster()
                .crash_loop("node-2", 4)
                .previous("node-2", &log(&["Early log level set to info", forbidden, "Calico node failed to start"])),
            "forbidden-to-calico",
        ),
        (cluster().crash_loop("node-2", 4).stored("node-2", "").previous("node-2", &conflict), "address-conflict"),
        (stopped(), "killed-while-running"),
    ] {
        let report = report(&world);
        assert_eq!(report.proposal, None, "{code}");
        assert_eq!((report.verdict, report.findings[0].code.name()), (Verdict::Sick, code), "{:#?}", report.findings);
        assert!(report.no_proposal.as_deref().is_some_and(|why| why.contains(code)), "{code}: {:?}", report.no_proposal);
        assert!(report.cures.iter().any(|cure| cure.code.name() == code && !cure.cure.is_empty()), "{code}");
    }
}

#[test]
fn under_the_operator() {
    // Fields for all: the list of containers is written whole.
    let mut world = operator(killed(cluster(), 70), true, true);
    let mut startup = world.container().liveness_probe.clone().unwrap_or_default();
    (startup.period_seconds, startup.failure_threshold, startup.initial_delay_seconds) = (Some(2), Some(30), None);
    world.container().startup_probe = Some(startup);
    world.installation = Some(
        json!({"calicoNodeDaemonSet": {"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "resources": {"requests": {"cpu": "1"}}}]}}}}}),
    );
    let patch = patched(&world, &ProbeOptions::default()).expect("a patch");
    assert_eq!(
        patch.pointer("/spec/calicoNodeDaemonSet/spec/template/spec/containers"),
        Some(&json!([{"name": "calico-node", "resources": {"requests": {"cpu": "1"}}, "startupProbe": {"failureThreshold": 80}}]))
    );
    // Without a field for the startup probe the liveness probe begins later.
    let patch = patched(&operator(killed(cluster(), 70), true, false), &ProbeOptions::default()).expect("a patch");
    let liveness = patch.pointer("/spec/calicoNodeDaemonSet/spec/template/spec/containers/0/livenessProbe");
    assert_eq!(liveness, Some(&json!({"initialDelaySeconds": 60, "failureThreshold": 10})));
    // An old operator would prune the fields and say patched.
    let old = report(&operator(killed(cluster(), 70), false, false)).proposal.expect("said all the same");
    assert!(
        matches!(&old.place, ProbeTarget::Nowhere { why } if why.contains("1.43") && why.contains("reverts an edit of the DaemonSet")),
        "{:?}",
        old.place
    );
    let refused = patched(&operator(cluster(), false, false), &wishes(&["liveness.failureThreshold=10"], &[])).expect_err("refused");
    assert!(refused.starts_with("--set liveness.failureThreshold=10: this operator's Installation has no fields for probes"), "{refused}");
    // Whether it has the fields was not seen.
    let unseen = report(&killed(cluster(), 70).operator()).proposal.expect("said all the same");
    assert!(
        matches!(&unseen.place, ProbeTarget::Nowhere { why } if why.contains("kubectl get crd installations.operator.tigera.io")),
        "{:?}",
        unseen.place
    );
    // Handlers are the operator's own.
    let world = operator(cluster().liveness(json!({"httpGet": {"path": "/liveness", "port": 9099}})), true, true);
    let refused = patched(&world, &wishes(&[], &[MisfitFix::Host])).expect_err("refused");
    assert!(refused.contains("the operator writes the handlers"), "{refused}");
}

#[test]
fn misfits_are_put_right_on_request() {
    let http = |probe: Value| cluster().liveness(probe);
    for (world, fix, expected) in [
        (
            http(json!({"httpGet": {"path": "/liveness", "port": 9099}, "timeoutSeconds": 10})),
            MisfitFix::Host,
            json!({"livenessProbe": {"httpGet": {"host": "localhost"}}}),
        ),
        (
            http(json!({"httpGet": {"host": "localhost", "path": "/liveness", "port": 9099}})).env("FELIX_HEALTHPORT", "9199"),
            MisfitFix::Port,
            json!({"livenessProbe": {"httpGet": {"port": 9199}}}),
        ),
        (
            cluster().env("CALICO_NETWORKING_BACKEND", "vxlan"),
            MisfitFix::Bird,
            json!({"livenessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live"]}},
                "readinessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-ready"]}}}),
        ),
        (
            cluster().readiness(json!({"exec": {"command": ["/bin/calico-node", "-felix-ready"]}})),
            MisfitFix::Timeouts,
            json!({"readinessProbe": {"timeoutSeconds": 10}}),
        ),
        (
            cluster()
                .liveness(json!({"exec": {"command": ["calico", "component", "node", "health", "--felix-live"]}, "timeoutSeconds": 10})),
            MisfitFix::Command,
            json!({"livenessProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live"]}}}),
        ),
    ] {
        let patch = patched(&world, &wishes(&[], &[fix])).expect("a patch");
        let mut expected = expected;
        expected["name"] = "calico-node".into();
        assert_eq!(container(&patch), &expected, "{fix:?}");
        assert_eq!(report(&world).fixable, [fix.name()], "{fix:?}");
        // Nothing to fix in a cluster in health, and it says what else there would be.
        let refused = patched(&cluster(), &wishes(&[], &[fix])).expect_err(fix.name());
        assert_eq!(refused, format!("--fix {}: there is no such problem to fix here", fix.name()));
    }
}

#[test]
fn real_incidents() {
    for (case, after) in [
        ("v3.24.5/incident2-debug", Some(160)),
        ("v3.24.5/incident2-info", Some(160)),
        ("v3.24.5/incident2-fixed", None),
        ("master/api-unreachable-from-node-2", None),
        ("v3.24.5/healthy", None),
    ] {
        let snapshot = recording(case);
        let report = wishing(&snapshot, &ProbeOptions::default()).expect("no mistake");
        assert_eq!(report.proposal.as_ref().and_then(|proposal| proposal.budget_after_seconds), after, "{case}: {:#?}", report.proposal);
        let change = report.proposal.iter().flat_map(|proposal| &proposal.changes).map(|change| change.probe).next();
        assert_eq!(change, after.map(|_| ProbeKind::Startup), "{case}");
        // Some of the 1,000 stand-in nodes keep the verdict open; what was seen of the others is sound.
        assert_eq!(
            report.findings.is_empty(),
            matches!(case, "v3.24.5/incident2-fixed" | "v3.24.5/healthy"),
            "{case}: {:#?}",
            report.findings
        );
    }
    {
        let snapshot = recording("v3.24.5/incident2-info");
        let report = wishing(&snapshot, &ProbeOptions::default()).expect("no mistake");
        let row = report.nodes.iter().find(|row| row.name == "node-2").expect("node-2");
        assert!(
            row.cure.as_deref().is_some_and(|cure| cure.contains("more time prevents the kills") && cure.contains("slow link")),
            "{:?}",
            row.cure
        );
        assert_eq!((row.killed_by_probe, row.other_restarts), (3, Some(1)));
    }
}

/// At DEBUG with one line: from the kept log of the pod that kills and restarts alone, and from a log that says nothing.
#[test]
fn forecasts() {
    let world = killed(cluster(), 70).log("node-2", AT_WORK);
    let forecast = report(&world).forecast;
    let node = &forecast.nodes[0];
    let round_trip = node.round_trip_seconds.expect("told by the log");
    assert!((0.7..0.9).contains(&round_trip), "{round_trip}");
    let (from, to) = (node.start_seconds_from.expect("from"), node.start_seconds_to.expect("to"));
    assert!(from < 55.0 && to > 45.0 && from < to, "{from} {to}");
    assert!(report(&killed(cluster(), 70)).forecast.unknown.is_some(), "nothing to go on");
}

/// With etcd the nodes count: 20 s for three nodes leave room for a few more only.
#[test]
fn a_forecast_with_etcd() {
    let lines = |seconds: u32| {
        let at = |second: u32| format!("2026-11-23 16:{:02}:{:02}.000", second / 60, second % 60);
        format!(
            "{} [INFO][9] startup/startup.go 1: Early log level set to info\n{} [INFO][9] startup/startup.go 1: Node IPv4 changed, will check for conflicts\n{} [INFO][9] startup/startup.go 1: Using node name: node-2\n{} [INFO][9] tunnel-ip-allocator/allocateip.go 1: Assign\nCalico node started successfully\n",
            at(0),
            at(2),
            at(2 + seconds),
            at(4 + seconds)
        )
    };
    let forecast = report(&cluster().etcd().log("node-2", &lines(20))).forecast;
    let node = &forecast.nodes[0];
    assert_eq!((forecast.datastore.as_deref(), node.node.as_str()), (Some("etcd"), "node-2"));
    // 20/3 s a node, and 4 s beside: 66 s are ten nodes.
    assert_eq!(node.exceeded_at_nodes, Some(9));
    assert!(node.seconds_per_node.is_some_and(|each| (6.6..6.7).contains(&each)), "{node:?}");
    let killed_in_it = killed(cluster().etcd(), 70).log("node-2", include_str!("../../fixtures/logs/etcd-killed.logrus.txt"));
    let forecast = report(&killed_in_it).forecast;
    assert_eq!(forecast.nodes.first().map(|node| (node.exceeded_at_nodes, node.start_seconds_to)), Some((None, None)), "{forecast:?}");
}

/// `status`, `--emit kubectl` and the rollout name one patch.
#[test]
fn the_patch_that_is_printed_is_the_patch_that_is_sent() {
    let slow = || cluster().not_ready("node-2").restarted("node-2", 3, 137, 70, 40).killed("node-2", 3);
    let http =
        json!({"httpGet": {"host": "localhost", "path": "/liveness", "port": 9099}, "initialDelaySeconds": 60, "failureThreshold": 3});
    for (case, world) in [
        ("a startup probe is added", slow()),
        (
            "a startup probe is there",
            slow().set(|set| {
                let probe = json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "failureThreshold": 7});
                set.spec.template.spec.calico_node_mut().expect("the container calico-node").startup_probe =
                    serde_json::from_value(probe).ok();
            }),
        ),
        ("a probe of another kind", slow().liveness(http)),
    ] {
        let snapshot = world.snapshot();
        let report = report(&world);
        let proposal = report.proposal.as_ref().expect(case);
        let change = calico_fix::plan::from_probes::proposed_probes(&snapshot, proposal, &calico_fix::plan::canary::CanaryChoice::None)
            .expect(case)
            .expect(case);
        let mut object = serde_json::to_value(&world.daemon_set).expect("an object");
        (object["apiVersion"], object["kind"]) = ("apps/v1".into(), "DaemonSet".into());
        (object["metadata"]["uid"], object["metadata"]["resourceVersion"]) = ("u".into(), "1".into());
        let plan = calico_fix::plan::Plan::new(&change.proposal, &object).expect(case).expect(case);
        let fixes = calico_fix::diagnosis::diagnose(&snapshot, &calico_fix::diagnosis::Scope::default()).findings;
        let fix = fixes.iter().find_map(|finding| finding.fix.as_ref()).expect(case);
        for command in [change.snippets.kubectl.as_ref().expect(case), &fix.by_hand.as_ref().expect(case).command] {
            let printed = command.split_once(" -p ").expect(case).1.trim_matches('\'');
            assert_eq!(serde_json::from_str::<Value>(printed).expect(case), plan.patch, "{case}");
        }
    }
}
