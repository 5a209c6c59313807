//! Which node a text is of: what the user says, then the pod, the host in the prompt, the file's name, the text itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::facts::Text;
use super::texts::{self, TextKind};
use crate::calico::node_annotations;
use crate::calico::session::{PeerKind, Session};
use crate::calico::startup_log;
use crate::input_source::{STANDS_FOR_NODE, UNNAMED_NODE};
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{LogEventKind, NodeInspection};
use crate::snapshot::objects::{Node, Pod};

/// Parts of a file's name that follow the node's: `node-3.birdcl.txt`.
const AFTER_NODE: [&str; 8] = ["birdcl", "bird", "ip-addr", "ip-route", "ip-rule", "ifconfig", "log", "node-status"];

/// Names that texts without a node go by, one for each host that they seem to be of.
#[derive(Default)]
pub(super) struct Unnamed {
    /// By file: the newest.
    newest: BTreeMap<String, (String, Vec<TextKind>)>,
}

pub(super) struct Known<'a> {
    pub snapshot: &'a Snapshot,
    /// `FILE=NODE`, by file.
    pub given: &'a BTreeMap<String, String>,
    /// `--node NAME`, where it names one.
    pub default: Option<&'a str>,
}

impl Known<'_> {
    fn node_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.snapshot.nodes.seen().into_iter().flatten().map(|node| node.metadata.name.as_str())
    }

    /// The node by this name, or, where no nodes are known, the name itself.
    fn node(&self, name: &str) -> Option<String> {
        if self.snapshot.nodes.seen().is_none() {
            // one of two texts may have the whole name, the other a prompt's
            let known = self.pods().filter_map(|pod| pod.spec.node_name.as_deref()).chain(self.snapshot.inside.keys().map(String::as_str));
            let known: BTreeSet<&str> = known.chain(self.snapshot.logs.keys().map(String::as_str)).collect();
            return Some(named_alike(known.iter().copied(), name).unwrap_or(name).to_owned());
        }
        let by_address = || {
            let address: IpAddr = name.parse().ok()?;
            let nodes = self.snapshot.nodes.seen().into_iter().flatten();
            only(nodes.filter(|node| has_address(node, address)).map(|node| node.metadata.name.as_str()))
        };
        named_alike(self.node_names(), name).or_else(by_address).map(str::to_owned)
    }

    fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.snapshot.pods.seen().into_iter().flatten()
    }

    /// A line above the text that is a node's name, or a pod's; where no nodes are known it must look like one.
    fn labelled(&self, label: &str) -> Option<String> {
        let pod = || {
            let pod = super::prompt::pod_name(label)?;
            let known = self.snapshot.pods.seen().into_iter().flatten().find(|known| known.metadata.name == pod);
            known.and_then(|known| known.spec.node_name.clone()).or_else(|| self.snapshot.nodes.seen().is_none().then(|| node_of_pod(&pod)))
        };
        let looks_like_one = label.contains(|c: char| c.is_ascii_digit()) && label.contains(['-', '.']);
        pod().or_else(|| self.node(label).filter(|_| self.snapshot.nodes.seen().is_some() || looks_like_one))
    }

    /// The node whose InternalIP is on one of the interfaces that the text lists.
    fn by_address(&self, text: &Text) -> Option<String> {
        if !matches!(text.kind, TextKind::Interfaces | TextKind::Ifconfig | TextKind::Brief) {
            return None;
        }
        let mut inside = NodeInspection::default();
        texts::read_inside(text.kind, &text.text, &text.heading, &mut inside).ok()?;
        let held = |address: &str| address.parse::<IpAddr>().is_ok_and(|address| own(&inside, &address));
        let nodes = self.snapshot.nodes.seen().into_iter().flatten();
        let by_node = nodes.filter(|node| node.addresses("InternalIP").any(held)).map(|node| node.metadata.name.as_str());
        // a calico-node pod has its node's address
        let pods = self.snapshot.pods.seen().into_iter().flatten();
        let by_pod = pods.filter(|pod| pod.status.host_ip.as_deref().is_some_and(held)).filter_map(|pod| pod.spec.node_name.as_deref());
        let found: BTreeSet<&str> = by_node.chain(by_pod).collect();
        // an address that two nodes have tells nothing
        found.first().filter(|_| found.len() == 1).map(|name| (*name).to_owned())
    }

    /// The only node that its sessions of the mesh do not lead to: they lead to all others, and nobody peers with itself. Of BIRD also the one
    /// whose address is the router ID.
    fn by_sessions(&self, text: &Text) -> Option<String> {
        if !matches!(text.kind, TextKind::NodeStatus | TextKind::Birdcl) {
            return None;
        }
        let mut inside = NodeInspection::default();
        texts::read_inside(text.kind, &text.text, &text.heading, &mut inside).ok()?;
        let nodes = || self.snapshot.nodes.seen().into_iter().flatten();
        let named = |node: &'_ Node| node.metadata.name.clone();
        let router_id = inside.bird4.seen().and_then(|bird| bird.router_id.as_deref()?.parse::<IpAddr>().ok());
        let mut by_id = nodes().filter(|node| router_id.is_some_and(|id| has_address(node, id)));
        if let (Some(node), None) = (by_id.next(), by_id.next()) {
            return Some(named(node));
        }
        let peers = peers(&inside, |session| session.kind == PeerKind::Mesh);
        let is_peer = |node: &&Node| peers.iter().any(|peer| has_address(node, *peer));
        let mut others = nodes().filter(|node| !is_peer(node));
        let first = others.next().filter(|_| others.next().is_none() && nodes().any(|node| is_peer(&node)))?;
        Some(named(first))
    }

    /// The only node whose address a calico-node detected at its start.
    fn by_detection(&self, text: &Text) -> Option<String> {
        let log = text.log.as_ref()?.log.as_ref()?;
        let found: Vec<IpAddr> = log.marks.iter().filter_map(startup_log::detection).map(|detection| detection.address).collect();
        let nodes = self.snapshot.nodes.seen().into_iter().flatten();
        let has = nodes.filter(|node| found.iter().any(|address| has_address(node, *address)));
        only(has.map(|node| node.metadata.name.as_str())).map(str::to_owned)
    }

    /// Beside a table of pods people show the log of the one that is not ready, or of the only one.
    fn only_sick(&self, text: &Text) -> Option<String> {
        let named = |pod: &&Pod| pod.is_ready() == Some(false) && pod.spec.node_name.is_some();
        let mut sick = self.snapshot.pods.seen().into_iter().flatten().filter(named);
        let is_log = text.is_part && matches!(text.kind, TextKind::Log { .. });
        let only = match (sick.next(), sick.next(), self.snapshot.pods.seen()?.as_slice()) {
            (Some(first), None, _) | (None, _, [first]) => first,
            _ => return None,
        };
        only.spec.node_name.clone().filter(|_| is_log)
    }

    /// A log that names another node as the holder of its address: of two nodes it is the other's.
    fn only_other(&self, text: &Text) -> Option<String> {
        let marks = &text.log.as_ref()?.log.as_ref()?.marks;
        let holders: BTreeSet<&str> = marks
            .iter()
            .filter(|mark| mark.kind == LogEventKind::AddressConflict)
            .filter_map(|mark| Some(mark.text.strip_prefix("Calico node '")?.split_once('\'')?.0))
            .collect();
        let mut others = self.node_names().filter(|name| !holders.contains(name));
        others.next().filter(|_| !holders.is_empty() && others.next().is_none()).map(str::to_owned)
    }

    /// The node of a text; `Err` says why it is not known.
    pub(super) fn node_of(&self, text: &Text, unnamed: &mut Unnamed) -> Result<String, String> {
        let pods = || self.snapshot.pods.seen().into_iter().flatten();
        if let Some(given) = self.given.get(&text.file) {
            return Ok(given.clone());
        }
        if let Some(pod) = &text.heading.pod {
            let known = pods().find(|known| known.metadata.name == *pod).and_then(|pod| pod.spec.node_name.clone());
            let named = || text.names_node.as_deref().and_then(|name| self.node(name));
            // whichever of the nodes it is, what its log says is true
            let is_log = matches!(text.kind, TextKind::Log { .. });
            let unknown = || (self.snapshot.nodes.seen().is_none() || is_log).then(|| node_of_pod(pod));
            return known
                .or_else(named)
                .or_else(|| self.by_detection(text))
                .or_else(unknown)
                .ok_or_else(|| format!("pod {pod} is not among the pods that were read"));
        }
        let host = text.heading.host.as_deref().filter(|_| !text.heading.is_remote());
        let by_pod = || {
            let name = texts::pod_in(&text.file)?;
            pods().find(|pod| pod.metadata.name == name)?.spec.node_name.clone()
        };
        let labels = self
            .node_names()
            .map(|name| (name, name))
            .chain(pods().filter_map(|pod| Some((pod.metadata.name.as_str(), pod.spec.node_name.as_deref()?))));
        let found = text
            .names_node
            .as_deref()
            .and_then(|name| self.node(name))
            .or_else(|| self.node(text.heading.node.as_deref()?))
            .or_else(|| self.node(host?))
            .or_else(|| self.labelled(text.heading.label.as_deref()?))
            .or_else(by_pod)
            .or_else(|| texts::node_of(&text.file, labels).map(str::to_owned))
            .or_else(|| self.by_address(text))
            .or_else(|| self.by_sessions(text))
            .or_else(|| self.by_detection(text))
            .or_else(|| self.default.map(str::to_owned))
            .or_else(|| self.only_other(text))
            .or_else(|| self.only_sick(text));
        match found {
            Some(node) => Ok(node),
            None if self.snapshot.nodes.seen().is_none() || tells_by_itself(text) => {
                Ok(label(&text.file).unwrap_or_else(|| unnamed.name(text, self.snapshot)))
            }
            None => {
                let count = self.node_names().count();
                Err(format!(
                    "which of the {} it is of is not known; say so with {}=NODE or --node NODE",
                    crate::text::count(count, "node"),
                    text.file
                ))
            }
        }
    }
}

/// What a log or BIRD says is a fault of some node, whichever that is.
fn tells_by_itself(text: &Text) -> bool {
    text.is_part && matches!(text.kind, TextKind::Log { .. } | TextKind::NodeStatus | TextKind::Birdcl)
}

fn has_address(node: &Node, address: IpAddr) -> bool {
    let has = |text: &str| text.split('/').next().is_some_and(|text| text.parse() == Ok(address));
    let stored = Family::ALL.into_iter().filter_map(|family| node.metadata.annotations.get(node_annotations::address(family)));
    node.addresses("InternalIP").any(has) || stored.into_iter().any(|text| has(text))
}

/// The one of the names that is this, in whatever case, or, where only one can be, that has the same first part: `node-3` and
/// `node-3.example.com`.
fn named_alike<'n>(names: impl Iterator<Item = &'n str> + Clone, name: &str) -> Option<&'n str> {
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let short = |text: &str| text.split('.').next().unwrap_or(text).to_ascii_lowercase();
    let alike = |other: &&str| !is_address(other) && short(other) == short(name);
    names
        .clone()
        .find(|other| *other == name)
        .or_else(|| names.clone().find(|other| other.eq_ignore_ascii_case(name)))
        .or_else(|| only(names.filter(alike)).filter(|_| !is_address(name)))
}

/// The only one of them, however often it comes.
fn only<'n>(names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let names: BTreeSet<&str> = names.collect();
    names.first().copied().filter(|_| names.len() == 1)
}

/// What stands for a node whose name nothing tells: no name of Kubernetes has parentheses.
pub(super) fn node_of_pod(pod: &str) -> String {
    format!("{STANDS_FOR_NODE}of {pod})")
}

/// The node in `node-3.birdcl.txt`, or of the pod that the path names.
fn label(file: &str) -> Option<String> {
    if let Some(pod) = texts::pod_in(file) {
        return Some(node_of_pod(&pod));
    }
    let (label, rest) = file.rsplit(['/', '\\', ':']).next()?.split_once('.')?;
    let follows = rest.split('.').any(|part| AFTER_NODE.iter().any(|word| part.starts_with(word)));
    (follows && !label.is_empty()).then(|| label.to_owned())
}

impl Unnamed {
    /// The same host as the text before it in its file, unless that one has answered this already or is this one's peer.
    fn name(&mut self, text: &Text, snapshot: &Snapshot) -> String {
        let kind = text.kind;
        if let Some((name, kinds)) = self.newest.get_mut(&text.file)
            && !kinds.contains(&kind)
            && !is_peer(snapshot.inside.get(name).and_then(Observed::seen), text)
        {
            kinds.push(kind);
            return name.clone();
        }
        let file = text.file.rsplit(['/', '\\']).next().unwrap_or(&text.file);
        let name = format!("{UNNAMED_NODE}{}:{})", crate::text::bounded::clean(file, 100), text.line);
        self.newest.insert(text.file.clone(), (name.clone(), vec![kind]));
        name
    }
}

/// One of the two has a BGP session with an address of the other: nobody peers with itself.
fn is_peer(before: Option<&NodeInspection>, text: &Text) -> bool {
    let Some(before) = before else { return false };
    let mut now = NodeInspection::default();
    if texts::read_inside(text.kind, &text.text, &text.heading, &mut now).is_err() {
        return false;
    }
    peers(before, |_| true).iter().any(|peer| own(&now, peer)) || peers(&now, |_| true).iter().any(|peer| own(before, peer))
}

/// Where those of its sessions lead.
pub(super) fn peers(inside: &NodeInspection, wanted: impl Fn(&Session) -> bool) -> Vec<IpAddr> {
    let rows = Family::ALL.into_iter().flat_map(|family| {
        let rows = inside.bird(family).seen().into_iter().flat_map(|bird| &bird.protocols);
        rows.filter_map(move |row| Session::from_protocol(row, family))
    });
    rows.filter(|session| wanted(session)).map(|session| session.address).collect()
}

fn own(inside: &NodeInspection, address: &IpAddr) -> bool {
    let seen = inside.interfaces.seen().into_iter().flatten().chain(&inside.some_interfaces);
    seen.into_iter().any(|interface| interface.addresses.iter().any(|held| held.address == *address))
}
