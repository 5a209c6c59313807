use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::code::Code;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::report::{Finding, Severity};
use crate::diagnosis::view::View;
use crate::diagnosis::{evidence, wording};
use crate::snapshot::inside::MarkKind;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::TyphaUnreachable,
        title: "Felix cannot connect to Typha",
        means: "Typha hands the datastore's news to every calico-node. Without it Felix does not become ready and, in older releases, ends \
                the process. Probes with more patience change nothing.",
        detected: "The log of a node that is not Ready says \"Failed to connect to Typha\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -i typha\nkubectl get pods -A -l k8s-app=calico-typha -o wide",
        fix: "Open TCP 5473 from the node to the nodes that run Typha (security groups, host firewalls), and see that the \
              calico-typha pods run and their certificates are valid.",
    },
    run,
};

fn run(view: &View, found: &Found) -> Vec<Finding> {
    let nodes: Vec<_> = view
        .nodes
        .iter()
        .filter(|node| !found.is_culprit(node.name) && node.ready() != Some(true) && !node.misses_only_peers() && !view.is_starting(node))
        .filter(|node| node.mark(MarkKind::TyphaFailed).is_some())
        .collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let message = format!("Felix on {} cannot connect to Typha", wording::list(&names));
    let evidence = nodes.iter().filter_map(|node| evidence::of_mark(node, MarkKind::TyphaFailed)).collect();
    vec![Finding { code: Code::TyphaUnreachable, severity: Severity::Error, nodes: names, message, evidence, fix: None }]
}
