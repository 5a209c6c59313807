//! Is the simulated cluster one? The real kubectl and recorded answers of a real API server are the judges.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sim::{Logs, Running, World};

/// `None`, said loudly, where there is no kubectl.
fn kubectl(running: &Running, arguments: &[&str]) -> Option<Output> {
    // A home of its own: kubectl caches discovery there.
    let home = running.kubeconfig().with_file_name("home");
    match Command::new("kubectl").args(arguments).env("KUBECONFIG", running.kubeconfig()).env("HOME", home).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: no kubectl on PATH ({error})");
            None
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What it printed, when it succeeded.
fn said(running: &Running, arguments: &[&str]) -> Option<String> {
    let output = kubectl(running, arguments)?;
    assert!(output.status.success(), "kubectl {arguments:?}: {}", text(&output.stderr));
    Some(text(&output.stdout))
}

/// What it complained of, when it failed.
fn complained(running: &Running, arguments: &[&str]) -> Option<String> {
    let output = kubectl(running, arguments)?;
    assert!(!output.status.success(), "kubectl {arguments:?} succeeded: {}", text(&output.stdout));
    Some(text(&output.stderr))
}

fn pod_on(running: &Running, node: &str) -> Option<String> {
    let selector = format!("spec.nodeName={node}");
    Some(said(running, &["-n", "kube-system", "get", "pods", "--field-selector", &selector, "-o", "name"])?.trim().to_string())
}

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
    let write = complained(&running, &["-n", "kube-system", "delete", &far]).expect("kubectl is there");
    assert!(write.contains("(MethodNotAllowed): the simulated API server does not support delete"), "{write}");
}

/// A request and its answer as `tests/fixtures/kube` keeps them.
struct Exchange {
    method: String,
    path: String,
    body: String,
    code: u16,
    headers: BTreeMap<String, String>,
    answer: String,
}

fn exchange(path: &Path) -> Exchange {
    let text = std::fs::read_to_string(path).expect("a recording").replace("\r\n", "\n");
    let (request, rest) = text.split_once("\n\nHTTP/").expect("a status line after the request");
    let (head, answer) = rest.split_once("\n\n").expect("a blank line after the headers");
    let mut request = request.lines().map(|line| line.trim_start_matches("> "));
    let (method, path) = request.next().and_then(|line| line.split_once(' ')).expect("method and path");
    let body = request.find(|line| line.starts_with('{')).unwrap_or_default();
    let mut head = head.lines();
    let code = head.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status line");
    let headers = head.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Exchange { method: method.into(), path: path.into(), body: body.into(), code, headers, answer: answer.into() }
}

/// The cluster that the recorded answers came from, as far as they tell.
fn recorded_world(exchanges: &[(String, Exchange)]) -> World {
    let mut world = World::empty(jiff::Timestamp::UNIX_EPOCH);
    world.store.define("crd.projectcalico.org");
    for (_, Exchange { method, path, code, answer, .. }) in exchanges {
        if method != "GET" || *code != 200 || path.contains("limit=") {
            continue;
        }
        if let Some((pod, query)) = path.split_once("/log?") {
            let name = pod.rsplit('/').next().unwrap_or_default().to_string();
            let previous = query.contains("previous=true").then_some(answer.trim_end());
            let current = previous.is_none().then_some(answer.trim_end());
            world.logs.insert(("kube-system".into(), name, "calico-node".into()), Logs::fixed(current, previous));
            continue;
        }
        let Ok(object) = serde_json::from_str::<Value>(answer) else { continue };
        match object["kind"].as_str() {
            Some("APIResourceList") | None => {}
            Some(kind) if kind.ends_with("List") => world.store.add_list(&object),
            Some(_) => world.store.add(object),
        }
    }
    world
}

/// What may differ between a recorded answer and the simulated one. Everything else must be equal.
fn settle(name: &str, body: &mut Value) {
    match name {
        // The build's own facts; the sim invents them.
        "version.http" => {
            for key in ["gitCommit", "gitTreeState"] {
                body[key] = Value::Null;
            }
        }
        // A review is not stored: who wrote which field does not matter to its reader.
        "ssar-as-admin.http" | "ssar-as-viewer.http" => body["metadata"] = Value::Null,
        // The sim has fewer kinds and verbs, and no hashes: the kinds it has must be described alike.
        "crd-group-present.http" => {
            let known = ["bgpconfigurations", "bgppeers", "caliconodestatuses", "clusterinformations", "ippools"];
            let mut found = BTreeMap::new();
            for resource in body["resources"].as_array().into_iter().flatten() {
                let plural = resource["name"].as_str().unwrap_or_default();
                if known.contains(&plural) {
                    found.insert(
                        plural.to_string(),
                        [&resource["singularName"], &resource["kind"], &resource["namespaced"]].map(Clone::clone),
                    );
                }
            }
            body["resources"] = serde_json::json!(found);
        }
        _ => {}
    }
}

async fn replay(directory: &Path) {
    let mut names: Vec<PathBuf> = std::fs::read_dir(directory).expect("a directory").filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    names.sort();
    let all = names.iter().map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), exchange(path)));
    // The slow start was recorded later, in the same cluster: a world of its own.
    let (slow, first): (Vec<_>, Vec<_>) = all.partition(|(name, _)| name.starts_with("slowstart"));
    assert!(slow.len() >= 3 && first.len() >= 15, "recordings are missing in {}", directory.display());
    for (exchanges, version) in [(first, 535), (slow, 1115)] {
        let world = recorded_world(&exchanges);
        world.store.start_at(version);
        let server = sim::Server::start(world).await.expect("a server");
        for (name, exchange) in &exchanges {
            compare(&server, name, exchange).await;
        }
    }
}

async fn client(server: &sim::Server, context: &str) -> kube::Client {
    let kubeconfig = kube::config::Kubeconfig::read_from(server.kubeconfig()).expect("a kubeconfig");
    let options = kube::config::KubeConfigOptions { context: Some(context.into()), ..Default::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    kube::Client::try_from(config).expect("a client")
}

async fn compare(server: &sim::Server, name: &str, exchange: &Exchange) {
    let context = if name.contains("viewer") || name.starts_with("forbidden") { "viewer" } else { "admin" };
    let request = http::Request::builder().method(exchange.method.as_str()).uri(&exchange.path).header("content-type", "application/json");
    let request = request.body(kube::client::Body::from(exchange.body.clone().into_bytes())).expect("a request");
    let response = client(server, context).await.send(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = text(&body.collect_bytes().await.expect("a body"));
    // Writing is not simulated, and said so.
    if exchange.method == "PATCH" && exchange.code != 403 {
        assert_eq!(head.status.as_u16(), 405, "{name}: {body}");
        return;
    }
    assert_eq!(head.status.as_u16(), exchange.code, "{name}: {body}");
    // Not compared: Audit-Id and Date (of the moment), the flow control's headers, and how the body is framed.
    for header in ["Content-Type", "Cache-Control", "X-Content-Type-Options"] {
        let got = head.headers.get(header).and_then(|value| value.to_str().ok());
        assert_eq!(got, exchange.headers.get(header).map(String::as_str), "{name}: {header}");
    }
    match serde_json::from_str::<Value>(&exchange.answer) {
        Ok(mut expected) => {
            let mut got: Value = serde_json::from_str(&body).expect("JSON");
            settle(name, &mut expected);
            settle(name, &mut got);
            differences(name, "", &expected, &got);
        }
        // The recordings end with a newline of the recorder's.
        Err(_) => assert_eq!(body.trim_end(), exchange.answer.trim_end(), "{name}"),
    }
}

/// Names the very field that differs: the whole bodies are too long to read.
fn differences(name: &str, at: &str, expected: &Value, got: &Value) {
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                differences(name, &format!("{at}.{key}"), &expected[key], &got[key]);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            assert_eq!(left.len(), right.len(), "{name}: length of {at}");
            left.iter().zip(right).enumerate().for_each(|(index, (left, right))| differences(name, &format!("{at}[{index}]"), left, right));
        }
        _ => assert_eq!(expected, got, "{name}: {at}"),
    }
}

#[tokio::test]
async fn recorded_requests_get_the_recorded_answers() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    replay(&here.join("tests/fixtures/kube")).await;
    let whole = here.join("../shared/recordings/kube");
    if whole.is_dir() {
        replay(&whole).await;
    } else {
        println!("skipped: no recordings here");
    }
}
