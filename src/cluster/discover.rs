//! Which DaemonSet runs calico-node.

use super::error::{GatherError, RequestError};
use super::gather::ReadOptions;
use super::request::{Api, Query};
use crate::calico::flavour;
use crate::permissions::request::DAEMON_SETS;
use crate::permissions::role::Role;
use crate::snapshot::objects::DaemonSet;
use crate::snapshot::trim;
use crate::text::shell;

/// Where Calico is installed by every flavour known: asked one by one where the whole cluster may not be listed.
pub const NAMESPACES: [&str; 3] = ["kube-system", "calico-system", "calico"];

const NAMES: &str = "DaemonSets calico-node, canal and rke2-canal, and the labels k8s-app=calico-node and k8s-app=canal";

#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    #[error("error: no DaemonSet with a container calico-node found {place}")]
    NotFound { place: String },
    #[error("error: calico-node runs on Windows nodes only ({found})")]
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
            Self::NotFound { .. } => Some(format!(
                "Looked for {NAMES}. If Calico runs under another name: -n NAMESPACE --daemonset NAME. Is this the right context?"
            )),
            Self::OnlyWindows { .. } => Some("Only calico-node on Linux is understood.".into()),
            Self::Several { candidates } => {
                let (namespace, name) = candidates.first()?;
                let words = shell::command(&["-n", shell::namespace(namespace)?, "--daemonset", shell::object_name(name)?])?;
                Some(format!("Choose one, for example: {words}"))
            }
            Self::NotCalico { .. } => Some("Leave out --daemonset to search for it.".into()),
            Self::Hidden { .. } => {
                Some(format!("Name its namespace with -n, or ask an administrator for the ClusterRole {}.", Role::View.name()))
            }
        }
    }
}

fn names(candidates: &[(String, String)]) -> String {
    candidates.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect::<Vec<_>>().join(", ")
}

/// The one DaemonSet meant; a choice is asked for, never made.
pub async fn discover(api: &Api, wanted: &ReadOptions) -> Result<DaemonSet, GatherError> {
    let named = wanted.daemon_set.as_deref();
    if let (Some(namespace), Some(name)) = (wanted.namespace.as_deref(), named) {
        return get(api, namespace, name).await;
    }
    let sets = match list(api, wanted.namespace.as_deref(), named).await {
        Err(refusal @ RequestError::Forbidden { .. }) if wanted.namespace.is_none() => known_namespaces(api, named, refusal).await?,
        other => other?,
    };
    let place =
        wanted.namespace.as_deref().map_or_else(|| "in any namespace".to_owned(), |namespace| format!("in the namespace {namespace}"));
    Ok(choose(sets, named.is_some(), place)?)
}

async fn get(api: &Api, namespace: &str, name: &str) -> Result<DaemonSet, GatherError> {
    let path = DAEMON_SETS.path(Some(namespace), Some(name));
    let mut set: DaemonSet = api.get(&path, &DAEMON_SETS.get(Some(namespace), name)).await?;
    trim::daemon_set(&mut set);
    match set.spec.template.spec.calico_node() {
        Some(_) => Ok(set),
        None => Err(DiscoverError::NotCalico { namespace: namespace.to_owned(), name: name.to_owned() }.into()),
    }
}

/// Those that can be meant; a cluster can have hundreds of others.
async fn list(api: &Api, namespace: Option<&str>, named: Option<&str>) -> Result<Vec<DaemonSet>, RequestError> {
    let named = named.map(str::to_owned);
    let keep = move |mut set: DaemonSet| {
        let kept = named.as_ref().map_or_else(|| is_calico(&set), |name| set.metadata.name == *name);
        kept.then(|| {
            trim::daemon_set(&mut set);
            set
        })
    };
    api.list(&DAEMON_SETS, &Query { namespace, ..Query::default() }, keep).await
}

fn is_calico(set: &DaemonSet) -> bool {
    is_windows(set) || !flavour::candidates(std::slice::from_ref(set)).is_empty()
}

fn is_windows(set: &DaemonSet) -> bool {
    set.metadata.name == "calico-node-windows"
}

async fn known_namespaces(api: &Api, named: Option<&str>, refusal: RequestError) -> Result<Vec<DaemonSet>, GatherError> {
    let answers = futures::future::join_all(NAMESPACES.map(|namespace| list(api, Some(namespace), named))).await;
    let mut found = Vec::new();
    let mut looked = Vec::new();
    for (namespace, answer) in NAMESPACES.into_iter().zip(answers) {
        match answer {
            Ok(sets) => {
                looked.push(namespace.to_owned());
                found.extend(sets);
            }
            Err(RequestError::Forbidden { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if looked.is_empty() {
        return Err(refusal.into());
    }
    if found.is_empty() { Err(DiscoverError::Hidden { looked }.into()) } else { Ok(found) }
}

fn choose(sets: Vec<DaemonSet>, named: bool, place: String) -> Result<DaemonSet, DiscoverError> {
    let (windows, mut sets): (Vec<_>, Vec<_>) = sets.into_iter().partition(is_windows);
    let identity = |set: &DaemonSet| (set.metadata.namespace.clone().unwrap_or_default(), set.metadata.name.clone());
    if sets.len() > 1 {
        return Err(DiscoverError::Several { candidates: sets.iter().map(identity).collect() });
    }
    match (sets.pop(), windows.first()) {
        (Some(set), _) if named && set.spec.template.spec.calico_node().is_none() => {
            let (namespace, name) = identity(&set);
            Err(DiscoverError::NotCalico { namespace, name })
        }
        (Some(set), _) => Ok(set),
        (None, Some(windows)) => Err(DiscoverError::OnlyWindows { found: names(&[identity(windows)]) }),
        (None, None) => Err(DiscoverError::NotFound { place }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(namespace: &str, name: &str, container: &str) -> DaemonSet {
        serde_json::from_value(serde_json::json!({
            "metadata": {"namespace": namespace, "name": name},
            "spec": {"template": {"spec": {"containers": [{"name": container}]}}},
        }))
        .expect("a DaemonSet")
    }

    #[test]
    fn one_is_taken_and_a_choice_is_asked_for() {
        let linux = || set("kube-system", "calico-node", "calico-node");
        let windows = || set("calico-system", "calico-node-windows", "node");
        let place = || "in any namespace".to_owned();
        assert_eq!(choose(vec![windows(), linux()], false, place()).expect("one").metadata.name, "calico-node");
        let several = choose(vec![linux(), set("old", "canal", "calico-node")], false, place()).expect_err("two");
        assert_eq!(several.to_string(), "error: several DaemonSets run calico-node: kube-system/calico-node, old/canal");
        assert_eq!(several.hint().as_deref(), Some("Choose one, for example: -n kube-system --daemonset calico-node"));
        assert!(matches!(choose(vec![windows()], false, place()), Err(DiscoverError::OnlyWindows { .. })));
        assert!(matches!(choose(vec![], false, place()), Err(DiscoverError::NotFound { .. })));
        assert!(matches!(choose(vec![set("a", "b", "other")], true, place()), Err(DiscoverError::NotCalico { .. })));
    }
}
