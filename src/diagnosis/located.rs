//! Where evidence out of pasted texts stands: file and line.

use crate::finding::{Finding, Source};
use crate::input_source::InputSource;
use crate::snapshot::Snapshot;

/// Formats that a source of evidence can come from, by the beginning of their names.
fn formats(source: Source) -> &'static [&'static str] {
    match source {
        Source::Annotation | Source::Node => &["kubectl describe node", "kubectl get nodes", "calicoctl get nodes"],
        Source::DaemonSet => &["kubectl describe daemonset"],
        Source::Pod => &["kubectl describe pod", "kubectl get pods"],
        Source::Event => &["kubectl describe pod", "kubectl get events"],
        Source::Birdcl => &["birdcl", "calicoctl node status"],
        Source::Interfaces => &["ip addr", "ifconfig"],
        Source::Log => &["kubectl logs"],
        Source::Installation | Source::TigeraStatus | Source::CalicoNodeStatus => &[],
    }
}

/// Out of pasted texts that show a part of the cluster no change of all nodes is proposed: the preview looks at each of them first.
pub(super) fn preview_first(finding: &mut Finding, snapshot: &Snapshot) {
    let pasted = snapshot.sources.iter().any(|source| source.line.is_some());
    let desired = snapshot.daemon_set.seen().map(|set| set.status.desired_number_scheduled);
    let seen = snapshot.nodes.seen().map_or(0, Vec::len);
    let whole = desired.and_then(|desired| usize::try_from(desired).ok()).is_some_and(|desired| desired > 0 && seen >= desired);
    let Some(fix) = finding.fix.as_mut().filter(|_| pasted && !whole) else { return };
    if fix.by_hand.take().is_some() {
        // The method was chosen from a part of the nodes.
        let command = fix.command.split(" --method ").next().unwrap_or_default();
        fix.command = command.to_owned();
        fix.why = "The given files show part of the cluster. This checks every node, shows the change and asks".to_owned();
    } else if ["kubectl set ", "kubectl patch "].iter().any(|verb| fix.command.starts_with(verb)) {
        fix.command = "kubectl calico-fix status".to_owned();
        fix.why = "The given files show part of the cluster. Check every node before a change of all of them".to_owned();
    }
}

/// Adds the place to each piece of evidence whose text was read in a page of several.
pub(super) fn locate(finding: &mut Finding, sources: &[InputSource]) {
    if sources.iter().all(|source| source.line.is_none()) {
        return;
    }
    for evidence in &mut finding.evidence {
        let known = formats(evidence.source);
        let fits = |source: &&InputSource| {
            source.line.is_some()
                && known.iter().any(|format| source.format.starts_with(format))
                && (source.node.is_none() || source.node == evidence.node)
        };
        // a table of many nodes names none; a text of this very node counts before it
        let found = sources.iter().filter(fits).max_by_key(|source| source.node.is_some());
        if let Some(source) = found {
            evidence.text = format!("{} [{}]", evidence.text, source.place());
        }
    }
}
