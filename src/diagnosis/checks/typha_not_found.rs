use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::TyphaNotFound,
        title: "Typha's Service does not exist",
        means: "calico-node is configured to use Typha (FELIX_TYPHAK8SSERVICENAME, in the ConfigMap calico-config typha_service_name), \
                but the API server knows no endpoints of that name. Felix and confd exit and restart. No connection was attempted, so a \
                firewall or a probe is not the cause.",
        detected: "The log after the start says that the endpoints of Typha's Service are \"not found\".",
        confirm: "kubectl get service,endpoints -n NAMESPACE | grep -i typha\n\
                  kubectl get daemonset calico-node -n NAMESPACE -o yaml | grep -A8 TYPHAK8SSERVICENAME",
        fix: "Create Typha's Service and Deployment under that name, correct the name, or do without Typha: typha_service_name: \"none\" in the \
              ConfigMap calico-config, then restart calico-node.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::after_start(view, found, Code::TyphaNotFound)
}
