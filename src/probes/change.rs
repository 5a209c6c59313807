//! Typed changes of probes, and the patch that makes them in a DaemonSet or an Installation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::target::ProbeTarget;
use super::timing::ProbeTiming;
use crate::calico::probe::{Budget, ProbeKind};
use crate::edit::patch::{PatchKind, join};
use crate::edit::{self, Edit};
use crate::snapshot::objects::{CALICO_NODE, Container, ExecAction, HttpGet, Probe};

/// A whole handler to set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Handler {
    Exec(ExecAction),
    HttpGet(HttpGet),
}

impl Handler {
    /// `None` for a probe without exec or httpGet.
    pub fn from_probe(probe: &Probe) -> Option<Self> {
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
    pub timing: ProbeTiming,
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
    pub fn timing(probe: ProbeKind, timing: ProbeTiming) -> Self {
        Self { probe, handler: None, timing }
    }

    /// The probe's fields to be set, as a container has them.
    pub fn fields(&self) -> Value {
        let handler = match &self.handler {
            Some(Handler::Exec(exec)) => json!({"exec": exec}),
            Some(Handler::HttpGet(http)) => json!({"httpGet": http}),
            None => return json!(self.timing),
        };
        join(json!(self.timing), &handler)
    }

    /// `startupProbe: periodSeconds 10, failureThreshold 22, exec /bin/calico-node -felix-live`
    pub fn describe(&self) -> String {
        let timing = self.timing;
        let fields = [
            ("initialDelaySeconds", timing.initial_delay_seconds),
            ("periodSeconds", timing.period_seconds),
            ("timeoutSeconds", timing.timeout_seconds),
            ("failureThreshold", timing.failure_threshold),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
        let handler = self.handler.as_ref().map(|handler| match handler {
            Handler::Exec(exec) => format!("exec {}", exec.command.join(" ")),
            Handler::HttpGet(http) => {
                let port = http.port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
                format!("httpGet {}{port}{}", http.host.as_deref().unwrap_or_default(), http.path.as_deref().unwrap_or("/"))
            }
        });
        format!("{}: {}", self.probe.field(), fields.chain(handler).collect::<Vec<_>>().join(", "))
    }

    /// The probe's timing once this is done.
    pub fn after(&self, container: &Container) -> Budget {
        self.timing.on(probe_of(container, self.probe))
    }
}

/// The edits that make these changes at a target. Handlers in an Installation are the operator's own: only timing is set there.
pub fn edits(target: &ProbeTarget, changes: &[ProbeChange]) -> Vec<Edit> {
    let edit = |change: &ProbeChange| match target {
        ProbeTarget::Installation { .. } => Edit::Item {
            path: INSTALLATION_PATH.map(str::to_owned).into(),
            name: CALICO_NODE.to_owned(),
            fields: json!({change.probe.field(): change.timing}),
        },
        ProbeTarget::DaemonSet { .. } | ProbeTarget::Nowhere { .. } => Edit::Probe { kind: change.probe, fields: change.fields() },
    };
    changes.iter().map(edit).collect()
}

/// The patch that makes these changes of this object: the one that is printed is the one that is sent. `None` where
/// nothing would change, or probes cannot be changed there.
pub fn patch(target: &ProbeTarget, changes: &[ProbeChange], object: &Value) -> Option<Value> {
    let kind = match target {
        ProbeTarget::DaemonSet { .. } => PatchKind::Strategic,
        ProbeTarget::Installation { .. } => PatchKind::Merge,
        ProbeTarget::Nowhere { .. } => return None,
    };
    kind.diff(object, &edit::make(&edits(target, changes), object).ok()?)
}

/// As much of a DaemonSet as a patch of probes is made from.
pub fn daemon_set_with(container: &Container) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

/// Where no DaemonSet was seen: a strategic merge patch that names every field.
pub fn daemon_set_patch(changes: &[ProbeChange]) -> Value {
    let mut container = Map::new();
    container.insert("name".to_owned(), json!(CALICO_NODE));
    for change in changes {
        container.insert(change.probe.field().to_owned(), change.fields());
    }
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation() -> ProbeTarget {
        ProbeTarget::Installation { name: "default".into() }
    }

    fn stretched() -> Vec<ProbeChange> {
        vec![ProbeChange::timing(ProbeKind::Startup, ProbeTiming { failure_threshold: Some(90), ..ProbeTiming::default() })]
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
            let patch = patch(&installation(), &stretched(), &json!({"spec": spec})).expect("fits");
            assert_eq!(patch.pointer(&format!("/{}", INSTALLATION_PATH.join("/"))), Some(&expected), "{spec}");
        }
        assert_eq!(patch(&installation(), &stretched(), &json!({"spec": list(json!("x"))})), None);
    }

    #[test]
    fn fields_that_are_there_already_are_not_in_the_patch() {
        let target = ProbeTarget::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() };
        let probe = json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "periodSeconds": 10, "failureThreshold": 6});
        let object =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "other"}, {"name": "calico-node", "livenessProbe": probe}]}}}});
        let timing = ProbeTiming { period_seconds: Some(10), failure_threshold: Some(10), ..ProbeTiming::default() };
        let change = |timing| vec![ProbeChange::timing(ProbeKind::Liveness, timing)];
        assert_eq!(
            patch(&target, &change(timing), &object),
            Some(
                json!({"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "livenessProbe": {"failureThreshold": 10}}]}}}})
            )
        );
        assert_eq!(patch(&target, &change(ProbeTiming { period_seconds: Some(10), ..ProbeTiming::default() }), &object), None);
        assert_eq!(patch(&ProbeTarget::Nowhere { why: String::new() }, &change(timing), &object), None);
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
