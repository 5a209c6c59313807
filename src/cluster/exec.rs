//! One look into each calico-node: a fixed read-only script, bounded in time and bytes.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod as ApiPod;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::RequestError;
use super::failure;
use super::observe::{self, missing_permission};
use super::progress::Progress;
use super::request::{Api, is_retryable};
use crate::calico::inspection;
use crate::calico::route_get::{Destination, MAX_DESTINATIONS};
use crate::observed::Observed;
use crate::permissions::request::{ApiRequest, PODS};
use crate::snapshot::inspection::NodeInspection;
use crate::snapshot::objects::{CALICO_NODE, Pod};
use crate::snapshot::trim;

/// A node with hundreds of interfaces prints some 100 KiB.
const MAX_OUTPUT: usize = 1 << 20;
const MAX_COMPLAINT: usize = 4 << 10;
const PIPE: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Limits {
    pub at_once: usize,
    pub each: Duration,
}

/// Destinations that each node is asked the way to; more than can be asked are left out.
pub(super) fn bounded(mut destinations: Vec<Destination>) -> Vec<Destination> {
    destinations.sort();
    destinations.dedup();
    destinations.truncate(MAX_DESTINATIONS);
    destinations
}

/// By node name. Rights are given by namespace: one refusal speaks for all who are not asked yet.
pub(super) async fn look(
    api: &Api,
    pods: &[&Pod],
    destinations: &dyn Fn(&Pod) -> Vec<Destination>,
    limits: &Limits,
    progress: &dyn Progress,
) -> BTreeMap<String, Observed<NodeInspection>> {
    let refusal = OnceLock::new();
    let looks = pods.iter().filter_map(|pod| Some((pod.spec.node_name.clone()?, pod))).map(|(node, pod)| {
        let refusal = &refusal;
        async move {
            let seen = match refusal.get() {
                Some(why) => Observed::Forbidden(String::clone(why)),
                None => one(api, pod, &bounded(destinations(pod)), limits.each).await,
            };
            if let Observed::Forbidden(why) = &seen {
                let _ = refusal.set(why.clone());
            }
            progress.advance();
            (node, seen)
        }
    });
    futures::stream::iter(looks).buffer_unordered(limits.at_once.max(1)).collect().await
}

async fn one(api: &Api, pod: &Pod, destinations: &[Destination], limit: Duration) -> Observed<NodeInspection> {
    if let Some(why) = not_running(pod) {
        return Observed::Failed(why);
    }
    let namespace = pod.metadata.namespace.as_deref();
    let asked = ApiRequest { resource: "pods/exec".into(), ..PODS.asked("create", namespace, None) };
    let mut output = Vec::new();
    let mut complaint = Vec::new();
    let work = async {
        match start(api, pod, destinations, &asked, limit).await {
            // Nothing has run yet: a server that was busy or broke off may be asked once more.
            Err(error) if is_retryable(&error) => {
                tokio::time::sleep(PAUSE).await;
                run(start(api, pod, destinations, &asked, limit).await?, &mut output, &mut complaint).await
            }
            Err(error) => Err(error),
            Ok(process) => run(process, &mut output, &mut complaint).await,
        }
    };
    let ended = tokio::time::timeout(limit, work).await;
    if !output.is_empty() {
        // A cut answer still tells of the sections that are whole; the parser says which are not.
        let mut told = inspection::parse(&String::from_utf8_lossy(&output), destinations);
        trim::inside(&mut told);
        return Observed::Seen(told);
    }
    match ended {
        Err(_) => Observed::Failed(format!("no answer to exec within {}s", limit.as_secs_f64())),
        Ok(Err(error @ RequestError::Forbidden { .. })) => Observed::Forbidden(missing_permission(&error)),
        Ok(Err(error)) => Observed::Failed(observe::short_reason(&error)),
        Ok(Ok(Some(message))) => Observed::Failed(message),
        Ok(Ok(None)) => {
            let complaint = String::from_utf8_lossy(&complaint);
            Observed::Failed(format!("exec printed nothing: {}", complaint.trim()).trim_end_matches([':', ' ']).to_owned())
        }
    }
}

/// A container that does not run cannot be looked into, and the API says less clearly why.
fn not_running(pod: &Pod) -> Option<String> {
    let Some(status) = pod.calico_node_status() else {
        let phase = if pod.status.phase.is_empty() { "of unknown phase" } else { &pod.status.phase };
        return Some(format!("the pod is {phase}, its container has not started"));
    };
    if status.state.running.is_some() {
        return None;
    }
    let waiting = status.state.waiting.as_ref().and_then(|waiting| waiting.reason.clone());
    let terminated = status.state.terminated.as_ref().and_then(|terminated| terminated.reason.clone());
    let reason = waiting.or(terminated).unwrap_or_else(|| "no reason given".into());
    Some(format!("container is not running: {reason}"))
}

async fn start(
    api: &Api,
    pod: &Pod,
    destinations: &[Destination],
    asked: &ApiRequest,
    limit: Duration,
) -> Result<AttachedProcess, RequestError> {
    let pods: kube::Api<ApiPod> = kube::Api::namespaced(api.client().clone(), pod.metadata.namespace.as_deref().unwrap_or_default());
    let params = AttachParams::default().container(CALICO_NODE).stdin(false).stdout(true).stderr(true);
    let params = params.max_stdout_buf_size(PIPE).max_stderr_buf_size(PIPE);
    // Never a part of the shell's text: they come from the cluster and the command line.
    let command = ["sh", "-c", inspection::SCRIPT, "calico-fix"].into_iter().chain(destinations.iter().flat_map(Destination::arguments));
    let begun = pods.exec(&pod.metadata.name, command, &params).await;
    begun.map_err(|error| failure::transport_error(&error, asked, Some(limit), api.route()))
}

/// Both pipes are drained at once: the process stands still while either is full. Gives the server's complaint, if any.
async fn run(mut process: AttachedProcess, output: &mut Vec<u8>, complaint: &mut Vec<u8>) -> Result<Option<String>, RequestError> {
    let (stdout, stderr, status) = (process.stdout(), process.stderr(), process.take_status());
    futures::join!(drain(stdout, output, MAX_OUTPUT), drain(stderr, complaint, MAX_COMPLAINT));
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    let failed = status.filter(|status| status.status.as_deref() == Some("Failure"));
    Ok(failed.map(|status| status.message.unwrap_or_else(|| "exec failed".into()).chars().take(300).collect()))
}

/// Into `kept`, which outlives this where time runs out; what is beyond `most` is read and dropped, or the other pipe would stand still.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>, most: usize) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; PIPE];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let room = most.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(count.min(room)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(status: serde_json::Value) -> Pod {
        serde_json::from_value(serde_json::json!({ "status": status })).expect("a pod")
    }

    #[test]
    fn only_a_running_container_is_asked() {
        let container = |state: serde_json::Value| {
            pod(serde_json::json!({"phase": "Running", "containerStatuses": [{"name": "calico-node", "state": state}]}))
        };
        for (pod, expected) in [
            (container(serde_json::json!({"running": {}})), None),
            (container(serde_json::json!({"waiting": {"reason": "CrashLoopBackOff"}})), Some("container is not running: CrashLoopBackOff")),
            (container(serde_json::json!({"terminated": {"reason": "Error", "exitCode": 1}})), Some("container is not running: Error")),
            (container(serde_json::json!({})), Some("container is not running: no reason given")),
            (pod(serde_json::json!({"phase": "Pending"})), Some("the pod is Pending, its container has not started")),
        ] {
            assert_eq!(not_running(&pod).as_deref(), expected);
        }
    }
}
