//! A change as text to paste where it lasts, for each way Calico is kept.

mod installers;

use serde_json::{Value, json};

use super::autodetect_edits::{self, Refusal, Setting};
use crate::calico::environment::{address_variable, method_variable};
use crate::edit::patch::{PatchKind, join};
use crate::edit::target::Target;
use crate::edit::{self, Edit};
use crate::snapshot::objects::CALICO_NODE;
use crate::text::{is_unsafe, shell};

/// As typed: `FormName` in `cli/change.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A command for this very cluster.
    Kubectl,
    /// A patch in a kustomization.yaml.
    Kustomize,
    /// Values of the chart tigera-operator.
    Helm,
    /// The operator's Installation.
    Installation,
    /// A HelmChartConfig of RKE2's helm-controller.
    Rke2,
    /// Variables of an inventory.
    Kubespray,
    /// Part of a Cluster.
    Kops,
    /// Part of a ClusterConfig.
    K0s,
    /// Part of a Shoot.
    Gardener,
}

/// A change in every form it has; a form that it does not have is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snippets {
    pub kubectl: Option<String>,
    /// Below `spec` of the DaemonSet's name and namespace, as a strategic merge patch.
    pub daemon_set: Option<(Target, Value)>,
    /// Below `spec` of the Installation of this name.
    pub installation: Option<(String, Value)>,
    /// Fields of that which somebody else has set, and which must go: no tool clears what it did not set itself.
    pub cleared: Vec<Vec<String>>,
    /// For installers that have a setting of their own.
    pub methods: Vec<Setting>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    #[error("this change has no form for {0}")]
    NoSuchForm(&'static str),
    #[error("{form} does not accept the method {method}; it takes {accepted}. Choose one with --method")]
    NotAccepted { form: &'static str, method: String, accepted: &'static str },
    /// A terminal or a shell would read such text as something else.
    #[error("this change is not printed as {0}: a name in it is not a valid Kubernetes name, or a value holds control characters")]
    NotPrintable(&'static str),
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubectl => "kubectl",
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
            Self::Installation => "installation",
            Self::Rke2 => "rke2",
            Self::Kubespray => "kubespray",
            Self::Kops => "kops",
            Self::K0s => "k0s",
            Self::Gardener => "gardener",
        }
    }
}

impl Snippets {
    /// For a detection method; `now` is the `spec` of the Installation, null without one.
    pub fn of_detection(settings: &[Setting], edits: &[Edit], target: &Target, now: &Value) -> Result<Self, Refusal> {
        let method = |setting: &Setting| {
            let value = autodetect_edits::installation_method(&setting.method)?;
            Ok((autodetect_edits::field(setting.family).to_owned(), value))
        };
        let network = Value::Object(settings.iter().map(method).collect::<Result<_, Refusal>>()?);
        let (namespace, name) = match target {
            Target::DaemonSet { namespace, name } => (namespace.clone(), name.clone()),
            Target::Installation { .. } => ("kube-system".to_owned(), "calico-node".to_owned()),
        };
        let variables: Vec<(String, String)> = match target {
            Target::DaemonSet { .. } => edits.iter().filter_map(variable).collect(),
            Target::Installation { .. } => settings.iter().flat_map(both_variables).collect(),
        };
        let env: Vec<Value> = variables.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let kubectl = match target {
            Target::DaemonSet { .. } => set_env(&namespace, &name, &variables),
            Target::Installation { name } => sent_patch(target, edits, now).or_else(|| merge(name, edits)),
        };
        let installation_name = if target.is_installation() { target.name() } else { DEFAULT };
        Ok(Self {
            kubectl,
            daemon_set: Some((Target::DaemonSet { namespace, name }, containers(&json!({"env": env})))),
            cleared: others(settings, &network, now),
            installation: Some((installation_name.to_owned(), json!({"calicoNetwork": network}))),
            methods: settings.to_vec(),
        })
    }

    pub fn emit(&self, form: Form) -> Result<String, EmitError> {
        let text = self.text(form)?;
        match text.chars().any(|c| c != '\n' && is_unsafe(c)) {
            true => Err(EmitError::NotPrintable(form.name())),
            false => Ok(text),
        }
    }

    fn text(&self, form: Form) -> Result<String, EmitError> {
        let none = || EmitError::NoSuchForm(form.name());
        let unprintable = || EmitError::NotPrintable(form.name());
        match form {
            Form::Kubectl if self.kubectl.is_none() && (self.daemon_set.is_some() || self.installation.is_some()) => Err(unprintable()),
            Form::Kubectl => self.kubectl.clone().map(|line| format!("{line}\n")).ok_or_else(none),
            Form::Kustomize if self.daemon_set.as_ref().is_some_and(|(target, _)| !target.has_valid_name()) => Err(unprintable()),
            Form::Kustomize => self.daemon_set.as_ref().map(|(target, spec)| kustomize(target, spec)).ok_or_else(none),
            Form::Helm => self.values().map(|spec| self.first() + &yaml(&json!({"installation": spec}))).ok_or_else(none),
            Form::Installation => {
                let form = self.installation.as_ref().map(|(name, spec)| installation(name, &self.without(spec)));
                form.ok_or_else(none)
            }
            Form::Rke2 => self.values().map(|spec| self.first() + &rke2(spec)).ok_or_else(none),
            Form::Kubespray | Form::Kops | Form::K0s | Form::Gardener if self.methods.is_empty() => Err(none()),
            Form::Kubespray | Form::Kops | Form::K0s | Form::Gardener => installers::text(form, &self.methods).map(|value| yaml(&value)),
        }
    }
}

impl Snippets {
    /// The charts write the Installation `default`, which has no say where `overlay` has the field.
    fn values(&self) -> Option<&Value> {
        self.installation.as_ref().filter(|(name, _)| name == DEFAULT).map(|(_, spec)| spec)
    }

    /// `kubectl apply` deletes what is null.
    fn without(&self, spec: &Value) -> Value {
        self.cleared.iter().fold(spec.clone(), |spec, path| join(spec, &nested(path, Value::Null)))
    }

    /// Helm compares its own last values with the new ones: what neither has stays, and two methods stop the operator.
    fn first(&self) -> String {
        if self.cleared.is_empty() {
            return String::new();
        }
        let Some(line) = &self.kubectl else { return String::new() };
        format!("# Helm keeps the method that is set now, and the operator accepts no second one. Run as well:\n#   {line}\n")
    }
}

/// Methods set now that must be cleared.
fn others(settings: &[Setting], network: &Value, now: &Value) -> Vec<Vec<String>> {
    let of = |setting: &Setting| {
        let field = autodetect_edits::field(setting.family);
        let set = now.get("calicoNetwork").and_then(|network| network.get(field)).and_then(Value::as_object);
        let wanted = |name: &str| network.get(field).is_some_and(|method| method.get(name).is_some());
        let other = set.into_iter().flatten().filter(|(name, value)| !value.is_null() && !wanted(name));
        other.map(|(name, _)| vec!["calicoNetwork".to_owned(), field.to_owned(), name.clone()]).collect::<Vec<_>>()
    };
    settings.iter().flat_map(of).collect()
}

fn nested(path: &[String], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, part| json!({part.as_str(): inner}))
}

/// A patch of the container calico-node, from `spec` down.
pub fn containers(container: &Value) -> Value {
    let named = join(json!({"name": CALICO_NODE}), container);
    json!({"template": {"spec": {"containers": [named]}}})
}

fn variable(edit: &Edit) -> Option<(String, String)> {
    match edit {
        Edit::Variable { name, value } => Some((name.clone(), value.clone()?)),
        _ => None,
    }
}

fn both_variables(setting: &Setting) -> [(String, String); 2] {
    [
        (address_variable(setting.family).to_owned(), "autodetect".to_owned()),
        (method_variable(setting.family).to_owned(), setting.method.clone()),
    ]
}

fn set_env(namespace: &str, name: &str, variables: &[(String, String)]) -> Option<String> {
    let target = format!("daemonset/{}", shell::object_name(name)?);
    let variables: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut words = vec!["kubectl", "set", "env", &target, "-n", shell::namespace(namespace)?, "-c", CALICO_NODE];
    words.extend(variables.iter().map(String::as_str));
    shell::command(&words)
}

/// The patch that a change sends; `None` where the Installation was not seen, or has these values already.
fn sent_patch(target: &Target, edits: &[Edit], now: &Value) -> Option<String> {
    let before = json!({"spec": now});
    let after = edit::make(edits, &before).ok().filter(|_| !now.is_null())?;
    patch_command(target, &target.patch_kind().diff(&before, &after)?)
}

/// The other methods are cleared: the operator goes Degraded with two (and takes them without a word before 1.43).
fn merge(name: &str, edits: &[Edit]) -> Option<String> {
    const METHODS: [&str; 6] = ["canReach", "cidrs", "firstFound", "interface", "kubernetes", "skipInterface"];
    let mut patch = json!({});
    for edit in edits {
        let Edit::Field { path, value } = edit else { continue };
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut().filter(|_| path.last().is_some_and(|last| last.starts_with("nodeAddressAutodetection")))
        {
            for method in METHODS {
                fields.entry(method).or_insert(Value::Null);
            }
        }
        patch = join(patch, &nested(path, value));
    }
    patch_command(&Target::Installation { name: name.to_owned() }, &patch)
}

/// A command for a change of a DaemonSet that is more than variables.
/// `None` where the object's name is not a valid one.
pub fn patch_command(target: &Target, patch: &Value) -> Option<String> {
    let patch = shell::json(patch);
    match target {
        Target::DaemonSet { namespace, name } => {
            let (name, namespace) = (shell::object_name(name)?, shell::namespace(namespace)?);
            shell::command(&["kubectl", "patch", "daemonset", name, "-n", namespace, "-p", &patch])
        }
        Target::Installation { name } => {
            let kind = merge_type(target.patch_kind());
            shell::command(&["kubectl", "patch", "installation", shell::object_name(name)?, "--type", kind, "-p", &patch])
        }
    }
}

fn merge_type(kind: PatchKind) -> &'static str {
    match kind {
        PatchKind::Strategic => "strategic",
        PatchKind::Merge => "merge",
    }
}

fn kustomize(target: &Target, spec: &Value) -> String {
    let (api_version, kind) = target.type_meta();
    let metadata = json!({"name": target.name(), "namespace": target.namespace()});
    let patch = yaml(&json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}));
    let target = json!({"kind": kind, "name": target.name(), "namespace": target.namespace()});
    yaml(&json!({"patches": [{"patch": patch, "target": target}]}))
}

const DEFAULT: &str = "default";

fn installation(name: &str, spec: &Value) -> String {
    let object = json!({"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": name}, "spec": spec});
    yaml(&object)
}

fn rke2(spec: &Value) -> String {
    let values = yaml(&json!({"installation": spec}));
    let metadata = json!({"name": "rke2-calico", "namespace": "kube-system"});
    let config =
        json!({"apiVersion": "helm.cattle.io/v1", "kind": "HelmChartConfig", "metadata": metadata, "spec": {"valuesContent": values}});
    yaml(&config)
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
