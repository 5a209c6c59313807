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
        means: "confd makes BIRD's configuration out of BGPConfiguration, BGPPeer, BGPFilter and Node resources. BIRD cannot read the result: a \
                route reflector's client in another AS, an unknown symbol, a broken filter. BIRD does not start, or goes on with the old \
                configuration, so changes have no effect.",
        detected: "The log after the start has BIRD's own error about /etc/calico/confd/config/, or confd's \"Error from checkcmd\", and \
                   BIRD has not said \"Reconfigured\" since. A file that does not exist yet is ignored.",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -E 'bird6?: /etc|checkcmd'\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- cat /etc/calico/confd/config/bird.cfg",
        fix: "Correct the resource that the line comes from. \"Only internal neighbor can be RR client\": a BGPPeer of a route reflector \
              (routeReflectorClusterID) has another AS number than the reflector; give both the same one. A filter: the BGPFilter of that name.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if view.install.runs_bird() == Some(false) {
        return Vec::new();
    }
    log_line_finding::after_start(view, found, Code::BgpConfigurationRefused)
}
