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
        means: "calico-node is configured to use Typha, but the API server knows no endpoints with that name. The name is in \
                FELIX_TYPHAK8SSERVICENAME, from typha_service_name in the ConfigMap calico-config. Felix and confd exit and restart. \
                They attempted no connection, so a firewall or a probe is not the cause.",
        detected: "The log after the start says that the endpoints of Typha's Service are \"not found\".",
        confirm: "kubectl get service,endpoints -n NAMESPACE | grep -i typha\n\
                  kubectl get daemonset calico-node -n NAMESPACE -o yaml | grep -A8 TYPHAK8SSERVICENAME",
        fix: &[
            "Do one of these:",
            "- Create Typha's Service and Deployment with that name.",
            "- Correct the name.",
            "- Run without Typha: set typha_service_name: \"none\" in the ConfigMap calico-config. Then restart calico-node:",
            "  kubectl rollout restart daemonset/calico-node -n NAMESPACE",
        ],
        restarts: "A new Service restarts nothing: calico-node connects automatically. The other two restart calico-node on every \
                   node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::after_start(view, found, Code::TyphaNotFound)
}
