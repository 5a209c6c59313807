//! Which DaemonSet runs calico-node.

use super::error::VIEW_ROLE;

#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    #[error("error: no DaemonSet with a container calico-node found {place}")]
    NotFound { place: String, looked: Vec<String> },
    #[error("error: only Windows nodes run calico-node here ({found})")]
    OnlyWindows { found: String },
    #[error("error: several DaemonSets run calico-node: {}", names(candidates))]
    Several { candidates: Vec<(String, String)> },
    #[error("error: the DaemonSet {namespace}/{name} has no container calico-node")]
    NotCalico { namespace: String, name: String },
    #[error("error: you may not list daemonsets.apps at the cluster scope, and no DaemonSet of Calico's is in {}", looked.join(", "))]
    Hidden { looked: Vec<String> },
}

impl DiscoverError {
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { looked, .. } => Some(format!(
                "Looked for {}. If Calico runs under another name: -n NAMESPACE --daemonset NAME. Is this the right context?",
                looked.join(", ")
            )),
            Self::OnlyWindows { .. } => Some("Only calico-node on Linux is understood.".into()),
            Self::Several { candidates } => {
                candidates.first().map(|(namespace, name)| format!("Choose one, for example: -n {namespace} --daemonset {name}"))
            }
            Self::NotCalico { .. } => Some("Leave out --daemonset to search for it.".into()),
            Self::Hidden { .. } => Some(format!("Name its namespace with -n, or ask for the ClusterRole {VIEW_ROLE}.")),
        }
    }
}

fn names(candidates: &[(String, String)]) -> String {
    candidates.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect::<Vec<_>>().join(", ")
}
