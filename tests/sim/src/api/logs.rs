//! A container's log, cut as `PodLogOptions` ask.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame;
use jiff::Timestamp;
use serde_json::Value;

use super::path::{Query, Target};
use super::status::Failure;
use super::{Body, Outcome, answer as respond};
use crate::host::Kubelet;
use crate::kinds::Kind;
use crate::scenario::world::Cluster;

/// The container meant, found among the pod's, or why not. Shared with exec.
pub(super) fn container(pod: &Value, name: &str, asked: Option<&str>) -> Result<String, Failure> {
    let names = |list: &str| -> Vec<String> {
        pod["spec"][list].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str().map(Into::into)).collect()
    };
    let (containers, init) = (names("containers"), names("initContainers"));
    match asked {
        Some(asked) if containers.iter().chain(&init).any(|name| name == asked) => Ok(asked.to_string()),
        Some(asked) => Err(Failure::bad_request(format!("container {asked} is not valid for pod {name}"))),
        None if containers.len() == 1 => Ok(containers[0].clone()),
        None => {
            let mut message = format!("a container name must be specified for pod {name}, choose one of: [{}]", containers.join(" "));
            if !init.is_empty() {
                message.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
            }
            Err(Failure::bad_request(message))
        }
    }
}

/// The state of one container as the kubelet reported it.
pub(super) fn state<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let all = ["containerStatuses", "initContainerStatuses"].iter().flat_map(|list| pod["status"][list].as_array().into_iter().flatten());
    all.into_iter().find(|status| status["name"] == container)
}

pub(super) async fn answer(world: &Arc<Cluster>, target: &Target, name: &str, query: &Query) -> Outcome {
    let kind = Kind::find("", "v1", "pods").ok_or_else(Failure::no_such_page)?;
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let pod = world.store.get(kind, namespace, name).ok_or_else(|| Failure::not_found(kind, name))?.value();
    let container = container(&pod, name, query.get("container"))?;
    let host = world.host(pod["spec"]["nodeName"].as_str().unwrap_or_default());
    match host.as_ref().map(|host| (&host.kubelet, host.internal)) {
        Some((Kubelet::NoRoute, ip)) => {
            let url = format!("https://{ip}:10250/containerLogs/{namespace}/{name}/{container}");
            return Err(Failure::proxied(format!("Get {url:?}: dial tcp {ip}:10250: connect: no route to host")));
        }
        Some((Kubelet::Hangs, _)) => return std::future::pending().await,
        _ => {}
    }
    let logs = world.logs(namespace, name, &container);
    let text = if query.is_true("previous") {
        logs.as_ref()
            .and_then(|logs| logs.previous.as_ref())
            .ok_or_else(|| Failure::bad_request(format!("previous terminated container {container:?} in pod {name:?} not found")))?(
        )
    } else if let Some(waiting) = never_started(&pod, &container) {
        return Err(Failure::bad_request(format!("container {container:?} in pod {name:?} is waiting to start: {waiting}")));
    } else {
        logs.as_ref().and_then(|logs| logs.current.as_ref()).map_or_else(String::new, |text| text())
    };
    let shown = cut(&text, query)?;
    let mut answer = respond(StatusCode::OK, "text/plain", "");
    *answer.body_mut() = if query.is_true("follow") && !query.is_true("previous") {
        follow(world.clone(), kind, [namespace, name, container.as_str()].map(Into::into), query.is_true("timestamps"), (text.len(), shown))
    } else {
        Full::new(Bytes::from(shown)).map_err(|never| match never {}).boxed_unsync()
    };
    Ok(answer)
}

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is there now, then what is added, until the container has ended.
fn follow(world: Arc<Cluster>, kind: &'static Kind, place: [String; 3], timestamps: bool, (seen, shown): (usize, String)) -> Body {
    let written = {
        let world = world.clone();
        move |[namespace, name, container]: &[String; 3]| {
            let logs = world.logs(namespace, name, container);
            logs.and_then(|logs| logs.current).map_or_else(String::new, |text| text())
        }
    };
    let runs = move |[namespace, name, container]: &[String; 3]| {
        let pod = world.store.get(kind, namespace, name)?.value();
        let status = state(&pod, container)?;
        status["state"]["running"].is_object().then(|| status["restartCount"].clone())
    };
    let restarts = runs(&place);
    let lines = stream::unfold((seen, Some(shown)), move |(mut seen, first)| {
        let (place, restarts, runs, written) = (place.clone(), restarts.clone(), runs.clone(), written.clone());
        async move {
            if let Some(first) = first {
                return Some((Ok(Frame::data(Bytes::from(first))), (seen, None)));
            }
            loop {
                let lives = restarts.is_some() && runs(&place) == restarts;
                let text = written(&place);
                if let Some(added) = text.get(seen..).filter(|added| !added.is_empty()) {
                    seen = text.len();
                    let added: String = added.lines().map(|line| format!("{}\n", shown_as(line, timestamps))).collect();
                    return Some((Ok(Frame::data(Bytes::from(added))), (seen, None)));
                }
                if !lives {
                    return None;
                }
                tokio::time::sleep(LOOK).await;
            }
        }
    });
    StreamBody::new(lines).boxed_unsync()
}

fn stamp(line: &str) -> Option<Timestamp> {
    line.split(' ').next().and_then(|stamp| stamp.parse().ok())
}

/// A line with or without the kubelet's timestamp.
fn shown_as(line: &str, timestamps: bool) -> &str {
    if timestamps || stamp(line).is_none() { line } else { line.split_once(' ').map_or("", |(_, rest)| rest) }
}

/// The reason a container waits, when it has not run yet.
fn never_started(pod: &Value, container: &str) -> Option<String> {
    let status = state(pod, container)?;
    let waiting = status["state"]["waiting"]["reason"].as_str()?;
    (status["lastState"]["terminated"].is_null() && status["restartCount"] == 0).then(|| waiting.to_string())
}

fn cut(text: &str, query: &Query) -> Result<String, Failure> {
    let number = |key: &str| -> Result<Option<usize>, Failure> {
        let invalid = |text: &str| Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
        query.get(key).map(|text| text.parse::<usize>().map_err(|_| invalid(text))).transpose()
    };
    let since: Option<Timestamp> = query
        .get("sinceTime")
        .map(|text| text.parse().map_err(|_| Failure::bad_request(format!("invalid sinceTime {text:?}"))))
        .transpose()?;
    let mut lines: Vec<&str> = text.lines().filter(|line| since.is_none_or(|since| stamp(line).is_none_or(|at| at >= since))).collect();
    if let Some(tail) = number("tailLines")? {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let timestamps = query.is_true("timestamps");
    let mut out = String::new();
    for line in lines {
        out.push_str(shown_as(line, timestamps));
        out.push('\n');
    }
    if let Some(limit) = number("limitBytes")? {
        let end = (0..=limit.min(out.len())).rev().find(|&at| out.is_char_boundary(at)).unwrap_or(0);
        out.truncate(end);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-23T10:00:00.000000001Z one\n2026-11-23T10:00:01.000000000Z two\n2026-11-23T10:00:02.000000000Z three\n";

    #[test]
    fn a_log_is_cut_as_asked() {
        let table = [
            ("", "one\ntwo\nthree\n"),
            ("tailLines=1", "three\n"),
            ("tailLines=0", ""),
            ("limitBytes=5", "one\nt"),
            ("tailLines=1&timestamps=true", "2026-11-23T10:00:02.000000000Z three\n"),
            ("sinceTime=2026-11-23T10:00:01Z", "two\nthree\n"),
        ];
        for (query, expected) in table {
            assert_eq!(cut(LOG, &Query::parse(query)).expect("cuts"), expected, "{query}");
        }
        assert!(cut(LOG, &Query::parse("tailLines=x")).is_err());
    }
}
