//! Pasted tables of addresses and what calicoctl says of a host, each with a twin in which nothing is wrong.

use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;

use super::texts::codes;
use super::twins::{compare, read_page};

/// By its address alone: what Docker gives to its bridge, where the others are in a network of their own.
#[test]
fn an_address_that_every_host_has_on_a_bridge() {
    let page = |node_3: &str, others: [&str; 2], state: &str| {
        format!(
            "[root@node1 ~]# calicoctl node status\nCalico process is running.\n\nIPv4 BGP status\n\
             | 192.168.0.102 | node-to-node mesh | up | 02:05:37 | Established |\n\
             | {} | node-to-node mesh | {state} |\n\n\
             [root@node1 ~]# calicoctl get node -o wide\nNAME     ASN       IPV4               IPV6\n\
             node1    (64512)   192.168.0.101/24\nnode2    (64512)   {}\nnode3    (64512)   {node_3}\nnode4    (64512)   {}\n",
            node_3.split('/').next().unwrap_or_default(),
            others[0],
            others[1],
        )
    };
    const FLAT: [&str; 2] = ["192.168.0.102/24", "192.168.0.103/24"];
    const DOWN: &str = "start | 02:05:37 | Connect";
    const UP: &str = "up | 02:05:37 | Established";
    for (address, made_by) in [("172.17.0.1/16", "Docker"), ("192.168.122.1/24", "libvirt"), ("10.88.0.1/16", "Podman")] {
        let says = format!("node3 uses {address} (the usual address of a bridge made by {made_by})");
        compare(address, (&page(address, FLAT, DOWN), "address-on-virtual-interface", &says), (&page(address, FLAT, UP), &[]));
    }
    // another host of that network, and nodes that are all in such networks
    assert_eq!(codes(&read_page(&page("172.17.0.9/16", FLAT, DOWN))), ["bgp-session-down"]);
    assert_eq!(codes(&read_page(&page("172.18.0.1/16", ["172.19.0.1/16", "172.20.0.1/16"], DOWN))), ["bgp-session-down"]);
}

/// `calicoctl` finds the process of the host that it runs on, and in a container none.
#[test]
fn what_calicoctl_does_not_find_is_not_seen() {
    let pods = "NAME                READY   STATUS    RESTARTS   AGE   IP             NODE    NOMINATED NODE   READINESS GATES\n\
                calico-node-4xk9p   1/1     Running   0          16d   192.168.1.11   node1   <none>           <none>\n";
    let status = "[root@node1 ~]# calicoctl node status\nCalico process is ";
    let why = |report: &Report, what: &str| {
        let gap = report.unseen.iter().find(|gap| gap.what == what && gap.nodes == ["node1"]);
        gap.unwrap_or_else(|| panic!("{what}: {:#?}", report.unseen)).why.clone()
    };
    for page in [format!("{status}not running.\n"), format!("{pods}{status}not running.\n")] {
        let report = read_page(&page);
        assert_eq!((codes(&report), report.verdict), (Vec::new(), Verdict::Unknown), "{page}");
        assert!(why(&report, "BIRD's sessions").starts_with("calicoctl found no calico-node process"), "{page}");
    }
    for page in [
        format!("{status}running.\n\nThe BGP backend process (BIRD) is not running.\n"),
        format!("{pods}{status}running.\n\nThe BGP backend process (BIRD) is not running.\n"),
    ] {
        let report = read_page(&page);
        assert_eq!((codes(&report), report.verdict), (Vec::new(), Verdict::Unknown), "{page}");
        assert!(why(&report, "whether BIRD should run").contains("the backend was not seen"), "{page}");
    }
}

/// Every machine of VirtualBox has 10.0.2.15; a host that was renamed has left a Node that is silent.
#[test]
fn one_internal_ip_for_several_nodes() {
    const HEAD: &str = "NAME       STATUS     ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION   CONTAINER-RUNTIME\n";
    let row = |name: &str, status: &str, ip: &str| {
        format!(
            "{name:<10} {status:<10} <none>   3d    v1.19.2   {ip:<13} <none>        Ubuntu 18.04.5 LTS   4.15.0-112       docker://19.3.13\n"
        )
    };
    let page = |rows: [(&str, &str, &str); 3]| HEAD.to_owned() + &rows.map(|(name, status, ip)| row(name, status, ip)).concat();
    compare(
        "VirtualBox",
        (
            &page([("kmaster", "Ready", "10.0.2.15"), ("kworker1", "Ready", "10.0.2.15"), ("kworker2", "Ready", "10.0.2.15")]),
            "node-ip-misreported",
            "kmaster, kworker1 and kworker2 report the same InternalIP 10.0.2.15, which VirtualBox's NAT gives to every machine",
        ),
        (&page([("kmaster", "Ready", "10.0.2.15"), ("kworker1", "Ready", "10.0.2.16"), ("kworker2", "Ready", "10.0.2.17")]), &[]),
    );
    compare(
        "a name that was changed",
        (
            &page([("old-name", "Ready", "10.0.0.7"), ("new-name", "Ready", "10.0.0.7"), ("other", "Ready", "10.0.0.8")]),
            "node-ip-misreported",
            "new-name and old-name report the same InternalIP 10.0.0.7 (set",
        ),
        (&page([("old-name", "NotReady", "10.0.0.7"), ("new-name", "Ready", "10.0.0.7"), ("other", "Ready", "10.0.0.8")]), &[]),
    );
}

/// Felix's own report of its parts is the newest word of a log.
#[test]
fn a_part_of_felix_that_is_not_ready() {
    let report = |ready: bool| {
        let (word, why) = if ready { ("reporting ready    ", "") } else { ("reporting non-ready", "Failed to configure interfaces") };
        format!(
            "2024-06-11 12:20:13.002 [INFO][60] felix/health.go 336: Overall health status changed: live=true ready={ready}\n\
             | BPFEndpointManager | -   | -              | {word} | {why:30} |\n"
        )
    };
    let pods = "NAME                READY   STATUS    RESTARTS   AGE   IP             NODE    NOMINATED NODE   READINESS GATES\n\
                calico-node-4xk9p   0/1     Running   0          16d   192.168.1.11   node1   <none>           <none>\n\
                $ kubectl logs calico-node-4xk9p\n";
    let lame = read_page(&(pods.to_owned() + &report(false)));
    assert_eq!(codes(&lame), ["pod-not-ready"]);
    let says =
        "calico-node on node1 is not Ready: Felix reports that a part of it is not: BPFEndpointManager (Failed to configure interfaces)";
    assert_eq!(lame.findings[0].message, says);
    let again = read_page(&(pods.to_owned() + &report(false) + &report(true)));
    assert!(!again.findings[0].message.contains("Felix reports"), "{}", again.findings[0].message);
    // without a pod it is no finding, and not silence either
    let gap = |report: &Report| {
        report.unseen.iter().any(|gap| gap.what == "whether calico-node is Ready" && gap.why.contains("BPFEndpointManager"))
    };
    let alone = read_page(&report(false));
    assert_eq!((codes(&alone), gap(&alone)), (Vec::new(), true), "{:#?}", alone.unseen);
    assert!(!gap(&read_page(&report(true))));
    // each node with its own part
    let policies = report(false).replace("BPFEndpointManager", "PolicyManager");
    let both = read_page(&format!(
        "root@node-1:~# kubectl logs calico-node-aaaaa\n{}\nroot@node-2:~# kubectl logs calico-node-bbbbb\n{policies}",
        report(false)
    ));
    let gaps = both.unseen.iter().filter(|gap| gap.what == "whether calico-node is Ready");
    let told: Vec<(usize, bool)> = gaps.map(|gap| (gap.nodes.len(), gap.why.contains("PolicyManager"))).collect();
    assert_eq!(told, [(1, false), (1, true)], "{:#?}", both.unseen);
}
