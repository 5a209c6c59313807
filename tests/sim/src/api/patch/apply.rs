//! Somebody who writes by server-side apply, with `force`: a GitOps controller. What it no longer names goes.

use serde_json::Value;

use super::Form;
use crate::api::Failure;
use crate::store::{Store, Writer, give_up, named};

impl Store {
    /// Merges `config` into the object by the kind's merge keys and credits all of it to an entry of operation `Apply`.
    pub fn apply(&self, manager: &str, kind: &str, namespace: &str, name: &str, config: &Value) -> Result<Value, Failure> {
        let kind = named(kind);
        let form = if kind.custom { Form::Merge } else { Form::Strategic };
        let applied = self.change(kind, namespace, name, Writer::new(manager).applying(config), |mut object| {
            give_up(kind, &mut object, manager, config);
            form.apply(object, config)
        })?;
        Ok(applied.whole_value(kind))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::scenario;
    use crate::store::Writer;

    /// The variable is the applier's afterwards, whoever had set it; the others stay with their owners.
    #[test]
    fn what_is_applied_is_owned_by_its_applier() {
        let store = scenario::healthy(3).store;
        let variables =
            |list: serde_json::Value| json!({"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "env": list}]}}}});
        let ours = json!([{"name": "IP_AUTODETECTION_METHOD", "value": "first-found"}, {"name": "IP6", "value": "none"}]);
        store.apply("first", "DaemonSet", "kube-system", "calico-node", &variables(ours)).expect("is there");
        let theirs = json!([{"name": "IP_AUTODETECTION_METHOD", "value": "cidr=10.0.0.0/8"}]);
        let object = store.apply("argocd-controller", "DaemonSet", "kube-system", "calico-node", &variables(theirs)).expect("is there");
        let owns = |manager: &str, name: &str| {
            let entries = object["metadata"]["managedFields"].as_array().expect("entries");
            let entry = entries.iter().find(|entry| entry["manager"] == manager && entry["operation"] == "Apply").expect("an entry");
            let containers = &entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"];
            containers["k:{\"name\":\"calico-node\"}"]["f:env"][format!("k:{{\"name\":\"{name}\"}}")]["f:value"].is_object()
        };
        assert_eq!((owns("argocd-controller", "IP_AUTODETECTION_METHOD"), owns("first", "IP_AUTODETECTION_METHOD")), (true, false));
        assert_eq!((owns("argocd-controller", "IP6"), owns("first", "IP6")), (false, true));
        assert_eq!(object["metadata"]["generation"], 3);
    }
    /// A field that an applier no longer names goes, but for one that somebody else has set meanwhile.
    #[test]
    fn what_is_no_longer_applied_goes() {
        let store = scenario::healthy(3).store;
        let variables = |list: serde_json::Value| {
            let spec = json!({"template": {"spec": {"containers": [{"name": "calico-node", "env": list}]}}});
            json!({"metadata": {"labels": {"team": "network"}}, "spec": spec})
        };
        let apply = |list| store.apply("argocd-controller", "DaemonSet", "kube-system", "calico-node", &variables(list)).expect("is there");
        let values = |object: &serde_json::Value| {
            let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
            let value = |name: &str| env.iter().find(|one| one["name"] == name).map(|one| one["value"].clone());
            (value("MINE"), value("THEIRS"), object["metadata"]["labels"]["team"].clone())
        };
        apply(json!([{"name": "MINE", "value": "1"}, {"name": "THEIRS", "value": "1"}]));
        let edit = |object: &mut serde_json::Value| {
            let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("a list");
            env.iter_mut().filter(|one| one["name"] == "THEIRS").for_each(|one| one["value"] = "2".into());
        };
        store.edit_as(Writer::new("kubectl-edit"), "DaemonSet", "kube-system", "calico-node", edit).expect("is there");
        let object = apply(json!([]));
        assert_eq!(values(&object), (None, Some(json!("2")), json!("network")));
    }
}
