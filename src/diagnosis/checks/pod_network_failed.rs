use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::calico::cni_failure::{self, CniFailure, CniStep};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::fixes;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Fix, Severity, Source};
use crate::model::NodeModel;
use crate::snapshot::objects::Event;
use crate::text::shell;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::PodNetworkFailed,
        title: "Calico's network plugin fails for other pods",
        means: "The network plugin (CNI) that calico-node installs cannot set up or remove the network of pods. These pods stay \
                ContainerCreating or Terminating. calico-node itself may be Ready.",
        detected: "Pods other than calico-node have events FailedCreatePodSandBox, FailedKillPod or FailedSync with an error of \
                   Calico's network plugin. The events are newer than the start of calico-node on that node. It is an error if there \
                   are at least three and the newest is at most 10 minutes old, otherwise a warning.\n\
                   From a cluster only the events in the namespace of calico-node are read, from files those of all namespaces.",
        confirm: "kubectl get events -A --field-selector reason=FailedCreatePodSandBox\n\
                  On the node: tail /var/log/calico/cni/cni.log",
        fix: &[
            "The event gives the reason:",
            "- Unauthorized, or an unknown certificate: delete the calico-node pod of that node. It writes the plugin's kubeconfig \
             again. Use: kubectl delete pod -n NAMESPACE POD",
            "- No free address: add an IP pool, or release leaked addresses with calicoctl ipam check.",
            "- No answer from the API server: check kube-proxy on that node.",
            "- nodename: find out why calico-node does not start there.",
            "- Another reason: read the plugin's own log on the node.",
        ],
        restarts: "A deleted pod restarts calico-node on that node only. The other pods get their network at the next attempt of the \
                   kubelet.",
    },
    run,
};

/// The kubelet tries again and tells it within some minutes (client-go, `tools/record/events_cache.go`: one event in 5 min after the first 25).
const REPEATS_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// A failure that is not repeated may be over: the pod got its network at the next attempt.
const OFTEN: i32 = 3;
const MAX_SHOWN: usize = 3;

/// Events with one cause on one node.
#[derive(Default)]
struct Failures<'a> {
    events: Vec<(&'a Event, CniFailure)>,
}

/// The node as far as it is known, and what is common to the events.
type Kind<'a> = (Option<&'a str>, String);

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    // a text may tell that the plugin misses calico-node and not of which pod: that event stands for calico-node's own
    let own: LazyCell<BTreeSet<&str>, _> =
        LazyCell::new(|| view.nodes.iter().filter_map(|node| Some(node.pod?.metadata.name.as_str())).collect());
    let mut kinds: BTreeMap<Kind<'_>, Failures<'_>> = BTreeMap::new();
    for event in view.snapshot.events.seen().into_iter().flatten() {
        let object = &event.involved_object;
        if object.kind != "Pod" || cni_failure::is_calico_node(&object.name) {
            continue;
        }
        let Some(failure) = cni_failure::parse(&event.reason, &event.message) else { continue };
        if own.contains(object.name.as_str()) {
            continue;
        }
        let host = event.source.host.as_deref().filter(|host| !host.is_empty());
        let node = host.and_then(|host| view.node(host));
        let is_over = node.is_some_and(|node| is_over(event, &failure, node, found));
        if is_over || (node.is_none() && host.is_some_and(|host| is_not_judged(view, host))) {
            continue;
        }
        let common = failure.cause.map_or_else(|| failure.text.clone(), |cause| cause.why.to_owned());
        kinds.entry((node.map(|node| node.name), common)).or_default().events.push((event, failure));
    }
    kinds.into_iter().filter_map(|((node, _), failures)| finding(view, node, failures)).collect()
}

/// It is older than the calico-node that runs now, or ends with what is said of calico-node already.
fn is_over(event: &Event, failure: &CniFailure, node: &NodeModel, found: &EarlierFindings) -> bool {
    let waits = failure.cause.is_some_and(|cause| cause.ends_with_calico_node);
    if waits && found.is_explained(node.name) {
        return true;
    }
    let running = node.container().and_then(|status| status.state.running.as_ref()?.started_at);
    let running = running.or_else(|| node.pod?.metadata.creation_timestamp);
    let ready = node.pod.and_then(|pod| pod.status.conditions.iter().find(|one| one.r#type == "Ready" && one.status == "True"));
    let since = if waits { ready.and_then(|ready| ready.last_transition_time).max(running) } else { running };
    matches!((event.last_seen(), since), (Some(seen), Some(since)) if seen < since)
}

/// A node of the cluster that is not one of Calico's on Linux.
fn is_not_judged(view: &Context, host: &str) -> bool {
    view.snapshot.nodes.seen().is_some_and(|nodes| nodes.iter().any(|node| node.metadata.name == host))
}

fn finding(view: &Context, node: Option<&str>, mut failures: Failures<'_>) -> Option<Finding> {
    failures.events.sort_by_key(|(event, _)| std::cmp::Reverse(event.last_seen()));
    let (newest, first) = failures.events.first()?;
    let ago = newest.last_seen().map(|seen| view.snapshot.taken_at.duration_since(seen)).filter(|ago| *ago > REPEATS_WITHIN);
    let mut pods: Vec<_> =
        failures.events.iter().map(|(event, _)| (&event.involved_object.namespace, &event.involved_object.name)).collect();
    pods.sort_unstable();
    pods.dedup();
    let place = node.map_or_else(|| "a node that the events do not name".to_owned(), str::to_owned);
    let why = first.cause.map_or_else(|| format!("Calico's network plugin says \"{}\"", first.text), |cause| cause.why.to_owned());
    let over = ago.map(|ago| format!(" (last seen {} min ago)", ago.as_mins())).unwrap_or_default();
    let message = match first.removes {
        true => format!("the network of pods on {place} cannot be removed: {why}{over}"),
        false => format!("pods on {place} get no network: {why}{over}"),
    };
    let times = failures.events.iter().fold(0_i32, |sum, (event, _)| sum.saturating_add(event.times().max(1)));
    let is_often = times >= OFTEN || failures.events.iter().any(|(_, failure)| failure.is_combined);
    let mut evidence: Vec<Evidence> = failures.events.iter().take(MAX_SHOWN).map(|(event, failure)| shown(node, event, failure)).collect();
    if pods.len() > 1 || failures.events.len() > MAX_SHOWN {
        let text = format!("{} on {place}, {}", crate::text::count(pods.len(), "pod"), crate::text::count_times(times));
        evidence.push(Evidence { source: Source::Event, node: node.map(str::to_owned), text });
    }
    let severity = if ago.is_some() || !is_often { Severity::Warning } else { Severity::Error };
    let nodes = node.map(str::to_owned).into_iter().collect();
    let fix = next_step(view, node, first, &newest.reason);
    Some(Finding { code: Code::PodNetworkFailed, severity, nodes, message, evidence, fix })
}

fn shown(node: Option<&str>, event: &Event, failure: &CniFailure) -> Evidence {
    let object = &event.involved_object;
    let namespace = object.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let text = format!("{} of {namespace}{}: {} ({}×)", event.reason, object.name, failure.text, event.times());
    Evidence { source: Source::Event, node: node.map(str::to_owned), text }
}

fn next_step(view: &Context, node: Option<&str>, failure: &CniFailure, reason: &str) -> Option<Fix> {
    let known = node.and_then(|name| view.node(name));
    let step = |words: &[&str], why: &str| Some(Fix::next_step(shell::command(words)?, format!("{why}. This changes nothing")));
    let fix = failure.cause.and_then(|cause| match cause.step {
        CniStep::RestartCalicoNode(why) => known.and_then(|node| fixes::restart_pod(view, node, why)),
        CniStep::DescribeCalicoNode(why) => known.and_then(|node| fixes::describe_pod(view, node, why)),
        CniStep::ListPods(why) => node.and_then(shell::object_name).and_then(|node| {
            let on_node = format!("spec.nodeName={node}");
            step(&["kubectl", "get", "pods", "-A", "-o", "wide", "--field-selector", &on_node], why)
        }),
        CniStep::Show(words, why) => step(words, why),
    });
    let alike = format!("reason={reason}");
    let events = ["kubectl", "get", "events", "-A", "-o", "wide", "--field-selector", &alike];
    fix.or_else(|| step(&events, "Shows every such event, with its node in the column SOURCE"))
}
