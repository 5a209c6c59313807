//! The object in which probes can be changed, or what remains if there is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::probe::ProbeKind;
use crate::model::{ClusterModel, effective_installation};
use crate::observed::Observed;
use crate::snapshot::objects::ProbeOverrides;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProbeTarget {
    DaemonSet {
        namespace: String,
        name: String,
    },
    /// `default`, or the `overlay` that replaces what it has of it.
    Installation {
        name: String,
    },
    /// The owner reverts an edit, and no other object has a field for it.
    Nowhere {
        why: String,
    },
}

pub fn probe_target(view: &ClusterModel) -> ProbeTarget {
    let nowhere = |why: &str| ProbeTarget::Nowhere { why: why.to_owned() };
    if let Some(flavour) = view.install.flavour.filter(|flavour| flavour.is_managed()) {
        return nowhere(&format!("{flavour} is managed by its cloud provider, which reverts every edit"));
    }
    if view.install.is_operator() {
        return installation(view);
    }
    match view.install.daemon_set {
        Some(set) => ProbeTarget::DaemonSet {
            namespace: set.metadata.namespace.clone().unwrap_or_else(|| "kube-system".to_owned()),
            name: set.metadata.name.clone(),
        },
        None => nowhere("the DaemonSet was not seen"),
    }
}

/// The operator reverts an edit of its DaemonSet within a second, and a pod is killed all the same.
fn installation(view: &ClusterModel) -> ProbeTarget {
    match &view.snapshot.resources.installation_probes {
        Observed::Seen(ProbeOverrides { liveness_probe: false, startup_probe: false, .. }) => ProbeTarget::Nowhere {
            why: "this operator's Installation has no fields for probes (they came with 1.43), and the operator reverts an edit of the DaemonSet. \
                  Upgrade the operator, or make the datastore faster to reach. Where the conflict check is slow, set DISABLE_NODE_IP_CHECK"
                .to_owned(),
        },
        Observed::Seen(_) => ProbeTarget::Installation { name: effective_installation(view.snapshot.resources.installations.seen().map_or(&[], Vec::as_slice), "calicoNodeDaemonSet").to_owned() },
        other => ProbeTarget::Nowhere {
            why: format!(
                "the operator owns the probes, and whether its Installation has fields for them could not be read ({}). Check with: kubectl get crd installations.operator.tigera.io -o yaml",
                other.why_not().unwrap_or_default()
            ),
        },
    }
}

impl ProbeTarget {
    /// Whether this probe's timing can be set in the target.
    pub fn accepts(&self, view: &ClusterModel, probe: ProbeKind) -> bool {
        match self {
            Self::DaemonSet { .. } => true,
            Self::Nowhere { .. } => false,
            Self::Installation { .. } => view.snapshot.resources.installation_probes.seen().is_some_and(|fields| match probe {
                ProbeKind::Startup => fields.startup_probe,
                ProbeKind::Liveness => fields.liveness_probe,
                ProbeKind::Readiness => fields.readiness_probe,
            }),
        }
    }
}
