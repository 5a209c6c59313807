use crate::calico::log_level::{DEBUG, IGNORE, LEVEL};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::fixes;
use crate::diagnosis::unfinished_change::open_debug_log;
use crate::edit::undo_record::ANNOTATION;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::phrases;
use crate::snapshot::objects::Container;
use crate::text::{self, shell};

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::DebugLeftOn,
        title: "calico-node still logs its start at DEBUG",
        means: "CALICO_STARTUP_LOGLEVEL is DEBUG. There are two possible reasons:\n\
                - kubectl calico-fix debug-log was interrupted. One node logs at DEBUG. The update strategy OnDelete keeps every \
                change from the other nodes.\n\
                - Somebody set it by hand. Then every node logs its interfaces once a minute, and secrets can get into the log.",
        detected: "The variable is set in the DaemonSet or in a running pod. The annotation kubectl-calico-fix/undo shows whether a \
                   debug-log was interrupted.",
        confirm: "kubectl get daemonset calico-node -n NAMESPACE -o jsonpath='{.metadata.annotations.kubectl-calico-fix/undo}'\n\
                  kubectl set env daemonset/calico-node -n NAMESPACE --list | grep CALICO_STARTUP_LOGLEVEL",
        fix: &[
            "A debug-log that is still running looks the same: then wait until it ends. After an interrupted debug-log:",
            "  kubectl calico-fix debug-log --restore",
            "After a change by hand:",
            "  kubectl set env daemonset/calico-node -n NAMESPACE CALICO_STARTUP_LOGLEVEL-",
        ],
        restarts: "debug-log --restore restarts calico-node on the node that logs at DEBUG. kubectl set env restarts it on every \
                   node, usually one at a time.",
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    finding(view).into_iter().collect()
}

fn finding(view: &Context) -> Option<Finding> {
    let set = view.install.daemon_set?;
    let name = view.install.name();
    let open = open_debug_log(view);
    let raised = set.spec.template.spec.calico_node().is_some_and(is_raised);
    let nodes: Vec<String> = view
        .nodes
        .iter()
        .filter(|node| node.pod.is_some_and(|pod| pod.spec.calico_node().is_some_and(is_raised)))
        .map(|node| node.name.to_owned())
        .collect();
    let mut evidence = Vec::new();
    if raised {
        evidence.push(Evidence { source: Source::DaemonSet, node: None, text: format!("{name}: {LEVEL}={DEBUG}") });
    }
    let (message, nodes, fix) = match &open {
        Some(record) => {
            let text = format!("{ANNOTATION}: {} {} of {}", record.command, record.id, record.at);
            evidence.push(Evidence { source: Source::DaemonSet, node: None, text });
            let held = if set.spec.update_strategy.r#type == "OnDelete" && record.strategy.is_some() {
                ", and the strategy OnDelete keeps every change from the other nodes"
            } else {
                ""
            };
            let on = if nodes.is_empty() { String::new() } else { format!(" on {}", text::list(&nodes, 5)) };
            let message = format!("a debug-log of {} ended before it restored {name}. calico-node logs at DEBUG{on}{held}", record.at);
            let why = "Restores log level and update strategy, and restarts calico-node where it logs at DEBUG";
            (message, nodes, Some(Fix::next_step("kubectl calico-fix debug-log --restore".to_owned(), why)))
        }
        None if raised => {
            let message = format!(
                "{LEVEL} is {DEBUG} in {name}: calico-node logs each step of its start, and once a minute each step of its address detection"
            );
            (message, Vec::new(), by_hand(view))
        }
        None => return None,
    };
    Some(Finding { code: Code::DebugLeftOn, severity: Severity::Warning, nodes, message: phrases::sentence(message), evidence, fix })
}

/// The operator itself reverts an edit once it is allowed to.
fn by_hand(view: &Context) -> Option<Fix> {
    let set = view.install.daemon_set?;
    let (target, namespace) = (view.install.command_target()?, shell::namespace(view.install.namespace()?)?);
    let (ignore, level) = (format!("{IGNORE}-"), format!("{LEVEL}-"));
    let (words, why) = match (view.install.is_operator(), set.metadata.annotations.contains_key(IGNORE)) {
        (true, true) => (
            vec!["kubectl", "annotate", "daemonset", shell::object_name(&set.metadata.name)?, "-n", namespace, &ignore],
            "The operator then restores its own template".to_owned(),
        ),
        (true, false) => return None,
        (false, _) => (
            vec!["kubectl", "set", "env", &target, "-n", namespace, &level],
            format!("Restores the default log level. Restarts {}", fixes::restarts(view)),
        ),
    };
    Some(Fix::next_step(shell::command(&words)?, why))
}

fn is_raised(container: &Container) -> bool {
    let level = container.env.iter().rfind(|variable| variable.name == LEVEL).and_then(|variable| variable.value.as_deref());
    level.is_some_and(|level| level.eq_ignore_ascii_case(DEBUG))
}
