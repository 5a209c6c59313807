//! What people paste, as a table: the text, the findings, and how the first of them is told.

pub(super) const NODES: &str = "NAME    STATUS   ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP\n\
    node1   Ready    <none>   90d   v1.28.3   10.0.0.1      <none>\n\
    node2   Ready    <none>   90d   v1.28.3   10.0.0.2      <none>\n\
    node3   Ready    <none>   90d   v1.28.3   10.0.0.3      <none>\n";
pub(super) const STATUS: &str = "Calico process is running.\n\nIPv4 BGP status\n\
    +--------------+-------------------+-------+----------+-------------+\n\
    | PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |    INFO     |\n\
    +--------------+-------------------+-------+----------+-------------+\n";
pub(super) const BRIDGE_ROW: &str = "| 172.18.0.1   | node-to-node mesh | start | 04:11:09 | Connect     |\n";
pub(super) const SOUND_ROW: &str = "| 10.0.0.2     | node-to-node mesh | up    | 04:11:09 | Established |\n";
pub(super) const UNREADY: &str = "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with";
pub(super) const NO_NODENAME: &str = "Readiness probe failed: calico/node is not ready: BIRD is not ready: Failed to stat() nodename file: stat \
    /var/lib/calico/nodename: no such file or directory";
pub(super) const NO_ADDRESS: &str = "[INFO][9] startup/startup.go 431: Early log level set to info\n\
    [INFO][9] startup/utils.go 138: Determined node name: edge-5\n\
    [INFO][9] startup/startup.go 460: Datastore connection verified\n\
    [WARNING][9] startup/autodetection_methods.go 99: Unable to auto-detect an IPv4 address: no valid host interfaces found\n\
    [WARNING][9] startup/startup.go 494: Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.\n\
    [WARNING][9] startup/utils.go 48: Terminating\nCalico node failed to start\n";

/// The page, its findings in order, a phrase of the first, and how the first's command begins.
pub(super) type Paste = (&'static str, String, &'static [&'static str], &'static str, &'static str);

pub(super) fn pastes() -> Vec<Paste> {
    let pods = |rows: &str| format!("NAME                READY   STATUS    RESTARTS   AGE   IP         NODE\n{rows}");
    let failing = format!("  Warning  Unhealthy  2m (x61 over 12m)  kubelet  {UNREADY} 172.18.0.1\n");
    vec![
        ("a probe's message alone", format!("{UNREADY} 172.18.0.1\n"), &["bgp-session-down"], "Docker gives its bridges", "kubectl calico-fix autodetect"),
        (
            "a probe's message in a sentence",
            format!("Since Monday it says \"{UNREADY} 10.0.0.9.\" on one node.\n"),
            &["bgp-session-down"],
            "10.0.0.9",
            "",
        ),
        (
            "an event outside of a block, and which node has registered its peer",
            format!("```\n{NODES}```\n{failing}"),
            &["bgp-session-down"],
            "One of node1, node2, node3 has registered it",
            "kubectl calico-fix autodetect",
        ),
        (
            "a peer that is no node's InternalIP",
            format!("```\n{NODES}root@node1:~# calicoctl node status\n{STATUS}{SOUND_ROW}{BRIDGE_ROW}```\n"),
            &["address-not-internal-ip"],
            "node3 uses 172.18.0.1 (probably a Docker bridge), expected its InternalIP 10.0.0.3",
            "kubectl calico-fix autodetect",
        ),
        (
            "sessions of one host",
            format!("{STATUS}{SOUND_ROW}{BRIDGE_ROW}"),
            &["bgp-session-down"],
            "a node has probably registered it",
            "kubectl calico-fix autodetect",
        ),
        (
            "addresses that somebody has masked",
            format!("{STATUS}| 10.x.x.7     | node-to-node mesh | start | 04:11:09 | Active Socket: Host is unreachable |\n"),
            &["bgp-session-down"],
            "Host is unreachable",
            "",
        ),
        (
            "one cause for all peers of one host",
            format!("{STATUS}{}{}", SOUND_ROW.replace("up   ", "start").replace("Established", "Connect    "), BRIDGE_ROW.replace("172.18.0.1", "10.0.0.3  ")),
            &["bgp-session-down"],
            "10.0.0.2 and 10.0.0.3",
            "",
        ),
        ("a log without its times", NO_ADDRESS.to_owned(), &["startup-exited"], "edge-5 exits while starting", "kubectl calico-fix autodetect"),
        (
            "lines from the middle of a log",
            "2025-06-02 08:29:29.872 [ERROR][70] status-reporter/discovery.go 192: Unable to get Typha service endpoints from Kubernetes. \
             error=Get \"https://10.96.0.1:443/api/v1/namespaces/calico-system/endpoints/calico-typha\": dial tcp 10.96.0.1:443: connect: connection timed out\n"
                .to_owned(),
            &["datastore-unreachable"],
            "does not reach the API server at 10.96.0.1:443",
            "",
        ),
        (
            "the last line of a log of an old release",
            "2021-03-10 09:12:03.100 [FATAL][49] int_dataplane.go 1035: Kernel's RPF check is set to 'loose'.\n".to_owned(),
            &["exited-after-start"],
            "rp_filter is loose",
            "",
        ),
        (
            "a panic whose words are in the line before",
            "2025-06-02 08:29:30.100 [PANIC][88] felix/int_dataplane.go 700: error creating bpf maps error=operation not permitted\n\
             panic: (*logrus.Entry) 0xc0008f2000\n"
                .to_owned(),
            &["exited-after-start"],
            "cannot create its eBPF maps",
            "",
        ),
        (
            "a right that is missing",
            "2025-06-02 08:29:30.100 [WARNING][9] startup/startup.go 448: Connection to the datastore is unauthorized error=connection is \
             unauthorized: nodes \"w5\" is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot get resource \"nodes\"\n\
             2025-06-02 08:29:30.200 [WARNING][9] startup/utils.go 48: Terminating\nCalico node failed to start\n"
                .to_owned(),
            &["forbidden-to-calico"],
            "lacks a permission",
            "",
        ),
        (
            "a log beside a table in which one pod is not ready",
            format!(
                "{}\n```\n2025-06-02 08:29:30.100 [FATAL][88] felix/daemon.go 532: Failed to connect to Typha error=dial tcp 10.0.0.2:5473: i/o timeout\n```\n",
                pods("calico-node-aaaa1   1/1     Running   0          3d    10.0.0.1   node1\ncalico-node-bbbb2   0/1     Running   0          3d    10.0.0.2   node2\n")
            ),
            &["typha-unreachable"],
            "Felix on node2",
            "",
        ),
        (
            "a start that its probe ends",
            format!(
                "Events:\n  Type     Reason     Age                From               Message\n  ----     ------     ----               ----               -------\n  \
                 Normal   Scheduled  18m                default-scheduler  Successfully assigned kube-system/calico-node-h6z2w to far-9\n  \
                 Normal   Killing    3m (x4 over 17m)   kubelet            Container calico-node failed liveness probe, will be restarted\n  \
                 Warning  Unhealthy  2m (x60 over 18m)  kubelet            {NO_NODENAME}\n"
            ),
            &["pod-not-ready"],
            "its probe killed it 4 times before its start had finished",
            "kubectl logs calico-node-h6z2w",
        ),
        (
            "events that say how a container waits",
            format!("Warning  Unhealthy  41m (x74 over 66m)  kubelet  {NO_NODENAME}\nWarning  BackOff  83s (x210 over 60m)  kubelet  Back-off restarting failed container\n"),
            &["pod-not-ready"],
            "CrashLoopBackOff",
            "",
        ),
        (
            "a volume that cannot be mounted",
            "  Warning  FailedMount  64s (x9 over 21m)  kubelet  MountVolume.SetUp failed for volume \"calico-cni\" : mkdir /usr/libexec: read-only file system\n".to_owned(),
            &["pod-not-ready"],
            "cannot set its pod up",
            "",
        ),
        (
            "a table of events and nothing else",
            "LAST SEEN             TYPE      REASON                   OBJECT                  MESSAGE\n\
             12s (x31 over 7m)     Warning   FailedCreatePodSandBox   pod/calico-node-c9kzp   Failed to create pod sandbox: rpc error\n"
                .to_owned(),
            &["pod-sandbox-recreated"],
            "31 times",
            "",
        ),
        (
            "a row in bold type, with an init container that fails",
            pods("**calico-node-gcxmw   0/1   Init:CrashLoopBackOff   6 (39s ago)   6m16s   10.0.0.1   node1**\n"),
            &["init-container-failed"],
            "node1",
            "",
        ),
        (
            "an image of an init container, in a table without nodes",
            "kube-system   calico-node-b2vx8   0/1   Init:ImagePullBackOff   0   10m\nkube-system   calico-node-ntgk7   1/1   Running   0   10m\n".to_owned(),
            &["image-not-pulled"],
            "ImagePullBackOff",
            "kubectl describe pod calico-node-b2vx8",
        ),
        (
            "a node without a network plugin",
            "Name:               edge-2\nRoles:              <none>\nLabels:             kubernetes.io/os=linux\nConditions:\n  \
             Type   Status  LastHeartbeatTime                 LastTransitionTime                Reason           Message\n  \
             Ready  False   Mon, 02 Jun 2025 09:10:00 +0000   Mon, 02 Jun 2025 08:00:00 +0000   KubeletNotReady  container runtime network not ready: cni plugin not initialized\n"
                .to_owned(),
            &["pod-not-ready"],
            "no network plugin is ready",
            "kubectl get pods -A",
        ),
        (
            "a program that lacks a library",
            "calico-node: error while loading shared libraries: libpcap.so.0.8: cannot open shared object file: No such file or directory\n\
             Calico node failed to start\n"
                .to_owned(),
            &["container-crashed"],
            "lacks its shared library libpcap.so.0.8",
            "",
        ),
        (
            "an image for another architecture",
            "exec /usr/local/bin/start_runit: exec format error\n".to_owned(),
            &["container-crashed"],
            "another CPU architecture",
            "",
        ),
        (
            "a kernel module that is missing, beside a table",
            format!(
                "{}\n```\n2025-06-02 08:29:30.100 [WARNING][65] felix/table.go 1321: Failed to execute ip(6)tables-restore command error=exit status 2 \
                 errorOutput=\"iptables-restore v1.8.4 (legacy): Couldn't load match `set':No such file or directory\"\n```\n",
                pods("calico-node-aaaa1   1/1     Running   0          3d    10.0.0.1   node1\ncalico-node-bbbb2   0/1     Running   0          3d    10.0.0.2   node2\n")
            ),
            &["kernel-feature-missing"],
            "the kernel of node2: the kernel module xt_set is missing",
            "",
        ),
        (
            "an init container that only its log names",
            "NAME                READY   STATUS                  RESTARTS      AGE\ncalico-node-9v6k2   0/1     Init:CrashLoopBackOff   5 (73s ago)   5m1s\n\
             $ kubectl -n kube-system logs calico-node-9v6k2 -c install-cni\n\
             2025-06-02 08:29:12.432 [FATAL][1] cni-installer/<nil> <nil>: found no writeable directory\n"
                .to_owned(),
            &["init-container-failed"],
            "install-cni fails",
            "",
        ),
        (
            "a table that does not name the init container",
            "kube-system   calico-node-9v6k2   0/1   Init:CrashLoopBackOff   5 (73s ago)   5m1s\n".to_owned(),
            &["init-container-failed"],
            "an init container fails",
            "kubectl describe pod calico-node-9v6k2",
        ),
        (
            "a pod without a node, and why",
            pods("calico-node-q2w3e   0/1     Pending   0          20m   <none>   <none>\n"),
            &["pod-not-scheduled"],
            "1 pod of calico-node cannot be scheduled",
            "",
        ),
        (
            "events of an image",
            "  Normal   BackOff    3m30s (x21 over 8m)  kubelet  Back-off pulling image \"docker.io/calico/cni:v3.26.1\"\n  \
             Warning  Failed     3m15s (x5 over 8m)   kubelet  Failed to pull image \"docker.io/calico/cni:v3.26.1\": toomanyrequests\n"
                .to_owned(),
            &["image-not-pulled"],
            "the image of an init container cannot be pulled (ImagePullBackOff), because the registry's pull rate limit is reached: Failed to pull",
            "",
        ),
        (
            "a Secret that is missing",
            "  Normal   Scheduled    18m                  default-scheduler  Successfully assigned calico-system/calico-node-4lkqx to cp-1\n  \
             Warning  FailedMount  2m1s (x16 over 18m)  kubelet            MountVolume.SetUp failed for volume \"node-certs\" : secret \"node-certs\" not found\n"
                .to_owned(),
            &["pod-not-ready"],
            "cannot set its pod up",
            "kubectl describe pod calico-node-4lkqx",
        ),
        (
            "events whose columns were squeezed",
            format!("Warning  Unhealthy  35s (x36 over 5m45s) kubelet  {UNREADY} 10.0.0.7\n"),
            &["bgp-session-down"],
            "10.0.0.7",
            "",
        ),
        (
            "probes that get no answer",
            pods("calico-node-nqj4f   0/1     Running   6 (4m ago)     28m   10.0.0.5   node2\n")
                + "\n  Normal   Killing    4m (x6 over 25m)      kubelet  Container calico-node failed liveness probe, will be restarted\n  \
                   Warning  Unhealthy  3m22s (x55 over 27m)  kubelet  Readiness probe failed: command \"/bin/calico-node -felix-ready\" timed out\n",
            &["pod-not-ready"],
            "killed it 6 times, as calico-node does not answer in time",
            "",
        ),
        (
            "another pod's network, where calico-node has not started",
            "  Warning  FailedCreatePodSandBox  2m12s (x41 over 11m)  kubelet  Failed to create pod sandbox: rpc error: code = Unknown desc = failed to \
             setup network for sandbox \"aa0c\": plugin type=\"calico\" failed (add): stat /var/lib/calico/nodename: no such file or directory: check \
             that the calico/node container is running and has mounted /var/lib/calico/\n"
                .to_owned(),
            &["pod-not-ready"],
            "lacks the file that calico-node writes when it starts",
            "",
        ),
        (
            "the description of another pod, whose network plugin misses calico-node",
            "Name:                 coredns-76f75df574-726np\nNamespace:            kube-system\nNode:                 w2/10.0.8.12\nStatus:               Pending\n\
             Containers:\n  coredns:\n    Image:          registry.k8s.io/coredns/coredns:v1.11.1\n    State:          Waiting\n      Reason:       ContainerCreating\n\
             Events:\n  Type     Reason                  Age                   From               Message\n  \
             ----     ------                  ----                  ----               -------\n  \
             Normal   Scheduled               11m                   default-scheduler  Successfully assigned kube-system/coredns-76f75df574-726np to w2\n  \
             Warning  FailedCreatePodSandBox  2m12s (x41 over 11m)  kubelet            Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"aa0c\": plugin type=\"calico\" failed (add): stat /var/lib/calico/nodename: no such file or directory\n"
                .to_owned(),
            &["pod-not-ready"],
            "calico-node on w2 is not Ready: the network plugin lacks the file",
            "",
        ),
        (
            "the description of another pod, for which no address is left",
            "Name:                 coredns-76f75df574-726np\nNamespace:            kube-system\nNode:                 w2/10.0.8.12\nStatus:               Pending\n\
             Containers:\n  coredns:\n    State:          Waiting\n      Reason:       ContainerCreating\n    Ready:          False\n\
             Events:\n  Type     Reason                  Age                   From               Message\n  \
             ----     ------                  ----                  ----               -------\n  \
             Warning  FailedCreatePodSandBox  12s (x41 over 11m)    kubelet            Failed to create pod sandbox: rpc error: code = Unknown desc = failed to set up sandbox container \"aa0c\" network for pod \"coredns-76f75df574-726np\": networkPlugin cni failed to set up pod \"coredns-76f75df574-726np_kube-system\" network: failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.244.0.0/16]\n"
                .to_owned(),
            &["pod-network-failed"],
            "pods on w2 get no network: no free IP address is left for them",
            "kubectl get ippools.crd.projectcalico.org",
        ),
        (
            "an API server whose certificate does not fit",
            NO_ADDRESS[..NO_ADDRESS.find("[INFO][9] startup/startup.go 460").expect("a line")].to_owned()
                + "[INFO][9] startup/startup.go 450: Hit error connecting to datastore - retry error=Get \"https://10.96.0.1:443/api/v1/nodes/foo\": x509: \
                   certificate has expired or is not yet valid\n",
            &["datastore-unreachable"],
            "does not trust the certificate of its datastore",
            "",
        ),
        (
            "etcd's client between calico-node's lines",
            "2022-08-01 08:00:01.002 [INFO][9] startup/utils.go 139: Determined node name: edge-5\n\
             2022-08-01 08:00:01.003 [INFO][9] startup/startup.go 430: Checking datastore connection\n\
             {\"level\":\"warn\",\"ts\":\"2022-08-01T08:00:11.003Z\",\"caller\":\"clientv3/retry_interceptor.go:62\",\"msg\":\"retrying of unary invoker failed\",\"attempt\":0,\"error\":\"rpc error: code = DeadlineExceeded desc = latest connection error: connection error: desc = \\\"transport: x509: certificate has expired\\\"\"}\n\
             2022-08-01 08:00:11.004 [INFO][9] startup/startup.go 444: Hit error connecting to datastore - retry error=context deadline exceeded\n"
                .to_owned(),
            &["datastore-unreachable"],
            "does not trust the certificate of its datastore",
            "",
        ),
        (
            "CRDs that are older than the image",
            NO_ADDRESS[..NO_ADDRESS.find("[WARNING]").expect("a line")].to_owned()
                + "[ERROR][9] startup/startup.go 170: Unable to ensure datastore is initialized. error=resource does not exist: Tier(default) with error: the \
                   server could not find the requested resource (post Tiers.crd.projectcalico.org)\n[WARNING][9] startup/utils.go 49: Terminating\n\
                   Calico node failed to start\n",
            &["forbidden-to-calico"],
            "its CRDs are older than the image",
            "",
        ),
        (
            "Typha's certificate",
            "2025-03-21 20:35:50.033 [WARNING][2211] felix/sync_client.go 212: Failed to connect to typha endpoint 172.16.1.132:5473.  Will try other \
             endpoints if available... error=tls: failed to verify certificate: x509: certificate signed by unknown authority\n\
             2025-03-21 20:35:50.034 [FATAL][2211] felix/daemon.go 532: Failed to connect to Typha error=connection to typhas failed\n"
                .to_owned(),
            &["typha-unreachable"],
            "does not trust the other's certificate",
            "",
        ),
        (
            "a status table with a web page's dashes",
            format!(
                "the 10.0.0.1 calico\n+\u{2014}\u{2014}\u{2014}-+\u{2014}\u{2014}-+\u{2014}-+\u{2014}-+\u{2014}-+\n\n| PEER ADDRESS | PEER TYPE | STATE | SINCE | INFO |\n\n\
                 +\u{2014}\u{2014}\u{2014}-+\u{2014}\u{2014}-+\u{2014}-+\u{2014}-+\u{2014}-+\n\n{SOUND_ROW}\n| 10.9.0.3 | node-to-node mesh | start | 01:50:43 | Active Socket: Host is unreachable |\n"
            ),
            &["bgp-session-down"],
            "10.9.0.3",
            "",
        ),
        (
            "another AS number than the peer's, with no objects",
            format!("{STATUS}| 10.9.0.1     | global            | start | 08:01:45 | Idle BGP Error: Bad peer AS |\n"),
            &["bgp-session-down"],
            "was not seen",
            "",
        ),
        (
            "another program that holds the lock of iptables",
            "2023-06-05 10:20:19.000 [WARNING][70] felix/table.go 1321: Failed to execute ip(6)tables-restore command error=exit status 4 \
             errorOutput=\"Another app is currently holding the xtables lock. Perhaps you want to use the -w option?\"\n\
             2023-06-05 10:20:20.000 [PANIC][70] felix/table.go 998: Failed to program iptables, giving up after retries error=exit status 4\n"
                .to_owned(),
            &["iptables-backend-mismatch"],
            "another program holds the lock of iptables",
            "",
        ),
        (
            "a node that calico-node calls by another name",
            NO_ADDRESS[..NO_ADDRESS.find("[WARNING]").expect("a line")].replace("edge-5", "localhost")
                + "[ERROR][9] startup/startup.go 215: Unable to set node resource configuration error=operation Create is not supported on Node(localhost)\n\
                   [WARNING][9] startup/utils.go 49: Terminating\nCalico node failed to start\n",
            &["startup-exited"],
            "its name for the node is not a Node's",
            "",
        ),
        (
            "a container that ran out of memory, in a table",
            pods("calico-node-4wq2m   0/1     OOMKilled   23 (2m9s ago)   96m   10.0.0.2   node2\n"),
            &["out-of-memory"],
            "node2 ran out of memory",
            "",
        ),
        (
            "the kubelet's own log",
            format!("Jun 02 09:12:01 w1 kubelet[1234]: I0602 prober.go:107] \"Probe failed\" pod=\"calico-system/calico-node-x2k9p\" output=\"{} 10.0.0.7\"\n", &UNREADY[24..]),
            &["bgp-session-down"],
            "BGP between w1 and 10.0.0.7",
            "",
        ),
    ]
}
