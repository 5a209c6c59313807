use std::collections::BTreeMap;

use crate::calico::events::{self, EventKind};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::objects::{Condition, Node, Pod};
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::PodNotScheduled,
        title: "A calico-node pod cannot be scheduled",
        means: "The scheduler finds no room for the pod on its node, or the node refuses the pod. Calico does not run on that node. \
                Common causes: no free pod slot, too little CPU or memory, a taint that the DaemonSet does not tolerate.\n\
                EKS Fargate nodes never accept a pod of a DaemonSet. Those pods stay Pending, and nothing else is wrong.",
        detected: "The pod's condition PodScheduled is False for more than a minute. The node is the one that the DaemonSet \
                   controller asks for. If the pod does not name it, the nodes without a calico-node pod are listed.",
        confirm: "kubectl get pods -n NAMESPACE -l k8s-app=calico-node --field-selector=status.phase=Pending -o wide\n\
                  kubectl describe pod -n NAMESPACE POD",
        fix: &[
            "- No free pod slot, CPU or memory: remove other pods from the node, or raise its limit of pods.",
            "- A taint: add the toleration to the DaemonSet.",
            "- Fargate: exclude the Fargate nodes with the node affinity eks.amazonaws.com/compute-type NotIn fargate. Under the \
             tigera-operator it is set in Installation, spec.calicoNodeDaemonSet.",
            "Also give calico-node the priority class system-node-critical. Then it may evict other pods.",
        ],
        restarts: "Making room restarts no calico-node. A change of the DaemonSet restarts calico-node on every node, usually one at \
                   a time.",
    },
    run,
};

/// Seconds within which a new pod may wait for the scheduler.
const SOON: i64 = 60;

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    let mut by_reason: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for (pod, condition) in unscheduled(view) {
        by_reason.entry(condition.message.as_deref().or(condition.reason.as_deref()).unwrap_or_default()).or_default().push(pod);
    }
    let podless: Vec<&NodeModel> = view.nodes.iter().filter(|node| node.pod.is_none()).collect();
    let waiting: usize = by_reason.values().map(Vec::len).sum();
    by_reason
        .into_iter()
        .map(|(reason, pods)| {
            let mut nodes: Vec<&str> = pods.iter().filter_map(|pod| target(view, pod)).collect();
            nodes.sort_unstable();
            nodes.dedup();
            // Each node without a pod waits for one of them.
            if nodes.is_empty() && podless.len() == waiting {
                nodes = podless.iter().map(|node| node.name).collect();
            }
            finding(view, reason, &pods, &nodes)
        })
        .collect()
}

fn unscheduled<'a>(view: &Context<'a>) -> impl Iterator<Item = (&'a Pod, &'a Condition)> {
    let now = view.snapshot.taken_at;
    let old = move |pod: &Pod| pod.metadata.creation_timestamp.is_none_or(|created| now.duration_since(created).as_secs() >= SOON);
    let pods = view.snapshot.pods.seen().into_iter().flatten().filter(move |pod| pod.metadata.deletion_timestamp.is_none() && old(pod));
    pods.filter_map(|pod| {
        let condition = pod.status.conditions.iter().find(|one| one.r#type == "PodScheduled" && one.status == "False")?;
        Some((pod, condition))
    })
}

fn finding(view: &Context, reason: &str, pods: &[&Pod], nodes: &[&str]) -> Finding {
    let names: Vec<String> = nodes.iter().map(|node| (*node).to_owned()).collect();
    let fargate = !nodes.is_empty() && nodes.iter().all(|name| view.node(name).and_then(|node| node.node).is_some_and(is_fargate));
    let subject = match nodes {
        [] => format!("{} of calico-node", crate::text::count(pods.len(), "pod")),
        _ => format!("the calico-node pod for {}", phrases::list(&names)),
    };
    let advice = if fargate { ". AWS Fargate takes no pod of a DaemonSet: keep calico-node off these nodes" } else { "" };
    let (events, texts): (Vec<Evidence>, Vec<String>) = pods.iter().filter_map(|pod| event(view, pod)).unzip();
    let reason = if reason.is_empty() { texts.first().map_or("", String::as_str) } else { reason };
    let reason = match reason.trim_end_matches('.') {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    let message = format!("{subject} cannot be scheduled{reason}{advice}");
    let mut evidence: Vec<Evidence> = pods
        .iter()
        .map(|pod| pod_evidence(view, pod, Source::Pod, format!("{}: PodScheduled is False{reason}", pod.metadata.name)))
        .collect();
    evidence.extend(events);
    let severity = if fargate { Severity::Warning } else { Severity::Error };
    Finding {
        code: Code::PodNotScheduled,
        severity,
        nodes: names,
        message,
        evidence,
        fix: pods.first().and_then(|pod| describe(view, pod)),
    }
}

/// The node that the pod is for, where it is one that is judged.
fn target<'a>(view: &Context, pod: &'a Pod) -> Option<&'a str> {
    pod.target_node().filter(|name| view.node(name).is_some())
}

fn pod_evidence(view: &Context, pod: &Pod, source: Source, text: String) -> Evidence {
    Evidence { source, node: target(view, pod).map(str::to_owned), text }
}

/// The newest event of the scheduler's, and what it says.
fn event(view: &Context, pod: &Pod) -> Option<(Evidence, String)> {
    let events = view.snapshot.events.seen()?.iter().filter(|event| event.involved_object.name == pod.metadata.name);
    let newest = events
        .filter_map(|event| match events::parse(&event.reason, &event.message).kind {
            EventKind::NotScheduled { text } => Some((event, text)),
            _ => None,
        })
        .max_by_key(|(event, _)| event.last_seen())?;
    let (event, text) = newest;
    Some((pod_evidence(view, pod, Source::Event, format!("FailedScheduling: {text} ({}×)", event.times())), text))
}

fn describe(view: &Context, pod: &Pod) -> Option<Fix> {
    let namespace = pod.metadata.namespace.as_deref().or(view.install.namespace())?;
    let words = ["kubectl", "describe", "pod", shell::object_name(&pod.metadata.name)?, "-n", shell::namespace(namespace)?];
    let command = shell::command(&words)?;
    Some(Fix::next_step(command, "Shows what the scheduler is missing. This changes nothing"))
}

/// AWS labels its Fargate nodes; virtual kubelets elsewhere take no DaemonSet either.
fn is_fargate(node: &Node) -> bool {
    node.metadata.labels.get("eks.amazonaws.com/compute-type").is_some_and(|kind| kind == "fargate")
}
