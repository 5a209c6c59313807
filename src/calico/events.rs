//! What an event about calico-node says.
//!
//! The sentences are Calico's (`node/pkg/health/health.go`, `node/pkg/health/bird/bird.go`) inside the kubelet's
//! (`pkg/kubelet/prober`, `pkg/kubelet/kuberuntime`). Releases put log lines before or after Calico's sentence, or glue them to it.

use std::net::IpAddr;

use crate::snapshot::family::Family;
use crate::text::bounded::{clean, find_ignoring_case};

const MAX_TEXT: usize = 300;
/// Beyond the largest mesh; a message of the API's size limit holds fewer.
const MAX_PEERS: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    Readiness,
    Liveness,
    Startup,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFact {
    /// The probe that spoke, where one did.
    pub probe: Option<Probe>,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    NotEstablished {
        family: Family,
        peers: Vec<IpAddr>,
    },
    /// Nobody listens on BIRD's control socket; usual in the first seconds.
    BirdSocketRefused {
        family: Family,
        text: String,
    },
    /// BIRD's socket is open and does not answer.
    BirdNotAnswering {
        family: Family,
        text: String,
    },
    BirdNotLive {
        text: String,
    },
    GracefulRestart {
        family: Family,
    },
    NodenameFile,
    FelixNotReady {
        text: String,
    },
    FelixNotLive {
        text: String,
    },
    /// The probe's own time ran out before the command in the container was done.
    ProbeTimedOut,
    HttpProbeFailed {
        status: Option<u16>,
        target: Option<String>,
        text: String,
    },
    /// The command could not be run at all, as when the container was just leaving.
    ProbeErrored {
        text: String,
    },
    KilledByLiveness {
        container: Option<String>,
    },
    KilledByStartup {
        container: Option<String>,
    },
    BackOff {
        container: Option<String>,
    },
    PreStopFailed,
    /// The container was asked to end, by whatever but a probe.
    Stopped {
        container: Option<String>,
    },
    /// The pod's sandbox is gone or was changed; the kubelet makes another.
    SandboxChanged,
    SandboxFailed {
        text: String,
    },
    /// The network plugin could not set a pod up, which is never done for calico-node: its pod is on the host's network.
    OtherPodsNetworkFailed {
        text: String,
    },
    /// A volume of the pod cannot be mounted, or a container of it cannot be made.
    SetupFailed {
        text: String,
    },
    NotScheduled {
        text: String,
    },
    ImageFailed {
        text: String,
    },
    Other,
}

impl EventKind {
    /// About the pod itself, whatever its probes say.
    pub fn is_about_pod(&self) -> bool {
        matches!(
            self,
            Self::Stopped { .. }
                | Self::SandboxChanged
                | Self::SandboxFailed { .. }
                | Self::OtherPodsNetworkFailed { .. }
                | Self::SetupFailed { .. }
                | Self::NotScheduled { .. }
                | Self::ImageFailed { .. }
        )
    }
}

/// A probe's HTTP client did not wait for the answer any longer (net/http).
pub fn is_late_answer(text: &str) -> bool {
    text.contains("Client.Timeout") || text.contains("deadline exceeded")
}

/// The network plugin misses the file that calico-node writes when it starts (cni-plugin/internal/pkg/utils/utils.go).
pub fn misses_nodename(kind: &EventKind) -> bool {
    matches!(kind, EventKind::OtherPodsNetworkFailed { text } if text.contains("/var/lib/calico/nodename"))
}

/// `reason` and `message` as the event has them.
pub fn parse(reason: &str, message: &str) -> EventFact {
    let message = message.trim();
    let message = message.strip_prefix("(combined from similar events):").unwrap_or(message).trim();
    match reason {
        "Unhealthy" | "ProbeWarning" => probe_failed(message),
        "Killing" => EventFact { probe: None, kind: killing(message) },
        "BackOff" if message.starts_with("Back-off restarting") => {
            EventFact { probe: None, kind: EventKind::BackOff { container: container(message) } }
        }
        "BackOff" if message.starts_with("Back-off pulling image") => image_failed(message),
        "Failed"
            if ["Failed to pull image", "Error: ErrImagePull", "Error: ImagePullBackOff"].iter().any(|text| message.starts_with(text)) =>
        {
            image_failed(message)
        }
        "InspectFailed" | "ErrImageNeverPull" => image_failed(message),
        "SandboxChanged" => EventFact { probe: None, kind: EventKind::SandboxChanged },
        "FailedCreatePodSandBox" if sets_network_up(message) => {
            EventFact { probe: None, kind: EventKind::OtherPodsNetworkFailed { text: clean(message, MAX_TEXT) } }
        }
        "FailedCreatePodSandBox" => EventFact { probe: None, kind: EventKind::SandboxFailed { text: clean(message, MAX_TEXT) } },
        "FailedMount" | "FailedAttachVolume" | "FailedCreatePodContainer" | "Evicted" => {
            EventFact { probe: None, kind: EventKind::SetupFailed { text: clean(message, MAX_TEXT) } }
        }
        "Failed" if message.starts_with("Error: ") => {
            EventFact { probe: None, kind: EventKind::SetupFailed { text: clean(message, MAX_TEXT) } }
        }
        "FailedScheduling" => EventFact { probe: None, kind: EventKind::NotScheduled { text: clean(message, MAX_TEXT) } },
        "FailedPreStopHook" => EventFact { probe: None, kind: EventKind::PreStopFailed },
        _ => EventFact { probe: None, kind: EventKind::Other },
    }
}

/// The network plugin failed to set a pod up, says the kubelet.
pub(super) fn sets_network_up(message: &str) -> bool {
    NETWORK_SETUP.iter().any(|says| message.contains(says))
}

/// How containerd, CRI-O and dockershim say that the CNI plugin failed.
const NETWORK_SETUP: [&str; 6] = [
    "failed to setup network for sandbox",
    "failed to set up sandbox container",
    "failed to create pod network sandbox",
    " to CNI network",
    "NetworkPlugin cni failed",
    "networkPlugin cni failed",
];

fn image_failed(message: &str) -> EventFact {
    EventFact { probe: None, kind: EventKind::ImageFailed { text: clean(message, MAX_TEXT) } }
}

fn killing(message: &str) -> EventKind {
    if message.contains("failed liveness probe") {
        EventKind::KilledByLiveness { container: container(message) }
    } else if message.contains("failed startup probe") {
        EventKind::KilledByStartup { container: container(message) }
    } else if message.starts_with("Stopping container") {
        EventKind::Stopped { container: container(message) }
    } else {
        EventKind::Other
    }
}

/// `… container calico-node in pod …`, `Container calico-node failed …`; older kubelets name none.
fn container(message: &str) -> Option<String> {
    let at = find_ignoring_case(message, "container ")?;
    let name = message[at + "container ".len()..].split_whitespace().next()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (is_name && !matches!(name, "failed" | "with")).then(|| clean(name, 63))
}

const PROBES: [(&str, Probe); 3] = [("Readiness", Probe::Readiness), ("Liveness", Probe::Liveness), ("Startup", Probe::Startup)];

fn probe_failed(message: &str) -> EventFact {
    let found = PROBES.iter().find_map(|(name, probe)| Some((*probe, message.strip_prefix(name)?.strip_prefix(" probe ")?)));
    let Some((probe, rest)) = found else { return EventFact { probe: None, kind: EventKind::Other } };
    let (verb, text) = rest.split_once(':').unwrap_or((rest, ""));
    let kind = if verb.starts_with("errored") { errored(text.trim()) } else { failed(text.trim()) };
    EventFact { probe: Some(probe), kind }
}

fn errored(text: &str) -> EventKind {
    if text.contains("DeadlineExceeded") || text.contains("deadline exceeded") || is_command_timeout(text) {
        EventKind::ProbeTimedOut
    } else {
        EventKind::ProbeErrored { text: clean(text, MAX_TEXT) }
    }
}

/// Kubelets up to 1.19 and some runtimes leave the message empty when the command ran out of time.
fn is_command_timeout(text: &str) -> bool {
    text.is_empty() || (text.starts_with("command ") && text.contains("timed out"))
}

fn failed(text: &str) -> EventKind {
    if is_command_timeout(text) {
        return EventKind::ProbeTimedOut;
    }
    calico_sentence(text).or_else(|| http(text)).unwrap_or(EventKind::Other)
}

fn calico_sentence(text: &str) -> Option<EventKind> {
    let family = if find_ignoring_case(text, "BIRD6 is not ready").is_some() { Family::V6 } else { Family::V4 };
    let has = |needle: &str| find_ignoring_case(text, needle);
    let from = |at: usize| clean(text[at..].lines().next().unwrap_or_default(), MAX_TEXT);
    if let Some(at) = text.find(NOT_ESTABLISHED) {
        return Some(EventKind::NotEstablished { family, peers: peers(&text[at + NOT_ESTABLISHED.len()..]) });
    }
    if let Some(at) = has("unable to connect to BIRDv") {
        // the socket's queue is full: BIRD runs and takes no connection out of it
        if text[at..].contains("resource temporarily unavailable") {
            return Some(EventKind::BirdNotAnswering { family, text: from(at) });
        }
        return Some(EventKind::BirdSocketRefused { family, text: from(at) });
    }
    if has("graceful restart in progress").is_some() {
        return Some(EventKind::GracefulRestart { family });
    }
    if has("nodename file").is_some() {
        return Some(EventKind::NodenameFile);
    }
    if let Some(at) = has("BIRD is not ready: ").or_else(|| has("BIRD6 is not ready: ")) {
        return Some(EventKind::BirdNotAnswering { family, text: from(at) });
    }
    if let Some(at) = has("felix is not ready") {
        return Some(EventKind::FelixNotReady { text: from(at) });
    }
    if let Some(at) = has("felix is not live") {
        return Some(EventKind::FelixNotLive { text: from(at) });
    }
    let bird = ["bird/confd is not live", "bird is not live", "bird6 is not live", "confd is not live", "is not running. Output <<"];
    let at = bird.iter().find_map(|sentence| has(sentence))?;
    Some(EventKind::BirdNotLive { text: from(if text[at..].starts_with("is not running") { 0 } else { at }) })
}

const NOT_ESTABLISHED: &str = "BGP not established with";

/// Addresses up to the first blank; a log line may be glued to the last one.
fn peers(text: &str) -> Vec<IpAddr> {
    let text = text.trim_start_matches(' ');
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (list, after) = text.split_at(end);
    list.split(',').take(MAX_PEERS).filter_map(|word| unglued(word.trim(), after)).collect()
}

/// `10.120.117.122019-04-10` followed by a time of day is 10.120.117.12: the date begins the next log line.
fn unglued(word: &str, after: &str) -> Option<IpAddr> {
    let clock = is_clock(after.trim_start());
    let date = word.len().checked_sub(10).and_then(|at| word.split_at_checked(at)).filter(|(_, tail)| is_date(tail));
    if let Some((address, _)) = date {
        return address.parse().ok();
    }
    let klog = word.len().checked_sub(5).and_then(|at| word.split_at_checked(at)).filter(|(_, tail)| clock && is_klog(tail));
    if let Some((address, _)) = klog {
        return address.parse().ok();
    }
    let address = word.split("time=\"").next().unwrap_or(word);
    // the end of somebody's sentence
    address.trim_end_matches(['.', ';', '"', '\'', '`', ')', '*']).parse().ok()
}

fn is_date(text: &str) -> bool {
    let shape = |(index, byte): (usize, u8)| if matches!(index, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

fn is_klog(text: &str) -> bool {
    text.starts_with(['I', 'W', 'E', 'F']) && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn is_clock(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && [2, 5].iter().all(|at| bytes[*at] == b':') && [0, 1, 3, 4, 6, 7].iter().all(|at| bytes[*at].is_ascii_digit())
}

/// The kubelet's own words for an httpGet probe.
fn http(text: &str) -> Option<EventKind> {
    let cleaned = || clean(text, MAX_TEXT);
    if let Some(rest) = text.strip_prefix("HTTP probe failed with statuscode:") {
        let status = rest.split_whitespace().next().and_then(|code| code.parse().ok());
        return Some(EventKind::HttpProbeFailed { status, target: None, text: cleaned() });
    }
    let rest = text.strip_prefix("Get ")?;
    let target = rest.trim_start_matches('"').split(['"', ' ']).next().map(|url| clean(url.trim_end_matches(':'), MAX_TEXT));
    Some(EventKind::HttpProbeFailed { status: None, target, text: cleaned() })
}

#[cfg(test)]
mod tests;
