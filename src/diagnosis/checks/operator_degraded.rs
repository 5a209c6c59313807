use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::observed::Observed;
use crate::snapshot::objects::{CALICO_NODE, Custom};
use crate::text::bounded::clean;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::OperatorDegraded,
        title: "The Tigera operator is Degraded and applies no changes",
        means: "The operator cannot do what Installation asks for. TigeraStatus gives the reason. Until that is fixed the operator \
                neither creates nor updates calico-node. A new cluster has no calico-node at all. In an existing cluster, changes and \
                upgrades have no effect.",
        detected: "TigeraStatus calico or ippools has the condition Degraded=True, for another reason than failing calico-node pods.",
        confirm: "kubectl get tigerastatus\n\
                  kubectl describe tigerastatus calico\n\
                  kubectl logs -n tigera-operator deployment/tigera-operator",
        fix: &[
            "TigeraStatus names the reason:",
            "- IPPool is not within the platform's pod network CIDR: make ipPools[].cidr in Installation match the cluster's pod \
             network.",
            "- More than one autodetection method: keep one, and set the others to null.",
            "- CRDs or API resources not found: apply the CRDs of the operator's release.",
            "- Another reason: read the operator's log.",
        ],
        restarts: "The operator then applies what Installation says. If that differs from what runs, calico-node restarts on every \
                   node, usually one at a time.",
    },
    run,
};

/// Statuses of controllers that calico-node depends on (operator, pkg/controller: installation and ippool).
const WATCHED: [&str; 2] = ["calico", "ippools"];

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    let statuses = view.snapshot.resources.tigera_statuses.seen().into_iter().flatten();
    let watched = statuses.filter(|status| WATCHED.contains(&status.metadata.name.as_str()));
    // a table and a description of the same status: the one that says more
    let mut by_name: BTreeMap<&str, Finding> = BTreeMap::new();
    for (status, finding) in watched.filter_map(|status| Some((status, finding(view, status)?))) {
        let name = status.metadata.name.as_str();
        if by_name.get(name).is_none_or(|known| known.message.len() < finding.message.len()) {
            by_name.insert(name, finding);
        }
    }
    by_name.into_values().collect()
}

fn finding(view: &Context, status: &Custom) -> Option<Finding> {
    const MAX_TEXT: usize = 300;
    let conditions = status.status.get("conditions")?.as_array()?;
    let text = |condition: &Value, field: &str| condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let degraded = conditions.iter().find(|one| text(one, "type") == "Degraded" && text(one, "status") == "True")?;
    let (reason, says) = (clean(&text(degraded, "reason"), 100), clean(&text(degraded, "message"), MAX_TEXT));
    // its pods have findings of their own
    if reason == "PodFailure" && says.contains(CALICO_NODE) {
        return None;
    }
    let name = &status.metadata.name;
    let why =
        [&says, &reason].into_iter().find(|text| !text.is_empty()).map(|text| format!(": {}", text.trim_end_matches([' ', '.', ':'])));
    let runs_none = view.shows_no_calico_node();
    let effect = match (runs_none, &view.snapshot.daemon_set) {
        (true, Observed::Absent) => "it creates no calico-node",
        // what was not pasted may be there
        (true, _) => "it may not create calico-node",
        (false, _) => "it applies no change to calico-node",
    };
    let message = format!("the Tigera operator is Degraded, so {effect}{}", why.unwrap_or_default());
    let told =
        [format!("{name}: Degraded is True"), reason, says].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    let severity = if runs_none { Severity::Error } else { Severity::Warning };
    let evidence = vec![Evidence { source: Source::TigeraStatus, node: None, text: told }];
    Some(Finding { code: Code::OperatorDegraded, severity, nodes: Vec::new(), message, evidence, fix: None })
}
