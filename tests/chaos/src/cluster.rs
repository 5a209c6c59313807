//! The simulated cluster of one run: as its play sets it, and as it is at a moment.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::{Flapping, Kubelet, Scenario, Store, scenario};

use crate::play::Setting;

pub(crate) const ANNOTATION: &str = "kubectl-calico-fix/undo";
const METHOD: &str = "IP_AUTODETECTION_METHOD";

/// The object that a change is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    DaemonSet,
    Installation,
}

/// One node, and the calico-node on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodeState {
    /// UIDs of its pods, those on their way out too.
    pub pods: Vec<String>,
    /// What of its pod's template this program can change.
    pub template: Value,
    pub ready: bool,
    /// Calico's stored address is the node's own, or Calico stores none here.
    pub addressed: bool,
    pub cordoned: bool,
    /// Its kubelet is gone.
    pub dead: bool,
}

impl NodeState {
    pub(crate) fn is_sound(&self) -> bool {
        self.ready && self.addressed
    }
}

/// The cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Moment {
    /// Of the target.
    pub spec: Value,
    pub record: Option<String>,
    /// What of the DaemonSet's template this program can change.
    pub template: Value,
    pub nodes: BTreeMap<String, NodeState>,
}

impl Moment {
    /// Nodes that were sound before and are not now.
    pub(crate) fn worsened<'a>(&self, before: &'a Self) -> Vec<&'a str> {
        let sound = before.nodes.iter().filter(|(_, node)| node.is_sound() && !node.dead);
        sound.filter(|(name, _)| self.nodes.get(*name).is_some_and(|now| !now.is_sound())).map(|(name, _)| name.as_str()).collect()
    }
}

impl Target {
    pub(crate) fn of(scenario: &str) -> Self {
        if scenario.starts_with("operator") { Self::Installation } else { Self::DaemonSet }
    }

    pub(crate) fn place(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::DaemonSet => ("DaemonSet", "kube-system", "calico-node"),
            Self::Installation => ("Installation", "", "default"),
        }
    }

    pub(crate) fn read(self, store: &Store) -> Value {
        let (kind, namespace, name) = self.place();
        store.object(kind, namespace, name).unwrap_or_default()
    }

    pub(crate) fn daemon_set(self, store: &Store) -> Value {
        let namespace = if self == Self::DaemonSet { "kube-system" } else { "calico-system" };
        store.object("DaemonSet", namespace, "calico-node").unwrap_or_default()
    }

    /// The method that the object has, as `--method` takes it.
    pub(crate) fn method(self, spec: &Value) -> Option<String> {
        match self {
            Self::DaemonSet => {
                let env = spec.pointer("/template/spec/containers/0/env")?.as_array()?;
                env.iter().find(|variable| variable["name"] == METHOD)?["value"].as_str().map(str::to_owned)
            }
            Self::Installation => {
                let method = spec.pointer("/calicoNetwork/nodeAddressAutodetectionV4")?.as_object()?;
                let (field, value) = method.iter().next().filter(|_| method.len() == 1)?;
                let text = value.as_str().map(str::to_owned);
                Some(match field.as_str() {
                    "firstFound" => "first-found".to_owned(),
                    "kubernetes" => "kubernetes-internal-ip".to_owned(),
                    "cidrs" => format!("cidr={}", value[0].as_str().unwrap_or_default()),
                    "canReach" => format!("can-reach={}", text?),
                    "interface" => format!("interface={}", text?),
                    other => format!("{other}={}", text?),
                })
            }
        }
    }

    /// Sets the method as somebody else would.
    pub(crate) fn set_method(self, spec: &mut Value, cidr: &str) {
        match self {
            Self::DaemonSet => set_variable(spec, METHOD, &format!("cidr={cidr}")),
            Self::Installation => spec["calicoNetwork"]["nodeAddressAutodetectionV4"] = json!({"cidrs": [cidr]}),
        }
    }
}

const VARIABLES: [&str; 5] = ["IP", "IP6", METHOD, "IP6_AUTODETECTION_METHOD", "CALICO_STARTUP_LOGLEVEL"];
const PROBES: [&str; 3] = ["startupProbe", "livenessProbe", "readinessProbe"];

impl Target {
    /// A spec as what this program may change, and everything else.
    pub(crate) fn split(self, spec: &Value) -> (Value, Value) {
        let (mut owned, mut rest) = (BTreeMap::new(), spec.clone());
        match self {
            Self::DaemonSet => {
                let Some(container) = rest.pointer_mut("/template/spec/containers/0").and_then(Value::as_object_mut) else {
                    return (Value::Null, rest);
                };
                owned.extend(PROBES.iter().map(|probe| ((*probe).to_owned(), container.remove(*probe).unwrap_or_default())));
                if let Some(env) = container.get_mut("env").and_then(Value::as_array_mut) {
                    let is_owned = |entry: &Value| VARIABLES.iter().any(|name| entry["name"] == *name);
                    let name = |entry: &Value| entry["name"].as_str().unwrap_or_default().to_owned();
                    owned.extend(env.iter().filter(|entry| is_owned(entry)).map(|entry| (name(entry), entry.clone())));
                    env.retain(|entry| !is_owned(entry));
                    // Whoever adds a variable may add it anywhere.
                    env.sort_by_key(name);
                }
            }
            Self::Installation => {
                let network = rest["calicoNetwork"].as_object_mut();
                let fields = ["nodeAddressAutodetectionV4", "nodeAddressAutodetectionV6"];
                let methods =
                    network.into_iter().flat_map(|all| fields.map(|field| (field.to_owned(), all.remove(field).unwrap_or_default())));
                owned.extend(methods.collect::<Vec<_>>());
                let containers = rest.as_object_mut().and_then(|all| all.remove("calicoNodeDaemonSet"));
                owned.insert("calicoNodeDaemonSet".to_owned(), containers.unwrap_or_default());
            }
        }
        (owned.into_iter().collect::<serde_json::Map<_, _>>().into(), rest)
    }
}

pub(crate) fn set_variable(spec: &mut Value, name: &str, value: &str) {
    let Some(env) = spec.pointer_mut("/template/spec/containers/0/env").and_then(Value::as_array_mut) else { return };
    let set = json!({"name": name, "value": value});
    match env.iter_mut().find(|variable| variable["name"] == name) {
        Some(variable) => *variable = set,
        None => env.push(set),
    }
}

/// What of a pod's or template's spec this program can change.
pub(crate) fn changeable(pod: &Value) -> Value {
    let containers = pod["containers"].as_array();
    let container = containers.into_iter().flatten().find(|container| container["name"] == "calico-node").unwrap_or(&Value::Null);
    json!([container["env"], container["startupProbe"], container["livenessProbe"], container["readinessProbe"]])
}

pub(crate) fn scenario(setting: &Setting) -> Scenario {
    let mut world = scenario::named(setting.scenario, setting.nodes).unwrap_or_else(|| scenario::healthy(setting.nodes));
    let strategy = match setting.on_delete {
        true => json!({"type": "OnDelete"}),
        false if setting.surges => {
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": setting.max_unavailable, "maxUnavailable": 0}})
        }
        false => json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": setting.max_unavailable}}),
    };
    if Target::of(setting.scenario) == Target::DaemonSet {
        world.store.bend("DaemonSet", "calico-node", |set| set["spec"]["updateStrategy"] = strategy.clone());
    }
    if let Some(host) = world.hosts.values_mut().next().filter(|_| setting.flaps > 0) {
        let down = SignedDuration::from_secs(i64::from(setting.flaps));
        host.flapping = Some(Flapping { every: SignedDuration::from_mins(1), down });
    }
    if setting.dead_kubelet
        && let Some(host) = world.hosts.values_mut().nth(1)
    {
        host.kubelet = Kubelet::NoRoute;
        host.starts_nothing = true;
        for pod in world.store.objects("Pod").iter().filter(|pod| pod["spec"]["nodeName"] == host.node.as_str()) {
            world.store.bend("Pod", pod["metadata"]["name"].as_str().unwrap_or_default(), |pod| {
                for condition in pod["status"]["conditions"].as_array_mut().into_iter().flatten() {
                    if condition["type"] == "Ready" {
                        condition["status"] = "False".into();
                    }
                }
            });
        }
        world.store.bend("Node", &host.node, |node| {
            for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
                if condition["type"] == "Ready" {
                    condition["status"] = "Unknown".into();
                    condition["reason"] = "NodeStatusUnknown".into();
                }
            }
        });
    }
    world
}

/// The node's own address is stored, or no IPv6 at all.
fn is_own(node: &Value, family: &str) -> bool {
    let stored = node["metadata"]["annotations"][format!("projectcalico.org/{family}Address")].as_str().unwrap_or_default();
    let stored = stored.split('/').next().unwrap_or_default();
    let addresses = node["status"]["addresses"].as_array();
    let own = addresses.into_iter().flatten().any(|address| address["type"] == "InternalIP" && address["address"] == stored);
    own || (stored.is_empty() && family == "IPv6")
}

pub(crate) fn moment(store: &Store, target: Target) -> Moment {
    let object = target.read(store);
    let mut nodes: BTreeMap<String, NodeState> = BTreeMap::new();
    for node in store.objects("Node") {
        let name = node["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let own = ["IPv4", "IPv6"].iter().all(|family| is_own(&node, family));
        let conditions = node["status"]["conditions"].as_array();
        let dead = conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] != "True");
        let cordoned = node["spec"]["unschedulable"] == true;
        nodes.insert(name, NodeState { addressed: own, cordoned, dead, ..NodeState::default() });
    }
    for pod in store.objects("Pod") {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let Some(node) = pod["spec"]["nodeName"].as_str().filter(|_| name.starts_with("calico-node-")).and_then(|node| nodes.get_mut(node))
        else {
            continue;
        };
        node.pods.push(pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned());
        if pod["metadata"]["deletionTimestamp"].is_null() {
            node.template = changeable(&pod["spec"]);
            let conditions = pod["status"]["conditions"].as_array();
            node.ready = conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True");
        }
    }
    Moment {
        spec: object["spec"].clone(),
        record: object["metadata"]["annotations"][ANNOTATION].as_str().map(str::to_owned),
        template: changeable(&target.daemon_set(store)["spec"]["template"]["spec"]),
        nodes,
    }
}
