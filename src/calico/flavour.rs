//! How Calico was installed, told from marks on the objects.

use std::borrow::Cow;
use std::fmt;

use super::owner::Owner;
use crate::permissions::table::DAEMON_SET_NAMES;
use crate::snapshot::objects::{CALICO_NODE, Container, Custom, DaemonSet, Meta, Node, Volume};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavour {
    Manifest,
    Canal,
    Operator,
    Eks,
    EksPolicy,
    EksAnywhere,
    Aks,
    Gke,
    OpenShift,
    Rke1,
    Rke2Calico,
    Rke2Canal,
    K3s,
    Kubespray,
    Kops,
    K0s,
    Microk8s,
    Gardener,
    Talos,
    ClusterApi,
    ClusterApiOperator,
    AddonManager,
}

/// What is known of one flavour.
struct Row {
    flavour: Flavour,
    name: &'static str,
    /// Where a change of the detection method lasts.
    place: &'static str,
    /// Who puts an edit of the DaemonSet back, beside those whose marks are on the object.
    owner: Option<Owner>,
    /// Where the marks and the place are written down: repository and file.
    #[cfg_attr(not(test), expect(dead_code, reason = "the table's references, checked by a test"))]
    source: &'static str,
}

const INSTALLATION: &str = "Installation default, spec.calicoNetwork.nodeAddressAutodetectionV4";

const fn row(flavour: Flavour, name: &'static str, place: &'static str, owner: Option<Owner>, source: &'static str) -> Row {
    Row { flavour, name, place, owner, source }
}

const TABLE: &[Row] = &[
    row(
        Flavour::Manifest,
        "manifest",
        "env IP_AUTODETECTION_METHOD in the manifest that was applied",
        None,
        "projectcalico/calico manifests/calico.yaml",
    ),
    row(
        Flavour::Canal,
        "canal",
        "ConfigMap canal-config, key canal_iface (flannel's interface; from 3.26.2 Calico detects no address under canal)",
        None,
        "projectcalico/calico manifests/canal.yaml, canal-etcd.yaml",
    ),
    row(Flavour::Operator, "operator", INSTALLATION, None, "tigera/operator api/v1/installation_types.go"),
    row(Flavour::Eks, "operator on EKS", INSTALLATION, None, "tigera/operator pkg/controller/installation/core_controller.go"),
    row(
        Flavour::EksPolicy,
        "EKS, policy only",
        "the chart or manifest that was applied; the VPC CNI gives the nodes their addresses",
        None,
        "aws/amazon-vpc-cni-k8s config/master/calico.yaml, aws/eks-charts stable/aws-calico",
    ),
    row(
        Flavour::EksAnywhere,
        "EKS Anywhere",
        "the manifest that was applied to the workload cluster (EKS Anywhere itself installs Cilium only)",
        None,
        "aws/eks-anywhere docs/content/en/docs/clustermgmt/networking",
    ),
    row(
        Flavour::Aks,
        "AKS add-on",
        "managed by Azure, not changeable by users",
        Some(Owner::Azure),
        "learn.microsoft.com/azure/aks/use-network-policies",
    ),
    row(
        Flavour::Gke,
        "GKE network policy",
        "managed by Google, not changeable by users",
        Some(Owner::Google),
        "kubernetes/kubernetes cluster/addons/calico-policy-controller",
    ),
    row(Flavour::OpenShift, "operator on OpenShift", INSTALLATION, None, "tigera/operator api/v1/installation_types.go"),
    row(
        Flavour::Rke1,
        "RKE",
        "cluster.yml; its template has no setting for the method",
        Some(Owner::Rke),
        "rancher/kontainer-driver-metadata rke/templates/calico_v3.24.go, canal_v3.24.go, rancher/rke k8s/node.go",
    ),
    row(
        Flavour::Rke2Calico,
        "RKE2 with Calico",
        "HelmChartConfig rke2-calico in kube-system, installation.calicoNetwork.nodeAddressAutodetectionV4",
        Some(Owner::HelmChartConfig { name: Cow::Borrowed("rke2-calico") }),
        "rancher/rke2-charts charts/rke2-calico",
    ),
    row(
        Flavour::Rke2Canal,
        "RKE2 with canal",
        "HelmChartConfig rke2-canal in kube-system, flannel.iface or flannel.regexIface",
        Some(Owner::HelmChartConfig { name: Cow::Borrowed("rke2-canal") }),
        "rancher/rke2-charts packages/rke2-canal/charts",
    ),
    row(
        Flavour::K3s,
        "k3s",
        "env IP_AUTODETECTION_METHOD in the manifest that was applied, or in /var/lib/rancher/k3s/server/manifests on each server",
        None,
        "k3s-io/k3s pkg/deploy/controller.go",
    ),
    row(
        Flavour::Kubespray,
        "kubespray",
        "inventory variable calico_ip_auto_method (calico_ip6_auto_method)",
        Some(Owner::Kubespray),
        "kubernetes-sigs/kubespray roles/network_plugin/calico/templates/calico-node.yml.j2, roles/network_plugin/calico_defaults/defaults/main.yml",
    ),
    row(
        Flavour::Kops,
        "kops",
        "Cluster spec.networking.calico.ipv4AutoDetectionMethod (ipv6AutoDetectionMethod)",
        Some(Owner::Kops),
        "kubernetes/kops upup/models/cloudup/resources/addons/networking.projectcalico.org/k8s-1.25.yaml.template",
    ),
    row(
        Flavour::K0s,
        "k0s",
        "k0s config, spec.network.calico.ipAutodetectionMethod (ipV6AutodetectionMethod)",
        Some(Owner::K0s),
        "k0sproject/k0s pkg/apis/k0s/v1beta1/calico.go",
    ),
    row(
        Flavour::Microk8s,
        "MicroK8s",
        "/var/snap/microk8s/current/args/cni-network/cni.yaml on a control-plane node",
        Some(Owner::Microk8s),
        "canonical/microk8s upgrade-scripts/000-switch-to-calico/resources/calico.yaml (hostPath of its volumes)",
    ),
    row(
        Flavour::Gardener,
        "Gardener",
        "Shoot spec.networking.providerConfig.ipv4.autoDetectionMethod (ipv6.autoDetectionMethod)",
        Some(Owner::ManagedResource),
        "gardener/gardener-extension-networking-calico pkg/apis/calico/v1alpha1/types_network.go, charts/internal/calico/templates/node, \
         gardener/gardener pkg/resourcemanager/controller/managedresource/merger.go (the description)",
    ),
    row(
        Flavour::Talos,
        "Talos",
        "machine configuration, cluster.inlineManifests or the manifest that cluster.network.cni.urls names",
        Some(Owner::Talos),
        "siderolabs/talos pkg/machinery/config/types/v1alpha1; Talos' guide \"Deploy Calico CNI\" installs the operator, which is told as such",
    ),
    row(
        Flavour::ClusterApi,
        "Cluster API",
        "the ClusterResourceSet or HelmChartProxy in the management cluster",
        Some(Owner::ClusterApi),
        "kubernetes-sigs/cluster-api docs/book/src/tasks/cluster-resource-set.md, kubernetes-sigs/cluster-api-provider-azure \
         templates/addons/calico-resource-set.yaml",
    ),
    row(
        Flavour::ClusterApiOperator,
        "operator by Cluster API",
        "the HelmChartProxy in the management cluster, spec.valuesTemplate, installation.calicoNetwork.nodeAddressAutodetectionV4",
        Some(Owner::ClusterApi),
        "kubernetes-sigs/cluster-api-provider-azure templates/addons/cluster-api-helm/calico.yaml",
    ),
    row(
        Flavour::AddonManager,
        "addon manager",
        "the add-on's manifest on the control-plane nodes",
        Some(Owner::AddonManager),
        "kubernetes/kubernetes cluster/addons/addon-manager/README.md",
    ),
];

impl Flavour {
    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.flavour == self)
    }

    /// One line: where a change of the detection method lasts.
    pub fn durable_place(self) -> &'static str {
        self.row().map_or("", |row| row.place)
    }

    /// Who puts an edit back in every installation of this flavour.
    pub fn owner(self) -> Option<Owner> {
        self.row()?.owner.clone()
    }

    /// The DaemonSet is written by the tigera-operator.
    pub fn is_operator(self) -> bool {
        matches!(self, Self::Operator | Self::Eks | Self::Aks | Self::OpenShift | Self::Rke2Calico | Self::ClusterApiOperator)
    }

    /// A cloud provider keeps every setting; users cannot change one.
    pub fn is_managed(self) -> bool {
        matches!(self, Self::Aks | Self::Gke)
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().map_or("", |row| row.name))
    }
}

/// `installations` and `nodes` may be empty where they could not be read; fewer marks are seen then.
pub fn flavour(daemon_set: &DaemonSet, installations: &[Custom], nodes: &[Node]) -> Flavour {
    let meta = &daemon_set.metadata;
    let container = daemon_set.spec.template.spec.calico_node();
    let cluster_type = literal(container, "CLUSTER_TYPE");
    let typed = |word: &str| cluster_type.split(',').any(|part| part == word);
    let kubelet = |mark: &str| nodes.iter().any(|node| node.status.node_info.kubelet_version.contains(mark));
    let marked = |key: &str| nodes.iter().any(|node| has_key(&node.metadata, key));

    if meta.owner_references.iter().any(|owner| owner.kind == "Installation") || typed("operator") {
        return of_operator(installations, kubelet("+rke2"), marked("cluster.x-k8s.io/"));
    }
    let canal = CANAL_NAMES.contains(&meta.name.as_str()) || label(meta, "k8s-app").is_some_and(|app| CANAL_NAMES.contains(&app));
    let canal = canal || typed("canal");
    let marks = [
        // canal of RKE2 and RKE: their own places, whatever else is on the nodes
        (meta.name == "rke2-canal" || release(meta) == Some("rke2-canal") || (canal && kubelet("+rke2")), Flavour::Rke2Canal),
        (marked("rke.cattle.io/internal-ip"), Flavour::Rke1),
        (has_key(meta, "resources.gardener.cloud/"), Flavour::Gardener),
        (microk8s(daemon_set, nodes), Flavour::Microk8s),
        (canal, Flavour::Canal),
        (typed("kops") || has_key(meta, "addon.kops.k8s.io/"), Flavour::Kops),
        (has_key(meta, "k0s.k0sproject.io/") || kubelet("+k0s"), Flavour::K0s),
        (kubespray(container), Flavour::Kubespray),
        (kubelet("-gke.") && has_key(meta, "addonmanager.kubernetes.io/mode"), Flavour::Gke),
        (has_key(meta, "addonmanager.kubernetes.io/mode"), Flavour::AddonManager),
        (kubelet("-eks-") && marked("cluster.x-k8s.io/"), Flavour::EksAnywhere),
        (kubelet("-eks-") && literal(container, "CALICO_NETWORKING_BACKEND") == "none", Flavour::EksPolicy),
        (marked("cluster.x-k8s.io/"), Flavour::ClusterApi),
        (nodes.iter().any(|node| node.status.node_info.kernel_version.ends_with("-talos")), Flavour::Talos),
        (kubelet("+k3s"), Flavour::K3s),
    ];
    marks.into_iter().find(|(found, _)| *found).map_or(Flavour::Manifest, |(_, flavour)| flavour)
}

fn of_operator(installations: &[Custom], on_rke2: bool, by_cluster_api: bool) -> Flavour {
    let default = installations.iter().find(|installation| installation.metadata.name == "default");
    let provider = default.and_then(|installation| installation.spec.get("kubernetesProvider")?.as_str());
    let chart = default.and_then(|installation| release(&installation.metadata));
    match provider {
        _ if chart == Some("rke2-calico") => Flavour::Rke2Calico,
        Some("EKS") => Flavour::Eks,
        // Azure installs without Helm: a release is the work of somebody with a cluster without a network plugin.
        Some("AKS") if chart.is_none() => Flavour::Aks,
        Some("OpenShift") => Flavour::OpenShift,
        Some("RKE2") => Flavour::Rke2Calico,
        None | Some("") if on_rke2 => Flavour::Rke2Calico,
        None | Some("") if by_cluster_api && chart.is_some() => Flavour::ClusterApiOperator,
        _ => Flavour::Operator,
    }
}

/// Its volumes are the snap's folders, and kubectl keeps what it applied in an annotation; newer snaps label nodes.
fn microk8s(daemon_set: &DaemonSet, nodes: &[Node]) -> bool {
    const SNAP: &str = "/var/snap/microk8s/";
    let applied = daemon_set.metadata.annotations.get("kubectl.kubernetes.io/last-applied-configuration");
    let mounts = |volume: &Volume| volume.host_path.as_ref().is_some_and(|host| host.path.starts_with(SNAP));
    applied.is_some_and(|text| text.contains("/var/snap/microk8s"))
        || daemon_set.spec.template.spec.volumes.iter().any(mounts)
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
        let labelled = |meta: &Meta| label(meta, "k8s-app").is_some_and(|app| NAMES.contains(&app));
        let named = NAMES.contains(&meta.name.as_str());
        let runs = set.spec.template.spec.containers.iter().any(|container| container.name == CALICO_NODE);
        runs && meta.name != "calico-node-windows" && (named || labelled(meta) || labelled(&set.spec.template.metadata))
    };
    daemon_sets.iter().filter(is_one).collect()
}

/// Names of canal's DaemonSet, and its `k8s-app` labels: manifests/canal.yaml, canal-etcd.yaml, RKE2's chart.
const CANAL_NAMES: [&str; 3] = ["canal", "canal-node", "rke2-canal"];
/// Names of the DaemonSets that run calico-node, in every flavour: those that the manifests of rights allow changing.
pub const NAMES: [&str; 4] = DAEMON_SET_NAMES;

/// A name that a DaemonSet of calico-node gives its pods: five letters or digits behind its own.
pub fn is_pod_name(name: &str) -> bool {
    let suffix = |rest: &str| rest.len() == 6 && rest.starts_with('-') && rest[1..].bytes().all(|byte| byte.is_ascii_alphanumeric());
    NAMES.iter().any(|set| name.strip_prefix(set).is_some_and(suffix))
}

#[cfg(test)]
mod tests;
