//! The operator's installs, old and new.

use serde_json::{Value, json};

use super::build::Plan;
use super::workload::Flavour;
use super::{RESTARTED, at, created, custom, finished, happened, manifest_flavour, mislead, plan, template};
use crate::api::Operator;
use crate::scenario::world::Scenario;

fn operator_flavour() -> Flavour {
    let spec = template(include_str!("../../templates/daemonset-operator.json"));
    Flavour { namespace: "calico-system", operator: true, spec, ..manifest_flavour() }
}

fn operated(plan: &Plan, detection: &Value) -> Scenario {
    let world = finished(plan);
    world.store.add(custom::installation(created(), detection));
    world.store.add(custom::tigera_status(created()));
    world.store.add(custom::cluster_information(created(), "v3.24.5", "typha,kdd,k8s,operator,bgp"));
    world.store.add(custom::felix_configuration(created()));
    world.store.add(custom::ip_pool(created(), plan.pod_network(), "Never", "CrossSubnet"));
    world
}

fn first_found() -> Value {
    json!({"firstFound": true})
}

/// The operator's install: `calico-system`, owned by the Installation.
pub fn operator(count: usize) -> Scenario {
    operated(&Plan { flavour: operator_flavour(), ..plan(count) }, &first_found())
}

/// Incident 1 in the operator's install.
pub fn operator_bridge_address(count: usize) -> Scenario {
    let mut plan = Plan { flavour: operator_flavour(), ..plan(count) };
    mislead(&mut plan);
    let mut world = operated(&plan, &first_found());
    happened::not_established(&mut world, &plan, at(RESTARTED));
    world
}

/// The operator's newest form: probes can be set in the Installation, two methods are refused by the API.
pub fn operator_new(count: usize) -> Scenario {
    let spec = template(include_str!("../../templates/daemonset-operator-master.json"));
    let plan = Plan { flavour: Flavour { spec, ..operator_flavour() }, ..plan(count) };
    // What the recorded template was rendered from.
    let mut world = operated(&plan, &json!({"kubernetes": "NodeInternalIP"}));
    world.operator = Operator::Master;
    let own = json!({
        "app.kubernetes.io/component": "Installation.operator.tigera.io",
        "app.kubernetes.io/instance": "default",
        "app.kubernetes.io/managed-by": "tigera-operator",
        "app.kubernetes.io/name": "calico-node",
        "app.kubernetes.io/part-of": "Calico",
        "k8s-app": "calico-node",
    });
    world.store.bend("DaemonSet", "calico-node", |object| object["metadata"]["labels"] = own.clone());
    world.store.bend("ClusterInformation", "default", |object| object["spec"]["calicoVersion"] = "master".into());
    for (kind, name) in [("TigeraStatus", "calico"), ("Installation", "default")] {
        // The good news comes first there.
        let first = |object: &mut Value| {
            if let Some(conditions) = object["status"]["conditions"].as_array_mut() {
                conditions.rotate_right(1);
            }
        };
        world.store.bend(kind, name, first);
    }
    world
}
