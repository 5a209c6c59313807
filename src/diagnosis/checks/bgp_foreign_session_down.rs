use crate::calico::session::has_calico_name;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ForeignBgpSessionDown,
        title: "A BGP session that is not Calico's is not established",
        means: "BIRD on this node has a BGP session with a name that Calico does not use. Somebody changed BIRD's templates. The \
                purpose of the session is unknown.",
        detected: "`show protocols` lists a BGP session whose name does not begin with Mesh_, Node_, Global_ or Local_Workload_.",
        confirm: "kubectl exec -n NAMESPACE POD -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols all NAME",
        fix: &["Ask the person who changed the templates. They are in a ConfigMap that is mounted below /etc/calico/confd/templates. \
             Calico itself does not need the session."],
        restarts: "Nothing.",
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !view.is_settling(node)).filter_map(finding).collect()
}

fn finding(node: &NodeModel) -> Option<Finding> {
    let foreign = Family::ALL.into_iter().filter_map(|family| node.bgp(family).seen()).flat_map(|sessions| &sessions.foreign);
    let down: Vec<_> = foreign.filter(|foreign| !foreign.is_established && !has_calico_name(&foreign.protocol.name)).collect();
    if down.is_empty() {
        return None;
    }
    let names: Vec<String> = down.iter().map(|foreign| foreign.protocol.name.clone()).collect();
    let (noun, verb) = if names.len() == 1 { ("session", "is") } else { ("sessions", "are") };
    let message =
        format!("BGP {noun} {} on {}, not configured by Calico, {verb} not established", phrases::items(&names, "session"), node.name);
    let evidence = down.iter().map(|foreign| node.evidence(Source::Birdcl, foreign.row())).collect();
    let nodes = vec![node.name.to_owned()];
    Some(Finding { code: Code::ForeignBgpSessionDown, severity: Severity::Warning, nodes, message, evidence, fix: None })
}
