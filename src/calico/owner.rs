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
    /// At the next `talosctl upgrade-k8s`.
    Talos,
    /// A ClusterResourceSet or a HelmChartProxy of the management cluster, when its source changes.
    ClusterApi,
}

impl Owner {
    /// Puts an edit back while nobody does anything; the others only when somebody runs them again.
    pub fn reverts_by_itself(&self) -> bool {
        !matches!(self, Self::Helm { .. } | Self::Kubespray | Self::Rke | Self::Microk8s | Self::Talos | Self::ClusterApi)
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
            Self::Kops => f.write_str("kops add-on channel"),
            Self::K0s => f.write_str("k0s controller"),
            Self::Microk8s => f.write_str("MicroK8s snap"),
            Self::Kubespray => f.write_str("kubespray"),
            Self::Rke => f.write_str("RKE"),
            Self::Azure => f.write_str("Azure"),
            Self::Google => f.write_str("Google"),
            Self::AddonManager => f.write_str("addon manager"),
            Self::ManagedResource => f.write_str("Gardener ManagedResource"),
            Self::Talos => f.write_str("Talos machine configuration"),
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
    if let Some(owner) = flavour.owner()
        && !owners.contains(&owner)
    {
        // the chart's release is written by the helm-controller, which HelmChartConfig steers
        owners.retain(|other| {
            !(matches!(owner, Owner::HelmChartConfig { .. }) && matches!(other, Owner::Helm { .. } | Owner::ObjectSet { .. }))
        });
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
    [
        argo.map(|application| Owner::ArgoCd { application }),
        label("kustomize.toolkit.fluxcd.io/name").map(|name| Owner::FluxKustomization { name }),
        label("helm.toolkit.fluxcd.io/name").map(|name| Owner::FluxHelmRelease { name }),
        annotation("meta.helm.sh/release-name").map(|release| Owner::Helm { release }),
        annotation("objectset.rio.cattle.io/owner-name").map(|name| Owner::ObjectSet { name }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
