//! Reports made by hand, to see how they look.

use calico_fix::finding::code::Code;
use calico_fix::finding::verdict::Verdict;
use calico_fix::finding::*;

pub(super) fn all() -> Vec<Report> {
    vec![healthy(4), bridge_address(53), slow_start(), hundreds(), unseen(6), hostile()]
}

fn node(number: usize, nodes: usize) -> NodeRow {
    let count = SessionCount { established: nodes as u32 - 1, total: nodes as u32 - 1 };
    NodeRow {
        name: format!("node-{number:02}"),
        pod: Some(format!("calico-node-{:05x}", number * 7919)),
        ready: Some(true),
        address: Some(format!("10.0.{}.{}/22", number / 250, number % 250 + 1)),
        interface: Some("eth0".into()),
        internal_ips: vec![format!("10.0.{}.{}", number / 250, number % 250 + 1)],
        bgp4: Some(count),
        restarts: Some(0),
        start: Some(StartTime { seconds: 6.2, at_least: false, at_most: false }),
        start_budget_seconds: Some(70),
        ..NodeRow::default()
    }
}

pub(super) fn healthy(nodes: usize) -> Report {
    Report {
        api_version: "calico-fix/v1".into(),
        kind: "Status".into(),
        taken_at: "2026-01-05T03:04:05Z".parse().expect("a time"),
        verdict: Verdict::Healthy,
        cluster: ClusterSummary {
            context: Some("prod".into()),
            server: Some("https://10.0.0.1:6443".into()),
            kubernetes_version: Some("v1.28.3".into()),
            daemon_set: Some("kube-system/calico-node".into()),
            flavour: Some("manifest".into()),
            owner: None,
            calico_version: Some("v3.24.5".into()),
            judged_as: None,
            backend: Some("bird".into()),
            datastore: Some("kubernetes".into()),
            autodetection_method: Some("first-found".into()),
            nodes,
            nodes_ready: nodes,
            nodes_unknown: 0,
        },
        nodes: (1..=nodes).map(|number| node(number, nodes)).collect(),
        findings: vec![],
        unseen: vec![],
        sources: vec![],
    }
}

/// Incident 1: one node took its container bridge's address.
pub(super) fn bridge_address(nodes: usize) -> Report {
    let mut report = healthy(nodes);
    report.verdict = Verdict::Sick;
    report.cluster.nodes_ready = nodes - 1;
    for row in &mut report.nodes {
        row.bgp4 = Some(SessionCount { established: nodes as u32 - 2, total: nodes as u32 - 1 });
    }
    let victim = &mut report.nodes[16];
    victim.ready = Some(false);
    victim.address = Some("172.18.0.1/16".into());
    victim.interface = Some("br-3a10a9384428".into());
    victim.bgp4 = Some(SessionCount { established: 0, total: nodes as u32 - 1 });
    victim.findings = vec![Code::AddressOnVirtualInterface];
    victim.sessions = vec![session(4, "10.0.0.2", Some("node-01"), "Connect")];
    let mut evidence = vec![
        Evidence { source: Source::Annotation, node: Some("node-17".into()), text: "projectcalico.org/IPv4Address: 172.18.0.1/16".into() },
        Evidence { source: Source::Node, node: Some("node-17".into()), text: "InternalIP 10.0.0.18".into() },
        Evidence { source: Source::Interfaces, node: Some("node-17".into()), text: "br-3a10a9384428 172.18.0.1/16".into() },
    ];
    evidence.extend((1..=nodes).filter(|number| *number != 17).map(|number| Evidence {
        source: Source::Birdcl,
        node: Some(format!("node-{number:02}")),
        text: "Mesh_172_18_0_1 start 01:56:41 Connect Socket: Network is unreachable".into(),
    }));
    report.findings = vec![Finding {
        code: Code::AddressOnVirtualInterface,
        severity: Severity::Error,
        nodes: vec!["node-17".into()],
        message: "node-17 uses 172.18.0.1/16 (br-3a10a9384428, a bridge made by Docker), expected 10.0.0.18".into(),
        evidence,
        fix: Some(Fix {
            command: "kubectl calico-fix autodetect".into(),
            why: "Sets the method kubernetes-internal-ip: each node uses its InternalIP, correct on all 53 nodes. Shows the change, asks, starts with one node, verifies, rolls back on failure".into(),
            by_hand: Some(ByHand {
                command: "kubectl set env daemonset/calico-node -n kube-system -c calico-node IP_AUTODETECTION_METHOD=kubernetes-internal-ip".into(),
                restarts: "calico-node on all 53 nodes".into(),
            }),
        }),
    }];
    report
}

/// Incident 2: killed again and again while it starts.
pub(super) fn slow_start() -> Report {
    let mut report = healthy(3);
    report.verdict = Verdict::Sick;
    report.cluster.nodes_ready = 2;
    let victim = &mut report.nodes[2];
    victim.ready = Some(false);
    victim.bgp4 = None;
    victim.restarts = Some(17);
    victim.start = Some(StartTime { seconds: 70.0, at_least: true, at_most: false });
    victim.findings = vec![Code::KilledWhileStarting];
    report.findings = vec![Finding {
        code: Code::KilledWhileStarting,
        severity: Severity::Error,
        nodes: vec!["node-03".into()],
        message: "calico-node on node-03 is killed by its probe while it starts (17×): start-up does not finish within the 70s that its probes allow".into(),
        evidence: vec![Evidence {
            source: Source::Event,
            node: Some("node-03".into()),
            text: "Container calico-node failed liveness probe, will be restarted (17 times)".into(),
        }],
        fix: Some(Fix {
            command: "kubectl calico-fix probes".into(),
            why: "Raises the startup limit from 70s to 220s. Shows the change, asks, starts with one node, verifies, rolls back on failure".into(),
            by_hand: None,
        }),
    }];
    report.unseen = vec![Gap {
        what: "BIRD".into(),
        nodes: vec!["node-03".into()],
        why: "the container is not running".into(),
        blocks_healthy: false,
        passing: false,
    }];
    report
}

/// 400 nodes: two with a warning, three not seen, the others well.
pub(super) fn hundreds() -> Report {
    let mut report = healthy(400);
    report.verdict = Verdict::Sick;
    for at in [37, 220] {
        report.nodes[at].findings = vec![Code::ProbeTimeoutTooShort];
    }
    for row in &mut report.nodes[300..303] {
        (row.ready, row.bgp4, row.start) = (None, None, None);
    }
    report.findings = vec![Finding {
        code: Code::ProbeTimeoutTooShort,
        severity: Severity::Warning,
        nodes: vec!["node-38".into(), "node-221".into()],
        message: "The readiness probe of calico-node times out after 1s.".into(),
        evidence: vec![],
        fix: None,
    }];
    report.unseen = vec![Gap {
        what: "BIRD".into(),
        nodes: report.nodes[300..303].iter().map(|row| row.name.clone()).collect(),
        why: "the kubelet did not answer: dial tcp 10.0.1.52:10250: i/o timeout".into(),
        blocks_healthy: true,
        passing: false,
    }];
    report
}

/// Exec is forbidden: nothing speaks against the cluster, and nothing for it.
pub(super) fn unseen(nodes: usize) -> Report {
    let mut report = healthy(nodes);
    report.verdict = Verdict::Unknown;
    report.cluster.autodetection_method = None;
    for row in &mut report.nodes {
        (row.bgp4, row.interface, row.start) = (None, None, None);
    }
    report.unseen = vec![
        Gap {
            what: "BIRD".into(),
            nodes: report.nodes.iter().map(|row| row.name.clone()).collect(),
            why: "pods/exec is forbidden in kube-system".into(),
            blocks_healthy: true,
            passing: false,
        },
        Gap { what: "CalicoNodeStatus".into(), nodes: vec![], why: "not asked".into(), blocks_healthy: false, passing: false },
    ];
    report
}

/// Names and texts that try to write to the terminal.
pub(super) fn hostile() -> Report {
    let mut report = bridge_address(20);
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}no\u{202e}de\u{9b}31m\n-17";
    report.cluster.context = Some(evil.into());
    report.cluster.flavour = Some(evil.into());
    report.cluster.autodetection_method = Some(evil.into());
    let row = &mut report.nodes[16];
    row.name = evil.into();
    row.interface = Some("x".repeat(10_000));
    row.pod = Some(evil.into());
    row.sessions = vec![session(6, evil, Some(evil), evil)];
    let finding = &mut report.findings[0];
    finding.nodes = vec![evil.into()];
    finding.message = format!("{evil} {}", "word ".repeat(1_000));
    finding.evidence[0] = Evidence { source: Source::Event, node: Some(evil.into()), text: evil.into() };
    let by_hand = Some(ByHand { command: evil.into(), restarts: evil.into() });
    finding.fix = Some(Fix { command: evil.into(), why: evil.into(), by_hand });
    report.unseen = vec![Gap { what: evil.into(), nodes: vec![evil.into()], why: evil.into(), blocks_healthy: true, passing: false }];
    report
}

fn session(family: u8, peer: &str, node: Option<&str>, info: &str) -> SessionRow {
    SessionRow {
        family,
        peer_address: peer.into(),
        peer_port: (family == 6).then_some(1790),
        peer_node: node.map(str::to_owned),
        peer_type: "node-to-node mesh".into(),
        state: "start".into(),
        since: "01:56:41".into(),
        info: info.into(),
    }
}

pub(super) fn dual_stack() -> Report {
    let mut report = healthy(3);
    for (number, row) in report.nodes.iter_mut().enumerate() {
        row.address6 = Some(format!("fd00:10::{}/64", number + 1));
        row.bgp6 = Some(SessionCount { established: 2, total: 2 });
    }
    report
}

pub(super) fn vxlan() -> Report {
    let mut report = healthy(3);
    report.cluster.backend = Some("vxlan".into());
    for row in &mut report.nodes {
        row.bgp4 = None;
    }
    report
}
