use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::phrases;
use crate::permissions::command::Verb;
use crate::snapshot::objects::Meta;

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ChangeUnfinished,
        title: "A change by this plugin is unfinished",
        means: "kubectl calico-fix began to change Calico and was ended in the middle: its process was killed, or it stopped. One node may run \
                with the new settings while the update strategy OnDelete keeps the others as they are, or a rollout goes on that nobody watches.",
        detected: "The annotation kubectl-calico-fix/undo on the DaemonSet or the Installation, in which a change writes down what it replaces, \
                   and how far it has come.",
        confirm: "kubectl get daemonset calico-node -n NAMESPACE -o jsonpath='{.metadata.annotations.kubectl-calico-fix/undo}'",
        fix: "kubectl calico-fix undo puts the old values and the old strategy back; then make the change again. Another kubectl calico-fix \
              that is at work right now looks the same: let it end.",
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    let daemon_set = view.install.daemon_set.map(|set| (view.install.name(), &set.metadata, Source::DaemonSet));
    let installations = view.snapshot.resources.installations.seen().into_iter().flatten();
    let installations = installations.map(|one| (format!("installation/{}", one.metadata.name), &one.metadata, Source::Installation));
    daemon_set.into_iter().chain(installations).filter_map(|(name, meta, source)| finding(&name, meta, source)).collect()
}

fn finding(name: &str, meta: &Meta, source: Source) -> Option<Finding> {
    let text = meta.annotations.get(ANNOTATION)?;
    let (message, nodes, told) = match UndoRecord::parse(text) {
        Err(unreadable) => (format!("a change of {name} was written down, but {unreadable}"), Vec::new(), text.clone()),
        Ok(record) if record.is_finished() || record.command == Verb::DebugLog.name() => return None,
        Ok(record) => {
            let how = match (record.phase, &record.canary) {
                (RolloutPhase::Canary, Some(node)) => format!("it was being tried on {node}"),
                (RolloutPhase::Canary, None) => "it was being tried on one node".to_owned(),
                (RolloutPhase::Rolling, _) => "it was being rolled out".to_owned(),
                (RolloutPhase::Restoring, _) => "it was being rolled back".to_owned(),
                (RolloutPhase::Done, _) => return None,
            };
            let held = if record.strategy.is_some() && record.phase == RolloutPhase::Canary {
                "; the strategy OnDelete holds the other nodes back"
            } else {
                ""
            };
            let message = format!("a change by {} of {name} is not finished: {how} at {}{held}", record.command, record.at);
            let told = format!("{ANNOTATION}: {} {}, sets {}", record.command, record.id, record.set);
            (message, record.canary.into_iter().collect(), told)
        }
    };
    let fix =
        Fix::next_step("kubectl calico-fix undo".to_owned(), "Restores the settings from before the change, the update strategy included");
    Some(Finding {
        code: Code::ChangeUnfinished,
        severity: Severity::Warning,
        nodes,
        message: phrases::sentence(message),
        evidence: vec![Evidence { source, node: None, text: told }],
        fix: Some(fix),
    })
}
