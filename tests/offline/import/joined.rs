//! Blocks of one page that tell of one node in different words, and blocks whose node only a sentence, a peer or a detection tells.

use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;

use super::texts::{codes, judge, read_named};

fn read_page(text: &str) -> Report {
    judge(&read_named(&[("page.md", text)], None).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

fn node_names(report: &Report) -> Vec<&str> {
    report.nodes.iter().map(|node| node.name.as_str()).collect()
}

const NODES: &str = "$ calicoctl get nodes -o wide\nNAME       ASN       IPV4             IPV6\n\
    master-1   (64512)   10.20.0.11/24\nworker-2   (64512)   10.20.0.12/24\nworker-3   64600     10.20.0.13/24\n";

fn status(kind: &str, rows: &[(&str, &str, &str)]) -> String {
    let rows: String = rows.iter().map(|(peer, state, info)| format!("| {peer} | {kind} | {state} | 08:12:00 | {info} |\n")).collect();
    format!("Calico process is running.\n\nIPv4 BGP status\n| PEER ADDRESS | PEER TYPE | STATE | SINCE | INFO |\n{rows}\n")
}

#[test]
fn sessions_of_the_whole_mesh_are_of_the_node_that_they_do_not_lead_to() {
    let rows = [("10.20.0.11", "up", "Established"), ("10.20.0.13", "start", "Active Socket: Host is unreachable")];
    let event = "  Warning  Unhealthy  2m (x160 over 69m)   kubelet  Readiness probe failed: calico/node is not ready: BIRD is not ready: \
        BGP not established with 10.20.0.13\n";
    let page = format!("{event}\n```\n{NODES}```\n```\n{}```\n", status("node-to-node mesh", &rows));
    let report = read_page(&page);
    assert_eq!(codes(&report), ["bgp-session-down"], "{report:#?}");
    assert!(report.findings[0].message.starts_with("BGP between worker-2 and worker-3 is down"), "{report:#?}");
    assert_eq!(node_names(&report), ["master-1", "worker-2", "worker-3"], "the event is of the same node");
    // all of them up
    let rows = rows.map(|(peer, ..)| (peer, "up", "Established"));
    assert_eq!(codes(&read_page(&format!("```\n{NODES}```\n```\n{}```\n", status("node-to-node mesh", &rows)))), [""; 0]);
}

#[test]
fn what_some_node_of_the_list_says_is_not_lost() {
    let rows = [("10.20.0.13", "start", "Idle BGP Error: Bad peer AS")];
    let page = |rows: &[(&str, &str, &str)]| format!("```\n{NODES}```\n```\n{}```\n", status("node specific", rows));
    let report = read_page(&page(&rows));
    assert_eq!(codes(&report), ["bgp-session-down"], "{report:#?}");
    assert!(report.findings[0].message.contains("has AS 64600"), "{}", report.findings[0].message);
    let sound = read_page(&page(&[("10.20.0.13", "up", "Established")]));
    assert_eq!(codes(&sound), [""; 0]);
    assert_eq!(node_names(&sound), ["master-1", "worker-2", "worker-3"], "no fourth node");
    let nodes = "NAME   STATUS   ROLES    AGE   VERSION\nm1     Ready    master   1d    v1.25.0\nw2     Ready    <none>   1d    v1.25.0\n";
    let detects = |interface: &str| {
        format!(
            "```\n{nodes}```\n```\n2026-08-12 19:18:18.804 [INFO][8] startup/autodetection_methods.go 103: Using autodetected IPv4 address on \
             interface {interface}\nCalico node started successfully\n```\n"
        )
    };
    assert_eq!(codes(&read_page(&detects("br-d710e33f6c1a: 172.18.0.1/16"))), ["address-on-virtual-interface"]);
    assert_eq!(codes(&read_page(&detects("eth0: 10.20.0.12/24"))), [""; 0]);
    let twice = detects("eth0: 10.20.0.12/24") + &detects("eth0: 10.20.0.12/24").replace(nodes, "");
    assert_eq!(codes(&read_page(&twice)), [""; 0], "two logs of one node are no conflict");
    let log = |line: &str| {
        format!(
            "```\n{NODES}```\n```\n$ kubectl logs calico-node-abcde -n kube-system\n2026-08-12 19:18:18.704 [INFO][8] startup/startup.go 425: \
             Early log level set to info\n2026-08-12 19:18:18.804 [INFO][8] startup/autodetection_methods.go 103: Using autodetected IPv4 \
             address on interface eth0: 10.20.0.12/24\n{line}\n```\n"
        )
    };
    let report = read_page(&log("2026-08-12 19:18:19.009 [ERROR][8] startup/startup.go 158: Invalid IP autodetection method: eth1"));
    assert_eq!(codes(&report), ["method-invalid"], "{report:#?}");
    assert_eq!(report.findings[0].nodes, ["worker-2"], "the only one that has the address");
    assert_eq!(codes(&read_page(&log("Calico node started successfully"))), [""; 0]);
}

#[test]
fn a_sentence_above_a_block_names_its_node() {
    let rows = [("10.20.0.11", "up", "Established"), ("10.20.0.13", "start", "Connect")];
    let block = status("node-to-node mesh", &rows);
    let named = |sentence: &str| read_page(&format!("{sentence}\n\n```\n{block}```\n"));
    assert_eq!(node_names(&named("And this is from worker-2:")), ["worker-2"]);
    assert_eq!(node_names(&named("We run it on ubuntu-22.04:")), ["(node at page.md:4)"]);
}

#[test]
fn hosts_are_one_by_their_short_name_but_addresses_have_none() {
    let journal = |host: &str| {
        format!(
            "[root@w2 ~]# systemctl status kubelet\n   Active: active (running) since Tue 2026-03-12 09:11:02 CET; 3h 2min ago\n\n\
             Mar 12 12:12:51 {host} kubelet[1034]: I0312 12:12:51.104219    1034 prober.go:107] \"Probe failed\" probeType=\"Readiness\" \
             pod=\"kube-system/calico-node-7fkqz\" podUID=\"1c0f\" containerName=\"calico-node\" probeResult=\"failure\" \
             output=\"calico/node is not ready: BIRD is not ready: BGP not established with 10.20.0.11\\n\"\n"
        )
    };
    let sessions = |host: &str| {
        format!("[root@{host} ~]# calicoctl node status\n{}", status("node-to-node mesh", &[("10.20.0.11", "start", "Connect")]))
    };
    let report = read_page(&(journal("w2.example.com") + &sessions("w2")));
    assert_eq!(node_names(&report), ["w2.example.com"]);
    assert_eq!(codes(&report), ["bgp-session-down"]);
    let nodes = "$ kubectl get nodes\nNAME           STATUS   ROLES    AGE   VERSION\n192.168.1.41   Ready    <none>   4d    v1.24.1\n\
        192.168.1.42   Ready    <none>   4d    v1.24.1\n";
    let report = read_page(&format!(
        "{nodes}$ ssh root@192.168.1.99 calicoctl node status\n{}",
        status("node-to-node mesh", &[("10.20.0.11", "start", "Connect")])
    ));
    assert!(report.findings.iter().all(|finding| !finding.nodes.iter().any(|node| node == "192.168.1.41")), "{report:#?}");
}

#[test]
fn a_pod_without_its_node_is_where_its_log_says() {
    let pods = "NAMESPACE     NAME                READY   STATUS    RESTARTS      AGE\n\
        kube-system   calico-node-tgjwx   0/1     Running   5 (31s ago)   6m51s\n";
    let log = |node: &str| {
        format!(
            "2026-06-17 12:35:41.034 [INFO][9] startup/utils.go 139: Determined node name: {node}\n\
             2026-06-17 12:36:11.037 [INFO][9] startup/startup.go 460: Hit error connecting to datastore - retry error=Get \
             \"https://10.96.0.1:443/api/v1/nodes/foo\": dial tcp 10.96.0.1:443: i/o timeout\n"
        )
    };
    let report = read_page(&format!("```\n{pods}```\n```\n{}```\n", log("sdn233")));
    assert_eq!(codes(&report), ["datastore-unreachable"]);
    assert_eq!(node_names(&report), ["sdn233"]);
    // of two pods it may be either's
    let two = pods.to_owned() + "kube-system   calico-node-x7k2p   0/1     Running   5 (31s ago)   6m51s\n";
    assert_eq!(read_page(&format!("```\n{two}```\n```\n{}```\n", log("sdn233"))).nodes.len(), 3);
}

#[test]
fn one_interface_is_not_all_that_a_node_has() {
    let show = |host: &str, addresses: &str| {
        format!(
            "root@{host}:~# ip addr show wireguard.cali\n15: wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440 qdisc noqueue state \
             UNKNOWN group default qlen 1000\n    link/none\n{addresses}"
        )
    };
    let has = "    inet 10.42.7.65/32 scope global wireguard.cali\n";
    let report = read_page(&(show("w3", "") + &show("w1", has)));
    assert_eq!(codes(&report), ["wireguard-address-missing"], "{report:#?}");
    assert_eq!(report.findings[0].nodes, ["w3"]);
    let other = "    inet 10.42.9.1/32 scope global wireguard.cali\n";
    assert_eq!(codes(&read_page(&(show("w3", other) + &show("w1", has)))), [""; 0]);
    // another plugin's IPAM gives none to anybody
    assert_eq!(codes(&read_page(&(show("w3", "") + &show("w1", "")))), [""; 0]);
    // `ip link` shows nobody's addresses
    let link = show("w3", "").replace("ip addr show", "ip link show").replace("group default", "mode DEFAULT group default");
    assert_eq!(codes(&read_page(&(link + &show("w1", has)))), [""; 0]);
    // nor is an address missing that the interface asked for does not have
    let page = format!(
        "{NODES}root@worker-2:~# ip addr show docker0\n4: docker0: <BROADCAST,UP> mtu 1500\n    inet 172.17.0.1/16 scope global docker0\n"
    );
    let report = read_page(&page);
    assert_eq!(codes(&report), [""; 0], "{report:#?}");
    assert_eq!(report.verdict, Verdict::Unknown);
}

#[test]
fn a_probe_without_a_host_of_a_described_pod() {
    let pod = |host: &str| {
        format!(
            "Name:           calico-node-j4t6l\nNamespace:      kube-system\nNode:           n1/192.168.61.51\nStatus:         Running\n\
             Containers:\n  calico-node:\n    Image:          quay.io/calico/node:v3.27.4\n    State:          Running\n    Ready:          \
             False\n    Restart Count:  26\n    Liveness:       http-get http://{host}:9099/liveness delay=10s timeout=1s period=10s #success=1 \
             #failure=6\n    Environment:\n      DATASTORE_TYPE:  kubernetes\nConditions:\n  Type    Status\n  Ready   False\nEvents:\n  Type     \
             Reason     Age                 From     Message\n  ----     ------     ----                ----     -------\n  Warning  Unhealthy  3m \
             (x134 over 69m)  kubelet  Liveness probe failed: Get http://192.168.61.51:9099/liveness: dial tcp 192.168.61.51:9099: connect: \
             connection refused\n"
        )
    };
    assert_eq!(codes(&read_page(&pod(""))), ["probe-misfit"]);
    assert_ne!(codes(&read_page(&pod("localhost"))), ["probe-misfit"]);
    let elsewhere = pod("").replace("DATASTORE_TYPE:  kubernetes", "DATASTORE_TYPE:  kubernetes\n      FELIX_HEALTHHOST:  0.0.0.0");
    assert_ne!(codes(&read_page(&elsewhere)), ["probe-misfit"], "Felix listens on every address");
}

#[test]
fn other_programs_of_a_table() {
    let page = |typha: &str| {
        format!(
            "NAME                            READY   STATUS             RESTARTS       AGE   IP           NODE\n\
             calico-node-8x7bq               1/1     Running            0              3h    10.20.0.11   m1\n\
             calico-typha-6b9d7c5d6f-2kx7p   {typha}   41 (2m ago)    3h    10.20.0.12   w2\n"
        )
    };
    let report = read_page(&page("0/1     CrashLoopBackOff"));
    assert_eq!(codes(&report), ["program-not-running"]);
    assert!(report.findings[0].message.starts_with("Typha does not run: calico-typha-6b9d7c5d6f-2kx7p is CrashLoopBackOff"));
    assert_eq!(codes(&read_page(&page("1/1     Running         "))), [""; 0]);
    assert_eq!(codes(&read_page(&page("0/1     Evicted         "))), [""; 0], "what is left of one that was replaced");
}

#[test]
fn a_frame_around_a_log_is_none_of_its_words() {
    let page = "\u{2502} calico-node 2026-06-29 03:40:52.380 [FATAL][85] felix/daemon.go 532: Failed to connect to Typha error=connection failed   \
        \u{2502}\n";
    assert_eq!(codes(&read_page(page)), ["typha-unreachable"]);
}

#[test]
fn the_kubelet_of_a_snap_is_on_the_host() {
    let page = "Aug 13 07:25:01 ubuntu2 microk8s.daemon-kubelite[885]: I0813 07:25:01.104219     885 prober.go:107] \"Probe failed\" \
        probeType=\"Readiness\" pod=\"kube-system/calico-node-7fkqz\" containerName=\"calico-node\" probeResult=\"failure\" output=\"calico/node is \
        not ready: felix is not ready: readiness probe reporting 503\"\n";
    assert_eq!(node_names(&read_page(page)), ["ubuntu2"]);
}

#[test]
fn rows_of_birdcl_alone() {
    let page = |state: &str, info: &str| {
        format!(
            "Node_10_128_122_175 BGP      master   up     2026-12-13  Established\n\
             Node_10_128_122_176 BGP      master   {state}   2026-12-20  {info}\n"
        )
    };
    let report = read_page(&page("down", "Error: Kernel MD5 auth failed"));
    assert_eq!(codes(&report), ["bgp-session-down"]);
    assert!(report.findings[0].message.contains("Kernel MD5 auth failed"), "{}", report.findings[0].message);
    assert_eq!(codes(&read_page(&page("up", "Established"))), [""; 0]);
}

#[test]
fn lines_of_svlogd() {
    let page = |says: &str| {
        format!(
            "# cat /var/log/calico/bird/current\n2026-06-15_07:05:27.75862 bird: device1: Initializing\n2026-06-15_07:05:27.75999 bird: {says}\n"
        )
    };
    let report = read_page(&page("Mesh_10_0_5_102: Socket error: bind: Cannot assign requested address"));
    assert_eq!(report.nodes.len(), 1);
    assert_eq!(report.sources.iter().filter(|source| source.format == "kubectl logs").count(), 1);
}

#[test]
fn the_node_of_a_host_that_was_renamed() {
    let page = |state: &str| {
        format!(
            "```\n2026-10-31 14:17:51.442 [INFO][10] startup/startup.go 103: Starting node edge-local with version v3.19.1\n2026-10-31 \
             14:17:51.527 [WARNING][10] startup/startup.go 983: Calico node 'edge-iot' is already using the IPv4 address 10.1.7.20.\n2026-10-31 \
             14:17:51.536 [WARNING][10] startup/utils.go 48: Terminating\n```\n```\nNAME         STATUS     ROLES    AGE    VERSION\n\
             edge-iot     {state}   <none>   412d   v1.24.17\nedge-local   Ready      <none>   4d     v1.24.17\n```\n"
        )
    };
    let report = read_page(&page("NotReady"));
    assert_eq!(codes(&report), ["startup-exited"]);
    assert_eq!(report.findings[0].fix.as_ref().map(|fix| fix.command.as_str()), Some("kubectl describe node edge-iot"));
    let report = read_page(&page("Ready   "));
    assert!(!report.findings[0].message.contains("renamed"), "{}", report.findings[0].message);
}

#[test]
fn what_a_probe_said_before_the_kubelet_waited() {
    let page = "Events:\n  Type     Reason     Age                     From     Message\n  ----     ------     ----                    ----     -------\n  \
        Warning  Unhealthy  33m (x110 over 5h13m)   kubelet  Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1\n  \
        Warning  BackOff    3m37s (x915 over 5h8m)  kubelet  Back-off restarting failed container calico-node in pod calico-node-xxx22_kube-system(43a4)\n";
    let report = read_page(page);
    assert!(report.findings[0].evidence.iter().any(|one| one.text.contains("bird/confd is not live")), "{report:#?}");
}
