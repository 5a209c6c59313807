//! Facts rendered as the texts that people paste, and read back: what a text carries is what was put into it.

use std::io;

use calico_fix::import::load;
use calico_fix::observed::Observed;
use calico_fix::render::calicoctl::{Layout, status};
use calico_fix::snapshot::inspection::{Bird, Protocol};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Host {
    ready: bool,
    restarts: u32,
    crash: bool,
    stored: [u8; 4],
    internal: [u8; 4],
    established: bool,
}

prop_compose! {
    fn host()(ready in any::<bool>(), restarts in 0_u32..200, crash in any::<bool>(), stored in any::<[u8; 4]>(), internal in any::<[u8; 4]>(), established in any::<bool>()) -> Host {
        Host { ready, restarts, crash: crash && !ready, stored, internal, established }
    }
}

fn ip(bytes: [u8; 4]) -> String {
    std::net::Ipv4Addr::from(bytes).to_string()
}

fn pod_name(index: usize) -> String {
    format!("calico-node-{index:05}")
}

fn word(yes: bool) -> &'static str {
    if yes { "True" } else { "False" }
}

fn row(cells: &[&str], gap: &str) -> String {
    format!("{}\n", cells.join(gap))
}

fn tables(hosts: &[Host], gap: &str) -> String {
    let mut text = row(&["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP"], gap);
    for (index, host) in hosts.iter().enumerate() {
        let state = if host.ready { "Ready" } else { "NotReady" };
        text += &row(&[&format!("node-{index}"), state, "<none>", "4d", "v1.28.8", &ip(host.internal), "<none>"], gap);
    }
    text.push('\n');
    text += &row(&["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"], gap);
    for (index, host) in hosts.iter().enumerate() {
        let (ready, state) = if host.ready { ("1/1", "Running") } else { ("0/1", if host.crash { "CrashLoopBackOff" } else { "Running" }) };
        let restarts = if host.restarts > 0 { format!("{} (2m ago)", host.restarts) } else { "0".to_owned() };
        text += &row(&["kube-system", &pod_name(index), ready, state, &restarts, "4d", &ip(host.internal), &format!("node-{index}")], gap);
    }
    text
}

fn descriptions(hosts: &[Host]) -> String {
    let mut text = String::new();
    for (index, host) in hosts.iter().enumerate() {
        text += &format!(
            "Name:               node-{index}\nRoles:              <none>\nLabels:             kubernetes.io/os=linux\nAnnotations:        a.b/c: d\n                    \
            projectcalico.org/IPv4Address: {}/24\nCreationTimestamp:  Tue, 12 May 2026 05:18:33 +0000\nConditions:\n  Type   Status  LastHeartbeatTime   LastTransitionTime   Reason   Message\n  \
            ----   ------  -----------------   ------------------   ------   -------\n  Ready  {}   Tue, 12 May 2026 08:00:00 +0000   Tue, 12 May 2026 07:41:00 +0000   Kubelet   a b\nAddresses:\n  \
            InternalIP:  {}\n  Hostname:    node-{index}\nSystem Info:\n  Kubelet Version:  v1.28.8\n\n\n",
            ip(host.stored),
            word(host.ready),
            ip(host.internal)
        );
        let state = if host.crash {
            "Waiting\n      Reason:       CrashLoopBackOff"
        } else {
            "Running\n      Started:      Tue, 12 May 2026 08:00:45 +0000"
        };
        text += &format!(
            "Name:                 {}\nNamespace:            kube-system\nNode:                 node-{index}/{}\nStart Time:           Tue, 12 May 2026 07:40:00 +0000\nLabels:               k8s-app=calico-node\n\
            Status:               Running\nContainers:\n  calico-node:\n    Image:          calico/node:v3.24.5\n    State:          {state}\n    Ready:          {}\n    Restart Count:  {}\nConditions:\n  \
            Type    Status\n  Ready   {}\nEvents:            <none>\n\n\n",
            pod_name(index),
            ip(host.internal),
            word(host.ready),
            host.restarts,
            word(host.ready)
        );
    }
    text
}

fn check(hosts: &[Host], text: &str, described: bool) {
    let snapshot = load(&["-".into()], &mut text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let nodes = snapshot.nodes.seen().expect("nodes");
    let pods = snapshot.pods.seen().expect("pods");
    assert_eq!((nodes.len(), pods.len()), (hosts.len(), hosts.len()), "{text}");
    for (index, host) in hosts.iter().enumerate() {
        let node = nodes.iter().find(|node| node.metadata.name == format!("node-{index}")).expect("the node");
        assert_eq!(node.addresses("InternalIP").collect::<Vec<_>>(), [ip(host.internal)]);
        assert_eq!(node.condition("Ready").map(|ready| ready.status == "True"), Some(host.ready));
        let stored = node.metadata.annotations.get("projectcalico.org/IPv4Address");
        assert_eq!(stored.cloned(), described.then(|| format!("{}/24", ip(host.stored))));
        let pod = pods.iter().find(|pod| pod.metadata.name == pod_name(index)).expect("the pod");
        assert_eq!(pod.spec.node_name, Some(format!("node-{index}")));
        assert_eq!(pod.is_ready(), Some(host.ready));
        let status = pod.calico_node_status().expect("a status");
        assert_eq!(status.restart_count, i32::try_from(host.restarts).expect("small"));
        assert_eq!(status.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()), host.crash.then_some("CrashLoopBackOff"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::cases(40), ..ProptestConfig::default() })]

    #[test]
    fn tables_of_every_width(hosts in prop::collection::vec(host(), 1..6)) {
        for gap in ["   ", "\t", "          "] {
            check(&hosts, &tables(&hosts, gap), false);
        }
    }

    #[test]
    fn descriptions_of_nodes_and_pods(hosts in prop::collection::vec(host(), 1..6)) {
        check(&hosts, &descriptions(&hosts), true);
    }

    #[test]
    fn node_status_of_both_layouts(hosts in prop::collection::vec(host(), 1..6)) {
        let rows = hosts.iter().map(|host| Protocol {
            name: format!("Mesh_{}", ip(host.stored).replace('.', "_")),
            proto: "BGP".into(),
            table: "master".into(),
            state: if host.established { "up" } else { "start" }.into(),
            since: "10:00:00".into(),
            info: if host.established { "Established" } else { "Active Socket: Connection refused by somebody far away" }.into(),
        });
        let bird = Observed::Seen(Bird { protocols: rows.collect(), ..Bird::default() });
        for layout in [Layout::New, Layout::Old] {
            let mut text = Vec::new();
            status(&bird, &Observed::Absent, layout, &mut text).expect("writes");
            let snapshot = load(&["-".into()], &mut text.as_slice()).expect("reads");
            let inside = snapshot.inside.values().next().and_then(Observed::seen).expect("a node");
            prop_assert_eq!(&inside.bird4, &bird);
            prop_assert_eq!(&inside.bird6, &Observed::Absent);
        }
    }
}

#[test]
fn nothing_is_read_out_of_nothing() {
    assert!(load(&["-".into()], &mut io::Cursor::new(b"\n \n")).is_err());
}
