//! Pasted texts: each format that people send, pages with several of them, and texts that mean harm.

use std::fs;
use std::io;
use std::path::PathBuf;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;
use calico_fix::import::{Inputs, load, read};
use calico_fix::snapshot::Snapshot;

pub(super) fn read_named(files: &[(&str, &str)], node: Option<&str>) -> Result<Snapshot, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("writes");
            path
        })
        .collect();
    read(&Inputs { files: &paths, node }, &mut io::empty()).map_err(|error| format!("{error}\n{}", error.hint()))
}

pub(super) fn judge(snapshot: &Snapshot) -> Report {
    diagnose(snapshot, &Scope::default())
}

pub(super) fn codes(report: &Report) -> Vec<String> {
    report.findings.iter().map(|finding| serde_json::to_value(finding.code).expect("a code").as_str().expect("text").to_owned()).collect()
}

const IP_A: &str = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n\
    14: br-3a10a9384428: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    inet 172.18.0.1/16 brd 172.18.255.255 scope global br-3a10a9384428\n";
const NODE_STATUS: &str = "Calico process is running.\n\nIPv4 BGP status\n\
    +--------------+-------------------+-------+----------+--------------------------------+\n\
    | PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |              INFO              |\n\
    +--------------+-------------------+-------+----------+--------------------------------+\n\
    | 172.18.0.1   | node-to-node mesh | start | 01:56:41 | Connect Socket: Network        |\n\
    |              |                   |       |          | unreachable                    |\n\
    +--------------+-------------------+-------+----------+--------------------------------+\n\nIPv6 BGP status\nNo IPv6 peers found.\n";
const LOG: &str = "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info\n\
    2026-05-12 05:18:33.100 [INFO][9] startup/startup.go 390: Starting node node-7 with version v3.24.5\n\
    2026-05-12 05:18:33.200 [INFO][9] startup/startup.go 201: Using autodetected IPv4 address on interface eth0: 10.0.0.7/24\n";

/// One sample of each format: what it is taken for, of which node, and what was read.
#[test]
fn each_format_is_named() {
    let pods =
        "NAME                READY   STATUS             RESTARTS   AGE\ncalico-node-p2x4d   0/1     CrashLoopBackOff   21         70m\n";
    let nodes = "NAME   STATUS     ROLES    AGE   VERSION\nw1     NotReady   <none>   4d    v1.28.8\n";
    let events = "LAST SEEN   TYPE      REASON      OBJECT                  MESSAGE\n5m          Warning   Unhealthy   pod/calico-node-p2x4d   Readiness probe failed: x\n";
    let sets = "NAME          DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\ncalico-node   3         3         2       3            2           <none>          4d\n";
    let birdcl = "BIRD v0.3.3+birdv1.6.8 ready.\nname     proto    table    state  since       info\nMesh_10_0_0_7 BGP      master   up     09:58:01    Established\n";
    let ifconfig = "eth0: flags=4163<UP,BROADCAST>  mtu 1500\n        inet 10.0.2.15  netmask 255.255.255.0\n";
    let calico_nodes = "NAME       ASN       IPV4            IPV6\nworker-3   (64512)   10.200.0.4/32\n";
    for (name, text, format, node) in [
        ("a.txt", include_str!("../../fixtures/import/texts/describe-pod.txt"), "kubectl describe pod", Some("node-3")),
        ("a.txt", include_str!("../../fixtures/import/texts/describe-node.txt"), "kubectl describe node", Some("node-3")),
        ("a.txt", include_str!("../../fixtures/import/texts/describe-daemonset.txt"), "kubectl describe daemonset", None),
        ("a.txt", pods, "kubectl get pods", None),
        ("a.txt", nodes, "kubectl get nodes", None),
        ("a.txt", include_str!("../../fixtures/import/texts/node-status.old.txt"), "calicoctl node status", Some("(node at a.txt:1)")),
        ("a.txt", include_str!("../../fixtures/import/texts/node-status.new.txt"), "calicoctl node status", Some("(node at a.txt:1)")),
        ("a.txt", calico_nodes, "calicoctl get nodes -o wide", None),
        ("node-2.birdcl.txt", birdcl, "birdcl show protocols", Some("node-2")),
        ("a.txt", IP_A, "ip addr", Some("(node at a.txt:1)")),
        ("a.txt", ifconfig, "ifconfig", Some("(node at a.txt:1)")),
        (
            "a.txt",
            "default via 10.0.0.1 dev eth0 proto dhcp metric 100\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5\n",
            "ip route",
            Some("(node at a.txt:1)"),
        ),
        ("a.txt", "8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.5 uid 0\n    cache\n", "ip route get", Some("(node at a.txt:1)")),
        ("a.txt", LOG, "kubectl logs", Some("node-7")),
    ] {
        let snapshot = read_named(&[(name, text)], None).unwrap_or_else(|error| panic!("{format}: {error}"));
        let source = snapshot.sources.first().expect("a source");
        assert_eq!((source.format.as_str(), source.node.as_deref(), source.line), (format, node, Some(1)), "{source}");
        assert!(!source.read.is_empty(), "{source}");
        let report = judge(&snapshot);
        assert_ne!(report.verdict, Verdict::Healthy, "{format}: a paste cannot show health");
        assert_eq!(report.sources, snapshot.sources);
    }
    // what tells of no node needs something beside it
    for (text, format) in [(events, "kubectl get events"), (sets, "kubectl get daemonsets")] {
        let snapshot = read_named(&[("a.txt", text), ("pods.txt", pods)], None).expect("reads");
        assert_eq!(snapshot.sources[0].format, format);
    }
}

#[test]
fn a_text_of_an_unknown_node_takes_the_name_that_is_given() {
    let node_of = |snapshot: &Snapshot| snapshot.sources[0].node.clone();
    assert_eq!(node_of(&read_named(&[("ip.txt", IP_A)], Some("w1")).expect("reads")).as_deref(), Some("w1"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ip.txt");
    fs::write(&path, IP_A).expect("writes");
    let given = PathBuf::from(format!("{}=w2", path.display()));
    assert_eq!(node_of(&load(&[given], &mut io::empty()).expect("reads")).as_deref(), Some("w2"));
    // beside known nodes it is not guessed, and said so
    let nodes = "NAME   STATUS   ROLES    AGE   VERSION\nw1     Ready    <none>   4d    v1.28.8\nw2     Ready    <none>   4d    v1.28.8\n";
    let snapshot = read_named(&[("ip.txt", IP_A), ("nodes.txt", nodes)], None).expect("reads");
    let ignored = snapshot.sources[0].ignored.as_deref().expect("a reason");
    assert!(ignored.contains("which of the 2 nodes") && ignored.contains("=NODE"), "{ignored}");
    let snapshot = read_named(&[("w2.txt", IP_A), ("nodes.txt", nodes)], None).expect("reads");
    assert_eq!(node_of(&snapshot).as_deref(), Some("w2"));
}

/// Incident pages of both kinds: an address on a bridge, and a start that was cut off.
#[test]
fn a_page_with_two_faults_names_both() {
    let mut log = "# kubectl logs -f calico-node-jz7cz -n kube-system -c calico-node\n\
        time=\"2018-10-31T07:47:16Z\" level=info msg=\"Early log level set to debug\"\nSkipping datastore connection test\n\
        time=\"2018-10-31T07:47:17Z\" level=info msg=\"Building new node resource\" Name=iad12-33\n\
        Using autodetected IPv4 address 10.12.13.33/24 on matching interface eth0\n\
        time=\"2018-10-31T07:47:17Z\" level=info msg=\"Node IPv4 changed, will check for conflicts\"\n"
        .to_owned();
    for second in 20..59 {
        log.push_str(&format!(
            "time=\"2018-10-31T07:47:{second}Z\" level=debug msg=\"Get Key: /calico/bgp/v1/host/node-{second}/ip_addr_v4\"\n"
        ));
    }
    let page = format!(
        "## One\nThe table says:\n\n```bash\n{NODE_STATUS}```\n\nand on the host, `ip a`:\n\n```\n{IP_A}```\n\n## Two\nIt restarts again and again.\n\n```bash\n{log}```\n\
        It was the probe.\n"
    );
    let snapshot = read_named(&[("page.md", &page)], None).expect("reads");
    let report = judge(&snapshot);
    assert_eq!(codes(&report), ["address-on-virtual-interface", "start-near-budget"], "{report:#?}");
    let bridge = &report.findings[0];
    assert!(bridge.message.contains("172.18.0.1") && bridge.message.contains("br-3a10a9384428"));
    assert!(bridge.evidence.iter().any(|evidence| evidence.text.contains("page.md:25]")), "{:?}", bridge.evidence);
    assert_eq!(report.findings[1].nodes, ["iad12-33"]);
    assert_eq!(report.verdict, Verdict::Sick);
    assert!(snapshot.sources.iter().any(|source| source.format == "text around the blocks"), "prose is counted");
}

#[test]
fn the_host_in_the_prompt_is_the_node() {
    let text = format!(
        "root@node-3:~# calicoctl node status\n{NODE_STATUS}\nroot@node-4:~# ip a\n{IP_A}\nadmin@laptop:~$ kubectl logs calico-node-abcde\n{LOG}"
    );
    let snapshot = read_named(&[("scrollback.txt", &text)], None).expect("reads");
    let nodes: Vec<_> = snapshot.sources.iter().filter_map(|source| source.node.as_deref()).collect();
    // kubectl runs on a laptop: the log names its node itself
    assert_eq!(nodes, ["node-3", "node-4", "node-7"]);
    assert_eq!(codes(&judge(&snapshot)), ["address-on-virtual-interface"]);
}

#[test]
fn text_without_any_format_is_refused_in_one_sentence() {
    for text in ["Calico is broken since Monday.\nPlease help\n", "PNG\0\0\0\0", "<html><body>no</body></html>", "a,b,c\n1,2,3\n"] {
        let error = read_named(&[("a.txt", text)], None).map(|_| ()).expect_err(text);
        assert!(
            error.contains("unrecognized file format")
                && error.contains("the output of kubectl, calicoctl, birdcl, ip and ifconfig")
                && error.contains("status --save"),
            "{error}"
        );
    }
}

#[test]
fn every_file_of_a_folder_is_accounted_for() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("ip.txt", IP_A.as_bytes()), ("picture.png", b"\x89PNG\0\0\0\0\0"), ("readme.txt", b"hello\n")] {
        fs::write(folder.path().join(name), bytes).expect("writes");
    }
    let snapshot = load(&[folder.path().to_owned()], &mut io::empty()).expect("reads");
    for (name, why) in [("picture.png", "it is not text"), ("readme.txt", "no format that is known")] {
        let source = snapshot.sources.iter().find(|source| source.file.ends_with(name)).expect("listed");
        assert_eq!(source.ignored.as_deref(), Some(why), "{name}");
    }
}

/// Bounds hold, and nothing panics.
#[test]
fn texts_that_mean_harm() {
    let deep: String = (0..2_000).map(|depth| format!("{:depth$}a:\n", "")).collect();
    let texts = [
        format!("Name: x\nNamespace: y\nNode: z/1\nContainers:\n{deep}"),
        format!("NAME READY STATUS RESTARTS\n{}", "calico-node-aaaaa 0/1 Error 99999999999999999999\n".repeat(3_000)),
        format!("{IP_A}{}", "x".repeat(2 << 20)),
        "```\n".repeat(100_000),
        format!("$ ip a\n{}", "$ ip a\n1: lo: <UP> mtu 1\n".repeat(3_000)),
        format!("IPv4 BGP status\n{}", "| 10.0.0.1 | node-to-node mesh | start | x |".repeat(5_000)),
        "IPv4 BGP status\n| | | | | |\n|||||\n||||||||||||\n+--".to_owned(),
        format!("calico-node-aaaaa calico-node {}\n", "\u{1b}[31m".repeat(50_000)),
        format!("{{\"log\": \"{}\"}}\n", "x".repeat(200_000)),
        "Name:\nNamespace:\nNode:\nEvents:\n  Type Reason Age From Message\n  Warning  a  99999999999999999d  x  y\n".to_owned(),
        "message,pod\n\"never closed,go \n".repeat(2_000),
        "1: \n2: x\n3: eth0: <\n    inet 1.2.3.4/99\n".to_owned(),
    ];
    for text in &texts {
        if let Ok(snapshot) = load(&["-".into()], &mut text.as_bytes()) {
            assert_ne!(judge(&snapshot).verdict, Verdict::Healthy, "{:.80}", text);
        }
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().take(5_000).flat_map(u16::to_le_bytes)).collect();
        let _ = load(&["-".into()], &mut wide.as_slice());
    }
}

#[test]
fn what_was_saved_is_read_back_whatever_its_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = read_named(&[("ip.txt", IP_A)], Some("w1")).expect("reads");
    for (name, begins) in [
        ("a.yaml", &b"# What"[..]),
        ("a.yml.gz", &[0x1f, 0x8b]),
        ("a.json", b"{\"apiVersion\""),
        ("a.JSON.gz", &[0x1f, 0x8b]),
        ("a", b"{\"apiVersion\""),
    ] {
        let path = folder.path().join(name);
        calico_fix::snapshot::save::save_to(&snapshot, &path).expect("saves");
        assert!(fs::read(&path).expect("reads").starts_with(begins), "{name}");
        assert_eq!(load(&[path], &mut io::empty()).expect("reads"), snapshot, "{name}");
    }
}
