//! Every right that a change will use, asked for before it begins.

use crate::cluster::error::RequestError;
use crate::cluster::permissions;
use crate::cluster::request::Api;
use crate::permissions::request::{ApiRequest, DAEMON_SETS, INSTALLATIONS, NODES, PODS};
use crate::plan::place::Place;
use crate::plan::preflight::Right;
use crate::plan::wish::Wish;
use crate::snapshot::Snapshot;

pub async fn ask(api: &Api, snapshot: &Snapshot, wish: &Wish, place: &Place) -> Result<Vec<Right>, RequestError> {
    permissions::ask(api, &needed(snapshot, wish, place)).await
}

fn needed(snapshot: &Snapshot, wish: &Wish, place: &Place) -> Vec<ApiRequest> {
    let set = snapshot.daemon_set.seen().map(|set| &set.metadata);
    let (namespace, name) = set.map_or((None, ""), |meta| (meta.namespace.as_deref(), meta.name.as_str()));
    let target = match place {
        Place::DaemonSet { .. } => &DAEMON_SETS,
        Place::Installation { .. } => &INSTALLATIONS,
    };
    let mut all = vec![
        target.asked("get", place.namespace(), Some(place.name())),
        target.asked("patch", place.namespace(), Some(place.name())),
        DAEMON_SETS.asked("get", namespace, Some(name)),
        NODES.asked("get", None, None),
        // Which kubelets are gone, and what every node must come to.
        NODES.asked("list", None, None),
        PODS.asked("list", namespace, None),
    ];
    if !place.is_operators() {
        all.push(PODS.asked("delete", namespace, None));
    }
    if wish.is_lent() {
        all.push(ApiRequest { resource: "pods/log".to_owned(), ..PODS.asked("get", namespace, None) });
    }
    if !snapshot.cluster.exec_skipped {
        all.push(ApiRequest { resource: "pods/exec".to_owned(), ..PODS.asked("create", namespace, None) });
    }
    all.dedup();
    all
}
