//! Kubernetes objects of mixed kinds, told apart and trimmed one by one.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::other_pods::OtherPods;
use crate::calico::{installation_probe_fields, startup_log};
use crate::observed::Observed;
use crate::snapshot::objects::{CALICO_NODE, ConfigMap, ControllerRevision, Custom, DaemonSet, Event, Node, Pod, ProbeOverrides};
use crate::snapshot::{from_tree, trim};

/// What the files held, by kind. A kind of which there was a list, be it empty, is there.
#[derive(Default)]
pub(super) struct Objects {
    pub nodes: Option<Vec<Node>>,
    pub daemon_sets: Option<Vec<DaemonSet>>,
    pub pods: Option<Vec<Pod>>,
    pub events: Option<Vec<Event>>,
    pub controller_revisions: Option<Vec<ControllerRevision>>,
    /// By namespace and name.
    pub config_maps: Option<BTreeMap<(String, String), ConfigMap>>,
    pub installation_probes: Option<ProbeOverrides>,
    /// By kind.
    pub customs: BTreeMap<&'static str, Vec<Custom>>,
    /// Calico's own Nodes, as those of Kubernetes with the same annotations.
    pub calico_nodes: Vec<Node>,
    pub other_pods: OtherPods,
    /// Of Calico's other programs.
    pub programs: Vec<Pod>,
    /// Objects that were kept.
    pub taken: usize,
    /// Objects that tell nothing of Calico's state, by kind.
    pub passed: BTreeMap<String, usize>,
    /// The first object that could not be read, in words.
    pub problem: Option<String>,
}

/// Kinds that stay trees, with the names `kubectl get` and `calicoctl cluster diags` give their files.
const CUSTOM_KINDS: [(&str, &str); 7] = [
    ("Installation", "installations"),
    ("TigeraStatus", "tigerastatus"),
    ("IPPool", "ippools"),
    ("BGPConfiguration", "bgpconfigurations"),
    ("BGPPeer", "bgppeers"),
    ("ClusterInformation", "clusterinformations"),
    ("CalicoNodeStatus", "caliconodestatuses"),
];

/// Kinds that are counted by name when their objects are left out.
const MAX_PASSED_KINDS: usize = 100;

const KINDS: [(&str, &str); 6] = [
    ("Node", "nodes"),
    ("DaemonSet", "daemonsets"),
    ("Pod", "pods"),
    ("Event", "events"),
    ("ControllerRevision", "controllerrevisions"),
    ("ConfigMap", "configmaps"),
];

impl Objects {
    /// Kinds that are not looked at are dropped.
    pub(super) fn take(&mut self, mut object: Value) {
        let kind = object.get("kind").and_then(Value::as_str).map_or_else(|| guess_kind(&object), str::to_owned);
        self.taken += 1;
        if let Err(error) = self.sort_in(&kind, &mut object) {
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("without a name");
            self.problem.get_or_insert(format!("{kind} {name}: {error}"));
        }
    }

    fn sort_in(&mut self, kind: &str, object: &mut Value) -> Result<(), String> {
        match kind {
            "Node" if is_calicos(object) => push(&mut self.calico_nodes, &super::calicoctl::from_calico_node(object), trim::node)?,
            "Node" => push(self.nodes.get_or_insert_default(), object, trim::node)?,
            "DaemonSet" => {
                let set: DaemonSet = from_tree(object)?;
                let sets = self.daemon_sets.get_or_insert_default();
                if set.spec.template.spec.calico_node().is_some() {
                    sets.push(trimmed(set, trim::daemon_set));
                } else {
                    self.pass("DaemonSet of another program");
                }
            }
            "Pod" => {
                let pod: Pod = from_tree(object)?;
                let pods = self.pods.get_or_insert_default();
                if pod.spec.containers.iter().any(|container| container.name == CALICO_NODE) {
                    pods.push(trimmed(pod, trim::pod));
                } else {
                    self.other_pods.take(&pod);
                    if startup_log::is_watched(&pod.metadata.name) {
                        self.programs.push(trimmed(pod, trim::pod));
                    } else {
                        self.pass("Pod of another program");
                    }
                }
            }
            "Event" => {
                modernise(object);
                push(self.events.get_or_insert_default(), object, trim::event)?;
            }
            "ControllerRevision" => push(self.controller_revisions.get_or_insert_default(), object, trim::controller_revision)?,
            "ConfigMap" => {
                let map: ConfigMap = from_tree(object)?;
                let key = (map.metadata.namespace.clone().unwrap_or_default(), map.metadata.name.clone());
                self.config_maps.get_or_insert_default().insert(key, map);
            }
            "CustomResourceDefinition" => {
                if object.pointer("/metadata/name").is_some_and(|name| name == installation_probe_fields::DEFINITION) {
                    self.installation_probes = installation_probe_fields::of_definition(object);
                } else {
                    self.pass(kind);
                }
            }
            _ => {
                if let Some(kind) = custom_kind(kind) {
                    push(self.customs.entry(kind).or_default(), object, |custom| trim::custom(custom, kind))?;
                } else {
                    self.pass(kind);
                }
            }
        }
        Ok(())
    }

    /// Both of them, in this order.
    pub(super) fn and(mut self, more: Self) -> Self {
        fn append<T>(list: &mut Option<Vec<T>>, more: Option<Vec<T>>) {
            if let Some(more) = more {
                list.get_or_insert_default().extend(more);
            }
        }
        append(&mut self.nodes, more.nodes);
        append(&mut self.daemon_sets, more.daemon_sets);
        append(&mut self.pods, more.pods);
        append(&mut self.events, more.events);
        append(&mut self.controller_revisions, more.controller_revisions);
        if let Some(maps) = more.config_maps {
            self.config_maps.get_or_insert_default().extend(maps);
        }
        self.installation_probes = more.installation_probes.or(self.installation_probes);
        for (kind, customs) in more.customs {
            self.customs.entry(kind).or_default().extend(customs);
        }
        self.calico_nodes.extend(more.calico_nodes);
        self.other_pods.extend(more.other_pods);
        self.programs.extend(more.programs);
        self.taken += more.taken;
        self.problem = self.problem.or(more.problem);
        self
    }

    /// Counts an object that is left out.
    fn pass(&mut self, kind: &str) {
        self.taken -= 1;
        let kind = if kind.is_empty() { "object without a kind" } else { kind };
        if self.passed.len() < MAX_PASSED_KINDS || self.passed.contains_key(kind) {
            *self.passed.entry(crate::text::bounded::clean(kind, 64)).or_default() += 1;
        }
    }

    /// A list of `kind` was there and had nothing in it.
    pub(super) fn saw_empty_list(&mut self, kind: &str) {
        match kind {
            "Node" => {
                self.nodes.get_or_insert_default();
            }
            "DaemonSet" => {
                self.daemon_sets.get_or_insert_default();
            }
            "Pod" => {
                self.pods.get_or_insert_default();
            }
            "Event" => {
                self.events.get_or_insert_default();
            }
            "ControllerRevision" => {
                self.controller_revisions.get_or_insert_default();
            }
            "ConfigMap" => {
                self.config_maps.get_or_insert_default();
            }
            _ => {
                if let Some(kind) = custom_kind(kind) {
                    self.customs.entry(kind).or_default();
                }
            }
        }
    }

    pub(super) fn observed(&mut self, kind: &str) -> Observed<Vec<Custom>> {
        self.customs.remove(kind).map_or(Observed::NotAsked, Observed::Seen)
    }
}

/// The kind that a file of this name lists, for lists that are empty and say no more than `List`.
pub(super) fn kind_by_name(file: &str) -> Option<&'static str> {
    let name = file.rsplit(['/', '\\', ':']).next()?.split('.').next()?;
    KINDS.iter().chain(&CUSTOM_KINDS).find(|(_, plural)| *plural == name).map(|(kind, _)| *kind)
}

fn custom_kind(kind: &str) -> Option<&'static str> {
    CUSTOM_KINDS.iter().find(|(known, _)| *known == kind).map(|(known, _)| *known)
}

/// `calicoctl get nodes`, not `kubectl get nodes`.
fn is_calicos(object: &Value) -> bool {
    object.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.contains("projectcalico.org"))
}

fn trimmed<T>(mut object: T, trim: impl Fn(&mut T)) -> T {
    trim(&mut object);
    object
}

fn push<T: DeserializeOwned>(list: &mut Vec<T>, object: &Value, trim: impl Fn(&mut T)) -> Result<(), String> {
    list.push(trimmed(from_tree(object)?, trim));
    Ok(())
}

/// The API leaves the kind out of a list's items (`kubectl get --raw`).
fn guess_kind(object: &Value) -> String {
    let has = |pointer| object.pointer(pointer).is_some();
    let kind = match () {
        () if has("/involvedObject") || has("/regarding") => "Event",
        () if has("/status/nodeInfo") => "Node",
        () if has("/spec/template/spec/containers") && has("/status/desiredNumberScheduled") => "DaemonSet",
        () if has("/spec/containers") => "Pod",
        () => "",
    };
    kind.into()
}

/// events.k8s.io/v1 into the words of v1.
fn modernise(event: &mut Value) {
    let Value::Object(fields) = event else { return };
    for (new, old) in [
        ("regarding", "involvedObject"),
        ("note", "message"),
        ("deprecatedCount", "count"),
        ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"),
        ("deprecatedSource", "source"),
    ] {
        if let Some(value) = fields.remove(new) {
            fields.entry(old).or_insert(value);
        }
    }
    let source_is_empty = fields.get("source").is_none_or(|source| source.as_object().is_none_or(Map::is_empty));
    if source_is_empty {
        let component = fields.get("reportingController").or(fields.get("reportingComponent")).cloned();
        let host = fields.get("reportingInstance").cloned();
        fields.insert("source".into(), json!({"component": component, "host": host}));
    }
}
