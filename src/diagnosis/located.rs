//! Where evidence out of pasted texts stands: file and line.

use crate::finding::{Evidence, Finding, Source};
use crate::input_source::InputSource;
use crate::snapshot::Snapshot;

/// Formats that a source of evidence can come from, by the beginning of their names.
fn formats(source: Source) -> &'static [&'static str] {
    match source {
        Source::Annotation | Source::Node => &["kubectl describe node", "kubectl get nodes", "calicoctl get nodes"],
        Source::DaemonSet => &["kubectl describe daemonset"],
        Source::Pod => &["kubectl describe pod", "kubectl get pods", "journalctl -u kubelet"],
        Source::Event => {
            &["kubectl describe pod", "kubectl get events", "events of kubectl describe pod", "a probe's message", "journalctl -u kubelet"]
        }
        Source::Birdcl => &["birdcl", "calicoctl node status"],
        Source::Interfaces => &["ip addr", "ifconfig"],
        Source::Log => &["kubectl logs"],
        Source::Installation | Source::TigeraStatus | Source::ClusterInformation | Source::CalicoNodeStatus => &[],
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
        let fitting: Vec<&InputSource> = sources.iter().filter(fits).collect();
        let words = words(evidence);
        let exact = fitting.iter().find_map(|source| Some((source, words.iter().find_map(|word| source.block.line_with(word))?)));
        if let Some((source, line)) = exact {
            evidence.text = format!("{} [{}:{line}]", evidence.text, source.file);
        } else if let Some(source) = fitting.iter().max_by_key(|source| source.node.is_some()) {
            evidence.text = format!("{} [{}]", evidence.text, source.place());
        }
    }
}

/// What a line must hold that this evidence can come from, the most telling first.
fn words(evidence: &Evidence) -> Vec<String> {
    /// Longer lines may have been cut or masked.
    const ENOUGH: usize = 80;
    let text = evidence.text.as_str();
    let cut = |text: &str| text.chars().take(ENOUGH).collect::<String>();
    let first_word = || text.split_whitespace().next().unwrap_or_default();
    match evidence.source {
        Source::Log => {
            let after = ["last known line: ", "last log line: ", "slow link: "].into_iter().find_map(|lead| text.split_once(lead));
            let said = after.map_or(text, |(_, said)| said);
            // the container's name stands before what an init container says
            let behind_name = said.split_once(": ").map(|(_, rest)| cut(rest));
            std::iter::once(cut(said)).chain(behind_name).collect()
        }
        Source::Event => vec![cut(text.rsplit_once(" (").map_or(text, |(said, _)| said).lines().next().unwrap_or_default())],
        Source::Birdcl => {
            let name = first_word();
            let address = name.split_once('_').map(|(_, address)| address).unwrap_or_default();
            vec![name.to_owned(), address.replace('_', "."), address.replace('_', ":")]
        }
        Source::Interfaces => text.split_whitespace().filter(|word| word.contains(['/', '-', '.'])).map(str::to_owned).rev().collect(),
        Source::Pod => vec![first_word().trim_end_matches(':').to_owned(), "Restart Count:".to_owned()],
        Source::Annotation => {
            text.split_whitespace().filter(|word| word.contains('.') && word.contains('/')).map(str::to_owned).rev().collect()
        }
        Source::Node => vec![cut(text.rsplit(": ").next().unwrap_or(text))],
        Source::DaemonSet | Source::Installation | Source::TigeraStatus | Source::ClusterInformation | Source::CalicoNodeStatus => {
            Vec::new()
        }
    }
    .into_iter()
    .filter(|word| word.len() > 3)
    .collect()
}
