//! Names that the owners of a cluster gave.

use std::collections::BTreeSet;

use crate::snapshot::Snapshot;
use crate::snapshot::objects::Meta;

/// What the owners of the cluster have named: namespaces, releases, applications, registries.
pub(super) fn owners(snapshot: &Snapshot) -> [(&'static str, BTreeSet<String>); 3] {
    let set = snapshot.daemon_set.seen();
    let pods = snapshot.pods.seen().into_iter().flatten();
    let customs = [&snapshot.resources.installations, &snapshot.resources.ip_pools, &snapshot.resources.bgp_configurations];
    let customs = customs.into_iter().filter_map(|list| list.seen()).flatten();
    let metas: Vec<&Meta> = set
        .map(|set| [&set.metadata, &set.spec.template.metadata])
        .into_iter()
        .flatten()
        .chain(pods.clone().map(|pod| &pod.metadata))
        .chain(customs.map(|custom| &custom.metadata))
        .collect();
    let namespaces = metas.iter().filter_map(|meta| meta.namespace.clone()).collect();
    let releases = metas
        .iter()
        .flat_map(|meta| meta.annotations.iter().chain(&meta.labels))
        .filter(|(key, _)| OWNER_KEYS.contains(&key.as_str()))
        .flat_map(|(_, value)| value.split([':', '/', '_']).map(str::to_owned).collect::<Vec<_>>())
        .filter(|part| part.contains('-') || part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
        .filter(|part| !KIND_WORDS.contains(&part.as_str()))
        .collect();
    let images = set.map(|set| set.spec.template.spec.containers.iter()).into_iter().flatten();
    let images = images.chain(pods.flat_map(|pod| &pod.spec.containers)).map(|container| container.image.as_str());
    // The last part is the program and its version, by which releases are told apart. The first is found as a host.
    let folders = images.filter_map(|image| image.rsplit_once('/')).flat_map(|(folders, _)| folders.split('/').skip(1));
    [("namespace", namespaces), ("release", releases), ("folder", folders.map(str::to_owned).collect())]
}

/// Annotations and labels whose values name a release or an application.
const OWNER_KEYS: [&str; 9] = [
    "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/instance",
    "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace",
    "helm.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace",
    "app.kubernetes.io/instance",
];
/// In a tracking id beside the names.
const KIND_WORDS: [&str; 4] = ["apps", "operator.tigera.io", "daemonset", "installation"];
