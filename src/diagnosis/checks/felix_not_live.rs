use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::evidence;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity};
use crate::model::{NodeModel, phrases};
use crate::snapshot::inspection::LogEventKind;
use crate::startup::container_run::is_kill;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::FelixNotLive,
        title: "Felix's watchdog reports that a part of Felix hangs",
        means: "Each part of Felix must report within a fixed time. The dataplane loop has 90s, or 20s in older releases. If one part \
                is late, Felix answers its liveness probe with 503, and the kubelet restarts calico-node long after its start. The \
                loop is slow if there are very many rules, a slow disk or kernel, or too little CPU. A larger startup limit does not \
                help.",
        detected: "The log says \"Report timed out\" or \"Reporter is not live: timed out\", on a node that is not Ready or that its \
                   probe killed. Without logs: the liveness event says \"liveness probe reporting 503\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node --previous | grep -iE 'timed out|not live'",
        fix: &[
            "Find what slows Felix down: CPU requests and limits, the number of policies and endpoints on the node, a rewrite of all \
             rules after each restart.",
            "Until then, give it more time in FelixConfiguration: dataplaneWatchdogTimeout, or from 3.26 healthTimeoutOverrides for \
             InternalDataplaneMainLoop.",
            "In a large cluster, put Typha between Felix and the API server.",
        ],
        restarts: "FelixConfiguration restarts Felix on every node at about the same time. CPU requests and limits restart \
                   calico-node on every node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let suffers = |node: &&NodeModel| node.ready() != Some(true) || node.times(is_kill) > 0;
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter(suffers).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let logged = evidence::of_mark(node, LogEventKind::FelixTimedOut).filter(|_| !node.misses_only_peers());
    let said =
        node.events.iter().rev().find(|told| told.is_felix_503()).and_then(|told| evidence::of_event(node, |fact| *fact == told.kind));
    if view.is_starting(node) || (logged.is_none() && said.is_none()) {
        return None;
    }
    let mut shown: Vec<_> = said.into_iter().chain(logged).collect();
    shown.extend(evidence::of_event(node, is_kill));
    shown.extend(phrases::restarts(node));
    shown.extend(evidence::of_mark(node, LogEventKind::UsageReportFailed));
    let tight = view.install.cpu_tightness();
    shown.extend(view.install.cpu_evidence());
    let cpu = tight.map(|tight| format!("; it may be too slow because {tight}")).unwrap_or_default();
    let killed = if node.times(is_kill) > 0 { ", and its probe kills it" } else { "" };
    Some(Finding {
        code: Code::FelixNotLive,
        severity: if node.ready() == Some(true) { Severity::Warning } else { Severity::Error },
        nodes: vec![node.name.to_owned()],
        message: format!("Felix on {} reports that it is not live: a part of it hangs or is too slow{killed}{cpu}", node.name),
        evidence: shown,
        fix: None,
    })
}
