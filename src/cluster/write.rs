//! Every write: one try, strict, bound to the version that was shown, with what the server says beside its answer.

use std::time::Duration;

use http::{HeaderMap, Request, header};
use serde_json::{Value, json};

use super::error::RequestError;
use super::request::{Api, decode, with_timeout};
use crate::edit::target::Target;
use crate::limits::MAX_BODY;
use crate::permissions::request::{ApiRequest, DAEMON_SETS, INSTALLATIONS, PODS, Resource};
use crate::snapshot::objects::Pod;

/// The object after a patch.
#[derive(Clone, Debug)]
pub struct Written {
    pub object: Value,
    /// `Warning:` headers: what the server did not do, or not as asked.
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else was faster: nothing was done.
    #[error("{0}")]
    Conflict(RequestError),
    /// Nothing was done.
    #[error("{0}")]
    Refused(RequestError),
    /// Whether it was done is not known.
    #[error("{0}")]
    Unknown(RequestError),
}

impl WriteError {
    pub fn request(&self) -> &RequestError {
        match self {
            Self::Conflict(error) | Self::Refused(error) | Self::Unknown(error) => error,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    Real,
    /// `dryRun=All`
    Dry,
}

/// A server that is too busy has done nothing yet, and says when to come back.
const BUSY_TRIES: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub async fn read(api: &Api, target: &Target) -> Result<Value, RequestError> {
    let resource = resource(target);
    api.get(&resource.path(target.namespace(), Some(target.name())), &resource.get(target.namespace(), target.name())).await
}

/// `patch` should name the `resourceVersion` it is meant for.
pub async fn patch(api: &Api, target: &Target, patch: &Value, field_manager: &str, run: Run) -> Result<Written, WriteError> {
    let resource = resource(target);
    let dry = if run == Run::Dry { "&dryRun=All" } else { "" };
    let path = format!(
        "{}?fieldManager={}&fieldValidation=Strict{dry}",
        resource.path(target.namespace(), Some(target.name())),
        crate::permissions::request::escaped(field_manager)
    );
    let asked = resource.asked("patch", target.namespace(), Some(target.name()));
    let kind = target.patch_kind().content_type();
    let body = patch.to_string();
    let request = || Request::patch(&path).header(header::CONTENT_TYPE, kind).body(body.clone().into_bytes().into());
    let answer = send(api, request, &asked).await?;
    let object = decode(&answer.body, &asked).map_err(WriteError::Unknown)?;
    Ok(Written { object, warnings: warnings(&answer.headers) })
}

/// This very pod, and not one that has taken its name since. One that is gone already is no failure.
pub async fn delete_pod(api: &Api, pod: &Pod) -> Result<(), WriteError> {
    let (namespace, name) = (pod.metadata.namespace.as_deref(), pod.metadata.name.as_str());
    let asked = PODS.asked("delete", namespace, Some(name));
    let path = PODS.path(namespace, Some(name));
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": pod.metadata.uid}});
    let request = || Request::delete(&path).header(header::CONTENT_TYPE, "application/json").body(options.to_string().into_bytes().into());
    match send(api, request, &asked).await {
        Err(WriteError::Refused(error)) if error.is_not_found() => Ok(()),
        Err(WriteError::Conflict(_)) => Ok(()),
        other => other.map(drop),
    }
}

async fn send(
    api: &Api,
    request: impl Fn() -> http::Result<Request<kube::client::Body>>,
    asked: &ApiRequest,
) -> Result<super::request::Answer, WriteError> {
    let limit = api.timeouts().list;
    for left in (0..BUSY_TRIES).rev() {
        let (error, pause) = match with_timeout(limit, api.exchange(request(), asked, MAX_BODY)).await {
            None => return Err(WriteError::Unknown(RequestError::TimedOut { asked: Box::new(asked.clone()), limit })),
            Some(Ok(answer)) => return Ok(answer),
            Some(Err(failed)) => failed,
        };
        match (&error, pause) {
            (RequestError::Server { code: 429, .. }, Some(pause)) if left > 0 => tokio::time::sleep(pause.min(LONGEST_PAUSE)).await,
            _ => return Err(sorted(error)),
        }
    }
    Err(WriteError::Unknown(RequestError::TimedOut { asked: Box::new(asked.clone()), limit }))
}

fn sorted(error: RequestError) -> WriteError {
    match error {
        RequestError::Server { code: 409, .. } => WriteError::Conflict(error),
        // No connection was made at all.
        RequestError::Refused(_) => WriteError::Refused(error),
        RequestError::Server { code: 500.., .. } | RequestError::Unreachable { .. } | RequestError::TimedOut { .. } => {
            WriteError::Unknown(error)
        }
        RequestError::Unreadable { .. } | RequestError::PastDeadline { .. } => WriteError::Unknown(error),
        RequestError::Server { .. } | RequestError::Unauthorized { .. } | RequestError::Forbidden { .. } => WriteError::Refused(error),
    }
}

fn resource(target: &Target) -> &'static Resource {
    match target {
        Target::DaemonSet { .. } => &DAEMON_SETS,
        Target::Installation { .. } => &INSTALLATIONS,
    }
}

/// `299 - "unknown field \"spec.x\""` (RFC 7234 5.5).
fn warnings(headers: &HeaderMap) -> Vec<String> {
    const MOST: usize = 20;
    let values = headers.get_all(header::WARNING).iter().take(MOST);
    let text = |value: &http::HeaderValue| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let quoted = value.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(text, _)| text.replace("\\\"", "\""));
        quoted.unwrap_or(value).chars().take(500).collect()
    };
    values.map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_unquoted() {
        let mut headers = HeaderMap::new();
        headers.append(header::WARNING, "299 - \"unknown field \\\"spec.x\\\"\"".parse().expect("a header"));
        headers.append(header::WARNING, "odd".parse().expect("a header"));
        assert_eq!(warnings(&headers), ["unknown field \"spec.x\"", "odd"]);
    }
}
