//! A container as `kubectl describe` shows it: image, state, probes, environment.

use serde_json::{Map, Value, json};

use super::tree::Entry;
use super::when;

/// Variables of one container.
const MAX_VARIABLES: usize = 512;

/// Image, probes and environment.
pub(super) fn spec(container: &Entry<'_>) -> Value {
    let mut spec = json!({"name": container.key(), "image": container.get("Image")});
    for (key, field) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")] {
        if let Some(probe) = container.get(key).and_then(probe) {
            spec[field] = probe;
        }
    }
    let variables = container.child("Environment").map_or(&[][..], |environment| &environment.children);
    spec["env"] = variables.iter().take(MAX_VARIABLES).map(variable).collect();
    let sources = container.child("Environment Variables from").map_or(&[][..], |sources| &sources.children);
    spec["envFrom"] = sources.iter().take(MAX_VARIABLES).filter_map(|source| variables_from(source.text)).collect();
    spec["resources"] =
        json!({"requests": container.child("Requests").map(quantities), "limits": container.child("Limits").map(quantities)});
    spec
}

fn quantities(list: &Entry<'_>) -> Map<String, Value> {
    list.children.iter().filter_map(|line| Some((line.key().to_owned(), line.value()?.into()))).collect()
}

/// `NAME:  value`, `<set to the key 'k' of config map 'm'>  Optional: false`, `(v1:spec.nodeName)`.
fn variable(line: &Entry<'_>) -> Value {
    let name = line.key();
    let text = line.text.split_once(':').map_or("", |(_, value)| value.trim());
    let between = |start: &str| text.split_once(start)?.1.split('\'').next();
    let optional = text.contains("Optional: true");
    if let (Some(key), Some(map)) = (between("<set to the key '"), between("of config map '")) {
        return json!({"name": name, "valueFrom": {"configMapKeyRef": {"name": map, "key": key, "optional": optional}}});
    }
    if let (Some(key), Some(secret)) = (between("<set to the key '"), between("in secret '")) {
        return json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, "optional": optional}}});
    }
    let field = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).and_then(|text| text.split_once(':'));
    match field {
        Some((version, path)) if version.starts_with('v') => json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}),
        _ => json!({"name": name, "value": text}),
    }
}

/// `kubernetes-services-endpoint  ConfigMap  Optional: true`
fn variables_from(line: &str) -> Option<Value> {
    let mut words = line.split_whitespace();
    let (name, kind) = (words.next()?, words.next()?);
    let reference = json!({"name": name, "optional": line.contains("Optional: true")});
    match kind {
        "ConfigMap" => Some(json!({"configMapRef": reference})),
        "Secret" => Some(json!({"secretRef": reference})),
        _ => None,
    }
}

/// `exec [/bin/calico-node -felix-live] delay=10s timeout=10s period=10s #success=1 #failure=6`, `http-get http://localhost:9099/liveness …`
fn probe(text: &str) -> Option<Value> {
    let number = |name: &str| {
        let rest = text.split(name).nth(1)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<i32>().ok()
    };
    let mut probe = json!({
        "initialDelaySeconds": number("delay="),
        "timeoutSeconds": number("timeout="),
        "periodSeconds": number("period="),
        "successThreshold": number("#success="),
        "failureThreshold": number("#failure="),
    });
    if let Some(rest) = text.strip_prefix("exec [") {
        let command: Vec<&str> = rest.split("] delay=").next()?.split(' ').take(64).collect();
        probe["exec"] = json!({ "command": command });
    } else {
        let url = text.strip_prefix("http-get ")?.split_whitespace().next()?;
        let (scheme, rest) = url.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host.rsplit_once(':')?;
        let host = (!host.is_empty()).then_some(host);
        let port = port.parse::<i64>().map_or_else(|_| json!(port), |port| json!(port));
        probe["httpGet"] = json!({"scheme": scheme.to_ascii_uppercase(), "host": host, "port": port, "path": format!("/{path}")});
    }
    Some(probe)
}

/// Ready, restarts, what runs now and what ended before.
pub(super) fn status(container: &Entry<'_>) -> Value {
    let state = |key: &str| container.child(key).and_then(state).unwrap_or_else(|| json!({}));
    json!({
        "name": container.key(),
        "ready": container.get("Ready") == Some("True"),
        "restartCount": container.get("Restart Count").and_then(|text| text.parse::<i32>().ok()).unwrap_or(0),
        "state": state("State"),
        "lastState": state("Last State"),
    })
}

fn state(entry: &Entry<'_>) -> Option<Value> {
    let date = |key: &str| entry.get(key).and_then(when::date);
    Some(match entry.value()? {
        "Running" => json!({"running": {"startedAt": date("Started")}}),
        "Waiting" => json!({"waiting": {"reason": entry.get("Reason"), "message": entry.get("Message")}}),
        "Terminated" => json!({"terminated": {
            "reason": entry.get("Reason"),
            "message": entry.get("Message"),
            "exitCode": entry.get("Exit Code").and_then(|code| code.parse::<i32>().ok()),
            "signal": entry.get("Signal").and_then(|signal| signal.parse::<i32>().ok()),
            "startedAt": date("Started"),
            "finishedAt": date("Finished"),
        }}),
        _ => return None,
    })
}
