//! Faults by plan, for those who write and watch.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use sim::{Effect, Fault, Hook, Server, Victim};
use support::tools::tool;

use super::replay::client;

const CALICO_NODE: &str = "/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node";

async fn patch(server: &Server, body: serde_json::Value) -> (u16, serde_json::Value) {
    let request = http::Request::patch(CALICO_NODE).header("content-type", "application/merge-patch+json");
    let request = request.body(kube::client::Body::from(body.to_string().into_bytes())).expect("a request");
    let response = client(server, "admin").await.send(request).await.expect("an answer");
    let code = response.status().as_u16();
    let body = response.into_body().collect_bytes().await.expect("a body");
    (code, serde_json::from_slice(&body).expect("JSON"))
}

async fn started(fault: Fault) -> Server {
    let mut world = sim::scenario::healthy(2);
    world.faults.push(fault);
    Server::start(world).await.expect("a server")
}

#[tokio::test]
async fn one_verb_can_be_forbidden() {
    let server = started(Fault::always("/daemonsets/", Effect::Forbidden).on(&["patch"])).await;
    let (code, status) = patch(&server, json!({})).await;
    assert_eq!(code, 403);
    let message = "daemonsets.apps \"calico-node\" is forbidden: User \"admin\" cannot patch resource \"daemonsets\" in API group \
                   \"apps\" in the namespace \"kube-system\"";
    assert_eq!(status["message"], message);
    let read = http::Request::get(CALICO_NODE).body(Vec::new()).expect("a request");
    assert!(client(&server, "admin").await.request::<serde_json::Value>(read).await.is_ok());
}

#[tokio::test]
async fn somebody_else_edits_first() {
    let edit = Effect::EditedMeanwhile {
        kind: "DaemonSet",
        namespace: "kube-system".into(),
        name: "calico-node".into(),
        patch: json!({"metadata": {"annotations": {"edited": "yes"}}}),
    };
    let server = started(Fault::times("/daemonsets/", 1, edit).on(&["patch"])).await;
    let object = server.cluster().store.object("DaemonSet", "kube-system", "calico-node").expect("there");
    let versioned = json!({"metadata": {"resourceVersion": object["metadata"]["resourceVersion"], "annotations": {"mine": "yes"}}});
    let (code, status) = patch(&server, versioned).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")));
    let (code, object) = patch(&server, json!({"metadata": {"annotations": {"mine": "yes"}}})).await;
    assert_eq!((code, &object["metadata"]["annotations"]["edited"]), (200, &json!("yes")));
}

/// Killed at its one write: before or after that was carried out.
#[test]
fn a_client_is_killed_at_its_write() {
    let Some(kubectl) = tool("kubectl", "killing kubectl at its write") else { return };
    for (carried_out, effect) in [(false, Effect::Lost as fn(Hook) -> Effect), (true, Effect::After)] {
        let running = sim::start(sim::scenario::healthy(2));
        let victim = Victim::default();
        running.cluster().add_fault(Fault::nth_write(1, effect(victim.kill())));
        let annotate = ["-n", "kube-system", "annotate", "daemonset", "calico-node", "mine=yes"];
        let home = running.kubeconfig().with_file_name("home");
        let mut command = Command::new(&kubectl);
        command.args(annotate).env("KUBECONFIG", running.kubeconfig()).env("HOME", home);
        let output = victim.run(&mut command).expect("runs");
        assert_eq!((output.status.code(), output.stdout.len()), (None, 0));
        let object = running.cluster().store.object("DaemonSet", "kube-system", "calico-node").expect("there");
        assert_eq!(object["metadata"]["annotations"]["mine"] == "yes", carried_out);
        let requests = running.requests();
        assert_eq!(requests.iter().filter(|request| request.writes()).count(), 1);
        assert!(requests.last().is_some_and(|request| request.method == "PATCH"), "{requests:?}");
    }
}

#[tokio::test]
async fn a_watch_is_cut() {
    let server = started(Fault::times("/nodes", 1, Effect::Cut { after: Duration::from_millis(300), cleanly: true }).on(&["watch"])).await;
    let request = http::Request::get("/api/v1/nodes?watch=true").body(Vec::new()).expect("a request");
    let stream = client(&server, "admin").await.request_stream(request).await.expect("a stream");
    let mut text = String::new();
    let read = futures::AsyncReadExt::read_to_string(&mut Box::pin(stream), &mut text).await;
    assert!(read.is_ok() && text.matches("\"ADDED\"").count() == 2, "{read:?}");
}

#[tokio::test]
async fn the_api_goes_away_and_comes_back() {
    let server = started(Fault::always("/nonesuch", Effect::Hang)).await;
    let nodes = || http::Request::get("/api/v1/nodes").body(Vec::new()).expect("a request");
    let client = client(&server, "admin").await;
    assert!(client.request::<serde_json::Value>(nodes()).await.is_ok());
    let start = Instant::now();
    server.go_away(Duration::from_millis(800));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(client.request::<serde_json::Value>(nodes()).await.is_err());
    while client.request::<serde_json::Value>(nodes()).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "it comes back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(start.elapsed() >= Duration::from_millis(800));
}
