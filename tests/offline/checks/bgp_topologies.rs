//! Random healthy BGP topologies yield no BGP finding, and each injected fault yields its finding on the right node.

use std::collections::BTreeSet;

use calico_fix::calico::bird;
use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::verdict::Verdict;
use calico_fix::finding::{Finding, Report};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::inspection::{Bird, NodeInspection};
use calico_fix::snapshot::objects::{Custom, Meta};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::build::*;
use super::judge::sound;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Mesh,
    /// Mesh off; the first node is the reflector of all others, the second too where `bool`.
    Reflectors(bool),
    /// Mesh off; each node peers with the switch of its rack.
    Switches,
    /// Mesh, and a global peer outside.
    MeshAndOutside,
    /// No BGP at all.
    Vxlan,
}

#[derive(Clone, Debug)]
struct Plan {
    nodes: usize,
    shape: Shape,
    four: bool,
    six: bool,
    /// Whether BGPConfiguration and BGPPeers could be read.
    known: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let shapes = prop::sample::select(vec![
        Shape::Mesh,
        Shape::Reflectors(false),
        Shape::Reflectors(true),
        Shape::Switches,
        Shape::MeshAndOutside,
        Shape::Vxlan,
    ]);
    (3..7usize, shapes, prop::sample::select(vec![(true, false), (true, true), (false, true)]), any::<bool>())
        .prop_map(|(nodes, shape, (four, six), known)| Plan { nodes, shape, four, six, known })
}

fn custom(name: &str, spec: Value) -> Custom {
    Custom { metadata: Meta { name: name.into(), ..Meta::default() }, spec, status: Value::Null }
}

fn address(family: Family, number: usize) -> String {
    match family {
        Family::V4 => format!("10.0.0.{number}"),
        Family::V6 => format!("fd00:10::{number}"),
    }
}

impl Plan {
    fn families(&self) -> Vec<Family> {
        [(self.four, Family::V4), (self.six, Family::V6)].into_iter().filter(|(has, _)| *has).map(|(_, family)| family).collect()
    }

    fn is_reflector(&self, number: usize) -> bool {
        match self.shape {
            Shape::Reflectors(two) => number == 1 || (two && number == 2),
            _ => false,
        }
    }

    /// `Mesh_10_0_0_2`, … as confd names them for this node.
    fn names(&self, number: usize, family: Family) -> Vec<String> {
        let named = |kind: &str, address: String| format!("{kind}_{}", address.replace(['.', ':'], "_"));
        let others = |kind: &'static str, wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
            (1..=self.nodes).filter(|other| *other != number && wanted(*other)).map(|other| named(kind, address(family, other))).collect()
        };
        match self.shape {
            Shape::Mesh => others("Mesh", &|_| true),
            Shape::MeshAndOutside => {
                let mut names = others("Mesh", &|_| true);
                names.push(named("Global", address(family, 254)));
                names
            }
            Shape::Reflectors(_) if self.is_reflector(number) => others("Node", &|_| true),
            Shape::Reflectors(_) => others("Node", &|other| self.is_reflector(other)),
            Shape::Switches => vec![named("Node", address(family, 200 + number % 2))],
            Shape::Vxlan => Vec::new(),
        }
    }

    fn resources(&self) -> (Vec<Custom>, Vec<Custom>) {
        let off = vec![custom("default", json!({"nodeToNodeMeshEnabled": false, "asNumber": 64512}))];
        let per_family = |name: &str, spec: &dyn Fn(Family) -> Value| -> Vec<Custom> {
            self.families().into_iter().map(|family| custom(&format!("{name}-{}", family.number()), spec(family))).collect()
        };
        match self.shape {
            Shape::Mesh | Shape::Vxlan => (Vec::new(), Vec::new()),
            Shape::MeshAndOutside => (
                vec![custom("default", json!({"logSeverityScreen": "Info"}))],
                per_family("tor", &|family| json!({"peerIP": address(family, 254), "asNumber": 65000})),
            ),
            Shape::Reflectors(_) => {
                let clients = json!({"nodeSelector": "!has(rr)", "peerSelector": "has(rr)"});
                let among = json!({"nodeSelector": "has(rr)", "peerSelector": "has(rr)"});
                (off, vec![custom("clients", clients), custom("reflectors", among)])
            }
            Shape::Switches => {
                let mut peers = Vec::new();
                for rack in 0..2usize {
                    peers.extend(per_family(&format!("rack-{rack}"), &|family| {
                        json!({"nodeSelector": format!("rack == 'r{rack}'"), "peerIP": address(family, 200 + rack), "asNumber": 65000})
                    }));
                }
                (off, peers)
            }
        }
    }

    fn bird(&self, number: usize, family: Family, info: &dyn Fn(&str) -> String) -> Bird {
        let mut text = "name proto table state since info\nkernel1 Kernel master up 09:57:45\n".to_owned();
        for name in self.names(number, family) {
            let info = info(&name);
            let state = if info.starts_with("Established") { "up" } else { "start" };
            text.push_str(&format!("{name} BGP master {state} 09:57:45 {info}\n"));
        }
        bird::parse(&text, &format!("BIRD 1.6.8\nRouter ID is 10.9.9.{number}\nDaemon is up and running\n")).expect("BIRD's own text")
    }

    fn snapshot(&self) -> Snapshot {
        let cidrs: Vec<String> = (1..=self.nodes).map(|number| format!("{}/24", address(Family::V4, number))).collect();
        let mut world = nodes(&cidrs.iter().map(String::as_str).collect::<Vec<_>>());
        for number in 1..=self.nodes {
            let name = format!("node-{number}");
            world = world.label(&name, "rack", &format!("r{}", number % 2));
            if self.six {
                let cidr = format!("{}/64", address(Family::V6, number));
                world = world.stored6(&name, &cidr);
                if let Some(card) = world
                    .hosts
                    .iter_mut()
                    .find(|host| host.name == name)
                    .and_then(|host| host.interfaces.iter_mut().find(|card| card.0 == "eth0"))
                {
                    card.2.push(cidr);
                }
            }
            if !self.four {
                world = world.stored(&name, "");
            }
            if self.is_reflector(number) {
                world = world.label(&name, "rr", "").annotation(&name, "projectcalico.org/RouteReflectorClusterID", "244.0.0.1");
            }
        }
        if !self.four {
            world = world.env("IP", "none").env("IP6", "autodetect");
        }
        if self.shape == Shape::Vxlan {
            world = world.without_bgp("vxlan");
        }
        let mut snapshot = world.snapshot();
        let (configurations, peers) = self.resources();
        if self.known {
            snapshot.resources.bgp_configurations = Observed::Seen(configurations);
            snapshot.resources.bgp_peers = Observed::Seen(peers);
        }
        for number in 1..=self.nodes {
            let inside = inside(&mut snapshot, number);
            for family in Family::ALL {
                let has = self.families().contains(&family) && self.shape != Shape::Vxlan;
                let bird = Observed::Seen(self.bird(number, family, &|_| "Established".into()));
                *daemon(inside, family) = if has { bird } else { Observed::Absent };
            }
        }
        snapshot
    }
}

fn inside(snapshot: &mut Snapshot, number: usize) -> &mut NodeInspection {
    match snapshot.inside.get_mut(&format!("node-{number}")) {
        Some(Observed::Seen(inside)) => inside,
        other => panic!("{other:?}"),
    }
}

fn daemon(inside: &mut NodeInspection, family: Family) -> &mut Observed<Bird> {
    match family {
        Family::V4 => &mut inside.bird4,
        Family::V6 => &mut inside.bird6,
    }
}

fn running(inside: &mut NodeInspection, family: Family) -> &mut Bird {
    match daemon(inside, family) {
        Observed::Seen(bird) => bird,
        other => panic!("{other:?}"),
    }
}

fn judged(snapshot: &Snapshot) -> Report {
    let report = diagnose(snapshot, &Scope::default());
    sound(&report, snapshot);
    report
}

fn about_bgp(report: &Report) -> Vec<&Finding> {
    let is_bgp = |finding: &&Finding| ["bgp", "bird", "router-id"].iter().any(|stem| finding.code.name().starts_with(stem));
    report.findings.iter().filter(is_bgp).collect()
}

/// One fault, put into a healthy picture.
#[derive(Clone, Copy, Debug)]
enum Fault {
    PeerMissing,
    AllPeersMissing,
    Notification(&'static str),
    Silence,
    Foreign,
    DaemonRefuses,
    DaemonNotAsked,
    SameRouterId,
}

fn faults() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::PeerMissing,
        Fault::AllPeersMissing,
        Fault::Notification("Received: Cease"),
        Fault::Notification("Received: Bad BGP identifier"),
        Fault::Notification("BGP Error: Unacceptable hold time"),
        Fault::Notification("Received: Connection rejected"),
        Fault::Notification("BGP Error: Bad peer AS"),
        Fault::Silence,
        Fault::Foreign,
        Fault::DaemonRefuses,
        Fault::DaemonNotAsked,
        Fault::SameRouterId,
    ])
}

/// The number of the node behind a row's address, or `None` for a peer outside.
fn peer_number(plan: &Plan, row: &str) -> Option<usize> {
    let number: usize = row.rsplit('_').next()?.parse().ok()?;
    (number <= plan.nodes).then_some(number)
}

/// Sets what both ends say of the session with this row.
fn say(plan: &Plan, snapshot: &mut Snapshot, number: usize, family: Family, row: &str, info: &str) -> BTreeSet<String> {
    let mut concerned = BTreeSet::from([format!("node-{number}")]);
    let ends = std::iter::once((number, row.to_owned())).chain(peer_number(plan, row).map(|peer| {
        let own = address(family, number).replace(['.', ':'], "_");
        (peer, format!("{}_{own}", row.split('_').next().unwrap_or_default()))
    }));
    for (end, name) in ends.collect::<Vec<_>>() {
        concerned.insert(format!("node-{end}"));
        for protocol in running(inside(snapshot, end), family).protocols.iter_mut().filter(|protocol| protocol.name == name) {
            protocol.state = "start".into();
            protocol.info = info.into();
        }
    }
    concerned
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(128), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn healthy_topologies_have_no_bgp_finding(plan in plans()) {
        let report = judged(&plan.snapshot());
        prop_assert!(about_bgp(&report).is_empty(), "{:#?}", about_bgp(&report));
        let gaps: Vec<&str> = report.unseen.iter().filter(|gap| gap.blocks_healthy).map(|gap| gap.what.as_str()).collect();
        prop_assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn each_fault_is_found_on_its_node(plan in plans(), fault in faults(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let plan = Plan { known: true, shape: if plan.shape == Shape::Vxlan { Shape::Mesh } else { plan.shape }, ..plan };
        let mut snapshot = plan.snapshot();
        let number = which.index(plan.nodes) + 1;
        let name = format!("node-{number}");
        let family = *plan.families().last().expect("one at least");
        let rows = plan.names(number, family);
        let row = rows[at.index(rows.len())].clone();
        let (code, concerned) = match fault {
            Fault::PeerMissing => {
                running(inside(&mut snapshot, number), family).protocols.retain(|protocol| protocol.name != row);
                ("bgp-peer-missing", BTreeSet::from([name.clone()]))
            }
            Fault::AllPeersMissing => {
                for family in plan.families() {
                    running(inside(&mut snapshot, number), family).protocols.retain(|protocol| protocol.proto != "BGP");
                }
                ("bgp-peer-missing", BTreeSet::from([name.clone()]))
            }
            Fault::Notification(words) => ("bgp-session-down", say(&plan, &mut snapshot, number, family, &row, &format!("Idle {words}"))),
            Fault::Silence => ("bgp-session-down", say(&plan, &mut snapshot, number, family, &row, "Connect")),
            Fault::Foreign => {
                let bird = running(inside(&mut snapshot, number), family);
                let mut protocol = bird.protocols.last().expect("a row").clone();
                (protocol.name, protocol.state, protocol.info) = ("uplink".into(), "start".into(), "Active".into());
                bird.protocols.push(protocol);
                ("bgp-foreign-session-down", BTreeSet::from([name.clone()]))
            }
            Fault::DaemonRefuses => {
                *daemon(inside(&mut snapshot, number), family) = Observed::Absent;
                ("bird-not-running", BTreeSet::from([name.clone()]))
            }
            Fault::DaemonNotAsked => {
                *daemon(inside(&mut snapshot, number), family) = Observed::Failed("error: timeout".into());
                ("", BTreeSet::new())
            }
            Fault::SameRouterId => {
                let Some(peer) = peer_number(&plan, &row) else { return Ok(()) };
                for (end, id) in [(number, "10.9.9.9"), (peer, "10.9.9.9")] {
                    running(inside(&mut snapshot, end), family).router_id = Some(id.into());
                }
                ("router-id-conflict", say(&plan, &mut snapshot, number, family, &row, "Idle Received: Bad BGP identifier"))
            }
        };
        let report = judged(&snapshot);
        prop_assert_ne!(report.verdict, Verdict::Healthy);
        let found = about_bgp(&report);
        if code.is_empty() {
            prop_assert!(found.is_empty(), "{found:#?}");
            return Ok(());
        }
        let all: Vec<_> = report.findings.iter().map(|one| format!("{} {:?}", one.code, one.nodes)).collect();
        prop_assert_eq!(found.len(), 1, "{:?} {}: {:#?}", fault, row, all);
        prop_assert_eq!(found[0].code.name(), code);
        let named: BTreeSet<String> = found[0].nodes.iter().cloned().collect();
        prop_assert!(!named.is_empty() && named.is_subset(&concerned), "{named:?} {concerned:?}");
        if let Fault::Notification(_) = fault {
            let message = &found[0].message;
            prop_assert!(!message.contains("179") && !message.contains("firewall") && !message.contains("no answer"), "{message}");
        }
        let fix = found[0].fix.as_ref().map(|fix| fix.command.as_str());
        prop_assert!(fix.is_none_or(|command| ["kubectl delete pod ", "kubectl logs "].iter().any(|start| command.starts_with(start))), "{fix:?}");
    }
}
