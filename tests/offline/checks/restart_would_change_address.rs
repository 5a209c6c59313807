use calico_fix::calico::version::Version;
use calico_fix::diagnosis::{Scope, diagnose_for_release};
use calico_fix::finding::Source;
use calico_fix::finding::verdict::Verdict;
use calico_fix::observed::Observed;
use serde_json::json;

use super::build::*;
use super::judge::*;

fn bridge() -> World {
    cluster().interface("node-3", BRIDGE, "172.18.0.1/16")
}

#[test]
fn a_bridge_that_the_next_start_would_take() {
    let case = finds(&bridge(), &["warning restart-would-change-address node-3"]);
    let message = &case.only().message;
    assert!(message.starts_with("node-3 would use 172.18.0.1/16 (br-3f2a1b4c5d6e, a bridge made by Docker"), "{message}");
    assert!(message.contains("expected 10.0.0.3/24. Do not restart calico-node there before the fix"), "{message}");
    shows(case.only(), Source::Interfaces, "node-3", "first-found would use 172.18.0.1/16");
    assert_eq!(case.only().fix.as_ref().map(|fix| fix.command.as_str()), Some("kubectl calico-fix autodetect"));
}

#[test]
fn silent_where_the_pick_is_right() {
    healthy(&bridge().version("v3.25.0"));
    healthy(&bridge().env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"));
    healthy(&bridge().env("IP_AUTODETECTION_METHOD", "interface=eth.*"));
    healthy(&bridge().env("IP", "none"));
}

/// What it finds there is not known without the interfaces.
#[test]
fn silent_where_nothing_was_seen() {
    let case = judge(&bridge().exec_forbidden());
    assert_eq!(case.lines(), [""; 0]);
}

fn after_upgrade(world: &World, release: &str) -> Vec<String> {
    let report = diagnose_for_release(&world.snapshot(), &Scope::default(), Version::parse(release));
    report.findings.iter().map(|finding| format!("{} {}: {}", finding.code, finding.nodes.join(","), finding.message)).collect()
}

/// OpenStack's bridge has the host's own address, and releases from 3.25.0 leave it out.
#[test]
fn an_upgrade_that_hides_the_hosts_own_card() {
    let mut world = cluster().interface("node-2", "eth9", "192.168.7.2/24");
    world.hosts[1].interfaces[1].0 = "br-ex".into();
    world.hosts[1].interfaces.swap(1, 2);
    healthy(&world);
    assert_eq!(after_upgrade(&world, "v3.24.6"), [""; 0]);
    let found = after_upgrade(&world, "v3.31.0");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("restart-would-change-address node-2: node-2 would use 192.168.7.2/24 (eth9) after an upgrade to v3.31.0"),
        "{found:?}"
    );
}

#[test]
fn a_release_that_does_not_know_the_method() {
    let world = cluster().env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip");
    let found = after_upgrade(&world, "v3.21.6");
    assert!(found.iter().any(|line| line.contains("would exit")), "{found:?}");
    assert_eq!(after_upgrade(&world, "v3.31.0"), [""; 0]);
}

/// What the new release would choose is not known of a host that was not seen: no upgrade is called safe there.
#[test]
fn an_upgrade_of_hosts_that_were_not_seen() {
    let unseen = |world: &World| {
        let report = diagnose_for_release(&world.snapshot(), &Scope::default(), Version::parse("v3.31.0"));
        let gap = report.unseen.iter().find(|gap| gap.what.contains("after an upgrade to v3.31.0"));
        (report.verdict, gap.map(|gap| (gap.nodes.clone(), gap.blocks_healthy)))
    };
    let hidden = || cluster().without_bgp("vxlan").version("v3.24.5").inside("node-2", Observed::Failed("dial tcp: i/o timeout".into()));
    assert_eq!(unseen(&hidden()), (Verdict::Unknown, Some((vec!["node-2".to_owned()], true))));
    assert_eq!(unseen(&cluster().without_bgp("vxlan")), (Verdict::Healthy, None));
    // nothing is detected: policy only, or what is stored is kept
    let off = |world: World| unseen(&world.version("v3.27.0").inside("node-2", Observed::Failed("dial tcp: i/o timeout".into())));
    assert_eq!(off(cluster().without_bgp("none")), (Verdict::Healthy, None));
    assert_eq!(off(cluster().without_bgp("vxlan").env("IP", "none")), (Verdict::Healthy, None));
    // without a planned upgrade it is no question
    healthy(&hidden());
}

/// 12 s from the first answer to the detected address: a round trip of more than a second.
fn slow_start() -> String {
    let line = |second: u32, text: &str| format!("2026-11-23 16:00:{second:02}.000 [INFO][9] startup/startup.go 1: {text}\n");
    [
        line(0, "Early log level set to info"),
        line(0, "Starting node node-2 with version v3.24.5"),
        line(1, "Checking datastore connection"),
        line(2, "Datastore connection verified"),
        line(14, "Using autodetected IPv4 address on interface eth0: 10.0.0.2/24"),
        line(30, "Using node name: node-2"),
        line(50, "Current address is still valid, do nothing"),
        "Calico node started successfully\n".to_owned(),
    ]
    .concat()
}

fn shortened(world: World) -> World {
    world.edit(|snapshot| {
        let Observed::Seen(set) = &mut snapshot.daemon_set else { panic!("no DaemonSet") };
        let probe = json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "periodSeconds": 10, "failureThreshold": 2, "timeoutSeconds": 10});
        set.spec.template.spec.calico_node_mut().expect("the container calico-node").liveness_probe = serde_json::from_value(probe).expect("a probe");
    })
}

/// Another method restarts every node, the slow one too.
#[test]
fn no_change_is_proposed_by_hand_where_a_start_would_be_killed() {
    let wrong = bridge().stored("node-3", "172.18.0.1/16").age("node-2", 3590).log("node-2", &slow_start());
    let fix = |world: &World| judge(world).of("address-on-virtual-interface").fix.clone().expect("a fix");
    let sound = fix(&wrong);
    assert!(sound.by_hand.is_some() && !sound.why.contains("probes"), "{sound:?}");
    let slow = fix(&shortened(wrong));
    assert_eq!((slow.command.as_str(), &slow.by_hand), ("kubectl calico-fix autodetect", &None));
    assert!(slow.why.starts_with("First run kubectl calico-fix probes: its probes would kill calico-node on node-2"), "{}", slow.why);
}

/// The pods run with the old probes, and the next pod gets those of the DaemonSet.
#[test]
fn a_start_that_the_probes_no_longer_allow() {
    let slow = cluster().age("node-2", 3590).log("node-2", &slow_start());
    let shortened = shortened(slow.clone());
    let case = finds(&shortened, &["warning restart-would-change-address node-2"]);
    let finding = case.only();
    assert!(finding.message.starts_with("calico-node on node-2 would be killed at its next start: it needs "), "{}", finding.message);
    assert!(finding.message.contains("and the probes now allow 20s. Do not restart calico-node there"), "{}", finding.message);
    assert_eq!(finding.fix.as_ref().map(|fix| fix.command.as_str()), Some("kubectl calico-fix probes"));
    healthy(&slow);
}

/// A restart is no fix where the next start would take a wrong address.
#[test]
fn no_restart_is_proposed_where_it_would_do_harm() {
    let lacking = |world: World| {
        let world = world.bird("node-3", "10.0.0.1 Established");
        let case = judge(&world.bird("node-2", "10.0.0.1 Established | 10.0.0.3 Passive"));
        case.of("bgp-peer-missing").fix.as_ref().map(|fix| fix.command.clone())
    };
    assert_eq!(lacking(bridge()), None);
    assert_eq!(lacking(cluster()).as_deref(), Some("kubectl delete pod calico-node-ddddd -n kube-system"));
}

#[test]
fn probes_whose_command_another_release_lacks() {
    let misfits =
        |world: &World, release: &str| after_upgrade(world, release).iter().filter(|line| line.starts_with("probe-misfit")).count();
    assert_eq!((misfits(&cluster(), "v3.31.0"), misfits(&cluster(), "v3.32.1"), misfits(&cluster(), "v3.33.0")), (0, 0, 1));
    let new = |flag: &str| json!({"exec": {"command": ["calico", "component", "node", "health", flag]}, "timeoutSeconds": 10});
    let world = cluster().version("v3.33.0").liveness(new("--felix-live")).readiness(new("--felix-ready"));
    assert_eq!((misfits(&world, "v3.33.1"), misfits(&world, "v3.31.0")), (0, 1));
}

/// v3.25.0 leaves the bridge out, but the calico-node that is restarted now is v3.24.5.
#[test]
fn no_restart_of_the_old_release_is_proposed_for_what_the_new_one_finds() {
    let world = super::flavours::bridge();
    let fix = |release: &str| {
        let report = diagnose_for_release(&world.snapshot(), &Scope::default(), Version::parse(release));
        report.findings.iter().filter_map(|finding| finding.fix.clone()).map(|fix| by_hand(&fix).to_owned()).collect::<Vec<_>>()
    };
    assert!(fix("v3.24.5").iter().any(|command| command.contains("IP_AUTODETECTION_METHOD=")), "{:?}", fix("v3.24.5"));
    assert_eq!(fix("v3.25.0"), [""; 0]);
}

#[test]
fn the_operator_of_another_release_writes_its_own_probes() {
    assert!(after_upgrade(&cluster(), "v3.33.0").iter().any(|line| line.starts_with("probe-misfit")));
    assert_eq!(after_upgrade(&cluster().operator(), "v3.33.0"), [""; 0]);
}

#[test]
fn the_report_names_the_release_that_it_is_judged_by() {
    let judged = |release: &str| diagnose_for_release(&cluster().snapshot(), &Scope::default(), Version::parse(release)).cluster.judged_as;
    assert_eq!(judged("v3.31.0").as_deref(), Some("v3.31.0"));
    assert_eq!(judged("v3.24.5"), None);
}
