//! Binds daemon pods to the node they were made for.

use serde_json::json;

use super::template::node_of;
use super::{Cache, tell, text};
use crate::scenario::logs::seconds_of;

pub(super) fn sync(cache: &mut Cache) {
    cache.refresh();
    let store = &cache.store;
    let now = seconds_of(store.now());
    for pod in cache.objects("Pod").filter(|pod| pod["spec"]["nodeName"].is_null()) {
        let (namespace, name) = (text(pod, "namespace"), text(pod, "name"));
        let Some(node) = node_of(pod).filter(|node| cache.object("Node", "", node).is_some()) else { continue };
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
