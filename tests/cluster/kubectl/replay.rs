//! The recorded requests of a real API server, asked again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sim::{Logs, Scenario};

use super::text;

/// A request and its answer as `tests/fixtures/kube` keeps them.
struct Exchange {
    method: String,
    path: String,
    content_type: String,
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
    let rest: Vec<&str> = request.collect();
    let content_type = rest.iter().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or("application/json");
    let body = rest.iter().find(|line| line.starts_with(['{', '['])).copied().unwrap_or_default();
    let mut head = head.lines();
    let code = head.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status line");
    let headers = head.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Exchange {
        method: method.into(),
        path: path.into(),
        content_type: content_type.into(),
        body: body.into(),
        code,
        headers,
        answer: answer.into(),
    }
}

/// The cluster that the recorded answers came from, as far as they tell.
fn recorded_world(exchanges: &[(String, Exchange)]) -> Scenario {
    let mut world = Scenario::empty("2026-11-23T10:38:42Z".parse().expect("a time"));
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

pub(super) async fn client(server: &sim::Server, context: &str) -> kube::Client {
    let kubeconfig = kube::config::Kubeconfig::read_from(server.kubeconfig()).expect("a kubeconfig");
    let options = kube::config::KubeConfigOptions { context: Some(context.into()), ..Default::default() };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    kube::Client::try_from(config).expect("a client")
}

async fn compare(server: &sim::Server, name: &str, exchange: &Exchange) {
    let context = if name.contains("viewer") || name.starts_with("forbidden") { "viewer" } else { "admin" };
    let request =
        http::Request::builder().method(exchange.method.as_str()).uri(&exchange.path).header("content-type", &exchange.content_type);
    let request = request.body(kube::client::Body::from(exchange.body.clone().into_bytes())).expect("a request");
    let response = client(server, context).await.send(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = text(&body.collect_bytes().await.expect("a body"));
    // Server-side apply is not simulated: the one recorded request that is answered otherwise.
    if name == "ds-apply-conflict.http" {
        assert_eq!(head.status.as_u16(), 415, "{name}: {body}");
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
}

/// Patches of an Installation (operator 1.28); where the recording was cut, status, headers and the beginning count.
#[tokio::test]
async fn patches_of_an_installation_get_the_recorded_answers() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube/operator");
    let world = sim::scenario::operator(1);
    world.store.bend("Installation", "default", |object| {
        object["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"] = serde_json::json!({"kubernetes": "NodeInternalIP"});
    });
    let server = sim::Server::start(world).await.expect("a server");
    let files: Vec<PathBuf> = std::fs::read_dir(directory).expect("a directory").filter_map(|entry| Some(entry.ok()?.path())).collect();
    assert_eq!(files.len(), 7);
    for path in files {
        let (name, exchange) = (path.display().to_string(), exchange(&path));
        let request = http::Request::builder().method(exchange.method.as_str()).uri(&exchange.path);
        let request = request.header("content-type", &exchange.content_type);
        let request = request.body(kube::client::Body::from(exchange.body.clone().into_bytes())).expect("a request");
        let response = client(&server, "admin").await.send(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let body = text(&body.collect_bytes().await.expect("a body"));
        assert_eq!(head.status.as_u16(), exchange.code, "{name}: {body}");
        for header in ["Content-Type", "Warning"] {
            let got = head.headers.get(header).and_then(|value| value.to_str().ok());
            assert_eq!(got, exchange.headers.get(header).map(String::as_str), "{name}: {header}");
        }
        let got: Value = serde_json::from_str(&body).expect("JSON");
        if let Ok(expected) = serde_json::from_str::<Value>(&exchange.answer) {
            differences(&name, "", &expected, &got);
        } else if exchange.code == 422 {
            let start = r#" "" is invalid: patch: Invalid value: "{\"apiVersion\":\"operator.tigera.io/v1\",\"kind\":\"Installation\",\"metadata\":{\"creationTimestamp\":"#;
            assert!(got["message"].as_str().is_some_and(|message| message.starts_with(start)), "{name}: {body}");
            assert_eq!((&got["reason"], &got["details"]["causes"][0]["field"]), (&"Invalid".into(), &"patch".into()));
        }
    }
}
