//! Who reverts a direct edit of an object: nearest first, so that a change is made where it lasts.

use std::borrow::Cow;
use std::fmt;

use super::flavour::Flavour;
use crate::snapshot::objects::{Custom, DaemonSet, Meta};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The tigera-operator, within a second.
    Installation {
        name: String,
    },
    ArgoCd {
        application: String,
    },
    FluxKustomization {
        name: String,
    },
    FluxHelmRelease {
        name: String,
    },
    /// RKE2's helm-controller.
    HelmChartConfig {
        name: Cow<'static, str>,
    },
    /// At the next upgrade, not by itself.
    Helm {
        release: String,
    },
    /// k3s or RKE2, from a file in its folder of manifests: when the file changes, or the server starts.
    Addon {
        name: String,
    },
    /// The tool that set the label `app.kubernetes.io/instance`, which Argo CD before 3.0 knows its objects by.
    Labelled {
        instance: String,
    },
    /// Rancher's or Fleet's object set.
    ObjectSet {
        name: String,
    },
    Kops,
    K0s,
    Microk8s,
    /// At the next run of its playbook.
    Kubespray,
    /// At the next `rke up`.
    Rke,
    Azure,
    /// GKE's add-on manager.
    Google,
    AddonManager,
    /// Gardener's resource manager, from the Shoot of the garden cluster.
    ManagedResource,
    /// At the next `minikube start`.
    Minikube,
    /// At the next `talosctl upgrade-k8s`; at its start Talos only makes what is not there (siderolabs/talos
    /// internal/app/machined/pkg/controllers/k8s/manifest_apply.go, pkg/cluster/kubernetes/talos_managed.go). Whose manifest it is only its
    /// inventory's annotation tells, which Talos sets since 1.13.
    Talos {
        is_known: bool,
    },
    /// A ClusterResourceSet or a HelmChartProxy of the management cluster, when its source changes.
    ClusterApi,
}

impl Owner {
    /// Reverts an edit while nobody does anything; the others only when somebody runs them again, or their own source changes:
    /// kubernetes/kops channels/pkg/channels/channel_version.go (`replaces`), k0sproject/k0s pkg/applier/stack.go (the checksum),
    /// k3s-io/helm-controller pkg/controllers/chart/chart.go (`hashObjects`), k3s-io/k3s pkg/deploy/controller.go (`deploy`); Flux's
    /// helm-controller corrects drift only where `spec.driftDetection` asks for it.
    pub fn reverts_by_itself(&self) -> bool {
        match self {
            Self::Installation { .. }
            | Self::ArgoCd { .. }
            | Self::FluxKustomization { .. }
            | Self::ObjectSet { .. }
            | Self::Labelled { .. }
            | Self::Azure
            | Self::Google
            | Self::AddonManager
            | Self::ManagedResource => true,
            Self::FluxHelmRelease { .. }
            | Self::HelmChartConfig { .. }
            | Self::Helm { .. }
            | Self::Addon { .. }
            | Self::Kops
            | Self::K0s
            | Self::Microk8s
            | Self::Minikube
            | Self::Kubespray
            | Self::Rke
            | Self::Talos { .. }
            | Self::ClusterApi => false,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installation { name } => write!(f, "Installation/{name}"),
            Self::ArgoCd { application } => write!(f, "Argo CD application {application}"),
            Self::FluxKustomization { name } => write!(f, "Flux Kustomization {name}"),
            Self::FluxHelmRelease { name } => write!(f, "Flux HelmRelease {name}"),
            Self::HelmChartConfig { name } => write!(f, "HelmChartConfig {name}"),
            Self::Helm { release } => write!(f, "Helm release {release}"),
            Self::ObjectSet { name } => write!(f, "object set {name}"),
            Self::Addon { name } => write!(f, "add-on {name} of k3s or RKE2"),
            Self::Labelled { instance } => write!(f, "Argo CD or another tool (label app.kubernetes.io/instance={instance})"),
            Self::Kops => f.write_str("kops add-on channel"),
            Self::K0s => f.write_str("k0s controller"),
            Self::Microk8s => f.write_str("MicroK8s snap"),
            Self::Minikube => f.write_str("minikube start"),
            Self::Kubespray => f.write_str("kubespray"),
            Self::Rke => f.write_str("RKE"),
            Self::Azure => f.write_str("Azure"),
            Self::Google => f.write_str("Google"),
            Self::AddonManager => f.write_str("addon manager"),
            Self::ManagedResource => f.write_str("Gardener ManagedResource"),
            Self::Talos { is_known: true } => f.write_str("Talos machine configuration"),
            Self::Talos { is_known: false } => f.write_str("Talos machine configuration, if Calico is part of it"),
            Self::ClusterApi => f.write_str("Cluster API"),
        }
    }
}

/// Of the DaemonSet, nearest first: the operator, then who keeps its Installation. Empty: nobody.
pub fn owners(daemon_set: &DaemonSet, flavour: Flavour, installations: &[Custom]) -> Vec<Owner> {
    let meta = &daemon_set.metadata;
    let installation = meta.owner_references.iter().find(|owner| owner.kind == "Installation").map(|owner| owner.name.clone());
    let installation = installation.or_else(|| flavour.is_operator().then(|| "default".to_owned()));
    let mut owners = Vec::new();
    if let Some(name) = installation {
        let above = installations.iter().find(|custom| custom.metadata.name == name).map(|custom| by_marks(&custom.metadata));
        owners.push(Owner::Installation { name });
        owners.extend(above.unwrap_or_default());
    } else {
        owners.extend(by_marks(meta));
    }
    let is_talos = |owner: &Owner| matches!(owner, Owner::Talos { .. });
    if let Some(owner) = flavour.owner()
        && !owners.contains(&owner)
        && !(is_talos(&owner) && owners.iter().any(is_talos))
    {
        // the chart's release is written by the helm-controller, which HelmChartConfig steers
        let stands_for = |other: &Owner| match owner {
            Owner::HelmChartConfig { .. } => matches!(other, Owner::Helm { .. } | Owner::ObjectSet { .. } | Owner::Labelled { .. }),
            Owner::Google => matches!(other, Owner::AddonManager),
            _ => false,
        };
        owners.retain(|other| !stands_for(other));
        owners.push(owner);
    }
    owners
}

/// Labels and annotations that tools leave on what they keep.
fn by_marks(meta: &Meta) -> Vec<Owner> {
    let label = |key: &str| meta.labels.get(key).cloned();
    let annotation = |key: &str| meta.annotations.get(key).cloned();
    let argo = annotation("argocd.argoproj.io/tracking-id").and_then(|id| id.split(':').next().map(str::to_owned));
    let argo = argo.or_else(|| label("argocd.argoproj.io/instance"));
    let flux = label("helm.toolkit.fluxcd.io/name");
    let helm = annotation("meta.helm.sh/release-name");
    let instance = label("app.kubernetes.io/instance").filter(|_| argo.is_none() && helm.is_none());
    let is_addon = annotation("objectset.rio.cattle.io/owner-gvk").is_some_and(|kind| kind.ends_with("Kind=Addon"));
    let object_set = annotation("objectset.rio.cattle.io/owner-name");
    [
        argo.map(|application| Owner::ArgoCd { application }),
        label("kustomize.toolkit.fluxcd.io/name").map(|name| Owner::FluxKustomization { name }),
        // Flux' release is Helm's, and Flux writes it
        helm.filter(|_| flux.is_none()).map(|release| Owner::Helm { release }),
        flux.map(|name| Owner::FluxHelmRelease { name }),
        instance.map(|instance| Owner::Labelled { instance }),
        object_set.map(|name| if is_addon { Owner::Addon { name } } else { Owner::ObjectSet { name } }),
        label("addon.kops.k8s.io/name").map(|_| Owner::Kops),
        label("k0s.k0sproject.io/stack").map(|_| Owner::K0s),
        annotation("config.k8s.io/owning-inventory")
            .filter(|inventory| inventory == "talos-bootstrap-manifests-inventory")
            .map(|_| Owner::Talos { is_known: true }),
        label("addonmanager.kubernetes.io/mode").filter(|mode| mode == "Reconcile").map(|_| Owner::AddonManager),
    ]
    .into_iter()
    .flatten()
    .collect()
}
