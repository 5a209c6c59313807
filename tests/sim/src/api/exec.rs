//! `exec` over a websocket, v5 or v4 of Kubernetes' channel protocol.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, frame::coding::CloseCode};

use super::path::{Query, Target};
use super::status::Failure;
use super::{Api, Outcome, logs};
use crate::api::exec_sandbox::Done;
use crate::host::{Host, Kubelet};
use crate::kinds::Kind;

const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
/// The kubelet's pipes give little at a time; clients must put it together.
const CHUNK: usize = 16 * 1024;

pub(super) async fn answer(api: Arc<Api>, target: Target, name: String, query: Query, mut request: Request<Incoming>) -> Outcome {
    let kind = Kind::find("", "v1", "pods").ok_or_else(Failure::no_such_page)?;
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let pod = api.world.store.get(kind, namespace, &name).ok_or_else(|| Failure::not_found(kind, &name))?.value();
    let container = logs::container(&pod, &name, query.get("container"))?;
    let command: Vec<String> = query.all("command").map(Into::into).collect();
    if command.is_empty() {
        return Err(Failure::bad_request("you must specify at least 1 command for the container"));
    }
    let node = pod["spec"]["nodeName"].as_str().unwrap_or_default().to_string();
    let host = api.world.host(&node);
    match host.as_ref().map(|host| (&host.kubelet, host.internal)) {
        Some((Kubelet::NoRoute, ip)) => {
            return Err(Failure::proxied(format!("error dialing backend: dial tcp {ip}:10250: connect: no route to host")));
        }
        Some((Kubelet::Hangs, _)) => return std::future::pending().await,
        Some((Kubelet::Answers, _)) => {}
        None => return Err(Failure::internal(format!("the simulated cluster has no host {node:?} to run a command on"))),
    }
    let gone = logs::state(&pod, &container).is_none_or(|status| status["state"]["running"].is_null());
    let missing = format!("container not found ({container:?})");
    let translated = host.as_ref().is_some_and(|host| host.translated);
    if gone && !translated {
        return Err(Failure::of_kubelet(format!("{missing}\n")));
    }
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    if !text("upgrade").eq_ignore_ascii_case("websocket") {
        return Err(Failure::bad_request("Upgrade request required: the simulated API server upgrades exec to websocket only"));
    }
    let offered: Vec<&str> = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok()).collect();
    let offered: Vec<&str> = offered.iter().flat_map(|value| value.split(',')).map(str::trim).collect();
    let Some(protocol) = offered.iter().find_map(|offer| PROTOCOLS.iter().find(|known| *known == offer)) else {
        return Err(Failure::bad_request(format!("none of the offered protocols {offered:?} is known; {PROTOCOLS:?} are")));
    };
    let accept = derive_accept_key(text("sec-websocket-key").as_bytes());

    let streams = (query.is_true("stdout"), query.is_true("stderr"));
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let done = match host {
            Some(_) if gone => Done { error: Some(format!("unable to upgrade connection: {missing}")), ..Done::default() },
            Some(host) => run(&api, &host, &command).await,
            None => return,
        };
        send(socket, done, streams).await;
    });

    let mut switching = Response::new(super::empty());
    *switching.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = switching.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).map_err(|error| Failure::bad_request(error.to_string()))?);
    Ok(switching)
}

async fn run(api: &Api, host: &Host, command: &[String]) -> Done {
    if let Some(done) = api.playback.as_ref().and_then(|playback| playback.printed(command, host.internal)) {
        return done;
    }
    let done = api.tools.run(host, command).await;
    if let Some(playback) = &api.playback {
        playback.keep_printed(command, host.internal, &done);
    }
    done
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

fn frame(channel: u8, data: &[u8]) -> Message {
    Message::Binary(Bytes::from([&[channel], data].concat()))
}

async fn send(mut socket: Socket, done: Done, (stdout, stderr): (bool, bool)) {
    let mut messages = Vec::new();
    for (channel, data) in [(STDOUT, done.stdout.as_slice()), (STDERR, done.stderr.as_slice())] {
        if (channel == STDOUT && stdout) || (channel == STDERR && stderr) {
            messages.extend(data.chunks(CHUNK).map(|part| frame(channel, part)));
        }
    }
    messages.push(frame(STATUS, status(&done).to_string().as_bytes()));
    for message in messages {
        if socket.send(message).await.is_err() {
            return;
        }
    }
    let close = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let _ = socket.close(Some(close)).await;
    // What the client still sends (its stdin, v5's close signal, its own close) is read and dropped.
    let _ = tokio::time::timeout(Duration::from_secs(2), async { while let Some(Ok(_)) = socket.next().await {} }).await;
}

fn status(done: &Done) -> Value {
    let failure = |reason: &str, message: String, cause: Value| {
        let details = json!({"causes": [cause]});
        json!({"metadata": {}, "status": "Failure", "message": message, "reason": reason, "details": details})
    };
    match (&done.error, done.code) {
        (Some(error), _) => json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("Internal error occurred: {error}"),
            "reason": "InternalError",
            "details": {"causes": [{"message": error}]},
            "code": 500,
        }),
        (None, 0) => json!({"metadata": {}, "status": "Success"}),
        (None, code) => failure(
            "NonZeroExitCode",
            format!("command terminated with non-zero exit code: error executing command, exit code {code}"),
            json!({"reason": "ExitCode", "message": code.to_string()}),
        ),
    }
}
