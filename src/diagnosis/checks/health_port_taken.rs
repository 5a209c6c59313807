use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::HealthPortTaken,
        title: "Another program on the node holds the port of Felix's health endpoint",
        means: "Felix answers its probes on localhost, port 9099 (FELIX_HEALTHPORT). Another program on the node already uses that \
                port, so Felix cannot open it. Every probe fails, and the kubelet restarts calico-node again and again. More time to \
                start does not help.",
        detected: "The log of a node that is not Ready says \"Health endpoint failed\" with \"address already in use\".",
        confirm: "On the node: ss -ltnp | grep 9099",
        fix: &[
            "Stop the other program, or give Felix another port:",
            "  kubectl set env daemonset/calico-node -n NAMESPACE -c calico-node FELIX_HEALTHPORT=PORT",
            "Exec probes use the new port automatically. In an httpGet probe the port must be changed too.",
            "Under the tigera-operator, set healthPort in FelixConfiguration instead.",
        ],
        restarts: "Stopping the other program restarts nothing else. Another port restarts calico-node on every node, usually one at \
                   a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::finding(view, found, Code::HealthPortTaken, LogEventKind::HealthPortTaken, |nodes, _| {
        let port = view.install.environment().and_then(|environment| environment.health().port).unwrap_or(9099);
        format!("Felix on {nodes} cannot open its health endpoint: another program holds port {port}, so every probe fails")
    })
}
