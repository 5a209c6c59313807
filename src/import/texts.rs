//! Texts beside the objects: birdcl's, ip's, and calico-node's logs. The file's name tells the node.

use crate::calico::bird::{self, BirdError};
use crate::calico::{interfaces, routes, startup_log};
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Bird, NodeInspection, NodeLogs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    Birdcl,
    Interfaces,
    Routes,
    Log { previous: bool },
}

/// Told by content first: names differ, what the programs print does not.
pub fn kind(file: &str, text: &str) -> Option<TextKind> {
    let name = file.rsplit(['/', '\\', ':']).next().unwrap_or(file).to_ascii_lowercase();
    let start = text.trim_start();
    let head = || text.lines().take(200);
    if head().any(|line| line.starts_with("$ birdcl")) || start.starts_with("BIRD ") || start.starts_with("0001 BIRD ") {
        return Some(TextKind::Birdcl);
    }
    if name.contains("ip-route") {
        return Some(TextKind::Routes);
    }
    if (start.starts_with('[') && text.contains("\"ifindex\"")) || start.starts_with("1: lo") {
        return Some(TextKind::Interfaces);
    }
    let logged =
        |line: &str| line.contains("] startup/") || line.contains("[INFO][") || line.contains("[WARNING][") || line.contains("level=info");
    // A file that quotes log lines (an operator's, a timeline) is no log: its name says what it is.
    let log = name.contains(".log") || name.ends_with("log.txt") || file.contains("/logs/") || name.contains("calico-node");
    let refused = name.starts_with("operator-log");
    (log && !refused
        && (startup_log::is_gone(text) || head().any(logged) || init_container_in_name(file).is_some() || startup_log::is_recognised(text)))
    .then(|| TextKind::Log { previous: name.contains("previous") })
}

/// The node of `known` whose name begins the file's, or names a directory above it; the longest wins.
pub fn node_of<'a>(file: &str, known: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    known
        .filter(|(label, _)| {
            file.split(['/', '\\', ':']).any(|part| {
                part.strip_prefix(label)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', ' ']) || rest.starts_with("-log"))
            })
        })
        .max_by_key(|(label, _)| label.len())
        .map(|(_, node)| node)
}

/// Adds what `text` says to what is known of the node; `Err` says why it could not be read.
pub fn read_inside(kind: TextKind, text: &str, inside: &mut NodeInspection) -> Result<(), String> {
    match kind {
        TextKind::Birdcl => read_birdcl(text, inside)?,
        TextKind::Interfaces => inside.interfaces = Observed::Seen(interfaces::parse(text).map_err(|error| error.to_string())?),
        TextKind::Routes => {
            let family = if text.contains("fe80::") { Family::V6 } else { Family::V4 };
            inside.routes = Observed::Seen(routes::parse(text, family).map_err(|error| error.to_string())?);
        }
        TextKind::Log { .. } => {}
    }
    Ok(())
}

/// `$ birdcl -s SOCKET show WHAT`, its output, `(rc N)`; or the bare output of `show protocols`.
fn read_birdcl(text: &str, inside: &mut NodeInspection) -> Result<(), String> {
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
        let protocols = text.lines().any(|line| line.split_whitespace().next() == Some("name") || line.starts_with("2002-"));
        inside.bird4 = if protocols { daemon(text, "")? } else { return Err("it has no answer to show protocols".into()) };
        return Ok(());
    }
    for ((protocols, status), (asked, slot)) in answers.iter().zip(asked.into_iter().zip([&mut inside.bird4, &mut inside.bird6])) {
        if asked {
            // What stands there in place of an answer (kubectl's own error) tells why there is none.
            *slot = daemon(protocols, status).unwrap_or_else(Observed::Failed);
        }
    }
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
const INIT_CONTAINERS: [&str; 7] =
    ["install-cni", "upgrade-ipam", "mount-bpffs", "flexvol-driver", "ebpf-bootstrap", "hostpath-init", "key-cert-provisioner"];

/// A shell's error in such a log has no mark of Calico's.
fn init_container_in_name(file: &str) -> Option<&'static str> {
    INIT_CONTAINERS.into_iter().find(|container| file.contains(container))
}

/// Of two texts of the same log the one without the kubelet's timestamps counts; it is the log's own.
pub fn add_log(logs: &mut NodeLogs, file: &str, previous: bool, text: &str) {
    if let Some(container) = init_container_in_name(file).or_else(|| startup_log::init_container(text)) {
        logs.init.insert(container.to_owned(), Observed::Seen(startup_log::digest_init(text.as_bytes(), true)));
        return;
    }
    let slot = if previous { &mut logs.previous } else { &mut logs.current };
    if startup_log::is_gone(text) {
        *slot = Observed::Absent;
    } else if slot.seen().is_none() || !file.contains(".timestamps.") {
        *slot = Observed::Seen(startup_log::digest(text.as_bytes(), true));
    }
}
