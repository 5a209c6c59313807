//! Why the network plugin could not set up a pod's network, or remove it: what the kubelet's events about that pod quote.
//!
//! The sentences are those of Calico's plugins `calico` and `calico-ipam` (`cni-plugin`, `libcalico-go/lib/ipam`) inside those of
//! containerd, CRI-O and dockershim. Read in v3.18 to v3.32; older wordings are named with their release.

use super::events::sets_network_up;
use crate::snapshot::objects::{CALICO_NODE, Event};
use crate::text::bounded::clean;

mod causes;

pub use causes::{CniCause, CniStep};

const MAX_TEXT: usize = 200;

/// What one event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CniFailure {
    /// The plugin's own words, without the names of sandbox and pod around them.
    pub text: String,
    pub cause: Option<&'static CniCause>,
    /// The pod's network is to be removed, not set up.
    pub removes: bool,
    /// The kubelet puts it together from many (client-go, `tools/record/events_cache.go`: more than 10 in 10 minutes).
    pub is_combined: bool,
}

/// The event is about a pod, and Calico's network plugin failed for it.
pub fn is_cni_failure(event: &Event) -> bool {
    event.involved_object.kind == "Pod" && parse(&event.reason, &event.message).is_some()
}

/// `reason` and `message` as the event has them; `None` where another plugin failed, or none did.
pub fn parse(reason: &str, message: &str) -> Option<CniFailure> {
    if !["FailedCreatePodSandBox", "FailedKillPod", "FailedSync"].contains(&reason) {
        return None;
    }
    if !sets_network_up(message) && !REMOVES.iter().any(|says| message.contains(says)) {
        return None;
    }
    // an error inside another, as Multus passes it on, has its quotes escaped
    let message = &message.replace("\\\"", "\"");
    let (words, is_named) = plugin_words(message);
    let cause = causes::CAUSES.iter().find(|cause| cause.explains(words));
    let is_worded = ["calico", "ClusterInformation"].iter().any(|word| words.contains(word));
    // what another plugin does not find is its own; Multus passes on what Calico's says
    let is_anothers =
        message.split_once("plugin type=\"").is_some_and(|(_, kind)| !kind.starts_with(CALICO) && !kind.starts_with("multus"));
    let misses = is_anothers && words.contains("failed to find plugin");
    let is_calicos = is_named || is_worded || cause.is_some_and(|cause| cause.is_calicos_alone && !misses);
    is_calicos.then(|| CniFailure {
        text: clean(words, MAX_TEXT),
        cause,
        is_combined: message.starts_with("(combined from similar events)"),
        removes: !sets_network_up(message) || (words.len() < message.len() && message.contains("failed (delete)")),
    })
}

/// How containerd and dockershim say that the plugin failed to remove a network.
const REMOVES: [&str; 3] = ["failed to destroy network for sandbox", "cni failed to teardown pod", "failed (delete)"];

/// What the plugin itself said, and whether the runtime names it as one of Calico's.
fn plugin_words(message: &str) -> (&str, bool) {
    // containerd 1.6 and later, CRI-O
    if let Some((_, rest)) = message.split_once("plugin type=") {
        let rest = rest.trim_start_matches(['\\', '"']);
        let words = rest.split_once("): ").map_or(rest, |(_, words)| words);
        return (cut(words), rest.starts_with(CALICO));
    }
    // dockershim; CRI-O and containerd before they named the plugin
    for (before, end) in [("cni failed to ", "\" network: "), (" to CNI network \"", "\": "), ("for sandbox \"", "\": ")] {
        let rest = message.split_once(before).and_then(|(_, rest)| rest.split_once(end));
        if let Some((_, words)) = rest {
            return (cut(words), false);
        }
    }
    (cut(message), false)
}

const CALICO: &str = "calico";

/// dockershim tells the same again of the clean-up, both in brackets.
fn cut(words: &str) -> &str {
    let words = words.split(", failed to clean up sandbox").next().unwrap_or(words).trim_end();
    let words = if words.matches('"').count() % 2 == 1 { words.trim_end_matches('"') } else { words };
    let opened = words.matches('[').count();
    if words.matches(']').count() > opened { words.trim_end_matches(']') } else { words }
}

/// The pod is calico-node's own, which is on the host's network.
pub fn is_calico_node(name: &str) -> bool {
    name.starts_with(CALICO_NODE) || super::flavour::is_pod_name(name)
}

#[cfg(test)]
mod tests;
