//! Watches, asked for by plain requests: what comes first, what follows, and when it is too late.

use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt};
use serde_json::{Value, json};
use sim::{Server, Writer};

use super::replay::client;

/// Follows `query` until it ends, or until `enough` events have come.
async fn events(server: &Server, query: &str, enough: usize) -> Vec<Value> {
    let request = http::Request::get(query).body(Vec::new()).expect("a request");
    let stream = client(server, "admin").await.request_stream(request).await.expect("a stream");
    let lines = stream.lines().map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON"));
    let all = lines.take(enough).collect();
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it ends")
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn told(events: &[Value]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (word(&event["type"]), word(&event["object"]["metadata"]["name"]))).collect()
}

const NODES: &str = "/api/v1/nodes?watch=true&timeoutSeconds=2";

#[tokio::test]
async fn a_watch_without_a_version_tells_the_state_first() {
    let server = Server::start(sim::scenario::healthy(2)).await.expect("a server");
    let seen = events(&server, NODES, 9).await;
    assert_eq!(told(&seen), [("ADDED", "amz-sin8-opsrespool-33-10"), ("ADDED", "amz-sin8-opsrespool-33-11")]);
    assert_eq!((&seen[0]["object"]["kind"], &seen[0]["object"]["apiVersion"]), (&json!("Node"), &json!("v1")));
    let one = events(&server, &format!("{NODES}&resourceVersion=0&fieldSelector=metadata.name%3Damz-sin8-opsrespool-33-11"), 9).await;
    assert_eq!(told(&one), [("ADDED", "amz-sin8-opsrespool-33-11")]);
}

#[tokio::test]
async fn a_watch_tells_what_enters_and_leaves_its_selection() {
    let server = Server::start(sim::scenario::healthy(2)).await.expect("a server");
    let store = &server.cluster().store;
    let from = store.resource_version();
    let label = |value: Value| {
        let node = store.edit("Node", "", "amz-sin8-opsrespool-33-10", |node| node["metadata"]["labels"]["rack"] = value);
        node.expect("written");
    };
    label(json!("7"));
    store.edit("Node", "", "amz-sin8-opsrespool-33-10", |node| node["spec"]["unschedulable"] = true.into()).expect("written");
    label(json!("8"));
    store.delete("Node", "", "amz-sin8-opsrespool-33-10", &sim::Deletion::now()).expect("gone");
    let selected = events(&server, &format!("{NODES}&labelSelector=rack%3D7&resourceVersion={from}"), 9).await;
    assert_eq!(selected.iter().map(|event| event["type"].as_str()).collect::<Vec<_>>(), ["ADDED", "MODIFIED", "DELETED"].map(Some));
    let every = events(&server, &format!("{NODES}&resourceVersion={from}"), 9).await;
    assert_eq!(
        every.iter().map(|event| event["type"].as_str()).collect::<Vec<_>>(),
        ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"].map(Some)
    );
    let versions: Vec<u64> =
        every.iter().filter_map(|event| event["object"]["metadata"]["resourceVersion"].as_str()?.parse().ok()).collect();
    assert_eq!(versions, (from + 1..=from + 4).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_version_too_old_is_gone() {
    let server = Server::start(sim::scenario::healthy(2)).await.expect("a server");
    let store = &server.cluster().store;
    let from = store.resource_version();
    store
        .edit_as(Writer::new("test"), "Node", "", "amz-sin8-opsrespool-33-10", |node| node["spec"]["unschedulable"] = true.into())
        .expect("written");
    store.compact();
    let seen = events(&server, &format!("{NODES}&resourceVersion={from}"), 9).await;
    let expected = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": format!("too old resource version: {from} ({})", from + 1),
        "reason": "Expired",
        "code": 410,
    });
    assert_eq!(seen, [json!({"type": "ERROR", "object": expected})]);
}

#[tokio::test]
async fn bookmarks_come_when_asked_for() {
    let server = Server::start(sim::scenario::healthy(2)).await.expect("a server");
    let from = server.cluster().store.resource_version();
    let query = format!("/api/v1/nodes?watch=true&timeoutSeconds=10&allowWatchBookmarks=true&resourceVersion={from}");
    let seen = events(&server, &query, 1).await;
    assert_eq!((&seen[0]["type"], &seen[0]["object"]["kind"]), (&json!("BOOKMARK"), &json!("Node")));
    assert_eq!(seen[0]["object"]["metadata"]["resourceVersion"], from.to_string());
    let list =
        "/api/v1/nodes?watch=true&timeoutSeconds=10&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let seen = events(&server, list, 3).await;
    assert_eq!(seen[2]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn the_pages_of_a_list_are_of_one_moment() {
    let server = Server::start(sim::scenario::healthy(3)).await.expect("a server");
    let page = async |query: String| {
        let request = http::Request::get(format!("/api/v1/nodes?limit=2{query}")).body(Vec::new()).expect("a request");
        client(&server, "admin").await.request::<Value>(request).await
    };
    let first = page(String::new()).await.expect("a page");
    let store = &server.cluster().store;
    store.delete("Node", "", "amz-sin8-opsrespool-33-12", &sim::Deletion::now()).expect("gone");
    let next = || format!("&continue={}", first["metadata"]["continue"].as_str().unwrap_or_default());
    let second = page(next()).await.expect("a page");
    assert_eq!(second["items"][0]["metadata"]["name"], "amz-sin8-opsrespool-33-12", "as it was when the first was read");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    store.compact();
    let Err(kube::Error::Api(gone)) = page(next()).await else { panic!("too old") };
    assert_eq!((gone.code, gone.reason.as_str()), (410, "Expired"));
}
