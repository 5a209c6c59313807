//! Larger budgets and timeouts, as strategic merge patches of the container calico-node alone.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::report::{Fix, StartTime};
use super::super::shell::quote;
use super::super::view::View;
use crate::snapshot::objects::{CALICO_NODE, Probe};

/// What the published remedy of slow starts comes to: 60 + 10 × 10.
const USUAL_BUDGET: u64 = 160;
const PERIOD: u64 = 10;

/// A startup probe with the liveness probe's own handler, sized from the longest attempt: liveness stays as quick as it was.
pub fn start_budget(view: &View, budget: Option<Duration>, longest: Option<StartTime>) -> Option<Fix> {
    let container = view.install.container?;
    let liveness = container.liveness_probe.as_ref()?;
    let longest = longest.and_then(|start| Duration::try_from_secs_f64(start.seconds).ok());
    let known = longest.max(budget).unwrap_or_default().as_secs();
    let seconds = (known * 2).max(USUAL_BUDGET).div_ceil(PERIOD) * PERIOD;
    let mut probe = match &container.startup_probe {
        Some(startup) => json!({"periodSeconds": startup.period_seconds.unwrap_or(10).max(1)}),
        None => handler(liveness)?,
    };
    let period = probe.get("periodSeconds").and_then(Value::as_u64).unwrap_or(PERIOD);
    probe["periodSeconds"] = json!(period);
    probe["failureThreshold"] = json!(seconds.div_ceil(period));
    if container.startup_probe.is_none() {
        probe["timeoutSeconds"] = json!(liveness.timeout_seconds.unwrap_or(1).max(10));
    }
    let command = patch(view, json!({"startupProbe": probe}))?;
    let reverted = super::reverted_by(view);
    let why = format!(
        "a startup probe allows {seconds} s to start and leaves the liveness probe as it is; calico-node restarts node by node{reverted}"
    );
    Some(Fix { command, why })
}

pub fn probe_timeout(view: &View, probes: &[&str]) -> Option<Fix> {
    let fields: Map<String, Value> = probes.iter().map(|probe| ((*probe).to_owned(), json!({"timeoutSeconds": 10}))).collect();
    let command = patch(view, Value::Object(fields))?;
    Some(Fix {
        command,
        why: format!("ten seconds, as in the manifests from 3.20.0; calico-node restarts node by node{}", super::reverted_by(view)),
    })
}

/// As the manifests have it. A limit is the owner's own decision: no command there.
pub fn cpu_request(view: &View) -> Option<Fix> {
    let resources = &view.install.container?.resources;
    if view.install.is_operator() || resources.requests.contains_key("cpu") || resources.limits.contains_key("cpu") {
        return None;
    }
    let command = format!(
        "kubectl set resources {} -n {} -c {CALICO_NODE} --requests=cpu=250m",
        quote(&view.install.name()),
        quote(view.install.namespace()?)
    );
    let why = format!("the request of Calico's own manifests; calico-node restarts node by node{}", super::reverted_by(view));
    Some(Fix { command, why })
}

fn handler(probe: &Probe) -> Option<Value> {
    match (&probe.exec, &probe.http_get) {
        (Some(exec), _) => Some(json!({"exec": exec})),
        (None, Some(http)) => Some(json!({"httpGet": http})),
        (None, None) => None,
    }
}

/// The operator reverts edits of its DaemonSet and, before 1.43, has no fields for probes: no command there.
fn patch(view: &View, fields: Value) -> Option<String> {
    if view.install.is_operator() {
        return None;
    }
    let metadata = &view.install.daemon_set?.metadata;
    let mut container = json!({"name": CALICO_NODE});
    for (key, value) in fields.as_object()? {
        container[key.as_str()] = value.clone();
    }
    let patch = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    Some(format!(
        "kubectl patch daemonset {} -n {} -p {}",
        quote(&metadata.name),
        quote(view.install.namespace()?),
        quote(&patch.to_string())
    ))
}
