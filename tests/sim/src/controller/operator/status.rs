//! TigeraStatus `calico`, and its conditions in Installation `default` (operator pkg/controller/status).

use serde_json::{Value, json};

use super::{MANAGER, NAME, NAMESPACE};
use crate::api::Operator as Edition;
use crate::controller::{Cache, owned_by, text};
use crate::scenario::logs::seconds_of;

/// One condition as it should read.
struct Verdict {
    kind: &'static str,
    holds: bool,
    reason: &'static str,
    message: Option<String>,
}

/// The order in which they are written, one by one: whoever watches sees the states between.
const ORDER: [&str; 3] = ["Available", "Progressing", "Degraded"];

pub(super) fn is(status: &Value, kind: &str) -> bool {
    let conditions = status["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// Writes what the status manager finds. True: available.
pub(super) fn report(cache: &Cache, edition: Edition, observed: i64, refused: Option<&str>) -> bool {
    let (progressing, failing) = found(cache, edition);
    let available = progressing.is_none() && failing.is_empty() && refused.is_none();
    let idle = |kind, message: &str| match available {
        true => Verdict { kind, holds: false, reason: "AllObjectsAvailable", message: Some(message.into()) },
        false => Verdict { kind, holds: false, reason: "Unknown", message: None },
    };
    let verdicts = ORDER.map(|kind| match kind {
        "Available" if available => Verdict { holds: true, ..idle(kind, "All objects available") },
        "Available" => idle(kind, ""),
        "Progressing" => match &progressing {
            Some(message) if failing.is_empty() => {
                Verdict { kind, holds: true, reason: "ResourceNotReady", message: Some(message.clone()) }
            }
            _ => idle(kind, "All Objects Available"),
        },
        _ if refused.is_some() || !failing.is_empty() => {
            let reason = if refused.is_some() { "InvalidConfigurationError" } else { "PodFailure" };
            let lines: Vec<&str> = refused.into_iter().chain(failing.iter().map(String::as_str)).collect();
            Verdict { kind, holds: true, reason, message: Some(lines.join("\n")) }
        }
        _ => idle(kind, "All Objects Available"),
    });
    let now = seconds_of(cache.store.now());
    for verdict in verdicts {
        let _ = cache.store.edit_as(MANAGER.status(), "TigeraStatus", "", "calico", |object| {
            if !object["status"]["conditions"].is_array() {
                object["status"]["conditions"] = json!([]);
            }
            if let Some(conditions) = object["status"]["conditions"].as_array_mut() {
                put(conditions, &verdict, observed, &now);
            }
        });
    }
    available
}

fn put(conditions: &mut Vec<Value>, verdict: &Verdict, observed: i64, now: &str) {
    let status = if verdict.holds { "True" } else { "False" };
    let before = conditions.iter().position(|condition| condition["type"] == verdict.kind);
    let since = before.map(|at| &conditions[at]).filter(|before| before["status"] == status);
    let mut condition = json!({
        "type": verdict.kind,
        "status": status,
        "reason": verdict.reason,
        "observedGeneration": observed,
        "lastTransitionTime": since.map_or_else(|| now.into(), |before| before["lastTransitionTime"].clone()),
    });
    if let Some(message) = &verdict.message {
        condition["message"] = message.as_str().into();
    }
    match before {
        Some(at) => conditions[at] = condition,
        None => conditions.push(condition),
    }
}

/// Why the DaemonSet is not there yet, and which pods fail.
fn found(cache: &Cache, edition: Edition) -> (Option<String>, Vec<String>) {
    let Some(daemonset) = cache.object("DaemonSet", NAMESPACE, NAME) else { return (None, Vec::new()) };
    let status = &daemonset["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let (all, updated, missing) = (count("desiredNumberScheduled"), count("updatedNumberScheduled"), count("numberUnavailable"));
    let name = format!("DaemonSet \"{NAMESPACE}/{NAME}\"");
    let progressing = if updated < all {
        Some(format!("{name} update is rolling out ({updated} out of {all} updated)"))
    } else if missing > 0 {
        Some(format!("{name} is not available (awaiting {missing} nodes)"))
    } else {
        None
    };
    if progressing.is_none() {
        return (None, Vec::new());
    }
    let pods = cache.objects("Pod").filter(|pod| owned_by(pod, text(daemonset, "uid")));
    (progressing, pods.filter_map(|pod| crash_loop(pod, edition)).collect())
}

fn crash_loop(pod: &Value, edition: Edition) -> Option<String> {
    let statuses = pod["status"]["containerStatuses"].as_array();
    let status = statuses.into_iter().flatten().find(|status| status["state"]["waiting"]["reason"] == "CrashLoopBackOff")?;
    let said = format!("Pod {NAMESPACE}/{} has crash looping container: {}", text(pod, "name"), status["name"].as_str()?);
    let ended = &status["lastState"]["terminated"];
    Some(match edition {
        Edition::V1_28 => said,
        Edition::Master => format!("{said} ({}, exit code {})", ended["reason"].as_str().unwrap_or("Error"), ended["exitCode"]),
    })
}

/// The conditions of TigeraStatus in Installation, with a time of their own: that of the copy.
pub(super) fn copy(cache: &Cache) {
    let Some(status) = cache.object("TigeraStatus", "", "calico") else { return };
    let now = seconds_of(cache.store.now());
    let one = |condition: &Value| {
        let mut own = condition.clone();
        own["lastTransitionTime"] = now.as_str().into();
        if own["type"] == "Available" {
            own["type"] = "Ready".into();
        }
        if own["message"].is_null() {
            own["message"] = "".into();
        }
        own
    };
    let conditions: Vec<Value> = status["status"]["conditions"].as_array().into_iter().flatten().map(one).collect();
    let _ =
        cache.store.edit_as(MANAGER.status(), "Installation", "", "default", |object| object["status"]["conditions"] = conditions.into());
}
