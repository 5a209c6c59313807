//! A container's log, cut as `PodLogOptions` ask.

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::path::{Query, Target};
use super::status::Failure;
use super::{Outcome, answer as respond};
use crate::host::Kubelet;
use crate::kinds::Kind;
use crate::world::Cluster;

/// The container meant, found among the pod's, or why not. Shared with exec.
pub fn container(pod: &Value, name: &str, asked: Option<&str>) -> Result<String, Failure> {
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
pub fn state<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let all = ["containerStatuses", "initContainerStatuses"].iter().flat_map(|list| pod["status"][list].as_array().into_iter().flatten());
    all.into_iter().find(|status| status["name"] == container)
}

pub async fn answer(world: &Cluster, target: &Target, name: &str, query: &Query) -> Outcome {
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
    Ok(respond(StatusCode::OK, "text/plain", cut(&text, query)?))
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
    let stamp = |line: &str| line.split(' ').next().and_then(|stamp| stamp.parse::<Timestamp>().ok());
    let mut lines: Vec<&str> = text.lines().filter(|line| since.is_none_or(|since| stamp(line).is_none_or(|at| at >= since))).collect();
    if let Some(tail) = number("tailLines")? {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let timestamps = query.is_true("timestamps");
    let mut out = String::new();
    for line in lines {
        let shown = if timestamps || stamp(line).is_none() { line } else { line.split_once(' ').map_or("", |(_, rest)| rest) };
        out.push_str(shown);
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
