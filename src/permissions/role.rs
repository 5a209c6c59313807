//! The ClusterRoles that an administrator applies and binds.

use schemars::JsonSchema;
use serde::Serialize;

/// A ClusterRole of `plugin-manifest/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Role {
    #[serde(rename = "kubectl-calico-fix-view")]
    View,
    #[serde(rename = "kubectl-calico-fix-view-pods")]
    ViewPods,
    #[serde(rename = "kubectl-calico-fix-exec")]
    Exec,
    #[serde(rename = "kubectl-calico-fix-edit")]
    Edit,
    #[serde(rename = "kubectl-calico-fix-edit-installation")]
    EditInstallation,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::View, Self::ViewPods, Self::Exec, Self::Edit, Self::EditInstallation];

    pub fn name(self) -> &'static str {
        match self {
            Self::View => "kubectl-calico-fix-view",
            Self::ViewPods => "kubectl-calico-fix-view-pods",
            Self::Exec => "kubectl-calico-fix-exec",
            Self::Edit => "kubectl-calico-fix-edit",
            Self::EditInstallation => "kubectl-calico-fix-edit-installation",
        }
    }

    pub fn manifest(self) -> Manifest {
        match self {
            Self::View | Self::ViewPods | Self::Exec => Manifest::View,
            Self::Edit | Self::EditInstallation => Manifest::Edit,
        }
    }

    /// Bound in the DaemonSet's namespace, and so good for nothing elsewhere.
    pub fn is_local(self) -> bool {
        matches!(self, Self::ViewPods | Self::Exec | Self::Edit)
    }
}

/// A file of `plugin-manifest/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manifest {
    View,
    Edit,
}

impl Manifest {
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::View => include_str!("../../plugin-manifest/view.yaml"),
            Self::Edit => include_str!("../../plugin-manifest/edit.yaml"),
        }
    }
}
