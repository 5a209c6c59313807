//! Folders as collectors lay them out, by their marks.

use std::fs;
use std::io;

use calico_fix::import::load;
use calico_fix::observed::Observed;

const LOG: &str = "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info\n\
    2026-05-12 05:18:33.200 [INFO][9] startup/startup.go 201: Using autodetected IPv4 address on interface eth0: 10.0.0.7/24\n";
const INSTALL: &str = "2026-05-12 05:18:30.000 [ERROR][1] cni-installer/<nil> <nil>: Unable to create token for CNI kubeconfig\n";
const NODE: &str = "apiVersion: v1\nkind: Node\nmetadata:\n  name: w7\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: calico-node-p2x4d\n  namespace: kube-system\nspec:\n  nodeName: w7\n  containers:\n  - name: calico-node\n";

const NODE_JSON: &str = "{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"w7\"}, \"status\": {\"addresses\": [{\"type\": \"InternalIP\", \"address\": \"10.0.0.7\"}]}}";
const POD_JSON: &str = "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"calico-node-p2x4d\", \"namespace\": \"kube-system\"}, \
    \"spec\": {\"nodeName\": \"w7\", \"containers\": [{\"name\": \"calico-node\"}]}}";
const IP_ADDR: &str = "1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,UP> mtu 1500\n    inet 10.0.0.7/24 scope global eth0\n";

/// Each layout holds a Node, a Pod, its log and the log of an init container, which is not calico-node's.
#[test]
fn layouts_of_collectors() {
    let dump = format!(
        "{{\n    \"kind\": \"NodeList\",\n    \"apiVersion\": \"v1\",\n    \"items\": [{{\"metadata\": {{\"name\": \"w7\"}}, \"status\": {{\"nodeInfo\": {{\"kubeletVersion\": \"v1.28.8\"}}}}}}]\n}}\n\
        {{\n    \"kind\": \"PodList\",\n    \"apiVersion\": \"v1\",\n    \"items\": [{{\"metadata\": {{\"name\": \"calico-node-p2x4d\", \"namespace\": \"kube-system\"}}, \
        \"spec\": {{\"nodeName\": \"w7\", \"containers\": [{{\"name\": \"calico-node\"}}]}}}}]\n}}\n\
        ==== START logs for container install-cni of pod kube-system/calico-node-p2x4d ====\n{INSTALL}==== END logs for container install-cni of pod kube-system/calico-node-p2x4d ====\n\
        ==== START logs for container calico-node of pod kube-system/calico-node-p2x4d ====\n{LOG}==== END logs for container calico-node of pod kube-system/calico-node-p2x4d ====\n"
    );
    let list = |item: &str| format!("{{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"List\",\n    \"items\": [{item}]\n}}\n");
    let (nodes, pods) = (list(NODE_JSON), list(POD_JSON));
    let array = format!("[{POD_JSON}]");
    let mixed = format!("{INSTALL}{LOG}");
    let marked = format!(
        "==== START logs for container install-cni of pod kube-system/calico-node-p2x4d ====\n{INSTALL}==== END logs for container install-cni of pod kube-system/calico-node-p2x4d ====\n\
        ==== START logs for container calico-node of pod kube-system/calico-node-p2x4d ====\n{LOG}==== END logs for container calico-node of pod kube-system/calico-node-p2x4d ====\n"
    );
    let layouts: [(&str, Vec<(&str, &str)>); 8] = [
        (
            "sosreport",
            vec![
                (
                    "sosreport-w7-2026-11-29-abc/sos_commands/kubernetes/cluster-info/kubectl_--kubeconfig_.etc.kubernetes.admin.conf_get_-o_json_nodes",
                    &nodes,
                ),
                (
                    "sosreport-w7-2026-11-29-abc/sos_commands/kubernetes/cluster-info/kube-system/kubectl_get_-o_json_--namespace_kube-system_pods",
                    &pods,
                ),
                (
                    "sosreport-w7-2026-11-29-abc/sos_commands/kubernetes/cluster-info/kube-system/podlogs/calico-node-p2x4d/kubectl_logs_calico-node-p2x4d_-c_calico-node",
                    LOG,
                ),
                (
                    "sosreport-w7-2026-11-29-abc/sos_commands/kubernetes/cluster-info/kube-system/podlogs/calico-node-p2x4d/kubectl_logs_calico-node-p2x4d_-c_install-cni",
                    INSTALL,
                ),
                ("sosreport-w7-2026-11-29-abc/sos_commands/networking/ip_-d_address", IP_ADDR),
            ],
        ),
        (
            "kubectl cluster-info dump --output-directory",
            vec![
                ("nodes.json", &nodes),
                ("kube-system/pods.json", &pods),
                ("kube-system/events.json", "{\"kind\": \"EventList\", \"apiVersion\": \"v1\", \"metadata\": {}, \"items\": []}\n"),
                ("kube-system/calico-node-p2x4d/logs.txt", &marked),
            ],
        ),
        (
            "sonobuoy of bare lists",
            vec![
                ("resources/cluster/core_v1_nodes.json", &nodes),
                ("resources/ns/kube-system/core_v1_pods.json", &array),
                ("podlogs/kube-system/calico-node-p2x4d/logs/calico-node.txt", LOG),
                ("meta/config.json", "{\"Description\": \"x\"}"),
            ],
        ),
        (
            "must-gather",
            vec![
                ("cluster-scoped-resources/core/nodes/w7.yaml", NODE),
                ("namespaces/kube-system/pods/calico-node-p2x4d/calico-node-p2x4d.yaml", POD),
                ("namespaces/kube-system/pods/calico-node-p2x4d/calico-node/calico-node/logs/current.log", LOG),
                ("namespaces/kube-system/pods/calico-node-p2x4d/install-cni/install-cni/logs/current.log", INSTALL),
            ],
        ),
        (
            "kubelet's folder",
            vec![
                ("nodes.yaml", NODE),
                ("pods.yaml", POD),
                ("var/log/pods/kube-system_calico-node-p2x4d_1111/calico-node/0.log", LOG),
                ("var/log/pods/kube-system_calico-node-p2x4d_1111/install-cni/0.log", INSTALL),
            ],
        ),
        (
            "sonobuoy",
            vec![
                ("resources/cluster/core_v1_nodes.yaml", NODE),
                ("resources/ns/kube-system/core_v1_pods.yaml", POD),
                ("podlogs/kube-system/calico-node-p2x4d/logs/calico-node.txt", LOG),
                ("podlogs/kube-system/calico-node-p2x4d/logs/install-cni.txt", INSTALL),
            ],
        ),
        (
            "rke2 collector",
            vec![
                (
                    "w7-2026-11-29/rke2/kubectl/nodes",
                    "NAME   STATUS   ROLES    AGE   VERSION\nw7     Ready    <none>   4d    v1.28.8+rke2r1\n",
                ),
                (
                    "w7-2026-11-29/rke2/kubectl/pods",
                    "NAMESPACE     NAME                READY   STATUS    RESTARTS   AGE   IP         NODE\nkube-system   calico-node-p2x4d   1/1     Running   0          4d    10.0.0.7   w7\n",
                ),
                ("w7-2026-11-29/rke2/podlogs/kube-system-calico-node-p2x4d", &mixed),
                ("w7-2026-11-29/networking/ipaddrshow", IP_ADDR),
                ("w7-2026-11-29/networking/iplinkshow", "2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\n"),
            ],
        ),
        ("cluster-info dump", vec![("dump.txt", dump.as_str())]),
    ];
    for (layout, files) in layouts {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
            fs::write(path, text).expect("writes");
        }
        let snapshot = load(&[folder.path().to_owned()], &mut io::empty()).unwrap_or_else(|error| panic!("{layout}: {error}"));
        let names: Vec<&str> = snapshot.nodes.seen().into_iter().flatten().map(|node| node.metadata.name.as_str()).collect();
        assert_eq!(names, ["w7"], "{layout}");
        assert_eq!(snapshot.pods.seen().map(Vec::len), Some(1), "{layout}");
        let log =
            snapshot.logs.get("w7").and_then(|logs| logs.current.seen()).unwrap_or_else(|| panic!("{layout}: {:#?}", snapshot.sources));
        assert!(log.marks.iter().any(|mark| mark.text.contains("10.0.0.7")), "{layout}");
        assert!(!log.marks.iter().any(|mark| mark.text.contains("token")), "{layout}: the init container's log is another's");
        let has_addresses = layout == "sosreport" || layout == "rke2 collector";
        let inside = snapshot.inside.get("w7").and_then(Observed::seen);
        assert_eq!(inside.is_some_and(|inside| inside.interfaces.seen().is_some()), has_addresses, "{layout}: {:#?}", snapshot.sources);
        assert!(snapshot.logs.get("w7").is_some_and(|logs| !matches!(logs.previous, Observed::Seen(_))), "{layout}");
    }
}
