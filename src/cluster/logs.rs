//! A container's log, bounded: the beginning, where the start is told, and for what went wrong the end as well.

use std::collections::BTreeMap;

use futures::StreamExt;

use super::error::RequestError;
use super::gather::LogSelection;
use super::observe::observe;
use super::progress::Progress;
use super::request::Api;
use crate::calico::startup_log;
use crate::observed::Observed;
use crate::permissions::request::{ApiRequest, PODS};
use crate::snapshot::inspection::{NodeLogs, StartupLog};
use crate::snapshot::objects::{CALICO_NODE, ContainerStatus, Pod};

const MAX_PART: usize = 256 << 10;
/// The end of a log that is longer than a part; of DEBUG's long lines, this many fit.
const TAIL_LINES: u32 = 500;

/// By node name.
pub(super) async fn read(api: &Api, pods: &[&Pod], at_once: usize, progress: &dyn Progress) -> BTreeMap<String, NodeLogs> {
    let reads = pods.iter().filter_map(|pod| Some((pod.spec.node_name.clone()?, pod))).map(|(node, pod)| async move {
        let logs = of_pod(api, pod).await;
        progress.advance();
        (node, logs)
    });
    futures::stream::iter(reads).buffer_unordered(at_once.max(1)).collect().await
}

/// Whose logs are worth reading.
pub(super) fn is_wanted(pod: &Pod, wanted: LogSelection) -> bool {
    match wanted {
        LogSelection::All => true,
        LogSelection::WhereTroubled => is_troubled(pod),
        LogSelection::None => false,
    }
}

pub(super) fn is_troubled(pod: &Pod) -> bool {
    pod.is_ready() != Some(true) || restarts(pod) > 0
}

fn restarts(pod: &Pod) -> i32 {
    pod.calico_node_status().map_or(0, |status| status.restart_count)
}

/// Init containers of one pod whose logs are read; they run one after the other, so more never fail at once.
const MAX_INIT: usize = 4;

async fn of_pod(api: &Api, pod: &Pod) -> NodeLogs {
    let current = one(api, pod, false);
    let previous = async { if restarts(pod) == 0 { Observed::NotAsked } else { one(api, pod, true).await } };
    let (current, previous, init) = futures::join!(current, previous, init_logs(api, pod));
    NodeLogs { current, previous, init }
}

/// The run that ended last of each init container that has run and not succeeded.
async fn init_logs(api: &Api, pod: &Pod) -> BTreeMap<String, Observed<StartupLog>> {
    let has_run = |status: &&ContainerStatus| status.last_end().is_some_and(|ended| ended.exit_code != 0) || status.state.running.is_some();
    let statuses = pod.status.init_container_statuses.iter().filter(has_run).take(MAX_INIT);
    let reads = statuses.map(|status| async move {
        // The log of a container that waits for its next start is that of the run before.
        let which = Which { container: &status.name, previous: status.state.running.is_some() && status.restart_count > 0 };
        let log = match part(api, pod, which, Some(TAIL_LINES)).await {
            Ok(log) if startup_log::is_gone(&log) => Observed::Absent,
            Ok(log) => Observed::Seen(startup_log::digest_init(log.as_bytes(), log.len() < MAX_PART)),
            Err(error) if is_absent(&error) => Observed::Absent,
            Err(error) => observe(Err(error)),
        };
        (status.name.clone(), log)
    });
    futures::future::join_all(reads).await.into_iter().collect()
}

#[derive(Clone, Copy)]
struct Which<'a> {
    container: &'a str,
    previous: bool,
}

async fn one(api: &Api, pod: &Pod, previous: bool) -> Observed<StartupLog> {
    match text(api, pod, previous).await {
        Ok((log, _)) if startup_log::is_gone(&log) => Observed::Absent,
        Ok((log, complete)) => Observed::Seen(startup_log::digest(log.as_bytes(), complete)),
        Err(error) if is_absent(&error) => Observed::Absent,
        Err(error) => observe(Err(error)),
    }
}

/// A container that never ran, or ran only once, has no such log.
pub(super) fn is_absent(error: &RequestError) -> bool {
    matches!(error, RequestError::Server { code: 400, message, .. }
        if message.contains("is waiting to start") || message.contains("previous terminated container"))
}

async fn text(api: &Api, pod: &Pod, previous: bool) -> Result<(String, bool), RequestError> {
    let which = Which { container: CALICO_NODE, previous };
    let head = part(api, pod, which, None).await?;
    if head.len() < MAX_PART {
        return Ok((head, true));
    }
    if !previous && !is_troubled(pod) {
        return Ok((head, false));
    }
    let tail = part(api, pod, which, Some(TAIL_LINES)).await?;
    let complete = tail.len() < MAX_PART;
    Ok((joined(&head, &tail), complete))
}

async fn part(api: &Api, pod: &Pod, which: Which<'_>, tail: Option<u32>) -> Result<String, RequestError> {
    let namespace = pod.metadata.namespace.as_deref();
    let asked = ApiRequest { resource: "pods/log".into(), ..PODS.get(namespace, &pod.metadata.name) };
    let mut path = PODS.path(namespace, Some(&pod.metadata.name));
    path += &format!("/log?container={}&timestamps=true&limitBytes={MAX_PART}", which.container);
    if which.previous {
        path += "&previous=true";
    }
    if let Some(lines) = tail {
        path += &format!("&tailLines={lines}");
    }
    api.text(&path, &asked, MAX_PART * 2).await
}

/// Without the head's cut last line, and without the lines that both parts have.
fn joined(head: &str, tail: &str) -> String {
    let head = head.rfind('\n').and_then(|end| head.get(..=end)).unwrap_or_default();
    let last = head.lines().next_back().and_then(time);
    let rest = tail.lines().skip_while(|line| matches!((time(line), last), (Some(at), Some(last)) if at <= last));
    let mut text = head.to_owned();
    for line in rest {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The kubelet's own, before each line.
fn time(line: &str) -> Option<jiff::Timestamp> {
    line.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_meet_without_a_cut_or_a_repeated_line() {
        let head = "2026-01-01T00:00:01.1Z a\n2026-01-01T00:00:02.12Z b\n2026-01-01T00:00:0";
        for (tail, expected) in [
            (
                "2026-01-01T00:00:02.12Z b\n2026-01-01T00:00:03Z c\n",
                "2026-01-01T00:00:01.1Z a\n2026-01-01T00:00:02.12Z b\n2026-01-01T00:00:03Z c\n",
            ),
            ("2026-01-01T00:00:09Z z\n", "2026-01-01T00:00:01.1Z a\n2026-01-01T00:00:02.12Z b\n2026-01-01T00:00:09Z z\n"),
            ("no time\n", "2026-01-01T00:00:01.1Z a\n2026-01-01T00:00:02.12Z b\nno time\n"),
        ] {
            assert_eq!(joined(head, tail), expected);
        }
    }

    #[test]
    fn logs_are_read_where_a_pod_is_not_ready_or_restarted() {
        let pod = |ready: &str, restarts: i32| -> Pod {
            serde_json::from_value(serde_json::json!({"status": {
                "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": "calico-node", "restartCount": restarts}],
            }}))
            .expect("a pod")
        };
        for (ready, restarts, troubled) in [("True", 0, false), ("False", 0, true), ("True", 1, true), ("Unknown", 0, true)] {
            let pod = pod(ready, restarts);
            assert_eq!(is_wanted(&pod, LogSelection::WhereTroubled), troubled, "{ready} {restarts}");
            assert!(is_wanted(&pod, LogSelection::All));
            assert!(!is_wanted(&pod, LogSelection::None));
        }
    }
}
