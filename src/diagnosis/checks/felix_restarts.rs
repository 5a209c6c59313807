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
        means: "Felix exits and restarts again and again, while the container keeps running. Causes: two writers change \
                FelixConfiguration in turn (an operator, a GitOps tool, calicoctl), kube-proxy's mode seems to change, or a part of Felix \
                fails. Felix is not slow and does not hang; more time for probes does not help.",
        detected: "The log after the start says \"Felix is shutting down\" at least three times, less than two minutes apart, and not because \
                   the pod was asked to end.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -E 'Felix is shutting down|Restart felix'\n\
                  kubectl get felixconfigurations -o yaml --show-managed-fields",
        fix: "config changed: find who writes FelixConfiguration (managedFields name the writers) and let one of them win. kube-proxy's \
              mode: make sure that kube-ipvs0 does not come and go, or set nftablesMode. Another reason: the lines before \"Felix is \
              shutting down\".",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::after_start(view, found, Code::FelixRestarts)
}
