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
        means: "Felix listens for its probes on FELIX_HEALTHHOST, `localhost` by default. Where the node's /etc/hosts has no localhost, or \
                a wrong one, the name leads nowhere or to an address that the node does not have. Then the endpoint never opens and \
                every probe fails.",
        detected: "The log of a node that is not Ready says \"Health endpoint failed\" for another reason than a port that is taken: \
                   \"lookup localhost\", \"cannot assign requested address\".",
        confirm: "On the node: getent hosts localhost; grep localhost /etc/hosts",
        fix: "Put `127.0.0.1 localhost` into the node's /etc/hosts, or set FELIX_HEALTHHOST=127.0.0.1 in calico-node's environment.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::finding(view, found, Code::HealthAddressMissing, LogEventKind::HealthEndpointFailed, |nodes, _| {
        let host = view.install.environment().and_then(|environment| environment.health().host).unwrap_or_else(|| "localhost".to_owned());
        format!("Felix on {nodes} cannot open its health endpoint at {host}, so every probe fails")
    })
}
