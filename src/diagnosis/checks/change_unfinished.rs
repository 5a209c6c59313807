use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::unfinished_change::{Advice, ChangeState, UNDO, UnfinishedChange, unfinished_change};
use crate::edit::undo_record::{ANNOTATION, RolloutPhase, UndoRecord};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::phrases;
use crate::snapshot::objects::Meta;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ChangeUnfinished,
        title: "A change by this plugin is unfinished",
        means: "kubectl calico-fix began a change, and its process ended before the change was finished. One node may run with the \
                new settings, while the update strategy OnDelete keeps the other nodes on the old ones. Or a rollout continues that \
                nobody watches. If the change is still in progress elsewhere, the finding says so.",
        detected: "The annotation kubectl-calico-fix/undo on the DaemonSet or on Installation. Each change records there what it \
                   replaces, how far it got and when it last wrote, by the API server's clock. If the annotation was removed, the \
                   machine that made the change still has a copy.",
        confirm: "kubectl get daemonset calico-node -n NAMESPACE -o jsonpath='{.metadata.annotations.kubectl-calico-fix/undo}'",
        fix: &[
            "While the change is still in progress elsewhere, wait. Otherwise finish it. This changes the remaining nodes, verifies \
             all of them and closes the record:",
            "  kubectl calico-fix apply --resume",
            "Or roll it back, for example if a node with the new settings has errors. This restores the old settings and the update \
             strategy:",
            "  kubectl calico-fix undo",
        ],
        restarts: "apply --resume restarts calico-node on the nodes that still have the old settings. undo restarts it on the nodes \
                   that have the new ones.",
    },
    run,
};

fn run(view: &Context, earlier: &EarlierFindings) -> Vec<Finding> {
    let open = unfinished_change(view, view.ended_changes(), &|node| earlier.has_error(node));
    open.iter().map(unfinished).chain(unreadable(view)).collect()
}

fn unfinished(change: &UnfinishedChange) -> Finding {
    let UnfinishedChange { target, record, state, is_copy } = change;
    let source = if target.is_installation() { Source::Installation } else { Source::DaemonSet };
    let nodes = match state {
        ChangeState::Failed { nodes } => nodes.clone(),
        _ if record.phase == RolloutPhase::Canary => record.canary.clone().into_iter().collect(),
        _ => Vec::new(),
    };
    let Advice { command, effect } = change.advice();
    let known = if *is_copy { "copy of the record on this machine" } else { ANNOTATION };
    let text = format!("{known}: {} {}, sets {}", record.command, record.id, record.set);
    Finding {
        code: Code::ChangeUnfinished,
        severity: Severity::Warning,
        nodes,
        message: phrases::sentence(change.describe()),
        evidence: vec![Evidence { source, node: None, text }],
        fix: Some(Fix::next_step(command.to_owned(), &effect)),
    }
}

/// A record that cannot be read is not taken for none.
fn unreadable(view: &Context) -> Vec<Finding> {
    let daemon_set = view.install.daemon_set.map(|set| (view.install.name(), &set.metadata, Source::DaemonSet));
    let installations = view.snapshot.resources.installations.seen().into_iter().flatten();
    let installations = installations.map(|one| (format!("installation/{}", one.metadata.name), &one.metadata, Source::Installation));
    let finding = |(name, meta, source): (String, &Meta, Source)| {
        let text = meta.annotations.get(ANNOTATION)?;
        let unreadable = UndoRecord::parse(text).err()?;
        Some(Finding {
            code: Code::ChangeUnfinished,
            severity: Severity::Warning,
            nodes: Vec::new(),
            message: phrases::sentence(format!("a change of {name} was recorded, but {unreadable}")),
            evidence: vec![Evidence { source, node: None, text: text.clone() }],
            fix: Some(Fix::next_step(
                UNDO.to_owned(),
                "Restores the settings from before the change, by the copy on the machine that made it",
            )),
        })
    };
    daemon_set.into_iter().chain(installations).filter_map(finding).collect()
}
