//! A change of probes, typed: per probe the fields to set, and the JSON of it for either place where probes may be written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::timing::Timing;
use crate::calico::probe::{Budget, ProbeKind};
use crate::edit::{self, Edit, EditError};
use crate::snapshot::objects::{CALICO_NODE, Container, ExecAction, HttpGet, Probe};

/// A handler to be set, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Handler {
    Exec(ExecAction),
    HttpGet(HttpGet),
}

impl Handler {
    /// Of a probe that has one that is understood.
    pub fn of(probe: &Probe) -> Option<Self> {
        match (&probe.exec, &probe.http_get) {
            (Some(exec), _) => Some(Self::Exec(exec.clone())),
            (None, Some(http)) => Some(Self::HttpGet(http.clone())),
            (None, None) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeChange {
    pub probe: ProbeKind,
    /// For a probe that is new, or whose handler does not fit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub handler: Option<Handler>,
    pub timing: Timing,
}

/// Where Installation keeps the containers of calico-node's DaemonSet.
pub const INSTALLATION_PATH: [&str; 6] = ["spec", "calicoNodeDaemonSet", "spec", "template", "spec", "containers"];

pub fn probe_of(container: &Container, kind: ProbeKind) -> Option<&Probe> {
    match kind {
        ProbeKind::Startup => container.startup_probe.as_ref(),
        ProbeKind::Liveness => container.liveness_probe.as_ref(),
        ProbeKind::Readiness => container.readiness_probe.as_ref(),
    }
}

impl ProbeChange {
    pub fn timing(probe: ProbeKind, timing: Timing) -> Self {
        Self { probe, handler: None, timing }
    }

    /// The probe's fields to be set, as a container has them.
    pub fn fields(&self) -> Value {
        let mut fields = json!(self.timing);
        match &self.handler {
            Some(Handler::Exec(exec)) => fields["exec"] = json!(exec),
            Some(Handler::HttpGet(http)) => fields["httpGet"] = json!(http),
            None => {}
        }
        fields
    }

    /// The probe's timing once this is done.
    pub fn after(&self, container: &Container) -> Budget {
        self.timing.on(probe_of(container, self.probe))
    }
}

/// A strategic merge patch of the DaemonSet: of the container calico-node these fields alone.
pub fn daemon_set_patch(changes: &[ProbeChange]) -> Value {
    let mut container = Map::new();
    container.insert("name".to_owned(), json!(CALICO_NODE));
    for change in changes {
        container.insert(change.probe.field().to_owned(), change.fields());
    }
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

/// The same for an Installation. Handlers are the operator's own, so only timing can be set there.
pub fn installation_edits(changes: &[ProbeChange]) -> Vec<Edit> {
    let edit = |change: &ProbeChange| Edit::Item {
        path: INSTALLATION_PATH.map(str::to_owned).into(),
        name: CALICO_NODE.to_owned(),
        fields: json!({change.probe.field(): change.timing}),
    };
    changes.iter().map(edit).collect()
}

/// A merge patch of the Installation whose `spec` this is: it replaces lists, so the whole list is in it.
pub fn installation_patch(changes: &[ProbeChange], spec: &Value) -> Result<Value, EditError> {
    let edited = edit::make(&installation_edits(changes), &json!({"spec": spec}))?;
    let containers = INSTALLATION_PATH.iter().try_fold(&edited, |value, part| value.get(part)).cloned().unwrap_or_default();
    Ok(INSTALLATION_PATH.iter().rev().fold(containers, |value, part| json!({*part: value})))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretched() -> Vec<ProbeChange> {
        vec![ProbeChange::timing(ProbeKind::Startup, Timing { failure_threshold: Some(90), ..Timing::default() })]
    }

    #[test]
    fn an_installations_other_containers_and_fields_stay() {
        let list = |containers: Value| json!({"calicoNodeDaemonSet": {"spec": {"template": {"spec": {"containers": containers}}}}});
        for (spec, expected) in [
            (json!({}), json!([{"name": "calico-node", "startupProbe": {"failureThreshold": 90}}])),
            (json!({"calicoNodeDaemonSet": null}), json!([{"name": "calico-node", "startupProbe": {"failureThreshold": 90}}])),
            (
                list(
                    json!([{"name": "other"}, {"name": "calico-node", "resources": {"limits": {"cpu": "1"}}, "startupProbe": {"periodSeconds": 2}}]),
                ),
                json!([{"name": "other"}, {"name": "calico-node", "resources": {"limits": {"cpu": "1"}},
                    "startupProbe": {"periodSeconds": 2, "failureThreshold": 90}}]),
            ),
            (
                list(json!([{"name": "other"}])),
                json!([{"name": "other"}, {"name": "calico-node", "startupProbe": {"failureThreshold": 90}}]),
            ),
        ] {
            let patch = installation_patch(&stretched(), &spec).expect("fits");
            assert_eq!(patch.pointer(&format!("/{}", INSTALLATION_PATH.join("/"))), Some(&expected), "{spec}");
        }
        assert!(installation_patch(&stretched(), &list(json!("x"))).is_err());
    }

    #[test]
    fn a_daemon_sets_patch_names_one_container() {
        let exec = Handler::Exec(ExecAction { command: vec!["/bin/calico-node".into(), "-felix-live".into()] });
        let change = ProbeChange { handler: Some(exec), ..stretched().remove(0) };
        assert_eq!(
            daemon_set_patch(&[change]),
            json!({"spec": {"template": {"spec": {"containers": [
                {"name": "calico-node", "startupProbe": {"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "failureThreshold": 90}}]}}}})
        );
    }
}
