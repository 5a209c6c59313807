//! `pods/eviction`: what a disruption budget allows (kubernetes pkg/registry/core/pod/storage/eviction.go). A deletion asks no budget.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Outcome;
use super::status::Failure;
use super::write::Change;
use crate::controller::ready_condition;
use crate::store::Deletion;

impl Change<'_> {
    pub(super) fn evict(&self, name: &str) -> Outcome {
        let options = self.json()?["deleteOptions"].clone();
        let dry_run = self.query.get("dryRun").is_some() || options["dryRun"].is_array();
        let store = &self.api.world.store;
        if let Some(pod) = store.get(self.kind, self.namespace(), name) {
            allowed(&store.objects("PodDisruptionBudget"), &store.objects("Pod"), &pod.value())?;
        }
        let how = Deletion { grace: options["gracePeriodSeconds"].as_i64(), dry_run, ..Deletion::default() };
        let (_, gone) = store.delete_stored(self.kind, self.namespace(), name, &how)?;
        if !gone && !dry_run {
            self.end_later(name);
        }
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(super::json(StatusCode::CREATED, &status))
    }
}

/// A budget is `minAvailable` as a number: for the pods of a DaemonSet the other forms allow no eviction at all, since a DaemonSet has no
/// scale (pkg/controller/disruption/disruption.go, `getExpectedScale`).
fn allowed(budgets: &[Value], pods: &[Value], pod: &Value) -> Result<(), Failure> {
    let covers = |budget: &Value, pod: &Value| {
        let labels = budget["spec"]["selector"]["matchLabels"].as_object();
        budget["metadata"]["namespace"] == pod["metadata"]["namespace"]
            && labels.is_some_and(|labels| labels.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value))
    };
    let mut covering = budgets.iter().filter(|budget| covers(budget, pod));
    let Some(budget) = covering.next() else { return Ok(()) };
    if covering.next().is_some() {
        let why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        return Err(Failure::internal(why));
    }
    let healthy = pods.iter().filter(|pod| covers(budget, pod) && ready_condition(pod).is_some()).count();
    let needed = budget["spec"]["minAvailable"].as_u64().and_then(|needed| usize::try_from(needed).ok());
    match needed {
        Some(needed) if healthy > needed => Ok(()),
        _ => Err(Failure::over_budget(budget["metadata"]["name"].as_str().unwrap_or_default(), needed.unwrap_or(0), healthy)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(namespace: &str, ready: &str) -> Value {
        let metadata = json!({"namespace": namespace, "labels": {"k8s-app": "calico-node"}});
        json!({"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": ready}]}})
    }

    fn budget(name: &str, limit: Value) -> Value {
        let mut spec = limit;
        spec["selector"] = json!({"matchLabels": {"k8s-app": "calico-node"}});
        json!({"metadata": {"name": name, "namespace": "kube-system"}, "spec": spec})
    }

    #[test]
    fn a_budget_allows_as_many_evictions_as_it_has_pods_to_spare() {
        let two = [pod("kube-system", "True"), pod("kube-system", "True"), pod("kube-system", "False"), pod("default", "True")];
        let cases = [
            (vec![], None),
            (vec![budget("one", json!({"minAvailable": 1}))], None),
            (vec![budget("two", json!({"minAvailable": 2}))], Some("Cannot evict pod as it would violate the pod's disruption budget.")),
            (
                vec![budget("share", json!({"maxUnavailable": 1}))],
                Some("Cannot evict pod as it would violate the pod's disruption budget."),
            ),
            (
                vec![budget("one", json!({"minAvailable": 1})), budget("other", json!({"minAvailable": 1}))],
                Some("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."),
            ),
        ];
        for (budgets, refused) in cases {
            let answer = allowed(&budgets, &two, &two[0]).err().map(|failure| failure.message().to_owned());
            assert_eq!(answer.as_deref(), refused, "{budgets:?}");
            assert!(allowed(&budgets, &two, &two[3]).is_ok(), "a budget is for its own namespace");
        }
    }
}
