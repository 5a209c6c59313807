use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation, GIVE_TIME};
use crate::diagnosis::{evidence, fixes, unfinished_start};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::inspection::LogEventKind;
use crate::startup::measure::{BudgetStatus, Measurement};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::StartNearBudget,
        title: "calico-node starts just before its probe would kill it",
        means: "calico-node started, but it used most of the time that its probes allow. With more nodes or a longer round trip to \
                the datastore, the start takes longer. Then the kubelet kills calico-node before it has started, and this repeats.",
        detected: "The measured start took more than 80% of the time that the startup probe allows. Without a startup probe, the \
                   liveness probe counts.",
        confirm: "kubectl calico-fix probes --node NODE\n\
                  kubectl logs -n NAMESPACE POD -c calico-node --timestamps | grep -n 'started successfully'",
        fix: &[GIVE_TIME],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    [near_budget(view, found), unfinished_start::findings(view, found)].concat()
}

fn near_budget(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let measured = view.nodes.iter().zip(view.measured());
    let tight: Vec<(&NodeModel, &Measurement)> =
        measured.filter(|(node, measured)| !found.is_explained(node.name) && measured.budget_status() == BudgetStatus::Tight).collect();
    let close: Vec<(&NodeModel, f64, u64)> =
        tight.iter().filter_map(|(node, measured)| Some((*node, measured.start?.seconds, measured.budget()?.as_secs()))).collect();
    let Some((slowest, seconds, allowed)) = close.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied() else { return Vec::new() };
    let names: Vec<String> = close.iter().map(|(node, ..)| node.name.to_owned()).collect();
    let message = format!(
        "calico-node on {} starts close to its startup limit: {} took {seconds:.0}s of {allowed}s",
        phrases::list(&names),
        slowest.name
    );
    let said = |(node, seconds, allowed): &(&NodeModel, f64, u64)| {
        let mark = evidence::of_mark(node, LogEventKind::Started).map(|mark| mark.text).unwrap_or_default();
        node.evidence(Source::Log, format!("{mark} after {seconds:.0}s of {allowed}s"))
    };
    let evidence = close.iter().map(said).collect();
    let fix = fixes::start_budget(view, &tight.into_iter().map(|(_, measured)| measured.clone()).collect::<Vec<_>>());
    vec![Finding { code: Code::StartNearBudget, severity: Severity::Warning, nodes: names, message, evidence, fix }]
}
