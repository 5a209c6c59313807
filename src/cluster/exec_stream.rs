//! One exec over a websocket whose messages are bounded: kube's own takes messages of 64 MiB, with many execs at once.

use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::error::RequestError;
use super::failure;
use super::request::Api;
use crate::limits::{MAX_BODY, MAX_EXEC_MESSAGE};
use crate::permissions::request::ApiRequest;
use crate::text::json;

/// Newest first. Both carry a channel number in a message's first byte and a `Status` at the end (apimachinery
/// `pkg/util/remotecommand/constants.go`).
const PROTOCOLS: &str = "v5.channel.k8s.io, v4.channel.k8s.io";
const BUFFER: usize = 16 << 10;

pub(super) const STDOUT: u8 = 1;
pub(super) const STDERR: u8 = 2;
pub(super) const STATUS: u8 = 3;

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Starts the command that `path` names. The caller bounds the time.
pub(super) async fn open(api: &Api, path: &str, asked: &ApiRequest) -> Result<Socket, RequestError> {
    let unreadable = |why: String| RequestError::Unreadable { asked: Box::new(asked.clone()), why };
    let key = generate_key();
    let request = Request::get(path)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .header(SEC_WEBSOCKET_PROTOCOL, PROTOCOLS)
        .body(kube::client::Body::empty())
        .map_err(|error| unreadable(error.to_string()))?;
    let sent = api.client().send(request).await;
    let response = sent.map_err(|error| failure::transport_error(&error, asked, api.route()))?;
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        return Err(failure::http_error(status.as_u16(), &body, asked, api.route()));
    }
    let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(unreadable("the answer is not that of a websocket".to_owned()));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|error| unreadable(error.to_string()))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_EXEC_MESSAGE))
        .max_frame_size(Some(MAX_EXEC_MESSAGE));
    Ok(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, Some(config)).await)
}

/// What the server complains of at the end of an exec; `None` where the command succeeded.
pub(super) fn complaint(status: &[u8]) -> Option<String> {
    let Ok(status) = json::from_bytes::<Status>(status) else { return Some("exec ended without a readable status".to_owned()) };
    let failed = status.status.as_deref() == Some("Failure");
    failed.then(|| status.message.unwrap_or_else(|| "exec failed".into()).chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn only_a_failure_is_a_complaint() {
        for (status, expected) in [
            (r#"{"status":"Success"}"#, None),
            (r#"{"status":"Failure","message":"exit code 1"}"#, Some("exit code 1")),
            (r#"{"status":"Failure"}"#, Some("exec failed")),
            ("x", Some("exec ended without a readable status")),
        ] {
            assert_eq!(complaint(status.as_bytes()).as_deref(), expected, "{status}");
        }
    }
}
