use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::FelixRestarts,
        title: "Felix restarts again and again inside a running calico-node",
        means: "Felix exits and restarts again and again, while the container keeps running. Felix is not slow and does not hang, so \
                more time for probes does not help. Common causes: two programs overwrite each other's FelixConfiguration (an \
                operator, a GitOps tool, calicoctl), kube-proxy's mode seems to change, or a part of Felix fails.",
        detected: "The log after the start says \"Felix is shutting down\" at least three times, less than two minutes apart. The pod \
                   was not asked to end.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -E 'Felix is shutting down|Restart felix'\n\
                  kubectl get felixconfigurations -o yaml --show-managed-fields",
        fix: &[
            "The log gives the reason next to \"Felix is shutting down\":",
            "- config changed: find the programs that write FelixConfiguration (managedFields names them). Let only one of them write \
             it.",
            "- kube-proxy's mode changed: make sure that the interface kube-ipvs0 does not appear and disappear, or set nftablesMode.",
            "- Another reason: read the lines before.",
        ],
        restarts: "Stopping a writer restarts nothing. nftablesMode restarts Felix on every node at about the same time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::after_start(view, found, Code::FelixRestarts)
}
