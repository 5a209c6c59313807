//! `get`, `describe`, `logs`, `exec`, `auth`, and what refusals look like.

use super::{complained, kubectl, pod_on, said, text};

#[test]
fn kubectl_gets_describes_and_reviews() {
    let running = sim::start(sim::scenario::bridge_address(5));
    let Some(nodes) = said(&running, &["get", "nodes", "-o", "wide"]) else { return };
    assert!(nodes.starts_with("NAME                        STATUS   ROLES           AGE    VERSION   INTERNAL-IP"), "{nodes}");
    assert_eq!(nodes.lines().count(), 6);
    let both = said(&running, &["-n", "kube-system", "get", "pods,ds", "-o", "wide"]).expect("kubectl is there");
    assert!(both.contains("0/1     Running   0          97s"), "{both}");
    assert!(both.contains("docker.io/calico/node:v3.24.5   k8s-app=calico-node"), "{both}");
    let yaml = said(&running, &["-n", "kube-system", "get", "ds", "calico-node", "-o", "yaml"]).expect("kubectl is there");
    assert!(yaml.starts_with("apiVersion: apps/v1\nkind: DaemonSet\n") && yaml.contains("initialDelaySeconds: 10"), "{yaml}");
    let events = said(&running, &["-n", "kube-system", "get", "events"]).expect("kubectl is there");
    assert!(events.contains("BGP peering established = 0") && events.contains("(x6 over"), "{events}");
    let node = said(&running, &["describe", "node", "amz-sin8-opsrespool-33-14"]).expect("kubectl is there");
    assert!(node.contains("projectcalico.org/IPv4Address: 172.18.0.1/16") && node.contains("CalicoIsUp"), "{node}");
    let paged = said(&running, &["get", "nodes", "--chunk-size=2", "-o", "name"]).expect("kubectl is there");
    assert_eq!(paged.lines().count(), 5);
    assert_eq!(said(&running, &["auth", "can-i", "create", "pods", "--subresource=exec"]).as_deref(), Some("yes\n"));
    let denied = kubectl(&running, &["--context", "viewer", "auth", "can-i", "list", "nodes"]).expect("kubectl is there");
    assert_eq!(text(&denied.stdout), "no\n");
}

/// Where the API server really answers, for whoever may read it.
#[test]
fn kubectl_finds_the_api_server() {
    let running = sim::start(sim::scenario::operator(2));
    let selector = ["-n", "default", "get", "endpointslices", "-l", "kubernetes.io/service-name=kubernetes"];
    let Some(table) = said(&running, &selector) else { return };
    let expected = "NAME         ADDRESSTYPE   PORTS   ENDPOINTS                 AGE\n\
                    kubernetes   IPv4          6443    10.12.33.10,10.12.33.11   110d\n";
    assert_eq!(table, expected);
    let path = "jsonpath={.endpoints[0].addresses[0]}:{.ports[0].port}";
    for context in ["no-exec", "viewer"] {
        let endpoint = said(&running, &["--context", context, "-n", "default", "get", "endpointslices", "kubernetes", "-o", path]);
        assert_eq!(endpoint.as_deref(), Some("10.12.33.10:6443"), "{context}");
    }
    let service = said(&running, &["get", "services", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"]);
    assert_eq!(service.as_deref(), Some("10.96.0.1"));
}

#[test]
fn kubectl_reads_logs_and_runs_commands() {
    let running = sim::start(sim::scenario::bridge_address(4));
    let Some(victim) = pod_on(&running, "amz-sin8-opsrespool-33-13") else { return };
    let log = said(&running, &["-n", "kube-system", "logs", &victim, "-c", "calico-node"]).expect("kubectl is there");
    assert!(log.contains("Using autodetected IPv4 address on interface br-3a10a9384428: 172.18.0.1/16\n"), "{log}");
    let why = complained(&running, &["-n", "kube-system", "logs", "-p", &victim, "-c", "calico-node"]).expect("kubectl is there");
    assert!(why.starts_with("Error from server (BadRequest): previous terminated container \"calico-node\" in pod"), "{why}");
    let birdcl = ["-n", "kube-system", "exec", victim.as_str(), "-c", "calico-node", "--", "birdcl", "-s", "/var/run/calico/bird.ctl"];
    let protocols = said(&running, &[&birdcl[..], &["show", "protocols"]].concat()).expect("kubectl is there");
    assert!(protocols.contains("kernel1  Kernel   master   wait   08:28:29    \n"), "{protocols}");
    assert_eq!(protocols.matches(" start  08:28:29    Connect       \n").count(), 3, "{protocols}");
    let script = "echo out; echo err >&2; nonesuch || exit 7";
    let output = kubectl(&running, &["-n", "kube-system", "exec", &victim, "-c", "calico-node", "--", "sh", "-c", script])
        .expect("kubectl is there");
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("out\n", Some(7)));
    assert!(text(&output.stderr).contains("err\n"));
}

#[test]
fn kubectl_reports_refusals_as_real_ones() {
    let running = sim::start(sim::scenario::slow_start(3));
    let Some(far) = pod_on(&running, "amz-iad12-opsrespool-13-33") else { return };
    let previous = said(&running, &["-n", "kube-system", "logs", "-p", &far, "-c", "calico-node"]).expect("kubectl is there");
    assert!(previous.contains("Using node name: amz-iad12-opsrespool-13-33") && !previous.contains("Terminating"), "{previous}");
    let exec =
        |context: &str| complained(&running, &["--context", context, "-n", "kube-system", "exec", &far, "-c", "calico-node", "--", "true"]);
    // Word for word what kubectl said of the recorded crash loop.
    assert_eq!(exec("admin").as_deref().map(str::trim), Some("error: unable to upgrade connection: container not found (\"calico-node\")"));
    let name = far.trim_start_matches("pod/");
    let forbidden = format!(
        "Error from server (Forbidden): pods {name:?} is forbidden: User \"no-exec\" cannot create resource \"pods/exec\" in API group \"\" in the namespace \"kube-system\"\n"
    );
    assert_eq!(exec("no-exec"), Some(forbidden));
    let unknown = complained(&running, &["--context", "unknown", "get", "nodes"]).expect("kubectl is there");
    assert!(unknown.contains("You must be logged in to the server"), "{unknown}");
    let nodes = complained(&running, &["--context", "viewer", "get", "nodes"]).expect("kubectl is there");
    assert_eq!(
        nodes,
        "Error from server (Forbidden): nodes is forbidden: User \"viewer\" cannot list resource \"nodes\" in API group \"\" at the cluster scope\n"
    );
    let write = complained(&running, &["--context", "viewer", "-n", "kube-system", "delete", &far]).expect("kubectl is there");
    assert!(write.starts_with("Error from server (Forbidden): pods \"calico-node-"), "{write}");
}
