//! A server that never ends, and one that says nothing.

use calico_fix::cluster::log_stream::{self, Read, Which};
use calico_fix::limits::{MAX_LOG, MAX_PAGE_ITEMS, MAX_PAGES};
use calico_fix::observed::Observed;
use calico_fix::snapshot::inspection::NodeInspection;
use calico_fix::snapshot::objects::Pod;
use calico_fix::verb::Verb;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Answers every request by what `answer` makes of its path; `None` never answers.
async fn hostile(answer: fn(&str) -> Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("address").to_string();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, answer));
        }
    });
    format!("http://{address}")
}

async fn serve(mut client: TcpStream, answer: fn(&str) -> Option<String>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = client.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        if path.contains("/log?") {
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            let chunk = format!("10000\r\n{}\r\n", "2026-01-01T00:00:00Z again and again\n".repeat(2000).get(..0x10000).expect("is long"));
            while client.write_all(chunk.as_bytes()).await.is_ok() {}
            return;
        }
        if path.contains("/exec?") {
            let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).expect("a websocket");
            let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
            let switch = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            let _ = client.write_all(switch.as_bytes()).await;
            flood(&mut client, path.contains("/huge/")).await;
            return;
        }
        match answer(path) {
            Some(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
                if client.write_all((head + &body).as_bytes()).await.is_err() {
                    return;
                }
            }
            None => std::future::pending().await,
        }
    }
}

/// Messages on the channel of standard output: one that says it is of a terabyte, or endless ones of 64 KiB.
async fn flood(client: &mut TcpStream, huge: bool) {
    const BINARY: u8 = 0x82;
    let length: u64 = if huge { 1 << 40 } else { 1 << 16 };
    let mut message = vec![BINARY, 127];
    message.extend(length.to_be_bytes());
    message.push(1);
    message.resize(message.len() + (1 << 16) - 1, b'x');
    while client.write_all(&message).await.is_ok() {}
}

/// A cluster of one node whose calico-node runs.
fn small(path: &str, namespace: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let labels = serde_json::json!({"k8s-app": "calico-node"});
    let owner = serde_json::json!([{"kind": "DaemonSet", "name": "calico-node"}]);
    let set = serde_json::json!({
        "metadata": {"name": "calico-node", "namespace": namespace, "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"spec": {"containers": [{"name": "calico-node"}]}}},
    });
    let pod = serde_json::json!({
        "metadata": {"name": "calico-node-x", "namespace": namespace, "labels": labels, "ownerReferences": owner},
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "calico-node", "state": {"running": {}}}],
        },
    });
    let items = match path.rsplit('/').next() {
        Some("daemonsets") => vec![set],
        Some("pods") => vec![pod],
        Some("nodes") => vec![serde_json::json!({"metadata": {"name": "node-1"}})],
        _ => vec![],
    };
    Some(serde_json::json!({"metadata": {}, "items": items}).to_string())
}

async fn inside(answer: fn(&str) -> Option<String>) -> Observed<NodeInspection> {
    let connection = connection(&hostile(answer).await, "").await;
    let snapshot = cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect("reads");
    snapshot.inside.get("node-1").cloned().expect("was asked")
}

#[tokio::test]
async fn an_exec_without_an_end_is_cut_here() {
    let inside = inside(|path| small(path, "kube-system")).await;
    let seen = inside.seen().unwrap_or_else(|| panic!("{:?}", inside.why_not()));
    assert!(seen.bird4.seen().is_none(), "what is cut is not known: {:?}", seen.bird4);
}

#[tokio::test]
async fn a_message_of_a_terabyte_is_refused() {
    let inside = inside(|path| small(path, "huge")).await;
    assert!(inside.why_not().is_some_and(|why| why.contains("the answer cannot be read") && why.contains("too long")), "{inside:?}");
}

#[tokio::test]
async fn a_list_of_endless_pages() {
    let page = |path: &str| {
        let token = path.split("continue=").nth(1).map_or(0, |token| token.parse::<u64>().expect("a number"));
        Some(format!(r#"{{"metadata": {{"continue": "{}"}}, "items": []}}"#, token + 1))
    };
    let why = failure(page, "").await;
    assert!(why.contains(&format!("more than {MAX_PAGES} pages")), "{why}");
}

async fn connection(server: &str, more: &str) -> Connection {
    cluster::connect_from(&flags(&format!("--server {server} {more}")), Verb::Status, &surroundings(&[])).await.expect("connects")
}

async fn failure(answer: fn(&str) -> Option<String>, more: &str) -> String {
    let connection = connection(&hostile(answer).await, more).await;
    cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect_err("no end").to_string()
}

#[tokio::test]
async fn a_list_that_leads_back_to_itself() {
    let why = failure(|_| Some(r#"{"metadata": {"continue": "more"}, "items": []}"#.to_owned()), "").await;
    assert!(why.contains("the same continue token twice"), "{why}");
}

/// The page after it was asked for by the first token.
#[tokio::test]
async fn a_page_that_leads_to_two_others() {
    let page = |path: &str| {
        let first = !path.contains("continue=");
        let two = r#"{"metadata": {"continue": "a"}, "items": [], "metadata": {"continue": "b"}}"#;
        Some(if first { two.to_owned() } else { r#"{"metadata": {}, "items": []}"#.to_owned() })
    };
    let why = failure(page, "").await;
    assert!(why.contains("two continue tokens"), "{why}");
}

#[tokio::test]
async fn a_page_of_empty_objects() {
    let page = |_: &str| Some(format!(r#"{{"items": [{}{{}}]}}"#, "{},".repeat(4_000_000)));
    let why = failure(page, "").await;
    assert!(why.contains(&format!("more than {MAX_PAGE_ITEMS} objects")), "{why}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let why = failure(|_| None, "--deadline 1s").await;
    assert!(why.contains("could not be read within 1s"), "{why}");
}

#[tokio::test]
async fn a_log_without_an_end_is_cut_here() {
    let connection = connection(&hostile(|_| None).await, "").await;
    let pod: Pod =
        serde_json::from_value(serde_json::json!({"metadata": {"name": "calico-node-x", "namespace": "kube-system"}})).expect("a pod");
    let mut length = 0;
    let read = log_stream::log(&connection, &pod, Which::Current, &mut |chunk| length += chunk.len() as u64).await;
    assert_eq!((read.expect("reads"), length), (Read::Cut, MAX_LOG));
}
