//! Texts beside the objects: birdcl's, ip's, and calico-node's logs. The file's name tells the node.

use super::prompt::Heading;
use crate::calico::bird::{self, BirdError};
use crate::calico::{interfaces, route_get, routes, startup_log};
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Bird, NodeInspection, NodeLogs, StartupLog};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    Birdcl,
    NodeStatus,
    Interfaces,
    Ifconfig,
    Brief,
    Routes,
    RouteGet,
    Log { previous: bool },
}

impl TextKind {
    /// The command that prints it.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Birdcl => "birdcl show protocols",
            Self::NodeStatus => "calicoctl node status",
            Self::Interfaces => "ip addr",
            Self::Ifconfig => "ifconfig",
            Self::Brief => "ip -br addr",
            Self::Routes => "ip route",
            Self::RouteGet => "ip route get",
            Self::Log { .. } => "kubectl logs",
        }
    }
}

/// Of a whole file, by its content first: names differ, what the programs print does not.
pub(super) fn kind(file: &str, text: &str) -> Option<TextKind> {
    let name = file.rsplit(['/', '\\', ':']).next().unwrap_or(file).to_ascii_lowercase();
    let start = text.trim_start();
    let head = || text.lines().take(200);
    let mut commands = text.lines().filter(|line| line.starts_with("$ ")).peekable();
    if commands.peek().is_some() && commands.all(|line| line.starts_with("$ birdcl")) {
        return Some(TextKind::Birdcl);
    }
    if name.contains("ip-route") {
        return Some(TextKind::Routes);
    }
    if start.starts_with('[') && start.trim_end().ends_with(']') && text.contains("\"ifindex\"") {
        return Some(TextKind::Interfaces);
    }
    let logged =
        |line: &str| line.contains("] startup/") || line.contains("[INFO][") || line.contains("[WARNING][") || line.contains("level=info");
    // A file that quotes log lines (an operator's, a timeline) is no log: its name says what it is.
    let log = name.contains(".log") || name.ends_with("log.txt") || file.contains("/logs/") || name.contains("calico-node");
    let known =
        || startup_log::is_gone(text) || head().any(logged) || init_container_in_name(file).is_some() || startup_log::is_recognised(text);
    (log && !is_others_log(file) && known()).then(|| TextKind::Log { previous: is_previous(&name) })
}

/// A log of another program that quotes calico-node: its name says what it is.
pub(super) fn is_others_log(file: &str) -> bool {
    let name = file.rsplit(['/', '\\', ':']).next().unwrap_or(file).to_ascii_lowercase();
    ["operator-log", "timeline"].iter().any(|start| name.starts_with(start))
}

/// The calico-node pod that a part of the path names, also with its namespace before it: `kube-system-calico-node-x7k2p-previous`.
pub(super) fn pod_in(file: &str) -> Option<String> {
    file.split(['/', '\\', ':', '_', '.']).find_map(|part| {
        let part = part.strip_suffix("-previous").unwrap_or(part);
        let behind = part.match_indices('-').filter_map(|(at, _)| part.get(at + 1..));
        std::iter::once(part).chain(behind).find_map(super::prompt::pod_name)
    })
}

/// The log of the container before, by the name of its file.
pub(super) fn is_previous(file: &str) -> bool {
    file.rsplit(['/', '\\', ':']).next().unwrap_or(file).to_ascii_lowercase().contains("previous")
}

/// The node of `known` whose name begins the file's, or names a directory above it; the longest wins.
pub(super) fn node_of<'a>(file: &str, known: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    known
        .filter(|(label, _)| {
            file.split(['/', '\\', ':']).any(|part| {
                // collectors put the date behind the host's name, the kubelet the namespace before the pod's
                let part = part.strip_prefix("sosreport-").unwrap_or(part);
                let follows = |rest: &str| {
                    rest.is_empty() || rest.starts_with(['.', '_', ' ']) || rest.starts_with("-log") || rest.starts_with("-20")
                };
                part.strip_prefix(label).is_some_and(follows) || part.split('_').any(|piece| piece == *label)
            })
        })
        .max_by_key(|(label, _)| label.len())
        .map(|(_, node)| node)
}

/// Adds what `text` says to what is known of the node; `Err` says why it could not be read.
pub(super) fn read_inside(kind: TextKind, text: &str, heading: &Heading, inside: &mut NodeInspection) -> Result<(), String> {
    match kind {
        TextKind::Birdcl => read_birdcl(text, heading, inside)?,
        TextKind::NodeStatus => {
            let (bird4, bird6) = super::calicoctl::parse_status(text)?;
            fill(&mut inside.bird4, bird4);
            fill(&mut inside.bird6, bird6);
        }
        TextKind::Interfaces => {
            let found = interfaces::parse(text).map_err(|error| error.to_string())?;
            if super::host::are_some(&found, heading) {
                inside.some_interfaces.extend(found);
            } else {
                inside.interfaces = Observed::Seen(found);
            }
        }
        TextKind::Brief | TextKind::Ifconfig => {
            let found = if kind == TextKind::Brief { super::host::parse_brief(text)? } else { super::host::parse_ifconfig(text)? };
            if super::host::are_some(&found, heading) {
                inside.some_interfaces.extend(found);
            } else {
                fill(&mut inside.interfaces, Observed::Seen(found));
            }
        }
        TextKind::Routes => {
            let family = if heading.six || text.contains("fe80::") { Family::V6 } else { Family::V4 };
            let mut more = routes::parse(text, family).map_err(|error| error.to_string())?;
            match &mut inside.routes {
                Observed::Seen(routes) => routes.append(&mut more),
                slot => *slot = Observed::Seen(more),
            }
        }
        TextKind::RouteGet => {
            let destination = text.split_whitespace().find(|word| word.parse::<std::net::IpAddr>().is_ok());
            let reach = route_get::parse(text).map_err(|error| error.to_string())?;
            if let Some(destination) = destination {
                inside.route_lookups.insert(destination.to_owned(), Observed::Seen(reach));
            }
        }
        TextKind::Log { .. } => {}
    }
    Ok(())
}

/// BIRD's own words count before calicoctl's, and the kernel's order before that of ifconfig.
fn fill<T>(slot: &mut Observed<T>, answer: Observed<T>) {
    if !slot.is_answered() && !answer.is_not_asked() {
        *slot = answer;
    }
}

/// `$ birdcl -s SOCKET show WHAT`, its output, `(rc N)`; or the bare output of `show protocols`.
fn read_birdcl(text: &str, heading: &Heading, inside: &mut NodeInspection) -> Result<(), String> {
    let mut answers = [(String::new(), String::new()), (String::new(), String::new())];
    let mut asked = [false, false];
    let mut commands = false;
    let mut into: Option<&mut String> = None;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands = true;
            let six = usize::from(command.contains("bird6") || command.contains("birdcl6"));
            asked[six] |= command.contains("birdcl");
            let (protocols, status) = &mut answers[six];
            into = match command.split(" show ").nth(1).map(str::trim) {
                Some("protocols") => Some(protocols),
                Some("status") => Some(status),
                _ => None,
            };
        } else if !line.starts_with("(rc ")
            && let Some(answer) = &mut into
        {
            answer.push_str(line);
            answer.push('\n');
        }
    }
    if !commands {
        return read_bare(text, heading, inside);
    }
    for ((protocols, status), (asked, slot)) in answers.iter().zip(asked.into_iter().zip([&mut inside.bird4, &mut inside.bird6])) {
        if asked {
            // What stands there in place of an answer (kubectl's own error) tells why there is none.
            *slot = daemon(protocols, status).unwrap_or_else(Observed::Failed);
        }
    }
    Ok(())
}

/// The answers alone: `show protocols`, `show status`, or both in any order.
fn read_bare(text: &str, heading: &Heading, inside: &mut NodeInspection) -> Result<(), String> {
    const STATUS: [&str; 8] =
        ["Router ID is", "Hostname is", "Current server time", "Last reboot", "Last reconfig", "Daemon is", "Graceful restart", "Wait"];
    let (mut protocols, mut status) = (String::new(), String::new());
    for line in text.lines() {
        let is_status =
            STATUS.iter().any(|start| line.trim_start().starts_with(start)) || (line.starts_with("BIRD ") && !line.ends_with(" ready."));
        let into = if is_status { &mut status } else { &mut protocols };
        into.push_str(line);
        into.push('\n');
    }
    let six = heading.six || protocols.lines().any(|row| row.split_whitespace().next().is_some_and(|name| name.contains("__")));
    let slot = if six { &mut inside.bird6 } else { &mut inside.bird4 };
    let has_rows = protocols.lines().any(|line| line.split_whitespace().next() == Some("name") || line.starts_with("2002-"));
    if has_rows || bird::cannot_connect(text).is_some() {
        let answer = daemon(&protocols, &status)?;
        let rows = |told: &Observed<Bird>| told.seen().map_or(0, |bird| bird.protocols.len());
        // `show protocols all NAME` shows some of them again
        if rows(slot) > rows(&answer) && answer.seen().is_some() {
            return Err("an earlier answer shows more sessions".into());
        }
        *slot = answer;
        return Ok(());
    }
    // the status alone tells nothing of sessions
    let Observed::Seen(known) = slot else { return Err("it has no answer to show protocols".into()) };
    let told = bird::parse("name proto table state since info\n", &status).map_err(|error| error.to_string())?;
    known.router_id = told.router_id.or(known.router_id.take());
    known.last_reboot = told.last_reboot.or(known.last_reboot.take());
    known.graceful_restart = told.graceful_restart.or(known.graceful_restart.take());
    Ok(())
}

fn daemon(protocols: &str, status: &str) -> Result<Observed<Bird>, String> {
    if let Some(refusal) =
        protocols.lines().next().and_then(|line| line.strip_prefix("error: ").or(line.strip_prefix("Error from server ")))
    {
        return Err(refusal.to_owned());
    }
    match bird::parse(protocols, status) {
        Ok(bird) => Ok(Observed::Seen(bird)),
        Err(BirdError::NotRunning { reason }) if ["Connection refused", "No such file or directory"].contains(&reason.as_str()) => {
            Ok(Observed::Absent)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Init containers of calico-node in the manifests and the operator's DaemonSet, 3.8 to 3.33.
pub(super) const INIT_CONTAINERS: [&str; 7] =
    ["install-cni", "upgrade-ipam", "mount-bpffs", "flexvol-driver", "ebpf-bootstrap", "hostpath-init", "key-cert-provisioner"];

/// A shell's error in such a log has no mark of Calico's.
pub(super) fn init_container_in_name(name: &str) -> Option<&'static str> {
    let (folders, name) = name.rsplit_once(['/', '\\', ':']).unwrap_or(("", name));
    let is_folder = |container: &str| folders.split(['/', '\\', ':']).any(|folder| folder == container);
    INIT_CONTAINERS.into_iter().find(|container| name.contains(container) || is_folder(container))
}

/// What a log tells, which is a small part of it.
pub(super) struct LogFacts {
    /// Of an init container, with its name.
    init: Option<(String, StartupLog)>,
    /// The kubelet's own sentence in place of a log that is gone.
    is_gone: bool,
    /// calico-node's own.
    pub log: Option<StartupLog>,
}

impl LogFacts {
    /// `container`: as a heading or prompt names it.
    pub(super) fn read(file: &str, container: Option<&str>, text: &str) -> Self {
        let named = container.and_then(init_container_in_name).or_else(|| init_container_in_name(file));
        let container = named.or_else(|| startup_log::init_container(text));
        let init = container.map(|container| (container.to_owned(), startup_log::digest_init(text.as_bytes(), true)));
        // `kubectl logs --all-containers` goes on with calico-node's, without a mark
        let own = if init.is_some() { behind_init_container(text) } else { text };
        let log = startup_log::digest(own.as_bytes(), true);
        let log = (init.is_none() || !log.marks.is_empty()).then_some(log);
        Self { init, is_gone: startup_log::is_gone(text), log }
    }
}

/// Lines after the last that an init container wrote.
fn behind_init_container(text: &str) -> &str {
    let mut end = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if startup_log::init_container(line).is_some() {
            end = at;
        }
    }
    text.get(end..).unwrap_or_default()
}

/// Of two texts of the same log the one without the kubelet's timestamps counts; it is the log's own.
pub(super) fn add_log(logs: &mut NodeLogs, file: &str, previous: bool, facts: &LogFacts) {
    if let Some((container, log)) = &facts.init {
        logs.init.insert(container.clone(), Observed::Seen(log.clone()));
    }
    let Some(log) = &facts.log else { return };
    let slot = if previous { &mut logs.previous } else { &mut logs.current };
    if facts.is_gone {
        *slot = Observed::Absent;
    } else if slot.seen().is_none() || !file.contains(".timestamps.") {
        *slot = Observed::Seen(log.clone());
    }
}
