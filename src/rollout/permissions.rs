//! Every right that a change will use, asked for before it begins.

use crate::cluster::error::RequestError;
use crate::cluster::permissions;
use crate::cluster::request::Api;
use crate::edit::target::Target;
use crate::permissions::request::PermissionAnswer;
use crate::permissions::request::{ApiRequest, DAEMON_SETS, INSTALLATIONS, NODES, PODS};
use crate::plan::request::ChangeRequest;
use crate::snapshot::Snapshot;

pub async fn ask(api: &Api, snapshot: &Snapshot, request: &ChangeRequest, target: &Target) -> Result<Vec<PermissionAnswer>, RequestError> {
    permissions::ask(api, &needed(snapshot, request, target)).await
}

fn needed(snapshot: &Snapshot, request: &ChangeRequest, target: &Target) -> Vec<ApiRequest> {
    let set = snapshot.daemon_set.seen().map(|set| &set.metadata);
    let (namespace, name) = set.map_or((None, ""), |meta| (meta.namespace.as_deref(), meta.name.as_str()));
    let resource = match target {
        Target::DaemonSet { .. } => &DAEMON_SETS,
        Target::Installation { .. } => &INSTALLATIONS,
    };
    let mut all = vec![
        resource.asked("get", target.namespace(), Some(target.name())),
        resource.asked("patch", target.namespace(), Some(target.name())),
        DAEMON_SETS.asked("get", namespace, Some(name)),
        NODES.asked("get", None, None),
        // Which kubelets are gone, and what every node must look like.
        NODES.asked("list", None, None),
        PODS.asked("list", namespace, None),
    ];
    if !target.is_installation() {
        all.push(PODS.asked("delete", namespace, None));
    }
    if request.is_temporary() {
        all.push(ApiRequest { resource: "pods/log".to_owned(), ..PODS.asked("get", namespace, None) });
    }
    if !snapshot.cluster.exec_skipped {
        all.push(ApiRequest { resource: "pods/exec".to_owned(), ..PODS.asked("create", namespace, None) });
    }
    all.dedup();
    all
}
