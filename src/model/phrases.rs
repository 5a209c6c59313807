//! Phrases that several checks use.

use std::net::IpAddr;

use crate::calico::address;
use crate::calico::virtual_interfaces::{self, VirtualInterface};
use crate::finding::{Evidence, Severity, Source};
use crate::model::{ClusterModel, NodeModel, waits_for_image};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};
use crate::snapshot::objects::{CALICO_NODE, ContainerState, ContainerStatus};
use crate::text::bounded::clean;

/// `a`, `a and b`, `a, b and 3 more nodes`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => "no node".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more nodes", rest.len()),
    }
}

/// `a`, `a and b`, `a, b and 3 more sessions`: as `list`, of other things than nodes.
pub fn items(names: &[String], noun: &str) -> String {
    match names {
        [one, two, rest @ ..] if rest.len() > 1 => format!("{one}, {two} and {} more {noun}s", rest.len()),
        _ => list(names),
    }
}

/// `from br-3a10a9384428, a bridge made by Docker`, where the interface is known.
pub fn origin_of(node: &NodeModel, address: IpAddr) -> Option<String> {
    let stored = node.stored(Family::from_address(address)).filter(|stored| stored.address() == address);
    let interface =
        stored.and_then(|stored| stored.held_by.as_ref()).map(|held| (held.interface.clone(), held.kind.clone())).or_else(|| {
            let (_, detection) = node.detections().find(|(_, detection)| detection.address == address)?;
            Some((detection.interface?, None))
        })?;
    let (name, kind) = interface;
    Some(match virtual_interfaces::describe(&name, kind.as_deref()) {
        Some(kind) => format!("from {name}, {}", made(kind)),
        None => format!("from {name}"),
    })
}

/// Of the last detection that failed.
pub fn family_of(log: &StartupLog) -> Family {
    let failed = log.marks.iter().rfind(|mark| mark.kind == LogEventKind::AutodetectFailed);
    if failed.is_some_and(|mark| mark.text.contains("IPv6")) { Family::V6 } else { Family::V4 }
}

/// A clause behind an address that several machines have for a known reason.
pub fn given_by(address: IpAddr) -> &'static str {
    if address == address::VIRTUALBOX_NAT { ", which VirtualBox's NAT gives to every machine" } else { "" }
}

/// `a bridge made by Docker`
pub fn made(kind: VirtualInterface) -> String {
    let article = if kind.what.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    // What follows in brackets lists the commands that make it.
    let made_by = kind.made_by.split(" (").next().unwrap_or(kind.made_by);
    format!("{article} {} made by {made_by}", kind.what)
}

pub fn tells_conflict(mark: &LogEvent) -> bool {
    matches!(
        mark.kind,
        LogEventKind::Autodetected | LogEventKind::AddressConflict | LogEventKind::AddressCleared | LogEventKind::Terminating
    )
}

/// A wrong address that hurts now is an error; one that nothing suffers from yet is a warning.
pub fn wrong_address_severity(view: &ClusterModel, node: &NodeModel, family: Family) -> Severity {
    let hurts = node.ready() != Some(true)
        || !node.bgp(family).down().is_empty()
        || node.stored(family).is_some_and(|stored| view.down_towards(stored.address()).next().is_some())
        // Without BGP nothing turns red: a wrong address silently loses the traffic between nodes.
        || view.install.runs_bird() == Some(false);
    if hurts { Severity::Error } else { Severity::Warning }
}

/// As the readiness event lists them, cut where a mesh is large.
pub fn addresses(peers: &[IpAddr]) -> String {
    const SHOWN: usize = 6;
    let shown = peers.iter().take(SHOWN).map(IpAddr::to_string).collect::<Vec<_>>().join(",");
    match peers.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `node-3 exits`, `3 nodes exit`.
pub fn with_verb(names: &[String], one: &str, many: &str) -> String {
    format!("{} {}", list(names), if names.len() == 1 { one } else { many })
}

/// The first letter upper-case.
pub fn sentence(text: String) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

/// State of calico-node's container, where it has restarted or does not run.
pub fn restarts(node: &NodeModel) -> Option<Evidence> {
    let status = node.container().filter(|status| status.restart_count > 0 || status.state.running.is_none())?;
    (status.restart_count > 0 || status.state != ContainerState::default()).then(|| container_state(node, status))
}

/// Of a container runtime's message.
const MAX_MESSAGE: usize = 300;

/// "install-cni: 6 restarts, last exit code 1 (Error), now CrashLoopBackOff"
pub fn container_state(node: &NodeModel, status: &ContainerStatus) -> Evidence {
    let is_init = node.pod.is_some_and(|pod| pod.status.init_container_statuses.iter().any(|init| init.name == status.name));
    let name = match (status.name.as_str(), is_init) {
        (CALICO_NODE, _) => String::new(),
        (name, true) => format!("init container {name}: "),
        (name, false) => format!("container {name}: "),
    };
    // Of a pod that only events tell of the restarts are not counted.
    let is_counted = status.restart_count > 0 || node.pod.is_none_or(|pod| !pod.metadata.tabular);
    let restarts = crate::text::count(usize::try_from(status.restart_count).unwrap_or(0), "restart");
    let ended = status.last_end().map(|ended| {
        let reason = ended.reason.as_deref().filter(|reason| *reason != "Error").map(|reason| format!(" ({reason})")).unwrap_or_default();
        let says = ended.message.as_deref().filter(|_| ended.never_ran() && status.name != CALICO_NODE);
        let says = says.map(|text| format!(" ({})", clean(text.trim(), MAX_MESSAGE))).unwrap_or_default();
        format!(", last exit code {}{reason}{says}", ended.exit_code)
    });
    let waiting = status.state.waiting.as_ref();
    // Of a back-off the message says nothing more, and of an image the finding itself has it.
    let tells = |reason: Option<&str>| reason != Some("CrashLoopBackOff") && !waits_for_image(status);
    let says = waiting.filter(|waiting| tells(waiting.reason.as_deref())).and_then(|waiting| waiting.message.as_deref());
    let says = says.map(|text| format!(" ({})", text.trim())).unwrap_or_default();
    let waiting = waiting.and_then(|waiting| waiting.reason.as_deref()).map(|reason| format!(", now {reason}{says}"));
    let state = format!("{}{}", ended.unwrap_or_default(), waiting.unwrap_or_default());
    let said = if is_counted { format!("{restarts}{state}") } else { state.trim_start_matches(", ").to_owned() };
    node.evidence(Source::Pod, format!("{name}{said}"))
}

/// The Node's own complaint that no network plugin is ready: a consequence of a calico-node that does not run.
pub fn network_not_ready(node: &NodeModel) -> Option<Evidence> {
    let condition = node.ready_condition().filter(|condition| condition.status == "False")?;
    let says = condition.message.as_deref().or(condition.reason.as_deref()).unwrap_or_default();
    Some(node.evidence(Source::Node, format!("Ready is False: {says}")))
}
