//! How Calico was installed, told from marks on the objects.

use std::fmt;

use crate::snapshot::objects::{CALICO_NODE, Container, Custom, DaemonSet, Meta, Node};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavour {
    Manifest,
    Canal,
    Operator,
    Eks,
    Aks,
    Rke1,
    Rke2Calico,
    Rke2Canal,
    Kubespray,
    Kops,
    K0s,
    Microk8s,
    AddonManager,
}

/// Flavour, its name, and the durable place where the detection method lives.
const TABLE: &[(Flavour, &str, &str)] = &[
    (Flavour::Manifest, "manifest", "env IP_AUTODETECTION_METHOD in the manifest that was applied"),
    (Flavour::Canal, "canal", "ConfigMap canal-config, key canal_iface (Calico detects no address under canal)"),
    (Flavour::Operator, "operator", "Installation default, spec.calicoNetwork.nodeAddressAutodetectionV4"),
    (Flavour::Eks, "operator on EKS", "Installation default, spec.calicoNetwork.nodeAddressAutodetectionV4"),
    (Flavour::Aks, "AKS add-on", "managed by Azure, not changeable by users"),
    (Flavour::Rke1, "RKE", "cluster.yml; its template has no setting for the method"),
    (
        Flavour::Rke2Calico,
        "RKE2 with Calico",
        "HelmChartConfig rke2-calico in kube-system, installation.calicoNetwork.nodeAddressAutodetectionV4",
    ),
    (Flavour::Rke2Canal, "RKE2 with canal", "HelmChartConfig rke2-canal in kube-system, flannel.iface or flannel.regexIface"),
    (Flavour::Kubespray, "kubespray", "inventory variable calico_ip_auto_method (calico_ip6_auto_method)"),
    (Flavour::Kops, "kops", "Cluster spec.networking.calico.ipv4AutoDetectionMethod (ipv6AutoDetectionMethod)"),
    (Flavour::K0s, "k0s", "k0s config, spec.network.calico.ipAutodetectionMethod (ipV6AutodetectionMethod)"),
    (Flavour::Microk8s, "MicroK8s", "/var/snap/microk8s/current/args/cni-network/cni.yaml on a control-plane node"),
    (Flavour::AddonManager, "addon manager", "the add-on's manifest on the control-plane nodes"),
];

impl Flavour {
    fn row(self) -> (&'static str, &'static str) {
        TABLE.iter().find(|(flavour, ..)| *flavour == self).map_or(("", ""), |(_, name, place)| (name, place))
    }

    /// One line: where a change of the detection method lasts.
    pub fn durable_place(self) -> &'static str {
        self.row().1
    }

    /// The DaemonSet is written by the tigera-operator.
    pub fn is_operator(self) -> bool {
        matches!(self, Self::Operator | Self::Eks | Self::Aks | Self::Rke2Calico)
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}

/// `installations` and `nodes` may be empty where they could not be read; fewer marks are seen then.
pub fn flavour(daemon_set: &DaemonSet, installations: &[Custom], nodes: &[Node]) -> Flavour {
    let meta = &daemon_set.metadata;
    let container = daemon_set.spec.template.spec.calico_node();
    let cluster_type = literal(container, "CLUSTER_TYPE");
    let typed = |word: &str| cluster_type.split(',').any(|part| part == word);
    let kubelet = |mark: &str| nodes.iter().any(|node| node.status.node_info.kubelet_version.contains(mark));
    let flannel = daemon_set.spec.template.spec.containers.iter().any(|container| container.name == "kube-flannel");

    if meta.owner_references.iter().any(|owner| owner.kind == "Installation") || typed("operator") {
        return of_operator(installations, kubelet("+rke2"));
    }
    let canal = flannel || meta.name == "canal" || label(meta, "k8s-app") == Some("canal");
    if meta.name == "rke2-canal" || release(meta) == Some("rke2-canal") || (canal && kubelet("+rke2")) {
        Flavour::Rke2Canal
    } else if nodes.iter().any(|node| has_key(&node.metadata, "rke.cattle.io/internal-ip")) {
        Flavour::Rke1
    } else if canal {
        Flavour::Canal
    } else if typed("kops") || has_key(meta, "addon.kops.k8s.io/") {
        Flavour::Kops
    } else if has_key(meta, "k0s.k0sproject.io/") || kubelet("+k0s") {
        Flavour::K0s
    } else if microk8s(meta, nodes) {
        Flavour::Microk8s
    } else if kubespray(container) {
        Flavour::Kubespray
    } else if has_key(meta, "addonmanager.kubernetes.io/mode") {
        Flavour::AddonManager
    } else {
        Flavour::Manifest
    }
}

fn of_operator(installations: &[Custom], on_rke2: bool) -> Flavour {
    let default = installations.iter().find(|installation| installation.metadata.name == "default");
    let provider = default.and_then(|installation| installation.spec.get("kubernetesProvider")?.as_str());
    let by_chart = default.is_some_and(|installation| release(&installation.metadata) == Some("rke2-calico"));
    match provider {
        _ if by_chart => Flavour::Rke2Calico,
        Some("EKS") => Flavour::Eks,
        Some("AKS") => Flavour::Aks,
        Some("RKE2") => Flavour::Rke2Calico,
        None | Some("") if on_rke2 => Flavour::Rke2Calico,
        _ => Flavour::Operator,
    }
}

/// Its manifest mounts paths of the snap; kubectl keeps what it applied in an annotation.
fn microk8s(meta: &Meta, nodes: &[Node]) -> bool {
    let applied = meta.annotations.get("kubectl.kubernetes.io/last-applied-configuration");
    applied.is_some_and(|text| text.contains("/var/snap/microk8s"))
        || nodes.iter().any(|node| has_key(&node.metadata, "microk8s.io/cluster"))
}

/// It leaves no label; two of its habits together are taken as its mark.
fn kubespray(container: Option<&Container>) -> bool {
    let node_ip = container.is_some_and(|container| {
        let from_host = |field: &str| field == "status.hostIP";
        container.env.iter().any(|var| {
            let field = var.value_from.as_ref().and_then(|source| source.field_ref.as_ref());
            var.name == "NODEIP" && field.is_some_and(|field| from_host(&field.field_path))
        })
    });
    let habits = [
        node_ip,
        literal(container, "IP_AUTODETECTION_METHOD") == "can-reach=$(NODEIP)",
        !literal(container, "FELIX_HEALTHHOST").is_empty(),
        literal(container, "CALICO_STARTUP_LOGLEVEL") == "error",
    ];
    habits.into_iter().filter(|habit| *habit).count() >= 2
}

fn literal<'a>(container: Option<&'a Container>, name: &str) -> &'a str {
    let var = container.and_then(|container| container.env.iter().rfind(|var| var.name == name));
    var.and_then(|var| var.value.as_deref()).unwrap_or_default()
}

fn label<'a>(meta: &'a Meta, key: &str) -> Option<&'a str> {
    meta.labels.get(key).map(String::as_str)
}

fn release(meta: &Meta) -> Option<&str> {
    meta.annotations.get("meta.helm.sh/release-name").map(String::as_str)
}

/// A label or annotation whose key begins so.
fn has_key(meta: &Meta, begin: &str) -> bool {
    meta.labels.keys().chain(meta.annotations.keys()).any(|key| key.starts_with(begin))
}

/// The DaemonSets that run calico-node on Linux; Windows' own has containers of the same kind under another name.
pub fn candidates(daemon_sets: &[DaemonSet]) -> Vec<&DaemonSet> {
    let is_one = |set: &&DaemonSet| {
        let meta = &set.metadata;
        let labelled = |meta: &Meta| matches!(label(meta, "k8s-app"), Some("calico-node" | "canal"));
        let named = matches!(meta.name.as_str(), "calico-node" | "canal" | "rke2-canal");
        let runs = set.spec.template.spec.containers.iter().any(|container| container.name == CALICO_NODE);
        runs && meta.name != "calico-node-windows" && (named || labelled(meta) || labelled(&set.spec.template.metadata))
    };
    daemon_sets.iter().filter(is_one).collect()
}

#[cfg(test)]
mod tests;
