use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::BgpConfigurationRefused,
        title: "BIRD refuses the configuration that confd writes",
        means: "confd writes BIRD's configuration from the resources BGPConfiguration, BGPPeer, BGPFilter and Node. BIRD cannot use \
                the result. It does not start, or it keeps the old configuration, so changes have no effect. Common causes: a route \
                reflector's client in another AS, an unknown symbol, a broken filter.",
        detected: "The log after the start has BIRD's error about /etc/calico/confd/config/, or confd's \"Error from checkcmd\". BIRD \
                   has not logged \"Reconfigured\" since. A file that does not exist yet is ignored.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -E 'bird6?: /etc|checkcmd'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- cat /etc/calico/confd/config/bird.cfg",
        fix: &[
            "BIRD's error names a line of the file. Correct the resource that this line comes from:",
            "- \"Only internal neighbor can be RR client\": a BGPPeer of a route reflector (routeReflectorClusterID) has another AS \
             number than the reflector. Give both the same number.",
            "- A filter: correct the BGPFilter with that name.",
        ],
        restarts: "Nothing. confd writes the file again, and BIRD reads it automatically.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    log_line_finding::after_start(view, found, Code::BgpConfigurationRefused)
}
