//! One look into each calico-node: a fixed read-only script, bounded in time and bytes.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::error::{RequestError, Unreachable};
use super::exec_stream::{self, STATUS, STDERR, STDOUT, Socket};
use super::observe::{self, missing_permission};
use super::progress::Progress;
use super::request::{Api, is_retryable};
use super::timeout::Deadline;
use crate::calico::inspection;
use crate::calico::route_get::{Destination, MAX_DESTINATIONS};
use crate::limits::{MAX_EXEC, MIB};
use crate::observed::Observed;
use crate::permissions::request::{ApiRequest, PODS, escaped};
use crate::snapshot::inspection::NodeInspection;
use crate::snapshot::objects::{CALICO_NODE, Pod};
use crate::snapshot::trim;

const MAX_COMPLAINT: usize = 4 << 10;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Limits {
    pub at_once: usize,
    pub each: Duration,
    /// Bytes of all of them.
    pub total: u64,
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
    let (refusal, printed) = (OnceLock::new(), AtomicU64::new(0));
    let looks = pods.iter().filter_map(|pod| Some((pod.spec.node_name.clone()?, pod))).map(|(node, pod)| {
        let (refusal, printed) = (&refusal, &printed);
        async move {
            let seen = match refusal.get() {
                Some(why) => Observed::Forbidden(String::clone(why)),
                None => look_into(api, pod, &bounded(destinations(pod)), limits, printed).await,
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

/// What came of one exec so far; it outlives the reading where time runs out.
#[derive(Default)]
struct Received {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// All bytes, also those that were dropped.
    bytes: usize,
}

async fn look_into(api: &Api, pod: &Pod, destinations: &[Destination], limits: &Limits, printed: &AtomicU64) -> Observed<NodeInspection> {
    if let Some(why) = not_running(pod) {
        return Observed::Failed(why);
    }
    if printed.load(Ordering::Relaxed) > limits.total {
        return Observed::Failed(format!("not asked: the nodes before it printed more than {} MiB", limits.total / MIB));
    }
    let limit = limits.each;
    let namespace = pod.metadata.namespace.as_deref();
    let asked = ApiRequest { resource: "pods/exec".into(), ..PODS.asked("create", namespace, None) };
    let path = path(pod, destinations);
    let mut received = Received::default();
    let work = async {
        let socket = match exec_stream::open(api, &path, &asked).await {
            // Nothing has run yet: a server that was busy or broke off may be asked once more.
            Err(error) if is_retryable(&error) => {
                tokio::time::sleep(PAUSE).await;
                exec_stream::open(api, &path, &asked).await?
            }
            opened => opened?,
        };
        receive(socket, &mut received, api, &asked).await
    };
    let ended = Deadline::bound(api.deadline(), tokio::time::timeout(limit, work)).await;
    printed.fetch_add(received.bytes as u64, Ordering::Relaxed);
    if !received.stdout.is_empty() {
        // A cut answer still tells of the sections that are whole; the parser says which are not.
        let mut told = inspection::parse(&String::from_utf8_lossy(&received.stdout), destinations);
        trim::inside(&mut told);
        return Observed::Seen(told);
    }
    match ended {
        None => Observed::Failed(observe::past_deadline(api.deadline().map(|deadline| deadline.limit).unwrap_or_default())),
        Some(Err(_)) => Observed::Failed(format!("no answer to exec within {}s", limit.as_secs_f64())),
        Some(Ok(Err(error @ RequestError::Forbidden { .. }))) => Observed::Forbidden(missing_permission(&error)),
        Some(Ok(Err(error))) => Observed::Failed(observe::short_reason(&error)),
        Some(Ok(Ok(Some(message)))) => Observed::Failed(message),
        Some(Ok(Ok(None))) => {
            let complaint = String::from_utf8_lossy(&received.stderr);
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

/// The command's words never become a part of the shell's text: they come from the cluster and the command line.
fn path(pod: &Pod, destinations: &[Destination]) -> String {
    let command = ["sh", "-c", inspection::SCRIPT, "calico-fix"].into_iter().chain(destinations.iter().flat_map(Destination::arguments));
    let words: String = command.map(|word| format!("&command={}", escaped(word))).collect();
    let pod = PODS.path(pod.metadata.namespace.as_deref(), Some(&pod.metadata.name));
    format!("{pod}/exec?container={CALICO_NODE}&stdout=true&stderr=true{words}")
}

/// Until the command ends, or has printed more than is kept. Gives the server's complaint, if any.
async fn receive(mut socket: Socket, received: &mut Received, api: &Api, asked: &ApiRequest) -> Result<Option<String>, RequestError> {
    while received.bytes <= MAX_EXEC {
        let message = match socket.next().await {
            Some(Ok(Message::Binary(message))) => message,
            None | Some(Ok(Message::Close(_))) => return Ok(None),
            Some(Ok(_)) => continue,
            Some(Err(SocketError::Capacity(error))) => {
                return Err(RequestError::Unreadable { asked: Box::new(asked.clone()), why: error.to_string() });
            }
            Some(Err(_)) => {
                let why = "the connection was closed before the answer came".to_owned();
                return Err(RequestError::Unreachable { why, kind: Unreachable::Dropped, route: api.route().clone() });
            }
        };
        received.bytes += message.len();
        match message.split_first() {
            Some((&STDOUT, data)) => keep(&mut received.stdout, data, MAX_EXEC),
            Some((&STDERR, data)) => keep(&mut received.stderr, data, MAX_COMPLAINT),
            Some((&STATUS, status)) => return Ok(exec_stream::complaint(status)),
            _ => {}
        }
    }
    Ok(None)
}

fn keep(kept: &mut Vec<u8>, data: &[u8], most: usize) {
    let room = most.saturating_sub(kept.len());
    kept.extend_from_slice(data.get(..room).unwrap_or(data));
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
