//! Calico's and the operator's custom resources, as the API served the recorded ones.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::objects::metadata;

fn calico(kind: &str, name: &str, created: Timestamp, spec: Value) -> Value {
    let mut metadata = metadata(kind, None, name, created);
    metadata["generation"] = 1.into();
    json!({"kind": kind, "apiVersion": "crd.projectcalico.org/v1", "metadata": metadata, "spec": spec})
}

pub(super) fn cluster_information(created: Timestamp, version: &str, kinds: &str) -> Value {
    let spec =
        json!({"calicoVersion": version, "clusterGUID": "6c901aaf46044352ab197835124c4b31", "clusterType": kinds, "datastoreReady": true});
    calico("ClusterInformation", "default", created, spec)
}

pub(super) fn felix_configuration(created: Timestamp) -> Value {
    calico(
        "FelixConfiguration",
        "default",
        created,
        json!({"bpfLogLevel": "", "floatingIPs": "Disabled", "logSeverityScreen": "Info", "reportingInterval": "0s"}),
    )
}

/// The network of pods beside nodes with such addresses: Calico's default, or another where the nodes are in that.
pub(super) fn pod_network(node: Ipv4Addr) -> Ipv4Addr {
    if node.octets().starts_with(&[192, 168]) { Ipv4Addr::new(10, 244, 0, 0) } else { Ipv4Addr::new(192, 168, 0, 0) }
}

/// `ipip` and `vxlan`: `Always`, `CrossSubnet`, `Never`.
pub(super) fn ip_pool(created: Timestamp, network: Ipv4Addr, ipip: &str, vxlan: &str) -> Value {
    let spec = json!({
        "allowedUses": ["Workload", "Tunnel"],
        "blockSize": 26,
        "cidr": format!("{network}/16"),
        "ipipMode": ipip,
        "natOutgoing": true,
        "nodeSelector": "all()",
        "vxlanMode": vxlan,
    });
    calico("IPPool", "default-ipv4-ippool", created, spec)
}

pub(super) fn without_mesh(created: Timestamp) -> Vec<Value> {
    let peer = json!({"nodeSelector": "all()", "peerSelector": "route-reflector == 'true'"});
    vec![
        calico(
            "BGPConfiguration",
            "default",
            created,
            json!({"asNumber": 64512, "logSeverityScreen": "Info", "nodeToNodeMeshEnabled": false}),
        ),
        calico("BGPPeer", "peer-with-route-reflectors", created, peer),
    ]
}

pub(super) fn installation(created: Timestamp, detection: &Value) -> Value {
    let spec = json!({
        "calicoNetwork": {
            "bgp": "Enabled",
            "hostPorts": "Enabled",
            "ipPools": [{
                "blockSize": 26,
                "cidr": "192.168.0.0/16",
                "disableBGPExport": false,
                "encapsulation": "VXLANCrossSubnet",
                "natOutgoing": "Enabled",
                "nodeSelector": "all()",
            }],
            "linuxDataplane": "Iptables",
            "multiInterfaceMode": "None",
            "nodeAddressAutodetectionV4": detection,
        },
        "cni": {"ipam": {"type": "Calico"}, "type": "Calico"},
        "controlPlaneReplicas": 2,
        "flexVolumePath": "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/",
        "kubeletVolumePluginPath": "/var/lib/kubelet",
        "nodeUpdateStrategy": {"rollingUpdate": {"maxUnavailable": 1}, "type": "RollingUpdate"},
        "nonPrivileged": "Disabled",
        "variant": "Calico",
    });
    let mut metadata = metadata("Installation", None, "default", created);
    metadata["generation"] = 2.into();
    metadata["finalizers"] = json!(["tigera.io/operator-cleanup"]);
    let status = json!({"computed": spec, "conditions": conditions(created, "Ready"), "variant": "Calico"});
    json!({"kind": "Installation", "apiVersion": "operator.tigera.io/v1", "metadata": metadata, "spec": spec, "status": status})
}

pub(super) fn tigera_status(created: Timestamp) -> Value {
    let mut metadata = metadata("TigeraStatus", None, "calico", created);
    metadata["generation"] = 1.into();
    let status = json!({"conditions": conditions(created, "Available")});
    json!({"kind": "TigeraStatus", "apiVersion": "operator.tigera.io/v1", "metadata": metadata, "spec": {}, "status": status})
}

fn conditions(at: Timestamp, good: &str) -> Vec<Value> {
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind,
            "status": status,
            "reason": "AllObjectsAvailable",
            "message": if status == "True" { "All objects available" } else { "All Objects Available" },
            "lastTransitionTime": super::logs::seconds_of(at),
            "observedGeneration": 2,
        })
    };
    vec![condition("Progressing", "False"), condition("Degraded", "False"), condition(good, "True")]
}
