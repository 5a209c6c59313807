use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::HealthAddressMissing,
        title: "Felix cannot open its health endpoint at the configured address",
        means: "Felix listens for its probes on FELIX_HEALTHHOST, which is localhost by default. On this node the name localhost is \
                missing or wrong in /etc/hosts. Or it leads to an address that the node does not have. So the endpoint never opens, \
                and every probe fails.",
        detected: "The log of a node that is not Ready says \"Health endpoint failed\" with \"lookup localhost\" or \"cannot assign \
                   requested address\". A port that is taken is another finding.",
        confirm: "On the node: getent hosts localhost\n\
                  On the node: grep localhost /etc/hosts",
        fix: &[
            "Add this line to /etc/hosts on the node:",
            "  127.0.0.1 localhost",
            "Or set the address in calico-node's environment:",
            "  kubectl set env daemonset/calico-node -n NAMESPACE -c calico-node FELIX_HEALTHHOST=127.0.0.1",
            "Under the tigera-operator, set healthHost in FelixConfiguration instead.",
        ],
        restarts: "A change of /etc/hosts restarts nothing. The variable restarts calico-node on every node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::finding(view, found, Code::HealthAddressMissing, LogEventKind::HealthEndpointFailed, |nodes, _| {
        let host = view.install.environment().and_then(|environment| environment.health().host).unwrap_or_else(|| "localhost".to_owned());
        format!("Felix on {nodes} cannot open its health endpoint at {host}, so every probe fails")
    })
}
