//! Faults that people paste, each with a twin in which the same words mean nothing.

use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;

use super::texts::{codes, judge, read_named};

pub(super) fn read_page(text: &str) -> Report {
    judge(&read_named(&[("page.md", text)], None).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// A page with the fault and what it must say, and the twin, with its findings.
pub(super) fn compare(name: &str, (sick, code, says): (&str, &str, &str), (sound, found): (&str, &[&str])) {
    let report = read_page(sick);
    assert_eq!(codes(&report), [code], "{name}: {report:#?}");
    assert!(report.findings[0].message.contains(says), "{name}: {}", report.findings[0].message);
    let report = read_page(sound);
    assert_eq!(codes(&report), found, "{name}: {report:#?}");
    assert_ne!(report.verdict, Verdict::Healthy, "{name}");
}

const BEGUN: &str = "2026-08-12 19:18:18.704 [INFO][8] startup/startup.go 425: Early log level set to info\n\
    2026-08-12 19:18:18.705 [INFO][8] startup/startup.go 94: Starting node w3 with version v3.24.5\n";

#[test]
fn a_certificate_that_has_expired() {
    let fails = |why: &str| {
        format!(
            "{BEGUN}2026-08-12 19:18:19.009 [FATAL][29] tunnel-ip-allocator/allocateip.go 202: failed to fetch node resource 'w3' \
             error=Get \"https://10.233.0.1:443/api/v1/nodes/w3\": x509: {why}\n"
        )
    };
    let expired = fails("certificate has expired or is not yet valid: current time 2026-08-12T19:18:19Z is after 2026-08-10T19:20:45Z");
    let unknown = fails("certificate signed by unknown authority");
    compare("a certificate", (&expired, "datastore-unreachable", "the certificate has expired"), (&unknown, &["datastore-unreachable"]));
    assert!(!read_page(&unknown).findings[0].message.contains("expired"));
    let typha = |client: &str| {
        format!(
            "2026-02-07 11:42:05.673 [WARNING][327] confd/sync_client.go 158: error connecting to typha endpoint (1 of 1) 10.0.0.4:5473 \
             error=x509: certificate has expired or is not yet valid: current time 2026-02-07T11:42:05Z type=\"{client}\"\n"
        )
    };
    assert!(read_page(&typha("bgp")).findings[0].message.starts_with("calico-node on "), "not Felix alone");
    assert!(read_page(&typha("felix")).findings[0].message.starts_with("Felix on "));
}

#[test]
fn files_and_resources_that_a_start_lacks() {
    let no_file = "Calico node failed to start\n\
        ERROR: Error accessing the Calico datastore: could not initialize etcdv3 client: open /calico-secrets/cert.crt: no such file or directory\n";
    let retried =
        "2026-08-12 19:18:18.704 [INFO][8] startup/startup.go 425: Early log level set to info\nCalico node started successfully\n";
    compare("a file", (no_file, "startup-exited", "cannot open a certificate file of its etcd datastore"), (retried, &[]));
    let resource = |key: &str, error: &str| {
        format!("{BEGUN}2026-07-01 20:57:27.883 [INFO][7] customresource.go 217: Error getting resource Key={key} error={error}\n")
    };
    let missing = "the server could not find the requested resource (get X.crd.projectcalico.org default)";
    // of the format of v1 there is nothing, and of a new cluster no ClusterInformation yet
    let sound = resource("GlobalFelixConfig(name=CalicoVersion)", missing)
        + &resource("ClusterInformation(default)", "clusterinformations.crd.projectcalico.org \"default\" not found");
    let sick = resource("ClusterInformation(default)", missing);
    compare("a resource", (&sick, "forbidden-to-calico", "does not know"), (&sound, &[]));
}

#[test]
fn a_panic_is_of_the_program_that_wrote_before() {
    let panic = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation]\n";
    let felix = format!("2026-10-21 17:48:11.211 [INFO][76] felix/int_dataplane.go 1916: Received *proto.ServiceUpdate\n{panic}");
    compare(
        "Felix",
        (&felix, "exited-after-start", "started, then a part of it exited: panic"),
        (&format!("{BEGUN}{panic}"), &["startup-exited"]),
    );
}

/// A table of nodes without their addresses does not show that a peer's is nobody's.
#[test]
fn a_peer_is_nobody_s_only_where_all_addresses_are_known() {
    const HEAD: &str = "NAME     STATUS   ROLES    AGE   VERSION\n";
    let rows = |names: &[&str]| names.iter().map(|name| format!("{name}   Ready    <none>   24d   v1.20.0\n")).collect::<String>();
    let status =
        |host: &str, peers: &str| format!("root@{host}:~# calicoctl node status\nCalico process is running.\n\nIPv4 BGP status\n{peers}");
    let row = |peer: &str, state: &str, info: &str| format!("| {peer} | node-to-node mesh | {state} | 2022-05-09 | {info} |\n");
    let peers = row("10.0.0.2", "up", "Established") + &row("10.0.0.3", "start", "Active Socket: Connection refused");
    let page = HEAD.to_owned() + &rows(&["node-1", "node-2", "node-3"]) + &status("node-1", &peers);
    let report = read_page(&page);
    assert_eq!(codes(&report), ["bgp-session-down"]);
    let finding = &report.findings[0];
    assert!(finding.message.contains("connection refused") && !finding.message.contains("no node has"), "{}", finding.message);
    assert!(finding.fix.as_ref().is_none_or(|fix| !fix.command.contains("autodetect")), "{:?}", finding.fix);
    // of two nodes each is the other's peer
    let both = HEAD.to_owned()
        + &rows(&["master", "worker"])
        + &status("master", &row("192.168.122.168", "start", "Active Socket: Connection refused"))
        + &status("worker", &row("192.168.0.160", "start", "Passive"));
    let report = read_page(&both);
    assert_eq!(codes(&report), ["bgp-session-down"], "{report:#?}");
    assert!(report.findings[0].message.starts_with("BGP between worker and master is down: connection refused"), "{report:#?}");
}

#[test]
fn the_log_of_another_program_is_not_calico_node_s() {
    let pods = "root@m1:~# kubectl -n calico-system get pods\nNAME                                       READY   STATUS             RESTARTS   AGE\n\
        calico-kube-controllers-5f9dc85578-l9kts   0/1     CrashLoopBackOff   4          4m\n\
        calico-node-bm4lf                          0/1     Running            0          8m\n";
    let other = "root@m1:~# kubectl -n calico-system logs -f calico-kube-controllers-5f9dc85578-l9kts\n\
        2026-01-29 13:26:09.884 [INFO][1] main.go 131: Ensuring Calico datastore is initialized\n\
        2026-01-29 13:26:39.885 [ERROR][1] client.go 290: Error getting cluster information config error=Get \"https://10.96.0.1:443/x\": EOF\n";
    let own = format!(
        "root@m1:~# kubectl -n calico-system logs calico-node-bm4lf\n{BEGUN}2026-08-12 19:18:49.106 [INFO][9] startup/startup.go 445: \
         Hit error connecting to datastore - retry error=Get \"https://10.96.0.1:443/api/v1/nodes/foo\": dial tcp 10.96.0.1:443: i/o timeout\n"
    );
    let page = format!("```\n{pods}```\n```\n{other}```\n");
    compare(
        "kube-controllers",
        (&format!("{page}```\n{own}```\n"), "datastore-unreachable", "gets no answer from its datastore"),
        (&page, &["pod-not-ready"]),
    );
    let report = read_page(&page);
    assert!(report.findings[0].evidence.iter().all(|evidence| !evidence.text.contains("client.go")), "{report:#?}");
    let ignored: String =
        report.sources.iter().map(|source| format!("{} {}; ", source.read, source.ignored.as_deref().unwrap_or_default())).collect();
    for says in ["calico-kube-controllers-5f9dc85578-l9kts is CrashLoopBackOff", "log of calico-kube-controllers", "client.go 290"] {
        assert!(ignored.contains(says), "{ignored}");
    }
    // Typha's alone is not enough
    let typha =
        "2026-03-21 20:35:50.041 [INFO][1] typha/sync_server.go 857: Failed to read from client error=remote error: tls: bad certificate\n";
    let error = read_named(&[("page.md", typha)], None).expect_err("no node");
    assert!(error.contains("this is the log of Typha"), "{error}");
    let error = read_named(&[("typha.log", &typha.repeat(9))], None).expect_err("no node");
    assert!(error.contains("this is the log of Typha"), "{error}");
}

#[test]
fn pods_without_a_network_by_the_host_s_logs() {
    let failed =
        "failed to setup network for sandbox \\\"3f3d\\\": plugin type=\\\"calico\\\" failed (add): cannot find a qualified ippool";
    let syslog = format!(
        "Jul  6 17:05:45 worker4 containerd: time=\"2026-07-06T17:05:45+08:00\" level=error msg=\"RunPodSandbox for \
         &PodSandboxMetadata{{Name:web-1,Uid:f8,Namespace:shop,Attempt:0,}} failed, error\" error=\"{failed}\"\n"
    );
    let other = syslog.replace("calico", "cilium-cni").replace("cannot find a qualified ippool", "no range");
    compare("containerd", (&syslog, "pod-network-failed", "pods on worker4 get no network"), (&format!("{BEGUN}{other}"), &[]));
    let plugin = "2026-10-21 15:01:52.708 [ERROR][52] plugin.go 579: Final result of CNI ADD was an error. error=error getting \
        ClusterInformation: connection is unauthorized: Unauthorized\n";
    let removed = plugin.replace("CNI ADD", "CNI DEL");
    compare(
        "cni.log",
        (plugin, "pod-network-failed", "refuses the network plugin's token"),
        (&format!("{removed}\n```\n{BEGUN}```\n"), &[]),
    );
}

#[test]
fn what_comes_and_goes_is_not_down() {
    let row = |ago: &str, host: &str| {
        format!(
            "  Warning  Unhealthy  {ago}  kubelet, {host}  Readiness probe failed: calico/node is not ready: felix is not ready: Get \
             http://localhost:9099/readiness: net/http: request canceled while waiting for connection (Client.Timeout exceeded while \
             awaiting headers)\n"
        )
    };
    let report = read_page(&(row("3m (x725 over 38d)", "w4") + &row("6m17s (x723 over 39d)", "w2")));
    assert!(report.findings.is_empty(), "{report:#?}");
    let report = read_page(&(row("25s (x700 over 3h)", "w4") + &row("6m17s (x723 over 39d)", "w2")));
    let nodes: Vec<_> = report.findings.iter().flat_map(|finding| &finding.nodes).collect();
    assert_eq!(nodes, ["w4"], "each kubelet tells of its own node: {report:#?}");
}

#[test]
fn an_address_that_ends_with_colons_is_whole() {
    let log = format!(
        "{BEGUN}2026-08-12 19:18:18.800 [WARNING][10] startup/startup.go 990: Calico node 'w0' is already using the IPv6 address \
         2a00:1234:100::.\n2026-08-12 19:18:18.801 [WARNING][10] startup/utils.go 49: Terminating\n"
    );
    let report = read_page(&log);
    assert!(report.findings[0].message.contains("w0 already has 2a00:1234:100::"), "{report:#?}");
}

#[test]
fn a_table_of_the_first_releases() {
    let status = |info: &str| {
        format!(
            "root@w1:~# ./calicoctl status\nIPv4 BGP status\nIP: 10.0.5.101    AS Number: 64511 (inherited)\n\
             +--------------+-------------------+-------+----------+-----------------+\n\
             | Peer address |     Peer type     | State |  Since   |       Info      |\n\
             +--------------+-------------------+-------+----------+-----------------+\n\
             |  10.0.5.102  | node-to-node mesh | {info} |\n"
        )
    };
    let sick = status("start | 07:05:27 | Active        Socket: Connection closed");
    compare("calicoctl status", (&sick, "bgp-session-down", "10.0.5.102"), (&status("up | 07:05:27 | Established"), &[]));
}

/// Some releases of kubectl print an error over several columns.
#[test]
fn words_are_no_node() {
    let table = "NAMESPACE     NAME                READY     STATUS    RESTARTS   AGE       IP             NODE\n\
        kube-system   calico-node-lpkq1   1/2       rpc error: code = 2 desc = container create failed: chdir to cwd (\"/opt/cni/bin\")\n";
    let report = read_page(table);
    assert_eq!(codes(&report), ["pod-not-ready"]);
    assert_eq!(report.findings[0].nodes, ["(node of calico-node-lpkq1)"]);
}

#[test]
fn a_conflict_with_a_node_that_nobody_has_shown() {
    let log = |other: &str| {
        format!(
            "Using autodetected IPv4 address on interface eth0: 10.110.17.59/24\nCalico node '{other}' is already using the IPv4 address \
             10.110.17.59:\nTerminating\nCalico node failed to start\n"
        )
    };
    let pods = "NAME READY STATUS RESTARTS AGE IP NODE\ncalico-etcd-2p27t 1/1 Running 0 7m 10.110.17.59 m1\n\
        calico-node-6753t 1/2 CrashLoopBackOff 6 7m 10.110.17.59 m1\n";
    let snapshot = read_named(&[("page.md", &format!("{pods}\n# kubectl logs calico-node-6753t calico-node\n{}", log("localhost")))], None);
    let snapshot = snapshot.expect("reads");
    let report = judge(&snapshot);
    assert_eq!(report.findings[0].message, "m1 exits: localhost already has its IPv4 address 10.110.17.59, from eth0");
    assert!(report.sources.iter().any(|source| source.ignored.as_deref() == Some("1 row of other pods")), "{:?}", report.sources);
    // of two nodes the log is the other's; of three it may be either's
    let nodes = |names: &[&str]| {
        let rows: String = names.iter().map(|name| format!("{name}   Ready    <none>   21h   v1.14.0\n")).collect();
        format!("```\n{}```\n```\nNAME         STATUS   ROLES    AGE   VERSION\n{rows}```\n", log("k8s-node-1"))
    };
    let report = read_page(&nodes(&["k8s-node-1", "k8s-node-2"]));
    assert!(report.findings[0].nodes.contains(&"k8s-node-2".to_owned()), "{report:#?}");
    let report = read_page(&nodes(&["k8s-node-1", "k8s-node-2", "k8s-node-3"]));
    assert_eq!(report.findings[0].nodes, ["(node at page.md:2)"], "{report:#?}");
}

#[test]
fn lines_without_their_time_and_level() {
    let line = |says: &str| {
        format!(
            "felix/daemon.go 245: {says} error=Get \"https://172.20.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default\": dial \
             tcp 172.20.0.1:443: i/o timeout\n"
        )
    };
    let other = line("Failed to get config from datastore").replace("felix/", "web/");
    let sick = line("Failed to get config from datastore");
    compare("Felix", (&sick, "datastore-unreachable", "172.20.0.1"), (&format!("{other}\n```\n{BEGUN}```\n"), &[]));
}

/// What a probe asks tells whose events stand below it.
#[test]
fn probes_beside_events_without_a_name() {
    let page = |command: &str| {
        format!(
            "```\nreadinessProbe:\n  exec:\n    command:\n    - {command}\n    - -felix-ready\n  periodSeconds: 10\n  timeoutSeconds: 1\n```\n  \
             Warning  Unhealthy  2m20s (x6668 over 19h)  kubelet, aks-3  Readiness probe failed:\n\n```\n{BEGUN}```\n"
        )
    };
    let report = read_page(&page("/bin/calico-node"));
    let nodes: Vec<_> = report.findings.iter().flat_map(|finding| &finding.nodes).collect();
    assert_eq!(nodes, ["aks-3"], "{report:#?}");
    assert!(read_page(&page("/bin/web")).findings.is_empty());
}

#[test]
fn a_listing_without_its_indentation() {
    let text = "root@w1:~# ip a\n1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\nlink/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n\
        inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500\nlink/ether 00:50:56:b3:f3:08\n\
        inet 10.0.0.7/24 brd 10.0.0.255 scope global eth0\nvalid_lft forever preferred_lft forever\n";
    let snapshot = read_named(&[("page.md", text)], None).expect("reads");
    let inside = snapshot.inside["w1"].seen().expect("w1");
    let addresses = inside.interfaces.seen().into_iter().flatten().map(|interface| interface.addresses.len());
    assert_eq!(addresses.collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn an_init_container_whose_log_is_all_there_is() {
    let log = |level: &str| {
        format!(
            "$ kubectl logs -n calico-system calico-node-x2k9p -c ebpf-bootstrap\n2026-01-15 10:00:00.682 [{level}][1] \
             init/calico-init_linux.go 60: Failed to mount cgroup2 filesystem. error=permission denied\n"
        )
    };
    compare("ebpf-bootstrap", (&log("PANIC"), "init-container-failed", "cannot mount a file system"), (&log("WARNING"), &[]));
}

#[test]
fn a_proxy_in_the_way_to_the_api_server() {
    let event = |how: &str| {
        format!(
            "LAST SEEN   TYPE      REASON          OBJECT      MESSAGE\n3m          Warning   FailedKillPod   pod/web-1   error killing pod: \
             failed to \"KillPodSandbox\" for \"b4\" with KillPodSandboxError: \"rpc error: code = Unknown desc = failed to destroy network for \
             sandbox \\\"99\\\": plugin type=\\\"calico\\\" failed (delete): error getting ClusterInformation: Get \
             \\\"https://10.233.0.1:443/x\\\": {how}dial tcp 10.77.40.15:3128: i/o timeout\"\n"
        )
    };
    compare("a proxy", (&event("proxyconnect tcp: "), "pod-network-failed", "HTTP proxy"), (&event(""), &["pod-network-failed"]));
    let report = read_page(&event(""));
    assert!(!report.findings[0].message.contains("proxy"), "{report:#?}");
    let command = report.findings[0].fix.as_ref().map(|fix| fix.command.as_str());
    assert!(command.is_some_and(|command| command.ends_with("reason=FailedKillPod")), "{command:?}");
}

/// Of two families the one that is down is named.
#[test]
fn a_family_whose_sessions_are_down() {
    let status = |six: &str| {
        format!(
            "NAME   STATUS   ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP\nn1     Ready    <none>   9d    v1.29.1   10.0.0.1      <none>\n\
             n2     Ready    <none>   9d    v1.29.1   10.0.0.2      <none>\nroot@n2:~# calicoctl node status\nIPv4 BGP status\n\
             | 10.0.0.1 | node-to-node mesh | up | 08:00:00 | Established |\n\nIPv6 BGP status\n\
             | fd00:10::1 | node-to-node mesh | {six} |\n"
        )
    };
    let sick = status("start | 08:00:00 | Active Socket: Host is unreachable");
    compare("IPv6", (&sick, "bgp-session-down", "IPv6 BGP between n"), (&status("up | 08:00:00 | Established"), &[]));
}
