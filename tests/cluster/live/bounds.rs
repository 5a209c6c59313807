//! A server that never ends, and one that says nothing.

use std::time::Instant;

use calico_fix::cluster::log_stream::{self, Read, Which};
use calico_fix::limits::{MAX_LOG, MAX_PAGE_ITEMS};
use calico_fix::snapshot::objects::Pod;
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

async fn connection(server: &str, more: &str) -> Connection {
    cluster::connect_from(&flags(&format!("--server {server} {more}")), "status", &surroundings(&[])).await.expect("connects")
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

#[tokio::test]
async fn a_page_of_empty_objects() {
    let page = |_: &str| Some(format!(r#"{{"items": [{}{{}}]}}"#, "{},".repeat(4_000_000)));
    let why = failure(page, "").await;
    assert!(why.contains(&format!("more than {MAX_PAGE_ITEMS} objects")), "{why}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let begun = Instant::now();
    let why = failure(|_| None, "--deadline 1s").await;
    assert!(why.contains("could not be read within 1s"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(20));
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
