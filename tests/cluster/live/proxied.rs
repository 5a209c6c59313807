//! Through a proxy, and past it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use calico_fix::verb::Verb;

/// A CONNECT proxy that leads every tunnel to `target` and keeps what it was asked.
async fn proxy(target: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("address").to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (kept, target) = (kept.clone(), target.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.expect("a request"));
                }
                kept.lock().expect("lock").push(String::from_utf8_lossy(&head).into_owned());
                let mut server = TcpStream::connect(target).await.expect("the server");
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("answers");
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, asked)
}

fn target(server: &Server) -> String {
    server.url().trim_start_matches("https://").to_owned()
}

#[tokio::test]
async fn the_environments_proxy_is_used_with_exec_and_all() {
    let server = start(sim::scenario::healthy(3)).await;
    let (address, asked) = proxy(target(&server)).await;
    let line = format!("--kubeconfig {} --server https://api.example.com:6443 --tls-server-name localhost", server.kubeconfig().display());
    let variables = [("HTTPS_PROXY", format!("http://me:secret@{address}").into()), ("NO_PROXY", "example.org, ,10.0.0.0/8,".into())];
    let connection = cluster::connect_from(&flags(&line), Verb::Status, &surroundings(&variables)).await.expect("connects");
    assert!(!format!("{connection:?} {:?}", connection.route).contains("secret"));
    let snapshot = cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect("gathers");
    assert_eq!(snapshot.inside.values().filter(|inside| inside.seen().is_some()).count(), 3);
    let asked = asked.lock().expect("lock");
    assert!(!asked.is_empty());
    for head in asked.iter() {
        assert!(head.starts_with("CONNECT api.example.com:6443 "), "{head}");
        assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic bwu6c2vjcmv0"), "{head}");
    }
}

#[tokio::test]
async fn loopback_is_never_proxied_by_the_environment() {
    let server = start(sim::scenario::healthy(3)).await;
    let line = format!("--kubeconfig {}", server.kubeconfig().display());
    let variables = [("HTTPS_PROXY", "http://127.0.0.1:1".into())];
    let connection = cluster::connect_from(&flags(&line), Verb::Status, &surroundings(&variables)).await.expect("connects");
    cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect("gathers");
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_is_named() {
    let server = start(sim::scenario::healthy(3)).await;
    let line = format!("--kubeconfig {} --server https://api.example.com:6443", server.kubeconfig().display());
    let variables = [("https_proxy", "http://me:secret@127.0.0.1:1".into())];
    let connection = cluster::connect_from(&flags(&line), Verb::Status, &surroundings(&variables)).await.expect("connects");
    let error = cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect_err("no proxy there");
    let text = format!("{error} {:?} {error:?}", error.hint());
    assert!(text.contains("127.0.0.1:1") && text.contains("NO_PROXY") && !text.contains("secret"), "{text}");
}
