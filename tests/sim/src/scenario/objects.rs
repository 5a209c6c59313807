//! Kubernetes objects in the shape of the recorded ones.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::logs::seconds_of;

/// Stable identifiers: the same name always gives the same.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

pub(super) fn uid(text: &str) -> String {
    let (high, low) = (hash(text), hash(&format!("{text}'")));
    format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff, low >> 52, low & 0xffff_ffff_ffff)
}

/// Letters as Kubernetes generates them: no vowels, no look-alikes.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

pub(super) fn suffix(text: &str, length: usize) -> String {
    letters(hash(text), length)
}

/// Five letters that no two nodes share: names that end in two numbers are told apart by them, where a hash would collide at thousands.
pub(super) fn unique_suffix(node: &str, salt: &str) -> String {
    const NAMES: u64 = 27_u64.pow(5);
    let numbers = node
        .rsplit('-')
        .take(2)
        .try_fold(0, |number: u64, part| Some(number * 1_000 + part.parse::<u64>().ok().filter(|part| *part < 1_000)?));
    // Coprime with 27, so different numbers stay different.
    letters((numbers.unwrap_or_else(|| hash(node)) % NAMES * 1_000_003 + hash(salt) % NAMES) % NAMES, 5)
}

fn letters(mut rest: u64, length: usize) -> String {
    let letter = |_| {
        let letter = LETTERS[(rest % LETTERS.len() as u64) as usize];
        rest /= LETTERS.len() as u64;
        char::from(letter)
    };
    (0..length).map(letter).collect()
}

pub(super) fn metadata(kind: &str, namespace: Option<&str>, name: &str, created: Timestamp) -> Value {
    let mut metadata = json!({
        "name": name,
        "uid": uid(&format!("{kind}/{}/{name}", namespace.unwrap_or_default())),
        "creationTimestamp": seconds_of(created),
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    metadata
}

const REPOSITORIES: &[&str] = &[
    "docker.io/calico/cni",
    "docker.io/calico/node",
    "docker.io/calico/kube-controllers",
    "registry.k8s.io/kube-proxy",
    "registry.k8s.io/coredns/coredns",
    "registry.k8s.io/pause",
    "registry.k8s.io/ingress-nginx/controller",
    "registry.k8s.io/metrics-server/metrics-server",
    "quay.io/prometheus/node-exporter",
    "quay.io/prometheus/prometheus",
    "docker.io/grafana/grafana",
    "docker.io/library/nginx",
    "docker.io/library/redis",
    "docker.io/library/postgres",
    "docker.io/fluent/fluent-bit",
];

/// What a kubelet lists: at most 50, by digest and by tag, and by far the most of a Node's weight.
fn images(node: &str) -> Vec<Value> {
    let image = |number: usize| {
        let repository = REPOSITORIES[number % REPOSITORIES.len()];
        let (major, patch) = (1 + number / REPOSITORIES.len(), hash(repository) % 30);
        let digest: String = (0..4).map(|part| format!("{:016x}", hash(&format!("{repository}{number}{part}")))).collect();
        let names = [format!("{repository}@sha256:{digest}"), format!("{repository}:v{major}.{patch}.{}", number % 7)];
        json!({"names": names, "sizeBytes": 5_000_000 + hash(&digest) % 400_000_000})
    };
    (0..30 + (hash(node) % 21) as usize).map(image).collect()
}

/// What pods know the API server by.
pub(crate) const SERVICE_HOST: &str = "10.96.0.1";

pub(super) struct NodeFacts<'a> {
    pub name: &'a str,
    pub ip: std::net::Ipv4Addr,
    pub created: Timestamp,
    pub now: Timestamp,
    pub annotations: Vec<(&'static str, String)>,
    /// When Calico said the network is up; `None` where it never did.
    pub network_up: Option<Timestamp>,
    pub control_plane: bool,
}

pub(super) fn node(facts: &NodeFacts) -> Value {
    let NodeFacts { name, ip, created, now, .. } = *facts;
    let mut metadata = metadata("Node", None, name, created);
    metadata["labels"] = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    });
    if facts.control_plane {
        metadata["labels"]["node-role.kubernetes.io/control-plane"] = "".into();
    }
    metadata["annotations"] = json!({"volumes.kubernetes.io/controller-managed-attach-detach": "true"});
    for (key, value) in &facts.annotations {
        metadata["annotations"][key] = value.clone().into();
    }
    metadata["managedFields"] = managed_by(&metadata, created, facts.network_up);
    let beat = seconds_of(now);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": beat, "lastTransitionTime": seconds_of(created)});
    let mut conditions = vec![
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    if let Some(at) = facts.network_up {
        let mut up = condition("NetworkUnavailable", "False", "CalicoIsUp", "Calico is running on this node");
        up["lastHeartbeatTime"] = seconds_of(at).into();
        up["lastTransitionTime"] = seconds_of(at).into();
        conditions.insert(0, up);
    }
    let machine = uid(name).replace('-', "");
    json!({
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": {},
        "status": {
            "capacity": {"cpu": "16", "hugepages-1Gi": "0", "memory": "65806692Ki", "pods": "110"},
            "allocatable": {"cpu": "16", "hugepages-1Gi": "0", "memory": "65704292Ki", "pods": "110"},
            "conditions": conditions,
            "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": machine,
                "systemUUID": machine,
                "bootID": uid(&format!("boot/{name}")),
                "kernelVersion": "5.15.0-91-generic",
                "osImage": "Ubuntu 22.04.3 LTS",
                "containerRuntimeVersion": "containerd://1.6.20",
                "kubeletVersion": "v1.36.2",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
            "images": images(name),
        },
    })
}

/// The Service of the API server, and where it really answers: on every control-plane node.
pub(super) fn api_server(created: Timestamp, control_plane: &[std::net::Ipv4Addr]) -> [Value; 2] {
    let mut service = metadata("Service", Some("default"), "kubernetes", created);
    service["labels"] = json!({"component": "apiserver", "provider": "kubernetes"});
    let port = json!({"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443});
    let spec = json!({
        "clusterIP": SERVICE_HOST,
        "clusterIPs": [SERVICE_HOST],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [port],
        "sessionAffinity": "None",
        "type": "ClusterIP",
    });
    let mut slice = metadata("EndpointSlice", Some("default"), "kubernetes", created);
    slice["labels"] = json!({"kubernetes.io/service-name": "kubernetes"});
    slice["generation"] = 1.into();
    let endpoints: Vec<_> = control_plane.iter().map(|ip| json!({"addresses": [ip], "conditions": {"ready": true}})).collect();
    [
        json!({"kind": "Service", "apiVersion": "v1", "metadata": service, "spec": spec, "status": {"loadBalancer": {}}}),
        json!({
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            "metadata": slice,
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        }),
    ]
}

fn managed_by(metadata: &Value, created: Timestamp, network_up: Option<Timestamp>) -> Value {
    let fields = |map: &Value| -> Value { map.as_object().into_iter().flatten().map(|(key, _)| (format!("f:{key}"), json!({}))).collect() };
    let fields = json!({"f:metadata": {"f:annotations": fields(&metadata["annotations"]), "f:labels": fields(&metadata["labels"])}});
    let mut entries = vec![
        json!({"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": seconds_of(created), "fieldsType": "FieldsV1", "fieldsV1": fields}),
    ];
    if let Some(at) = network_up {
        let fields =
            json!({"f:status": {"f:conditions": {"k:{\"type\":\"NetworkUnavailable\"}": {".": {}, "f:reason": {}, "f:status": {}}}}});
        entries.push(json!({
            "manager": "Go-http-client",
            "operation": "Update",
            "apiVersion": "v1",
            "time": seconds_of(at),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
            "subresource": "status",
        }));
    }
    entries.into()
}

/// An event of the kubelet about the container `calico-node`.
pub(crate) struct Happened<'a> {
    pub reason: &'a str,
    pub message: &'a str,
    pub count: i64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub warning: bool,
}

pub(crate) fn event(namespace: &str, pod: &str, pod_uid: &str, node: &str, happened: &Happened) -> Value {
    let Happened { reason, message, count, first, last, warning } = *happened;
    let name = format!("{pod}.{:016x}", hash(&format!("{pod}{reason}{message}{first}")) >> 4);
    let metadata = metadata("Event", Some(namespace), &name, first);
    json!({
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": metadata,
        "involvedObject": {
            "kind": "Pod",
            "namespace": namespace,
            "name": pod,
            "uid": pod_uid,
            "apiVersion": "v1",
            "resourceVersion": "1526",
            "fieldPath": "spec.containers{calico-node}",
        },
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet", "host": node},
        "firstTimestamp": seconds_of(first),
        "lastTimestamp": seconds_of(last),
        "count": count,
        "type": if warning { "Warning" } else { "Normal" },
        "eventTime": null,
        "reportingComponent": "kubelet",
        "reportingInstance": node,
    })
}

/// The scheduler's event, in the newer form: `eventTime` instead of a count.
pub(super) fn scheduled(namespace: &str, pod: &str, pod_uid: &str, node: &str, at: Timestamp) -> Value {
    let name = format!("{pod}.{:016x}", hash(&format!("{pod}scheduled")) >> 4);
    json!({
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": metadata("Event", Some(namespace), &name, at),
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": pod, "uid": pod_uid, "apiVersion": "v1", "resourceVersion": "1520"},
        "reason": "Scheduled",
        "message": format!("Successfully assigned {namespace}/{pod} to {node}"),
        "source": {},
        "firstTimestamp": null,
        "lastTimestamp": null,
        "type": "Normal",
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        "action": "Binding",
        "reportingComponent": "default-scheduler",
        "reportingInstance": "default-scheduler",
    })
}
