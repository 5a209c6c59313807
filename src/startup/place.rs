//! Where probes may lawfully be changed, and what remains where they may not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::probe::ProbeKind;
use crate::diagnosis::view::{View, ruling};
use crate::observed::Observed;
use crate::snapshot::objects::ProbeOverrides;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    DaemonSet {
        namespace: String,
        name: String,
    },
    /// `default`, or the `overlay` that replaces what it has of it.
    Installation {
        name: String,
    },
    /// An edit would be put back, and no other field exists.
    Nowhere {
        why: String,
    },
}

pub fn place(view: &View) -> Place {
    let nowhere = |why: &str| Place::Nowhere { why: why.to_owned() };
    if let Some(flavour) = view.install.flavour.filter(|flavour| flavour.is_managed()) {
        return nowhere(&format!("{flavour} is managed by its cloud provider, which reverts every edit"));
    }
    if view.install.is_operator() {
        return installation(view);
    }
    match view.install.daemon_set {
        Some(set) => Place::DaemonSet {
            namespace: set.metadata.namespace.clone().unwrap_or_else(|| "kube-system".to_owned()),
            name: set.metadata.name.clone(),
        },
        None => nowhere("the DaemonSet was not seen"),
    }
}

/// The operator reverts an edit of its DaemonSet within a second, and a pod is killed all the same.
fn installation(view: &View) -> Place {
    match &view.snapshot.resources.installation_probes {
        Observed::Seen(ProbeOverrides { liveness_probe: false, startup_probe: false, .. }) => Place::Nowhere {
            why: "this operator's Installation has no fields for probes (they came with 1.43), and it puts an edit of the DaemonSet back; \
                  what remains: upgrade the operator, shorten the way to the datastore, or, where the conflict check is slow, set DISABLE_NODE_IP_CHECK"
                .to_owned(),
        },
        Observed::Seen(_) => Place::Installation { name: ruling(view.snapshot.resources.installations.seen().map_or(&[], Vec::as_slice), "calicoNodeDaemonSet").to_owned() },
        other => Place::Nowhere {
            why: format!(
                "the operator owns the probes, and whether its Installation has fields for them was not seen ({}): \
                 kubectl get crd installations.operator.tigera.io -o yaml",
                other.why_not().unwrap_or_default()
            ),
        },
    }
}

impl Place {
    /// Whether this probe's timing can be set there.
    pub fn takes(&self, view: &View, probe: ProbeKind) -> bool {
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
