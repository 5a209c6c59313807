//! What people paste when they ask for help: the cause that is named, the command that is offered, and nothing of health.

mod table;

use calico_fix::autodetect::AutodetectOptions;
use calico_fix::diagnosis::Scope;
use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;
use calico_fix::probes::proposal::ProbeOptions;
use calico_fix::reports::autodetect::evaluate;
use calico_fix::reports::probes::probes_report;
use calico_fix::snapshot::family::Family;

use super::texts::{codes, judge, read_named};
use table::*;

fn read_page(text: &str) -> Report {
    judge(&read_named(&[("page.md", text)], None).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// Of what people type after a finding only these change nothing, or ask first.
const HARMLESS: [&str; 6] =
    ["kubectl calico-fix ", "kubectl logs ", "kubectl describe ", "kubectl exec ", "kubectl get ", "kubectl delete pod "];

#[test]
fn each_names_its_cause_and_harms_nothing() {
    for (name, text, expected, phrase, command) in pastes() {
        let report = read_page(&text);
        assert_eq!(codes(&report), expected, "{name}: {report:#?}");
        let first = &report.findings[0];
        assert!(first.message.contains(phrase), "{name}: {}", first.message);
        let given = first.fix.as_ref().map_or("", |fix| fix.command.as_str());
        assert!(
            given.starts_with(command) && (given.is_empty() || HARMLESS.iter().any(|start| given.starts_with(start))),
            "{name}: {given}"
        );
        assert_eq!(report.cluster.autodetection_method, None, "{name}: nothing shows the method");
        // evidence names the line itself
        let placed = |text: &str| text.ends_with(']') && text.contains("page.md:");
        assert!(first.evidence.iter().any(|evidence| placed(&evidence.text)), "{name}: {:?}", first.evidence);
    }
}

/// A paste does not show what a method would find on each node, nor how long a start takes.
#[test]
fn the_other_verbs_propose_nothing() {
    for (name, text, ..) in pastes() {
        let snapshot = read_named(&[("page.md", &text)], None).unwrap_or_else(|error| panic!("{name}: {error}"));
        for family in Family::ALL {
            let seen = evaluate(&snapshot, &AutodetectOptions::new(family));
            assert!(seen.by_hand.is_none(), "{name}: {:?}", seen.by_hand);
            assert_ne!(seen.verdict(None), Verdict::Healthy, "{name}");
        }
        let probes =
            probes_report(&snapshot, &Scope::default(), &ProbeOptions::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(probes.proposal.is_none() && probes.fix.is_none(), "{name}: {:?}", probes.proposal);
    }
}

#[test]
fn an_as_number_that_was_not_seen_is_not_guessed() {
    let report = read_page(&format!("{STATUS}| 10.9.0.1     | global            | start | 08:01:45 | Idle BGP Error: Bad peer AS |\n"));
    assert!(!report.findings[0].message.contains("default AS"), "{}", report.findings[0].message);
}

/// calico-node's pod is on the host's network: the network plugin never sets it up.
#[test]
fn the_network_of_another_pod_is_no_fault_of_its_sandbox() {
    let page = "  Warning  FailedCreatePodSandBox  4m (x9 over 21m)  kubelet  Failed to create pod sandbox: rpc error: code = Unknown desc = failed to \
        setup network for sandbox \"5d09\": plugin type=\"calico\" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized\n";
    for text in [page.to_owned(), format!("```\n{NODES}```\n{page}")] {
        let report = read_page(&text);
        assert_eq!(codes(&report), ["pod-network-failed"]);
        assert!(report.findings[0].nodes.is_empty(), "{:?}", report.findings[0].nodes);
    }
    // an hour old, and of a plugin that is not Calico's
    for other in [
        page.replace("4m (x9 over 21m)", "60m (x9 over 81m)"),
        page.replace("type=\"calico\"", "type=\"cilium-cni\"").replace("ClusterInformation", "x"),
    ] {
        assert!(read_named(&[("page.md", &other)], None).is_err(), "{other}");
    }
}

/// A table of every namespace: the node stands in another row, in the table of pods, or in the column SOURCE.
#[test]
fn events_of_every_namespace() {
    let says = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"5d09\": plugin \
                type=\"calico\" failed (add): Unauthorized";
    let bare = format!(
        "LAST SEEN   TYPE      REASON                   OBJECT       MESSAGE\n35s         Warning   FailedCreatePodSandBox   pod/web-1    {says}\n"
    );
    let wide = format!(
        "LAST SEEN   TYPE      REASON                   OBJECT       SUBOBJECT   SOURCE        MESSAGE   FIRST SEEN   COUNT   NAME\n\
         35s         Warning   FailedCreatePodSandBox   pod/web-1                kubelet, w2   {says}   4m   14   web-1.17f\n"
    );
    let scheduled =
        bare.clone() + "4m          Normal    Scheduled                pod/web-1    Successfully assigned default/web-1 to w2\n";
    let pods = |ready: &str, status: &str| {
        format!(
            "NAME    READY   STATUS   RESTARTS   AGE   IP       NODE\nweb-1   {ready}     {status}   0          4m    <none>   w2\n\n{bare}"
        )
    };
    for (text, nodes) in
        [(wide, vec!["w2"]), (scheduled, vec!["w2"]), (pods("0/1", "ContainerCreating"), vec!["w2"]), (bare.clone(), vec![])]
    {
        let report = read_page(&text);
        assert_eq!(codes(&report), ["pod-network-failed"], "{text}");
        assert_eq!(report.findings[0].nodes, nodes, "{text}");
    }
    // it has its network by now
    assert!(read_named(&[("page.md", &pods("1/1", "Running"))], None).is_err());
}

/// Racks have networks of their own: a table of addresses does not show which of them are joined.
#[test]
fn nodes_in_several_networks_are_not_wrong_for_that() {
    let page = "NAME     ASN       IPV4            IPV6\nr1-1     (64512)   10.0.1.11/24\nr1-2     (64512)   10.0.1.12/24\n\
        r1-3     (64512)   10.0.1.13/24\nr2-1     (64512)   10.0.2.11/24\n";
    let snapshot = read_named(&[("page.md", page)], None).expect("reads");
    assert!(judge(&snapshot).findings.is_empty(), "{:?}", judge(&snapshot).findings);
    let seen = evaluate(&snapshot, &AutodetectOptions::new(Family::V4));
    assert_eq!(seen.verdict(None), Verdict::Unknown);
}

#[test]
fn what_the_operator_says_of_itself() {
    let described = "Name:         calico\nKind:         TigeraStatus\nStatus:\n  Conditions:\n    Message:  IPPool 192.168.0.0/16 is not within the \
        platform's configured pod network CIDR(s) [10.244.0.0/16]\n    Reason:   ResourceReadError\n    Status:   True\n    Type:     Degraded\n";
    let table = |degraded: &str| {
        format!("NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico   True        False         {degraded:<8}   6m20s\n")
    };
    for text in [described.to_owned(), format!("```\n{}```\n```\n{described}```\n", table("True"))] {
        let report = read_page(&text);
        assert_eq!(codes(&report), ["operator-degraded"]);
        assert!(report.findings[0].message.contains("may not create calico-node: IPPool 192.168.0.0/16"), "{}", report.findings[0].message);
    }
    let sound = read_page(&table("False"));
    assert!(sound.findings.is_empty() && sound.verdict == Verdict::Unknown);
}

#[test]
fn evidence_names_its_own_line() {
    let report = read_page(&format!("Hello,\n\n```\n{STATUS}{SOUND_ROW}{BRIDGE_ROW}```\n"));
    assert!(report.findings[0].evidence[0].text.ends_with("page.md:11]"), "{:?}", report.findings[0].evidence);
    let report = read_page(&format!("```\n{NO_ADDRESS}```\n"));
    let last = report.findings[0].evidence.iter().rfind(|evidence| evidence.text.contains("failed to start")).expect("the last line");
    assert!(last.text.ends_with("page.md:8]"), "{last:?}");
}

/// A probe that somebody shows beside a log says how much time the start is given.
#[test]
fn probes_in_yaml_are_the_budget() {
    let log = "# kubectl logs calico-node-jz7cz -n kube-system -c calico-node\n\
        2025-06-02 08:29:00.000 [INFO][9] startup/startup.go 431: Early log level set to info\n\
        2025-06-02 08:29:00.100 [INFO][9] startup/utils.go 138: Determined node name: far-9\n\
        2025-06-02 08:29:58.000 [INFO][9] startup/startup.go 436: Checking datastore connection\n";
    let probe = "livenessProbe:\n  httpGet:\n    path: /liveness\n    port: 9099\n  failureThreshold: 4\n  periodSeconds: 20\n";
    let report = read_page(&format!("```\n{log}```\nand\n```yaml\n{probe}```\n"));
    assert_eq!(codes(&report), ["start-near-budget"], "{report:#?}");
    assert!(report.findings[0].message.contains("kill it after 80s"), "{}", report.findings[0].message);
}

/// What is sound, or on its way: no finding, and no health either.
#[test]
fn sound_pastes_have_no_finding() {
    let pods = |rows: &str| format!("NAME                READY   STATUS    RESTARTS   AGE   IP         NODE\n{rows}");
    let young = pods(
        "calico-node-aaaa1   1/1   Running       0   3m    10.0.0.1   n1\ncalico-node-bbbb2   0/1   Init:0/2      0   4s    10.0.0.2   n2\n\
        calico-node-cccc3   0/1   Terminating   0   12d   10.0.0.3   n3\ncalico-node-dddd4   0/1   Running       0   20s   10.0.0.4   n4\n",
    );
    let windows = "NAME     STATUS   ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE\n\
        linux1   Ready    <none>   9d    v1.28.3   10.1.0.4      <none>        Ubuntu 22.04.3 LTS\n\
        win1     Ready    <none>   9d    v1.28.3   10.1.0.5      <none>        Windows Server 2022 Datacenter\n";
    let past = format!("  Warning  Unhealthy  42m (x9 over 50m)  kubelet  {UNREADY} 10.0.0.1\n");
    let replaced = format!(
        "LAST SEEN   TYPE      REASON      OBJECT                  MESSAGE\n55m         Normal    Killing     pod/calico-node-old11   Stopping container calico-node\n\
         54m         Warning   Unhealthy   pod/calico-node-new11   {UNREADY} 10.0.0.2\n"
    );
    let kind = "NAME                 STATUS   ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP\n\
        kind-control-plane   Ready    <none>   5m    v1.30.0   172.18.0.2    <none>\nkind-worker          Ready    <none>   5m    v1.30.0   172.18.0.3    <none>\n";
    for (name, text) in [
        ("sessions of one host", format!("{STATUS}{SOUND_ROW}")),
        ("pods that are being replaced", young),
        ("a restart long ago", pods("calico-node-aaaa1   1/1   Running   119 (40d ago)   61d   10.0.0.1   n1\n")),
        ("a Windows node", windows.to_owned()),
        ("a pod that was created a moment ago", pods("calico-node-eeee5   0/1   Pending   0   5s   <none>   <none>\n")),
        (
            "an image that was pulled at the second try",
            "  Warning  Failed  9m  kubelet  Failed to pull image \"docker.io/calico/node:v3.26.1\": timeout\n".to_owned(),
        ),
        ("a cordoned node", NODES.replace("Ready ", "Ready,SchedulingDisabled ")),
        ("failures of a start that is over", past),
        ("events of a pod that is gone", replaced),
        (
            "nodes in Docker's own network",
            format!("{kind}root@kind-worker:~# calicoctl node status\n{STATUS}{}", SOUND_ROW.replace("10.0.0.2  ", "172.18.0.2")),
        ),
        ("BIRD that is not wanted", "Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n".to_owned()),
    ] {
        let report = read_page(&text);
        assert!(report.findings.is_empty(), "{name}: {:#?}", report.findings);
        assert_eq!(report.verdict, Verdict::Unknown, "{name}: a paste cannot show health");
    }
}

/// kubectl pads a header and its rows to one width: they are no line that a terminal broke.
#[test]
fn a_table_of_one_row_is_no_broken_line() {
    let page = "$ calicoctl get ippool -o wide\n\
        NAME                  CIDR            NAT    IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR   \n\
        default-ipv4-ippool   10.244.0.0/16   true   Always     Never       false      false              all()      \n\
        $ kubectl get nodes\nNAME   STATUS   ROLES    AGE   VERSION\nn1     Ready    <none>   4d    v1.28.8\n";
    let snapshot = read_named(&[("page.md", page)], None).expect("reads");
    assert_eq!(snapshot.resources.ip_pools.seen().map(Vec::len), Some(1), "{:?}", snapshot.sources);
}
