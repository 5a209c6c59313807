//! The resources the server knows: what discovery lists and what paths may name.

/// A resource as discovery describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub singular: &'static str,
    pub kind: &'static str,
    pub namespaced: bool,
    pub short: &'static [&'static str],
    /// A custom resource: its lists carry `kind` and `apiVersion` in each item, and it knows no strategic merge.
    pub custom: bool,
    /// `/status` is a part of its own: writing the rest leaves it, and its changes count no generation.
    pub status: bool,
}

const fn core(plural: &'static str, singular: &'static str, kind: &'static str, namespaced: bool, short: &'static [&'static str]) -> Kind {
    let status = matches!(kind.as_bytes(), b"Node" | b"Namespace" | b"Pod" | b"Service");
    Kind { group: "", version: "v1", plural, singular, kind, namespaced, short, custom: false, status }
}

const fn apps(plural: &'static str, singular: &'static str, kind: &'static str, short: &'static [&'static str]) -> Kind {
    let status = !matches!(kind.as_bytes(), b"ControllerRevision");
    Kind { group: "apps", version: "v1", plural, singular, kind, namespaced: true, short, custom: false, status }
}

/// A namespaced kind of a group of its own, without a status.
const fn plain(group: &'static str, plural: &'static str, singular: &'static str, kind: &'static str) -> Kind {
    Kind { group, version: "v1", plural, singular, kind, namespaced: true, short: &[], custom: false, status: false }
}

const fn custom(group: &'static str, version: &'static str, plural: &'static str, singular: &'static str, kind: &'static str) -> Kind {
    // IPPool and CalicoNodeStatus have one since 3.29; none of the simulated writers depends on it.
    let status = matches!(kind.as_bytes(), b"Installation" | b"TigeraStatus" | b"CalicoNodeStatus");
    Kind { group, version, plural, singular, kind, namespaced: false, short: &[], custom: true, status }
}

pub(crate) const CALICO: &str = "crd.projectcalico.org";
pub(crate) const OPERATOR: &str = "operator.tigera.io";

pub(crate) const KINDS: &[Kind] = &[
    core("configmaps", "configmap", "ConfigMap", true, &["cm"]),
    core("events", "event", "Event", true, &["ev"]),
    core("namespaces", "namespace", "Namespace", false, &["ns"]),
    core("nodes", "node", "Node", false, &["no"]),
    core("pods", "pod", "Pod", true, &["po"]),
    core("secrets", "secret", "Secret", true, &[]),
    core("services", "service", "Service", true, &["svc"]),
    core("serviceaccounts", "serviceaccount", "ServiceAccount", true, &["sa"]),
    apps("controllerrevisions", "controllerrevision", "ControllerRevision", &[]),
    apps("daemonsets", "daemonset", "DaemonSet", &["ds"]),
    apps("deployments", "deployment", "Deployment", &["deploy"]),
    apps("replicasets", "replicaset", "ReplicaSet", &["rs"]),
    plain("coordination.k8s.io", "leases", "lease", "Lease"),
    plain("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice"),
    plain("policy", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget"),
    custom(CALICO, "v1", "bgpconfigurations", "bgpconfiguration", "BGPConfiguration"),
    custom(CALICO, "v1", "bgppeers", "bgppeer", "BGPPeer"),
    custom(CALICO, "v1", "caliconodestatuses", "caliconodestatus", "CalicoNodeStatus"),
    custom(CALICO, "v1", "clusterinformations", "clusterinformation", "ClusterInformation"),
    custom(CALICO, "v1", "felixconfigurations", "felixconfiguration", "FelixConfiguration"),
    custom(CALICO, "v1", "ippools", "ippool", "IPPool"),
    custom(OPERATOR, "v1", "installations", "installation", "Installation"),
    custom(OPERATOR, "v1", "tigerastatuses", "tigerastatus", "TigeraStatus"),
];

impl Kind {
    pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
    }

    pub fn named(kind: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|candidate| candidate.kind == kind)
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    pub fn counts_generations(&self) -> bool {
        self.custom || self.kind == "Pod" || (self.group == "apps" && self.kind != "ControllerRevision")
    }

    /// `daemonsets.apps`, as error texts name a resource.
    pub fn qualified(&self) -> String {
        qualified(self.group, self.plural)
    }
}

pub(crate) fn qualified(group: &str, plural: &str) -> String {
    if group.is_empty() { plural.to_string() } else { format!("{plural}.{group}") }
}
