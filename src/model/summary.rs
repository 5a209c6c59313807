//! The head line: what kind of Calico this is.

use crate::finding::ClusterSummary;
use crate::model::ClusterModel;
use crate::snapshot::family::Family;

pub fn summarize(view: &ClusterModel) -> ClusterSummary {
    let cluster = &view.snapshot.cluster;
    let install = &view.install;
    // Then a node without a pod is known to have none.
    let has_pods = view.snapshot.pods.is_answered();
    ClusterSummary {
        context: cluster.context.clone(),
        server: cluster.server.clone(),
        kubernetes_version: cluster.version.seen().cloned(),
        daemon_set: install.daemon_set.map(|daemon_set| match install.namespace() {
            Some(namespace) => format!("{namespace}/{}", daemon_set.metadata.name),
            None => daemon_set.metadata.name.clone(),
        }),
        flavour: install.flavour_name(),
        owner: install.reverts().map(|(owner, _)| owner),
        calico_version: install.version().map(|version| version.to_string()),
        judged_as: install.upgrade().filter(|upgrade| Some(*upgrade) != install.version()).map(|upgrade| upgrade.to_string()),
        backend: install.backend_name(),
        datastore: install.datastore_name(),
        autodetection_method: install.shown_method(Family::V4),
        nodes: view.nodes.iter().filter(|node| !node.stands_for_another(view.snapshot)).count(),
        nodes_ready: view.nodes.iter().filter(|node| node.ready() == Some(true)).count(),
        nodes_unknown: view.nodes.iter().filter(|node| node.ready().is_none() && (node.pod.is_some() || !has_pods)).count(),
    }
}
