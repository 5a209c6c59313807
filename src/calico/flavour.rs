//! How Calico was installed, told from marks on the objects.

use std::collections::HashSet;
use std::fmt;

use super::owner::Owner;
use crate::parallel;
use crate::permissions::table::DAEMON_SET_NAMES;
use crate::snapshot::objects::{CALICO_NODE, Container, Custom, DaemonSet, Meta, Node, Volume};

mod table;

pub use table::Flavour;

impl Flavour {
    /// One line: where a change of the detection method lasts.
    pub fn durable_place(self) -> &'static str {
        self.row().place
    }

    /// Who puts an edit back in every installation of this flavour.
    pub fn owner(self) -> Option<Owner> {
        self.row().owner.clone()
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
        f.write_str(self.row().name)
    }
}

/// `installations` and `nodes` may be empty where they could not be read; fewer marks are seen then.
pub fn flavour(daemon_set: &DaemonSet, installations: &[Custom], nodes: &[Node]) -> Flavour {
    let meta = &daemon_set.metadata;
    let container = daemon_set.spec.template.spec.calico_node();
    let cluster_type = literal(container, "CLUSTER_TYPE");
    let typed = |word: &str| cluster_type.split(',').any(|part| part == word);
    let marks = NodeMarks::of_all(nodes);
    let kubelet = |mark: &str| marks.kubelets.iter().any(|version| version.contains(mark));
    let marked = |begin: &str| marks.keys.iter().any(|key| key.starts_with(begin));

    if meta.owner_references.iter().any(|owner| owner.kind == "Installation") || typed("operator") {
        return of_operator(container, installations, kubelet("+rke2"), marked("cluster.x-k8s.io/"));
    }
    let canal = CANAL_NAMES.contains(&meta.name.as_str()) || label(meta, "k8s-app").is_some_and(|app| CANAL_NAMES.contains(&app));
    let canal = canal || typed("canal");
    let of_manifests = [
        // canal of RKE2 and RKE: their own places, whatever else is on the nodes
        (meta.name == "rke2-canal" || release(meta) == Some("rke2-canal") || (canal && kubelet("+rke2")), Flavour::Rke2Canal),
        (marked("rke.cattle.io/internal-ip"), Flavour::Rke1),
        (has_key(meta, "resources.gardener.cloud/"), Flavour::Gardener),
        (microk8s(daemon_set) || marked("microk8s.io/cluster"), Flavour::Microk8s),
        (canal, Flavour::Canal),
        (typed("kops") || has_key(meta, "addon.kops.k8s.io/"), Flavour::Kops),
        // k0s leaves this label on every manifest of its folder, and names the stack after it
        (label(meta, "k0s.k0sproject.io/stack") == Some("calico"), Flavour::K0s),
        (kubespray(container), Flavour::Kubespray),
        (kubelet("-gke.") && has_key(meta, "addonmanager.kubernetes.io/mode"), Flavour::Gke),
        (has_key(meta, "addonmanager.kubernetes.io/mode"), Flavour::AddonManager),
        (kubelet("-eks-") && marked("cluster.x-k8s.io/"), Flavour::EksAnywhere),
        (kubelet("-eks-") && literal(container, "CALICO_NETWORKING_BACKEND") == "none", Flavour::EksPolicy),
        (marked("cluster.x-k8s.io/"), Flavour::ClusterApi),
        (marks.kernels.iter().any(|version| version.ends_with("-talos")), Flavour::Talos),
        (kubelet("+k3s"), Flavour::K3s),
        (marked("minikube.k8s.io/"), Flavour::Minikube),
    ];
    of_manifests.into_iter().find(|(found, _)| *found).map_or(Flavour::Manifest, |(_, flavour)| flavour)
}

/// What stands on any node, read in one pass.
#[derive(Default)]
struct NodeMarks<'a> {
    /// Of labels and annotations.
    keys: HashSet<&'a str>,
    kubelets: HashSet<&'a str>,
    kernels: HashSet<&'a str>,
}

impl<'a> NodeMarks<'a> {
    fn of_all(nodes: &'a [Node]) -> Self {
        let mut all = Self::default();
        for part in parallel::parts(nodes, |_, part| Self::new(part)) {
            all.keys.extend(part.keys);
            all.kubelets.extend(part.kubelets);
            all.kernels.extend(part.kernels);
        }
        all
    }

    fn new(nodes: &'a [Node]) -> Self {
        let mut marks = Self::default();
        let mut before: Option<&Node> = None;
        for node in nodes {
            // Most nodes have the marks of the one before, and comparing costs less than hashing.
            let differs = |same: fn(&Node, &Node) -> bool| !before.is_some_and(|before| same(before, node));
            if differs(|a, b| a.metadata.labels.keys().eq(b.metadata.labels.keys())) {
                marks.keys.extend(node.metadata.labels.keys().map(String::as_str));
            }
            if differs(|a, b| a.metadata.annotations.keys().eq(b.metadata.annotations.keys())) {
                marks.keys.extend(node.metadata.annotations.keys().map(String::as_str));
            }
            if differs(|a, b| a.status.node_info == b.status.node_info) {
                marks.kubelets.insert(&node.status.node_info.kubelet_version);
                marks.kernels.insert(&node.status.node_info.kernel_version);
            }
            before = Some(node);
        }
        marks
    }
}

fn of_operator(container: Option<&Container>, installations: &[Custom], on_rke2: bool, by_cluster_api: bool) -> Flavour {
    let default = installations.iter().find(|installation| installation.metadata.name == "default");
    let chart = default.and_then(|installation| release(&installation.metadata));
    // Azure builds the images of its add-on; a provider alone is what Calico's own guide for AKS sets, too.
    let by_azure = container.is_some_and(|container| container.image.starts_with("mcr.microsoft.com/"));
    match provider(container, default) {
        _ if chart == Some("rke2-calico") => Flavour::Rke2Calico,
        Some("EKS") => Flavour::Eks,
        Some("AKS") if by_azure => Flavour::Aks,
        Some("OpenShift") => Flavour::OpenShift,
        Some("RKE2") => Flavour::Rke2Calico,
        None if on_rke2 => Flavour::Rke2Calico,
        None if by_cluster_api && chart.is_some() => Flavour::ClusterApiOperator,
        _ => Flavour::Operator,
    }
}

/// As the Installation says, or as the operator wrote it into the DaemonSet (tigera/operator pkg/render/node.go, `nodeEnvVars`).
fn provider<'a>(container: Option<&Container>, default: Option<&'a Custom>) -> Option<&'a str> {
    let of_installation = |custom: &'a Custom| {
        let computed = custom.status.get("computed").and_then(|computed| computed.get("kubernetesProvider"));
        let provider = custom.spec.get("kubernetesProvider").or(computed)?.as_str()?;
        (!provider.is_empty()).then_some(provider)
    };
    let types = [("ecs", "EKS"), ("eks", "EKS"), ("aks", "AKS"), ("openshift", "OpenShift"), ("gke", "GKE")];
    let cluster_type = literal(container, "CLUSTER_TYPE");
    let of_type = || types.iter().find(|(word, _)| cluster_type.split(',').any(|part| part == *word)).map(|(_, provider)| *provider);
    default.and_then(of_installation).or_else(of_type)
}

/// Its volumes are the snap's folders, and kubectl keeps what it applied in an annotation; newer snaps label nodes as well.
fn microk8s(daemon_set: &DaemonSet) -> bool {
    const SNAP: &str = "/var/snap/microk8s/";
    let applied = daemon_set.metadata.annotations.get("kubectl.kubernetes.io/last-applied-configuration");
    let mounts = |volume: &Volume| volume.host_path.as_ref().is_some_and(|host| host.path.starts_with(SNAP));
    applied.is_some_and(|text| text.contains("/var/snap/microk8s")) || daemon_set.spec.template.spec.volumes.iter().any(mounts)
}

/// It leaves no label; two of its habits together are taken as its mark.
/// The level of the startup log is raised by those who look into it, and the method is what they change.
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
        container.is_some_and(|container| container.env.iter().any(|var| var.name == "FELIX_IPTABLESLOCKTIMEOUTSECS")),
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
