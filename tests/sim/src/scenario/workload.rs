//! The DaemonSet, its revisions and its pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::logs::seconds_of;
use super::objects::{hash, metadata, suffix, uid, unique_suffix};

/// A DaemonSet as a flavour installs it.
#[derive(Clone, Debug)]
pub(super) struct Flavour {
    pub namespace: &'static str,
    pub name: &'static str,
    pub label: &'static str,
    /// `spec` of the DaemonSet.
    pub spec: Value,
    /// The `Installation` that owns it.
    pub operator: bool,
    pub created: Timestamp,
    /// 2 and more after a rollout.
    pub generation: i64,
}

/// How one pod stands.
#[derive(Clone, Debug)]
pub(super) enum State {
    Ready,
    /// Runs, and its readiness probe fails.
    NotReady,
    /// Killed by its liveness probe again and again, now in back-off.
    BackOff {
        restarts: i64,
        started: Timestamp,
        killed: Timestamp,
    },
}

impl Flavour {
    pub(super) fn uid(&self) -> String {
        uid(&format!("DaemonSet/{}/{}", self.namespace, self.name))
    }

    fn revision_hash(&self, generation: i64) -> String {
        suffix(&format!("{}/{}/{generation}", self.namespace, self.name), 9)
    }

    /// The container `calico-node` of the pod template.
    pub(super) fn container(&mut self) -> &mut Value {
        &mut self.spec["template"]["spec"]["containers"][0]
    }

    pub(super) fn set_env(&mut self, name: &str, value: &str) {
        let variable = json!({"name": name, "value": value});
        if let Some(all) = self.container()["env"].as_array_mut() {
            match all.iter_mut().find(|variable| variable["name"] == name) {
                Some(found) => *found = variable,
                None => all.push(variable),
            }
        }
    }

    pub(super) fn daemon_set(&self, nodes: usize, ready: usize) -> Value {
        let mut metadata = metadata("DaemonSet", Some(self.namespace), self.name, self.created);
        metadata["generation"] = self.generation.into();
        metadata["annotations"] = json!({"deprecated.daemonset.template.generation": self.generation.to_string()});
        if self.operator {
            let installation = uid("Installation//default");
            metadata["ownerReferences"] = json!([{
                "apiVersion": "operator.tigera.io/v1",
                "kind": "Installation",
                "name": "default",
                "uid": installation,
                "controller": true,
                "blockOwnerDeletion": true,
            }]);
        } else {
            metadata["labels"] = json!({"k8s-app": self.label});
        }
        let mut status = json!({
            "currentNumberScheduled": nodes,
            "desiredNumberScheduled": nodes,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "observedGeneration": self.generation,
            "updatedNumberScheduled": nodes,
        });
        if ready > 0 {
            status["numberAvailable"] = ready.into();
        }
        if ready < nodes {
            status["numberUnavailable"] = (nodes - ready).into();
        }
        json!({"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": metadata, "spec": self.spec, "status": status})
    }

    fn owner(&self) -> Value {
        json!([{
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "name": self.name,
            "uid": self.uid(),
            "controller": true,
            "blockOwnerDeletion": true,
        }])
    }

    /// One revision per generation; the older ones hold `before`.
    pub(super) fn revisions(&self, before: &Value, changed: Timestamp) -> Vec<Value> {
        let revision = |generation: i64| {
            let hash = self.revision_hash(generation);
            let newest = generation == self.generation;
            let created = if newest && generation > 1 { changed } else { self.created };
            let mut metadata = metadata("ControllerRevision", Some(self.namespace), &format!("{}-{hash}", self.name), created);
            metadata["labels"] = json!({"controller-revision-hash": hash, "k8s-app": self.label});
            metadata["annotations"] = json!({"deprecated.daemonset.template.generation": generation.to_string()});
            metadata["ownerReferences"] = self.owner();
            let mut template = if newest { self.spec["template"].clone() } else { before["template"].clone() };
            template["$patch"] = "replace".into();
            json!({
                "kind": "ControllerRevision",
                "apiVersion": "apps/v1",
                "metadata": metadata,
                "data": {"spec": {"template": template}},
                "revision": generation,
            })
        };
        (1..=self.generation).map(revision).collect()
    }

    pub(super) fn pod_name(&self, node: &str, born: Timestamp) -> String {
        format!("{}-{}", self.name, unique_suffix(node, &format!("{}/{born}", self.namespace)))
    }

    pub(super) fn pod(&self, node: &str, ip: std::net::Ipv4Addr, born: Timestamp, state: &State) -> Value {
        let name = self.pod_name(node, born);
        let mut metadata = metadata("Pod", Some(self.namespace), &name, born);
        metadata["generateName"] = format!("{}-", self.name).into();
        metadata["generation"] = 1.into();
        metadata["labels"] = self.spec["template"]["metadata"]["labels"].clone();
        metadata["labels"]["controller-revision-hash"] = self.revision_hash(self.generation).into();
        metadata["labels"]["pod-template-generation"] = self.generation.to_string().into();
        metadata["ownerReferences"] = self.owner();
        let ready = matches!(state, State::Ready);
        let status = json!({
            "observedGeneration": 1,
            "phase": "Running",
            "conditions": conditions(self.names(), born, ready),
            "hostIP": ip,
            "hostIPs": [{"ip": ip}],
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "startTime": seconds_of(born),
            "initContainerStatuses": self.init_statuses(&name, born),
            "containerStatuses": self.statuses(&name, born, state),
            "qosClass": "Burstable",
        });
        json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": self.pod_spec(node, &name), "status": status})
    }

    fn names(&self) -> String {
        let containers = self.spec["template"]["spec"]["containers"].as_array().into_iter().flatten();
        containers.filter_map(|container| container["name"].as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The template and what the controller, the scheduler and admission add.
    fn pod_spec(&self, node: &str, name: &str) -> Value {
        let mut spec = self.spec["template"]["spec"].clone();
        spec["nodeName"] = node.into();
        spec["enableServiceLinks"] = true.into();
        spec["preemptionPolicy"] = "PreemptLowerPriority".into();
        spec["priority"] = 2_000_001_000.into();
        let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
        spec["affinity"] =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field]}]}}});
        let added =
            [("NoExecute", "not-ready"), ("NoExecute", "unreachable"), ("NoSchedule", "disk-pressure"), ("NoSchedule", "memory-pressure")];
        let added = added.into_iter().chain([
            ("NoSchedule", "pid-pressure"),
            ("NoSchedule", "unschedulable"),
            ("NoSchedule", "network-unavailable"),
        ]);
        if let Some(tolerations) = spec["tolerations"].as_array_mut() {
            tolerations.extend(
                added.map(|(effect, key)| json!({"effect": effect, "key": format!("node.kubernetes.io/{key}"), "operator": "Exists"})),
            );
        }
        let token = format!("kube-api-access-{}", suffix(name, 5));
        if let Some(volumes) = spec["volumes"].as_array_mut() {
            let sources = json!([
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            ]);
            volumes.push(json!({"name": token, "projected": {"defaultMode": 420, "sources": sources}}));
        }
        for list in ["containers", "initContainers"] {
            for container in spec[list].as_array_mut().into_iter().flatten() {
                if let Some(mounts) = container["volumeMounts"].as_array_mut() {
                    mounts.push(json!({"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": token, "readOnly": true}));
                }
            }
        }
        spec
    }

    fn init_statuses(&self, pod: &str, born: Timestamp) -> Vec<Value> {
        let containers = self.spec["template"]["spec"]["initContainers"].as_array().into_iter().flatten();
        let status = |container: &Value| {
            let done = json!({
                "containerID": container_id(pod, container, 0),
                "exitCode": 0,
                "reason": "Completed",
                "startedAt": seconds_of(born),
                "finishedAt": seconds_of(born),
            });
            json!({
                "name": container["name"],
                "state": {"terminated": done},
                "lastState": {},
                "ready": true,
                "restartCount": 0,
                "image": container["image"],
                "imageID": image_id(container),
                "containerID": container_id(pod, container, 0),
                "started": false,
            })
        };
        containers.map(status).collect()
    }

    fn statuses(&self, pod: &str, born: Timestamp, state: &State) -> Vec<Value> {
        let containers = self.spec["template"]["spec"]["containers"].as_array().into_iter().flatten();
        let status = |(at, container): (usize, &Value)| {
            let started = seconds_of(born + jiff::SignedDuration::from_secs(3));
            let mut status = json!({
                "name": container["name"],
                "state": {"running": {"startedAt": started}},
                "lastState": {},
                "ready": true,
                "restartCount": 0,
                "image": container["image"],
                "imageID": image_id(container),
                "containerID": container_id(pod, container, 0),
                "started": true,
            });
            match state {
                State::NotReady if at == 0 => status["ready"] = false.into(),
                State::BackOff { restarts, started, killed } if at == 0 => {
                    let id = container_id(pod, container, *restarts);
                    let uid = uid(&format!("Pod/{}/{pod}", self.namespace));
                    status["ready"] = false.into();
                    status["started"] = false.into();
                    status["restartCount"] = (*restarts).into();
                    status["containerID"] = id.clone().into();
                    status["lastState"] = json!({"terminated": {
                        "containerID": id,
                        "exitCode": 137,
                        "reason": "Error",
                        "startedAt": seconds_of(*started),
                        "finishedAt": seconds_of(*killed),
                    }});
                    let name = container["name"].as_str().unwrap_or_default();
                    status["state"] = json!({"waiting": {
                        "reason": "CrashLoopBackOff",
                        "message": format!("back-off 5m0s restarting failed container={name} pod={pod}_{}({uid})", self.namespace),
                    }});
                }
                _ => {}
            }
            status
        };
        containers.enumerate().map(status).collect()
    }
}

fn container_id(pod: &str, container: &Value, run: i64) -> String {
    let seed = format!("{pod}/{}/{run}", container["name"]);
    format!(
        "containerd://{:016x}{:016x}{:016x}{:016x}",
        hash(&seed),
        hash(&format!("{seed}a")),
        hash(&format!("{seed}b")),
        hash(&format!("{seed}c"))
    )
}

fn image_id(container: &Value) -> String {
    let image = container["image"].as_str().unwrap_or_default();
    format!(
        "sha256:{:016x}{:016x}{:016x}{:016x}",
        hash(image),
        hash(&format!("{image}a")),
        hash(&format!("{image}b")),
        hash(&format!("{image}c"))
    )
}

fn conditions(names: String, born: Timestamp, ready: bool) -> Vec<Value> {
    let condition = |kind: &str, fine: bool| {
        let mut condition = json!({
            "type": kind,
            "status": if fine { "True" } else { "False" },
            "observedGeneration": 1,
            "lastProbeTime": null,
            "lastTransitionTime": seconds_of(born),
        });
        if !fine {
            condition["reason"] = "ContainersNotReady".into();
            // With two containers only the first is unready here.
            condition["message"] = format!("containers with unready status: [{}]", names.split(' ').next().unwrap_or_default()).into();
        }
        condition
    };
    vec![
        condition("PodReadyToStartContainers", true),
        condition("Initialized", true),
        condition("Ready", ready),
        condition("ContainersReady", ready),
        condition("PodScheduled", true),
    ]
}
