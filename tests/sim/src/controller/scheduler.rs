//! Binds daemon pods to the node they were made for.

use serde_json::json;

use super::template::node_of;
use super::{tell, text};
use crate::scenario::logs::seconds_of;
use crate::store::Store;

pub fn sync(store: &Store) {
    let now = seconds_of(store.now());
    for pod in store.objects("Pod").iter().filter(|pod| pod["spec"]["nodeName"].is_null()) {
        let (namespace, name) = (text(pod, "namespace"), text(pod, "name"));
        let Some(node) = node_of(pod).filter(|node| store.object("Node", "", node).is_some()) else { continue };
        let bound = store.edit("Pod", namespace, name, |pod| {
            pod["spec"]["nodeName"] = node.into();
            let condition = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
            pod["status"]["conditions"] = json!([condition]);
        });
        if let Ok(bound) = bound {
            tell(store, &bound, "default-scheduler", "Scheduled", format!("Successfully assigned {namespace}/{name} to {node}"));
        }
    }
}
