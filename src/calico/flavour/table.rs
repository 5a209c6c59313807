//! What is known of each flavour, a row each.

use std::borrow::Cow;

use crate::calico::owner::Owner;

pub(super) struct Row {
    pub(super) name: &'static str,
    /// Where a change of the detection method lasts.
    pub(super) place: &'static str,
    /// Who reverts an edit of the DaemonSet, beside those whose marks are on the object.
    pub(super) owner: Option<Owner>,
    /// Where the marks and the place are written down: repository and file.
    #[cfg_attr(not(test), expect(dead_code, reason = "the table's references, checked by a test"))]
    pub(super) source: &'static str,
}

/// The enum and its rows at once, so that none lacks one.
macro_rules! flavours {
    ($($flavour:ident { name: $name:literal, place: $place:expr, owner: $owner:expr, source: $source:literal })*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Flavour { $($flavour),* }

        impl Flavour {
            pub const ALL: &[Flavour] = &[$(Flavour::$flavour),*];

            pub(super) fn row(self) -> &'static Row {
                match self {
                    $(Self::$flavour => {
                        static ROW: Row = Row { name: $name, place: $place, owner: $owner, source: $source };
                        &ROW
                    })*
                }
            }
        }
    };
}

const INSTALLATION: &str = "Installation default, spec.calicoNetwork.nodeAddressAutodetectionV4";

flavours! {
    Manifest {
        name: "manifest",
        place: "env IP_AUTODETECTION_METHOD in the manifest that was applied",
        owner: None,
        source: "projectcalico/calico manifests/calico.yaml"
    }
    Canal {
        name: "canal",
        place: "ConfigMap canal-config, key canal_iface (flannel's interface; from 3.26.2 Calico detects no address under canal)",
        owner: None,
        source: "projectcalico/calico manifests/canal.yaml, canal-etcd.yaml"
    }
    Operator {
        name: "operator",
        place: INSTALLATION,
        owner: None,
        source: "tigera/operator api/v1/installation_types.go"
    }
    Eks {
        name: "operator on EKS",
        place: INSTALLATION,
        owner: None,
        source: "tigera/operator pkg/render/node.go (CLUSTER_TYPE), pkg/controller/installation/core_controller.go"
    }
    EksPolicy {
        name: "EKS, policy only",
        place: "the chart or manifest that was applied; the VPC CNI gives the nodes their addresses",
        owner: None,
        source: "aws/amazon-vpc-cni-k8s config/master/calico.yaml, aws/eks-charts stable/aws-calico"
    }
    EksAnywhere {
        name: "EKS Anywhere",
        place: "the manifest that was applied to the workload cluster (EKS Anywhere itself installs Cilium only)",
        owner: None,
        source: "aws/eks-anywhere docs/content/en/docs/clustermgmt/networking"
    }
    Aks {
        name: "AKS add-on",
        place: "managed by Azure, not changeable by users",
        owner: Some(Owner::Azure),
        source: "learn.microsoft.com/azure/aks/use-network-policies, Azure/AKS issue 3394 (the images)"
    }
    Gke {
        name: "GKE network policy",
        place: "managed by Google, not changeable by users",
        owner: Some(Owner::Google),
        source: "kubernetes/kubernetes cluster/addons/calico-policy-controller"
    }
    OpenShift {
        name: "operator on OpenShift",
        place: INSTALLATION,
        owner: None,
        source: "tigera/operator pkg/render/node.go (CLUSTER_TYPE), projectcalico/calico manifests/ocp/01-cr-installation.yaml"
    }
    Rke1 {
        name: "RKE",
        place: "cluster.yml: its template has no setting for the method; canal's interface is network.options.canal_iface",
        owner: Some(Owner::Rke),
        source: "rancher/kontainer-driver-metadata rke/templates/calico_v3.24.go, canal_v3.24.go, rancher/rke k8s/node.go"
    }
    Rke2Calico {
        name: "RKE2 with Calico",
        place: "HelmChartConfig rke2-calico in kube-system, installation.calicoNetwork.nodeAddressAutodetectionV4",
        owner: Some(Owner::HelmChartConfig { name: Cow::Borrowed("rke2-calico") }),
        source: "rancher/rke2-charts charts/rke2-calico"
    }
    Rke2Canal {
        name: "RKE2 with canal",
        place: "HelmChartConfig rke2-canal in kube-system, flannel.iface or flannel.regexIface",
        owner: Some(Owner::HelmChartConfig { name: Cow::Borrowed("rke2-canal") }),
        source: "rancher/rke2-charts packages/rke2-canal/charts"
    }
    K3s {
        name: "k3s",
        place: "env IP_AUTODETECTION_METHOD in the manifest that was applied, or in /var/lib/rancher/k3s/server/manifests on each server",
        owner: None,
        source: "k3s-io/k3s pkg/deploy/controller.go (an Addon owns what it applies)"
    }
    Kubespray {
        name: "kubespray",
        place: "inventory variable calico_ip_auto_method (calico_ip6_auto_method)",
        owner: Some(Owner::Kubespray),
        source: "kubernetes-sigs/kubespray roles/network_plugin/calico/templates/calico-node.yml.j2, roles/network_plugin/calico_defaults/defaults/main.yml"
    }
    Kops {
        name: "kops",
        place: "Cluster spec.networking.calico.ipv4AutoDetectionMethod (ipv6AutoDetectionMethod), then kops update cluster --yes",
        owner: Some(Owner::Kops),
        source: "kubernetes/kops upup/models/cloudup/resources/addons/networking.projectcalico.org/k8s-1.25.yaml.template, pkg/apis/kops/validation/validation.go"
    }
    K0s {
        name: "k0s",
        place: "k0s config, spec.network.calico.ipAutodetectionMethod (ipV6AutodetectionMethod)",
        owner: Some(Owner::K0s),
        source: "k0sproject/k0s pkg/apis/k0s/v1beta1/calico.go, static/manifests/calico/DaemonSet/calico-node.yaml, pkg/applier/stack.go"
    }
    Microk8s {
        name: "MicroK8s",
        place: "env IP_AUTODETECTION_METHOD in /var/snap/microk8s/current/args/cni-network/cni.yaml on a control-plane node, then microk8s kubectl apply -f of that file",
        owner: Some(Owner::Microk8s),
        source: "canonical/microk8s upgrade-scripts/000-switch-to-calico/resources/calico.yaml (hostPath of its volumes), microk8s-resources/default-args/kubelet (the label)"
    }
    Minikube {
        name: "minikube",
        place: "env IP_AUTODETECTION_METHOD in a manifest of your own, which minikube start --cni=FILE names",
        owner: Some(Owner::Minikube),
        source: "kubernetes/minikube pkg/minikube/cni/calico.yaml, pkg/minikube/cni/cni.go"
    }
    Gardener {
        name: "Gardener",
        place: "Shoot spec.networking.providerConfig.ipv4.autoDetectionMethod (ipv6.autoDetectionMethod)",
        owner: Some(Owner::ManagedResource),
        source: "gardener/gardener-extension-networking-calico pkg/apis/calico/v1alpha1/types_network.go, charts/internal/calico/templates/node, gardener/gardener pkg/resourcemanager/controller/managedresource/merger.go (the description)"
    }
    Talos {
        name: "Talos",
        place: "env IP_AUTODETECTION_METHOD in the machine configuration, cluster.inlineManifests or the manifest that cluster.network.cni.urls names",
        owner: Some(Owner::Talos { is_known: false }),
        source: "siderolabs/talos pkg/machinery/config/types/v1alpha1; Talos' guide \"Deploy Calico CNI\" installs the operator, which is told as such"
    }
    ClusterApi {
        name: "Cluster API",
        place: "env IP_AUTODETECTION_METHOD in the manifest of the ClusterResourceSet in the management cluster",
        owner: Some(Owner::ClusterApi),
        source: "kubernetes-sigs/cluster-api docs/book/src/tasks/cluster-resource-set.md, kubernetes-sigs/cluster-api-provider-azure templates/addons/calico-resource-set.yaml"
    }
    ClusterApiOperator {
        name: "operator by Cluster API",
        place: "the HelmChartProxy in the management cluster, spec.valuesTemplate, installation.calicoNetwork.nodeAddressAutodetectionV4",
        owner: Some(Owner::ClusterApi),
        source: "kubernetes-sigs/cluster-api-provider-azure templates/addons/cluster-api-helm/calico.yaml"
    }
    AddonManager {
        name: "addon manager",
        place: "env IP_AUTODETECTION_METHOD in the add-on's manifest on the control-plane nodes",
        owner: Some(Owner::AddonManager),
        source: "kubernetes/kubernetes cluster/addons/addon-manager/README.md"
    }
}
