use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::unfinished_change::open_debug_log;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::phrases;
use crate::snapshot::objects::DaemonSet;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::RolloutUnfinished,
        title: "Some nodes still run calico-node without the last change",
        means: "The DaemonSet was changed, and some pods still have the old settings. So nodes differ. There are three possible \
                reasons: the rollout is still in progress, it waits for a pod that does not become Ready, or the update strategy \
                OnDelete replaces no pod automatically.",
        detected: "The status of the DaemonSet counts fewer updated pods than desired, or its controller has not seen the newest \
                   generation. Or pods have another controller-revision-hash than the newest ControllerRevision.",
        confirm: "kubectl rollout status daemonset/calico-node -n NAMESPACE --timeout=5s\n\
                  kubectl get pods -n NAMESPACE -l k8s-app=calico-node -L controller-revision-hash -o wide",
        fix: &[
            "- A pod does not become Ready: fix that pod. The other findings give the reason.",
            "- The strategy is OnDelete: delete the old pods one by one. Use: kubectl delete pod -n NAMESPACE POD",
            "- The change itself is wrong: roll it back. Use: kubectl rollout undo daemonset/calico-node -n NAMESPACE",
        ],
        restarts: "A deleted pod restarts calico-node on that node only. A rollback restarts it on the nodes that have the new \
                   settings.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    // Then it is that change's own, and undoing it ends it.
    if found.has(Code::ChangeUnfinished) || open_debug_log(view).is_some() {
        return Vec::new();
    }
    view.install.daemon_set.and_then(|daemon_set| finding(view, daemon_set)).into_iter().collect()
}

fn finding(view: &Context, daemon_set: &DaemonSet) -> Option<Finding> {
    let status = &daemon_set.status;
    let unseen = status.observed_generation.zip(daemon_set.metadata.generation).is_some_and(|(observed, wanted)| observed < wanted);
    // Pods that are missing altogether are not waiting for a rollout.
    let behind = status.current_number_scheduled.min(status.desired_number_scheduled) - status.updated_number_scheduled;
    if behind <= 0 && !unseen {
        return None;
    }
    let names = outdated(view);
    let on_delete = daemon_set.spec.update_strategy.r#type == "OnDelete";
    let progress = format!("{} of {} pods are up to date", status.updated_number_scheduled, status.desired_number_scheduled);
    let waits = match on_delete {
        true => "; the strategy is OnDelete, so the others stay until they are deleted",
        false => "",
    };
    let mut evidence = vec![Evidence { source: Source::DaemonSet, node: None, text: format!("{}: {progress}", view.install.name()) }];
    evidence.extend(names.iter().filter_map(|name| view.node(name)).filter_map(|node| {
        let pod = node.pod?;
        Some(node.evidence(Source::Pod, format!("{} has revision {}", pod.metadata.name, node.revision()?)))
    }));
    let message = match unseen && behind <= 0 {
        true => format!("the DaemonSet controller has not observed the latest change of {} yet", view.install.name()),
        false => format!("the rollout of {} is not finished: {progress}{waits}", view.install.name()),
    };
    let fix = if on_delete { None } else { command(view) };
    let nodes = if names.len() < view.nodes.len() { names } else { Vec::new() };
    Some(Finding { code: Code::RolloutUnfinished, severity: Severity::Warning, nodes, message: phrases::sentence(message), evidence, fix })
}

fn command(view: &Context) -> Option<Fix> {
    let target = view.install.command_target()?;
    let command = shell::command(&["kubectl", "rollout", "status", &target, "-n", shell::namespace(view.install.namespace()?)?])?;
    Some(Fix::next_step(command, "Shows what the rollout waits for. This changes nothing"))
}

/// Nodes whose pod is not of the newest revision; none where revisions could not be read.
fn outdated(view: &Context) -> Vec<String> {
    let Some(newest) = view.newest_revision() else { return Vec::new() };
    let outdated = view.nodes.iter().filter(|node| node.revision().is_some_and(|revision| revision != newest));
    outdated.map(|node| node.name.to_owned()).collect()
}
