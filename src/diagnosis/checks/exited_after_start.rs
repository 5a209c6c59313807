use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{ClusterModel, NodeModel, phrases};
use crate::snapshot::inspection::{LogEvent, LogEventKind};

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ExitedAfterStart,
        title: "A part of calico-node ends by itself after the start",
        means: "Start-up succeeded; then Felix, confd or another part met something it cannot go on with and ended: the kernel's rp_filter is \
                loose (old releases), a configuration that cannot be read, a missing kernel module. It is started again and ends again. \
                Probes have nothing to do with it.",
        detected: "The log of a node that is not Ready has a FATAL or panic line after \"Calico node started successfully\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node --previous | grep -E 'FATAL|PANIC|panic:'",
        fix: "Mend what the line names. Loose rp_filter: sysctl net.ipv4.conf.all.rp_filter=1 on the node, or a newer release, which no \
              longer asks.",
    },
    run,
};

fn run(view: &ClusterModel, found: &EarlierFindings) -> Vec<Finding> {
    let suffers = |node: &&NodeModel| {
        !found.is_explained(node.name) && node.ready() != Some(true) && !node.misses_only_peers() && !view.is_starting(node)
    };
    view.nodes.iter().filter(suffers).filter_map(finding).collect()
}

fn finding(node: &NodeModel) -> Option<Finding> {
    let fatal = node.attempts().find_map(|log| last_words(&log.marks))?;
    let mut evidence = vec![node.evidence(Source::Log, fatal.text.clone())];
    evidence.extend(phrases::restarts(node));
    let why = if fatal.text.contains("RPF check") { "the kernel's rp_filter is loose" } else { fatal.text.as_str() };
    Some(Finding {
        code: Code::ExitedAfterStart,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message: format!("calico-node on {} had started, and a part of it ends by itself: {why}", node.name),
        evidence,
        fix: None,
    })
}

fn last_words(marks: &[LogEvent]) -> Option<&LogEvent> {
    let started = marks.iter().position(|mark| mark.kind == LogEventKind::Started)?;
    marks[started..].iter().rfind(|mark| mark.kind == LogEventKind::Fatal)
}
