use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::DatastoreLocked,
        title: "Calico's datastore is locked: no pod can be created",
        means: "ClusterInformation default says datastoreReady: false. Upgrades of IPAM and migrations of the datastore set this \
                while they run. Until it is true again, the CNI plugin creates and deletes no pod. A Felix that starts waits for it \
                and is not ready. An interrupted upgrade leaves the datastore locked, and so can two upgrades at once.",
        detected: "datastoreReady of ClusterInformation default is false. Or the log of Felix ends with \"Waiting for datastore to be \
                   initialized (or migrated)\".",
        confirm: "kubectl get clusterinformations.crd.projectcalico.org default -o yaml\n\
                  kubectl get pods -n NAMESPACE -l k8s-app=calico-node",
        fix: &[
            "A pod whose init container upgrade-ipam still runs is an upgrade in progress. Let it finish.",
            "If no migration and no upgrade runs, unlock the datastore with one of these:",
            "  calicoctl datastore migrate unlock",
            "  kubectl patch clusterinformations.crd.projectcalico.org default --type merge -p '{\"spec\":{\"datastoreReady\":true}}'",
        ],
        restarts: "Nothing. A Felix that waits continues automatically.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let waiting = log_line_finding::after_start(view, found, Code::DatastoreLocked);
    let informations = view.snapshot.resources.cluster_informations.seen().into_iter().flatten();
    let is_locked = informations
        .filter(|one| one.metadata.name == "default")
        .any(|one| one.spec.get("datastoreReady").and_then(serde_json::Value::as_bool) == Some(false));
    if !is_locked {
        return waiting;
    }
    let told = "ClusterInformation default: datastoreReady is false".to_owned();
    let mut evidence = vec![Evidence { source: Source::ClusterInformation, node: None, text: told }];
    let nodes: Vec<String> = waiting.iter().flat_map(|one| one.nodes.clone()).collect();
    evidence.extend(waiting.into_iter().flat_map(|one| one.evidence));
    let message =
        "Calico's datastore is locked: no pod can be created or deleted on any node, and a calico-node that starts does not become ready";
    vec![Finding { code: Code::DatastoreLocked, severity: Severity::Error, nodes, message: message.to_owned(), evidence, fix: None }]
}
