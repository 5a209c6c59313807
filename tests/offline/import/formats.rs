//! One sample at least of each format and release era, and everything that terminals, chats and web pages do to them.

use calico_fix::finding::verdict::Verdict;

use super::texts::{codes, judge, read_named};

const NODES: &str = "NAME     STATUS     ROLES           AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION      CONTAINER-RUNTIME\n\
    node-1   Ready      control-plane   4d    v1.28.8   10.0.0.1      <none>        Ubuntu 22.04.4 LTS   5.15.0-91-generic   containerd://1.7.13\n\
    node-2   Ready      <none>          4d    v1.28.8   10.0.0.2      <none>        Ubuntu 22.04.4 LTS   5.15.0-91-generic   containerd://1.7.13\n\
    node-3   NotReady   <none>          70m   v1.28.8   10.0.0.3      <none>        Ubuntu 22.04.4 LTS   5.15.0-91-generic   containerd://1.7.13\n";
const PODS: &str = "NAME                READY   STATUS             RESTARTS         AGE   IP         NODE     NOMINATED NODE   READINESS GATES\n\
    calico-node-aaaaa   1/1     Running            0                4d    10.0.0.1   node-1   <none>           <none>\n\
    calico-node-bbbbb   1/1     Running            0                4d    10.0.0.2   node-2   <none>           <none>\n\
    calico-node-ccccc   0/1     CrashLoopBackOff   21 (2m30s ago)   70m   10.0.0.3   node-3   <none>           <none>\n";
const IP_A: &str = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n\
    2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000\n    inet 10.0.0.3/24 brd 10.0.0.255 scope global eth0\n       valid_lft forever preferred_lft forever\n\
    14: br-3a10a9384428: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default\n    inet 172.18.0.1/16 brd 172.18.255.255 scope global br-3a10a9384428\n       valid_lft forever preferred_lft forever\n";
const LOG: [&str; 3] = [
    "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info",
    "2026-05-12 05:18:33.100 [INFO][9] startup/startup.go 390: Starting node node-3 with version v3.24.5",
    "2026-05-12 05:18:33.300 [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address on interface br-3a10a9384428: 172.18.0.1/16",
];

fn page() -> String {
    format!(
        "root@cp:~# kubectl get nodes -o wide\n{NODES}root@cp:~# kubectl get pods -n kube-system -o wide\n{PODS}root@node-3:~# ip a\n{IP_A}root@cp:~# kubectl logs calico-node-ccccc\n{}\n",
        LOG.join("\n")
    )
}

fn each_line(text: &str, change: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| format!("{}\n", change(line))).collect()
}

fn wrapped(text: &str, width: usize) -> String {
    each_line(text, |line| {
        line.as_bytes().chunks(width).map(|part| std::str::from_utf8(part).expect("ASCII")).collect::<Vec<_>>().join("\n")
    })
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Whatever carried a page, what it says is the same.
#[test]
fn a_page_says_the_same_however_it_was_carried() {
    let plain = read_named(&[("a.md", &page())], None).expect("reads");
    let expected = judge(&plain);
    assert_eq!(codes(&expected), ["address-on-virtual-interface"], "{expected:#?}");
    let numbered: String = page().lines().enumerate().map(|(at, line)| format!("{:6}\t{line}\n", at + 1)).collect();
    for (name, text) in [
        ("Windows", page().replace('\n', "\r\n")),
        ("quoted", each_line(&page(), |line| format!("> {line}"))),
        ("quoted twice", each_line(&page(), |line| format!("> > {line}"))),
        ("quoted by mail", each_line(&page(), |line| format!(">{line}"))),
        ("hard blanks", page().replace("  ", "\u{a0}\u{a0}")),
        ("escaped for the web", each_line(&page(), escaped)),
        ("of a web page", format!("<html><body><pre><code>\n{}</code></pre></body></html>\n", each_line(&page(), escaped))),
        ("coloured", each_line(&page(), |line| format!("\u{1b}[32m{line}\u{1b}[0m"))),
        ("colours without their escapes", each_line(&page(), |line| format!("[32m{line}[0m"))),
        ("numbered", numbered),
        ("indented by two", each_line(&page(), |line| format!("  {line}"))),
        ("indented by four", each_line(&page(), |line| format!("    {line}"))),
        ("in a list", format!("1. Look:\n\n   ```console\n{}   ```\n2. Help!\n", each_line(&page(), |line| format!("   {line}")))),
        ("fenced", format!("Hi\n```\n{}```\nThanks\n", page())),
        ("behind the marks", format!("```{}```\n", page().trim_end())),
        ("four marks", format!("````text\n{}````\n", page())),
        ("broken at 100", wrapped(&page(), 100)),
        (
            "a template",
            format!(
                "<!-- Describe -->\n## Expected Behavior\nReady\n\n<details><summary>all</summary>\n\n```\n{}```\n</details>\n\n* Calico version v3.24.5\n",
                page()
            ),
        ),
        ("twice", format!("{0}\n{0}", page())),
    ] {
        let snapshot = read_named(&[("a.md", &text)], None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = judge(&snapshot);
        assert_eq!(codes(&report), codes(&expected), "{name}: {:#?}", snapshot.sources);
        assert_eq!(report.findings[0].nodes, ["node-3"], "{name}");
        let names = |report: &calico_fix::finding::Report| report.nodes.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&report), names(&expected), "{name}");
    }
}

/// The host in each prompt is the node, kubectl's is not.
#[test]
fn every_shell_s_prompt_is_known() {
    for prompt in [
        "root@node-3:~# ",
        "[root@node-3 ~]# ",
        "node-3:~ # ",
        "core@node-3 ~ $ ",
        "node-3# ",
        "node-3$ ",
        "node-3% ",
        "root@node-3.example.com:/# ",
        "ubuntu@node-3:/var/log$ sudo ",
        "10:23:45 root@node-3:~# ",
        "[10:23:45] root@node-3:~# ",
        "(base) root@node-3:~# ",
        "┌──(root㉿node-3)-[~]\n└─# ",
        "$ ssh core@node-3\n$ ",
        "$ ssh core@node-3 ",
        "$ oc debug node/node-3\nsh-4.4# chroot /host\nsh-4.4# ",
        "$ kubectl debug node/node-3 -it --image=busybox\n/ # ",
        "$ kubectl exec -it -n kube-system calico-node-ccccc -- bash\nbash-5.1# ",
        "$ kubectl exec -n kube-system calico-node-ccccc -- ",
        "PS C:\\Users\\me> kubectl exec calico-node-ccccc -n kube-system -- ",
        "C:\\Users\\me>kubectl exec calico-node-ccccc -n kube-system -- ",
        "me@MacBook-Pro ~ % kubectl exec -n kube-system calico-node-ccccc -- ",
        "➜  ~ kubectl exec -n kube-system calico-node-ccccc -- ",
        "➜  calico git:(main) ✗ kubectl exec -n kube-system calico-node-ccccc -- ",
        "(⎈|prod:kube-system) me@laptop:~$ kubectl exec calico-node-ccccc -- ",
        "me@laptop ~> kubectl exec -n kube-system calico-node-ccccc -- ",
        "❯ kubectl exec -n kube-system calico-node-ccccc -- ",
        "### node-3\n$ ",
        "==== node-3 ====\n",
        "**node-3:**\n",
        "node-3 | CHANGED | rc=0 >>\n",
        "pod/calico-node-ccccc\n",
        "On node node-3:\n",
    ] {
        let command = if prompt.ends_with('\n') { "" } else { "calicoctl node status\n" };
        let status = "Calico process is running.\n\nIPv4 BGP status\n| 10.0.0.1 | node-to-node mesh | up | 01:56:41 | Established |\n";
        let text = format!("{PODS}\n{NODES}\n{prompt}{command}{status}");
        let snapshot = read_named(&[("a.txt", &text)], None).unwrap_or_else(|error| panic!("{prompt}: {error}"));
        let source = snapshot.sources.iter().find(|source| source.format == "calicoctl node status").unwrap_or_else(|| panic!("{prompt}"));
        assert_eq!(source.node.as_deref(), Some("node-3"), "{prompt:?}: {source}");
    }
}

fn log(carry: impl Fn(&str) -> String) -> String {
    LOG.map(|line| format!("{}\n", carry(line))).concat()
}

/// Whatever stored a log, its lines are the same; what shows the newest first is turned.
#[test]
fn logs_of_every_store() {
    let newest_first = |header: &str, carry: &dyn Fn(&str) -> String| {
        let rows: Vec<String> = LOG.iter().rev().map(|line| format!("{}\n", carry(line))).collect();
        format!("{header}\n{}", rows.concat())
    };
    for (name, text) in [
        ("kubectl logs", log(str::to_owned)),
        ("--timestamps", log(|line| format!("2026-05-12T05:18:33.123456789Z {line}"))),
        ("--prefix", log(|line| format!("[pod/calico-node-ccccc/calico-node] {line}"))),
        ("stern", format!("+ calico-node-ccccc › calico-node\n{}", log(|line| format!("calico-node-ccccc calico-node {line}")))),
        (
            "stern -o json",
            log(|line| {
                format!(
                    "{{\"message\":\"{line}\",\"nodeName\":\"node-3\",\"podName\":\"calico-node-ccccc\",\"containerName\":\"calico-node\"}}"
                )
            }),
        ),
        ("k9s", log(|line| format!("calico-node {line}"))),
        ("k9s of pods", log(|line| format!("calico-node-ccccc:calico-node {line}"))),
        ("kail", log(|line| format!("kube-system/calico-node-ccccc[calico-node]: {line}"))),
        ("journald", log(|line| format!("May 12 05:18:33 node-3 calico-node[12]: {line}"))),
        ("journald of Docker", log(|line| format!("May 12 05:18:33 node-3 3f2a1b4c5d6e[12]: {line}"))),
        ("containerd", log(|line| format!("2026-05-12T05:18:33.123456789Z stdout F {line}"))),
        ("Docker", log(|line| format!("{{\"log\":\"{line}\\n\",\"stream\":\"stdout\",\"time\":\"2026-05-12T05:18:33.123456789Z\"}}"))),
        ("logcli", log(|line| format!("2026-05-12T05:18:33Z {{container=\"calico-node\", pod=\"calico-node-ccccc\"}} {line}"))),
        ("logcli -o jsonl", log(|line| format!("{{\"labels\":{{\"pod\":\"calico-node-ccccc\"}},\"line\":\"{line}\"}}"))),
        (
            "Grafana CSV",
            newest_first("Time,labels,Line", &|line| format!("\"1\",\"{{\"\"pod\"\":\"\"calico-node-ccccc\"\"}}\",\"{line}\"")),
        ),
        (
            "Kibana CSV",
            newest_first("\"@timestamp\",\"kubernetes.pod.name\",message", &|line| {
                format!("\"May 12, 2026 @ 05:18\",calico-node-ccccc,\"{line}\"")
            }),
        ),
        ("CloudWatch CSV", newest_first("@timestamp,@message", &|line| format!("2026-05-12,\"{line}\""))),
        ("a spreadsheet's CSV", newest_first("time;pod;message", &|line| format!("1;calico-node-ccccc;{line}"))),
        (
            "Elasticsearch",
            log(|line| format!("{{\"_source\":{{\"message\":\"{line}\",\"kubernetes\":{{\"pod\":{{\"name\":\"calico-node-ccccc\"}}}}}}}}")),
        ),
        (
            "Cloud Logging",
            log(|line| format!("{{\"textPayload\":\"{line}\",\"resource\":{{\"labels\":{{\"pod_name\":\"calico-node-ccccc\"}}}}}}")),
        ),
    ] {
        let snapshot = read_named(&[("a.txt", &text)], None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = judge(&snapshot);
        assert_eq!(codes(&report), ["address-on-virtual-interface"], "{name}: {:#?}", snapshot.sources);
        assert_eq!(report.findings[0].nodes, ["node-3"], "{name}");
    }
}

/// Formats of one table, of every era, that need something beside them to be of use.
#[test]
fn tables_of_every_era_are_named() {
    let message = "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1";
    for (format, text) in [
        ("kubectl get events", format!("LAST SEEN   TYPE      REASON      OBJECT                  MESSAGE\n4m10s       Warning   Unhealthy   pod/calico-node-ccccc   {message}\n")),
        ("kubectl get events", format!("4m10s       Warning   Unhealthy   pod/calico-node-ccccc   {message}\n")),
        (
            "kubectl get events",
            format!("LAST SEEN   FIRST SEEN   COUNT     NAME                                 KIND      SUBOBJECT                      TYPE      REASON      SOURCE            MESSAGE\n\
                4m          70m          134       calico-node-ccccc.155ea1b0b3f12345   Pod       spec.containers{{calico-node}}   Warning   Unhealthy   kubelet, node-3   {message}\n"),
        ),
        ("events of kubectl describe pod", format!("Warning  Unhealthy  10s (x5 over 50s)  kubelet, node-3  {message}\n")),
        ("kubectl get daemonsets", "daemonset.apps/calico-node   3   3   2   3   2   <none>   4d\n".to_owned()),
        ("kubectl get pods", "NAME                    READY   STATUS    RESTARTS   AGE\npod/calico-node-ccccc   0/1     Error     3          4d\n".to_owned()),
        ("kubectl get pods", "kube-system   calico-node-ccccc   0/1   Error   3   4d\n".to_owned()),
        ("calicoctl get ippools -o wide", "NAME    CIDR            NAT    IPIPMODE   VXLANMODE   DISABLED   SELECTOR\ndefault   10.244.0.0/16   true   Always     Never       false      all()\n".to_owned()),
        ("calicoctl get ippools -o wide", "NAME    CIDR            NAT    IPIPMODE   DISABLED   SELECTOR\ndefault   10.244.0.0/16   true   Always     false      all()\n".to_owned()),
        ("calicoctl get bgppeers -o wide", "NAME     PEERIP       NODE       ASN\npeer-1   10.0.0.254   (global)   64513\n".to_owned()),
        ("calicoctl get bgpconfig -o wide", "NAME      LOGSEVERITY   MESHENABLED   ASNUMBER\ndefault   Info          false         64512\n".to_owned()),
        ("calicoctl get nodes -o wide", "NAME     ASN       IPV4          IPV6\nnode-3   (64512)   10.0.0.3/24\n".to_owned()),
        ("ip route", "[{\"dst\":\"default\",\"gateway\":\"10.0.0.254\",\"dev\":\"eth0\",\"flags\":[]}]\n".to_owned()),
        ("ip route get", "[{\"dst\":\"10.0.0.1\",\"dev\":\"eth0\",\"prefsrc\":\"10.0.0.3\",\"flags\":[],\"uid\":0,\"cache\":[]}]\n".to_owned()),
        ("ip addr", "[{\"ifindex\":2,\"ifname\":\"eth0\",\"flags\":[\"UP\"],\"addr_info\":[{\"family\":\"inet\",\"local\":\"10.0.0.3\",\"prefixlen\":24}]}]\n".to_owned()),
        ("ip -br addr", "lo     UNKNOWN   127.0.0.1/8\neth0   UP        10.0.0.3/24 fe80::1/64\n".to_owned()),
        ("ifconfig", "eth0      Link encap:Ethernet  HWaddr 52:54:00:00:00:02\n          inet addr:10.0.0.3  Bcast:10.0.0.255  Mask:255.255.255.0\n".to_owned()),
    ] {
        let text = format!("{text}\n{NODES}");
        let snapshot = read_named(&[("a.txt", &text)], Some("node-3")).unwrap_or_else(|error| panic!("{format}: {error}"));
        let source = snapshot.sources.first().expect("a source");
        assert_eq!((source.format.as_str(), source.line), (format, Some(1)), "{source}");
        assert!(!source.read.is_empty(), "{source}");
        assert_ne!(judge(&snapshot).verdict, Verdict::Healthy, "{format}");
    }
}

/// What looks like Calico's words and is not, and what was cut, makes up no node and no fault.
#[test]
fn what_a_paste_does_not_say_is_not_made_up() {
    let links =
        "2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n    link/ether 52:54:00:00:00:02 brd ff:ff:ff:ff:ff:ff\n";
    let later = PODS.replace("0/1     CrashLoopBackOff", "1/1     Running         ");
    for (name, text, ignored) in [
        ("ip link", format!("{NODES}\nroot@node-3:~# ip link\n{links}"), "links without their addresses"),
        (
            "kubectl's error",
            format!("{NODES}\nError from server (Forbidden): pods is forbidden: User \"x\" cannot list resource \"pods\"\n"),
            "Forbidden",
        ),
        ("two states", format!("{PODS}\nLater:\n\n{later}"), "another state"),
        (
            "--watch",
            format!(
                "{PODS}calico-node-ccccc   1/1     Running            22               71m   10.0.0.3   node-3   <none>           <none>\n"
            ),
            "a later row",
        ),
        ("two clusters", format!("{NODES}\n{}", NODES.replace("10.0.0.", "10.9.0.")), "another state"),
    ] {
        let snapshot = read_named(&[("a.txt", &text)], None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let said: Vec<&str> = snapshot.sources.iter().filter_map(|source| source.ignored.as_deref()).collect();
        assert!(said.iter().any(|why| why.contains(ignored)), "{name}: {said:?}");
        let names: Vec<&str> = snapshot.nodes.seen().into_iter().flatten().map(|node| node.metadata.name.as_str()).collect();
        assert!(names.iter().all(|name| name.starts_with("node-")), "{name}: {names:?}");
        let found = codes(&judge(&snapshot));
        assert!(found.iter().all(|code| code == "pod-not-ready"), "{name}: {found:?}");
    }
    let alone = "Error from server (Forbidden): pods is forbidden: User \"x\" cannot list resource \"pods\"\n";
    let refused = read_named(&[("a.txt", alone)], None).map(|_| ()).expect_err("nothing in it");
    assert!(refused.contains("error of kubectl") && refused.contains("status --save"), "{refused}");
}
