//! Replaces names and addresses, the same one always by the same: equality, subnets and what marks an address stay.
//! Names that objects give are looked up; host names, identifiers and hardware addresses in running text are known by their shape.
//!
//! Kept of an address: its class (10/8, each /16 of 172.16/12, 192.168/16, 100.64/10, loopback, link-local), common prefixes, and the last byte
//! (the last two of IPv6), so that string order within a /24 stays. Between subnets string order does **not** stay.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

mod owners;
mod words;

use owners::owners;
use words::{GENERATED, address_at, hardware_address, is_hex, is_host, is_uid, leading_number};

use super::Snapshot;
use crate::input_source::InputSource;
use crate::observed::Observed;

/// Names that are Calico's or Kubernetes' and tell nothing of the cluster.
const COMMON: [&str; 25] = [
    "calico",
    "calico-apiserver",
    "calico-config",
    "cni",
    "tigera-operator",
    "rancher",
    "kube",
    "mirrored-calico-node",
    "rke2-calico",
    "library",
    "kube-public",
    "kube-node-lease",
    "kubernetes-services-endpoint",
    "calico-node",
    "canal",
    "rke2-canal",
    "kube-system",
    "calico-system",
    "kubelet",
    "node",
    "default",
    "localhost",
    "linux",
    "Node",
    "Pod",
];
/// Labels that judging and `-l` go by; others are the owner's own words.
const LABELS: [&str; 8] = [
    "kubernetes.io/",
    "node-role.kubernetes.io/",
    "k8s-app",
    "app.kubernetes.io/",
    "controller-revision-hash",
    "pod-template-generation",
    "node.kubernetes.io/",
    "eks.amazonaws.com/compute-type",
];

struct Mapping {
    names: BTreeMap<String, String>,
    key: RandomState,
}

/// Fails only when a replaced value no longer fits its place; nothing is given out then.
pub fn redact(mut snapshot: Snapshot) -> Result<Snapshot, serde_json::Error> {
    let mapping = Mapping { names: names(&snapshot), key: RandomState::new() };
    snapshot.cluster.context = snapshot.cluster.context.map(|_| "context".into());
    snapshot.cluster.server = snapshot.cluster.server.map(|_| "https://server".into());
    let selectors = selectors(&snapshot);
    if let Observed::Seen(nodes) = &mut snapshot.nodes {
        for node in nodes {
            let selected = |label: &str| selectors.iter().any(|selector| selector.contains(label));
            node.metadata.labels.retain(|label, _| LABELS.iter().any(|prefix| label.starts_with(prefix)) || selected(label));
        }
    }
    mapping.each(&mut snapshot.nodes)?;
    mapping.each(&mut snapshot.pods)?;
    mapping.value(&mut snapshot.programs)?;
    mapping.each(&mut snapshot.events)?;
    mapping.each(&mut snapshot.controller_revisions)?;
    mapping.value(&mut snapshot.cluster)?;
    mapping.value(&mut snapshot.daemon_set)?;
    mapping.value(&mut snapshot.config_maps)?;
    mapping.value(&mut snapshot.resources)?;
    mapping.map(&mut snapshot.inside)?;
    mapping.map(&mut snapshot.logs)?;
    number_files(&mut snapshot.sources);
    mapping.value(&mut snapshot.sources)?;
    Ok(snapshot)
}

/// Of BGPPeers: labels named there decide which sessions are expected, and the selectors themselves stay readable.
fn selectors(snapshot: &Snapshot) -> Vec<String> {
    let peers = snapshot.resources.bgp_peers.seen().into_iter().flatten();
    let texts = peers
        .flat_map(|peer| ["nodeSelector", "peerSelector"].map(|field| peer.spec.get(field).and_then(Value::as_str).map(str::to_owned)));
    texts.flatten().collect()
}

/// Paths hold names of people and of customers.
fn number_files(sources: &mut [InputSource]) {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for source in sources {
        let next = numbers.len() + 1;
        let number = *numbers.entry(std::mem::take(&mut source.file)).or_insert(next);
        source.file = format!("file-{number}");
    }
}

/// New names in the old ones' order.
fn names(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let mut nodes: BTreeSet<&str> = snapshot.inside.keys().chain(snapshot.logs.keys()).map(String::as_str).collect();
    let mut hosts = BTreeSet::new();
    let mut pods = BTreeSet::new();
    for node in snapshot.nodes.seen().into_iter().flatten() {
        nodes.insert(&node.metadata.name);
        hosts.extend(node.status.addresses.iter().filter(|one| one.address.parse::<IpAddr>().is_err()).map(|one| one.address.as_str()));
        hosts.extend(node.metadata.labels.get("kubernetes.io/hostname").map(String::as_str));
    }
    let programs = snapshot.programs.iter().map(|one| &one.pod);
    for pod in snapshot.pods.seen().into_iter().flatten().chain(programs) {
        pods.insert(pod.metadata.name.as_str());
        nodes.extend(pod.spec.node_name.as_deref());
    }
    for event in snapshot.events.seen().into_iter().flatten() {
        if event.involved_object.kind == "Pod" {
            pods.insert(&event.involved_object.name);
        }
        nodes.extend(event.source.host.as_deref());
    }
    let short: BTreeSet<(&str, &str)> = nodes
        .iter()
        .chain(&hosts)
        .filter_map(|name| Some((name.split_once('.')?.0, *name)))
        .filter(|(short, _)| is_telling(short))
        .collect();
    let mut names = BTreeMap::new();
    for (sort, list) in [("host", &hosts), ("node", &nodes)] {
        names.extend(list.iter().enumerate().map(|(count, name)| ((*name).to_owned(), format!("{sort}-{:05}", count + 1))));
    }
    for (short, whole) in short {
        // Before the domain stands the same name.
        if let Some(new) = names.get(whole).cloned() {
            names.entry(short.to_owned()).or_insert(new);
        }
    }
    for (sort, list) in owners(snapshot) {
        for (count, name) in list.into_iter().filter(|name| is_telling(name)).enumerate() {
            names.entry(name).or_insert_with(|| format!("{sort}-{:05}", count + 1));
        }
    }
    for (count, name) in pods.into_iter().enumerate() {
        // The five last characters are random anyway; the DaemonSet's name before them is looked at.
        let stem = name.rsplit_once('-').map_or("pod", |(stem, _)| stem);
        names.insert(name.to_owned(), format!("{stem}-{:05}", count + 1));
    }
    names.retain(|name, _| !name.is_empty() && !COMMON.contains(&name.as_str()));
    names
}

/// Shorter words and numbers occur in every text.
fn is_telling(name: &str) -> bool {
    name.len() > 3 && !COMMON.contains(&name) && name.contains(|c: char| c.is_ascii_alphabetic())
}

impl Mapping {
    fn each<T: Serialize + DeserializeOwned>(&self, list: &mut Observed<Vec<T>>) -> Result<(), serde_json::Error> {
        match list {
            Observed::Seen(items) => items.iter_mut().try_for_each(|item| self.value(item)),
            other => self.value(other),
        }
    }

    fn map<T: Serialize + DeserializeOwned>(&self, map: &mut BTreeMap<String, T>) -> Result<(), serde_json::Error> {
        for (name, mut value) in std::mem::take(map) {
            self.value(&mut value)?;
            map.insert(self.text(&name), value);
        }
        Ok(())
    }

    /// Through a tree, one object at a time, so that no field can be forgotten.
    fn value<T: Serialize + DeserializeOwned>(&self, value: &mut T) -> Result<(), serde_json::Error> {
        let mut tree = serde_json::to_value(&*value)?;
        self.tree(&mut tree);
        // As text: the reader of snapshots reads it, and none of trees has to be compiled for every type.
        *value = serde_json::from_str(&serde_json::to_string(&tree)?)?;
        Ok(())
    }

    fn tree(&self, tree: &mut Value) {
        match tree {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.tree(item)),
            Value::Object(fields) => {
                for (name, mut field) in std::mem::take(fields) {
                    self.tree(&mut field);
                    fields.insert(self.text(&name), field);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &str) -> String {
        self.addresses(&self.shapes(&self.named(text)))
    }

    /// Words whose shape says that they belong to this cluster alone.
    fn shapes(&self, text: &str) -> String {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let length = hardware_address(rest, out.chars().next_back());
            if length > 0 {
                out.push_str(&self.hardware(&rest[..length]));
                rest = &rest[length..];
                continue;
            }
            let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
            if end == 0 {
                let skip = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(&rest[..skip]);
                rest = &rest[skip..];
                continue;
            }
            let word = rest[..end].trim_end_matches(['.', '-', '_']);
            out.push_str(&self.word(word).unwrap_or_else(|| word.to_owned()));
            out.push_str(&rest[word.len()..end]);
            rest = &rest[end..];
        }
        out
    }

    fn word(&self, word: &str) -> Option<String> {
        if let Some((prefix, id)) = GENERATED.iter().find_map(|prefix| Some((*prefix, word.strip_prefix(prefix)?)))
            && id.len() >= 7
            && is_hex(id)
        {
            return Some(format!("{prefix}{}", self.hex(id, id.len())));
        }
        if is_uid(word) {
            return Some(word.split('-').map(|part| self.hex(&format!("{word}{part}"), part.len())).collect::<Vec<_>>().join("-"));
        }
        if let Some(new) = self.address_in_name(word) {
            return Some(new);
        }
        is_host(word).then(|| format!("h{}.example", self.hex(&word.to_ascii_lowercase(), 8)))
    }

    /// `ip-10-99-98-97`, as clouds name their hosts.
    fn address_in_name(&self, word: &str) -> Option<String> {
        let parts: Vec<&str> = word.split('-').collect();
        let at = parts.windows(4).position(|four| four.iter().all(|part| part.parse::<u8>().is_ok()))?;
        let (before, rest) = parts.split_at_checked(at)?;
        let (four, after) = rest.split_at_checked(4)?;
        let new = self.address(four.join(".").parse().ok()?).to_string().replace('.', "-");
        Some([before, &[new.as_str()], after].concat().join("-"))
    }

    /// Locally administered, so that no maker is named.
    fn hardware(&self, address: &str) -> String {
        let digits = self.hex(&address.to_ascii_lowercase(), 10);
        (0..5).fold("02".to_owned(), |out, byte| out + ":" + &digits[byte * 2..byte * 2 + 2])
    }

    /// So many hexadecimal digits that stand for this text.
    fn hex(&self, text: &str, count: usize) -> String {
        (0u8..).flat_map(|round| format!("{:016x}", self.key.hash_one((round, text))).into_bytes()).take(count).map(char::from).collect()
    }

    /// Names as whole words: dots are word ends, so that `node-1.node-1-uid` is found; of two that fit the longer.
    fn named(&self, text: &str) -> String {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
        let mut out = String::with_capacity(text.len());
        let mut before = None;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let found =
                if is_word(before) { None } else { self.name_at(rest).filter(|(name, _)| !is_word(rest[name.len()..].chars().next())) };
            let length = found.map_or(c.len_utf8(), |(name, _)| name.len());
            out.push_str(found.map_or(&rest[..length], |(_, new)| new));
            before = rest[..length].chars().next_back();
            rest = &rest[length..];
        }
        out
    }

    /// The longest name that `rest` begins with: prefixes are looked up from the longest word on.
    fn name_at(&self, rest: &str) -> Option<(&str, &str)> {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-._:".contains(c))).unwrap_or(rest.len()).min(253);
        (1..=end)
            .rev()
            .filter(|length| !rest[..end].get(*length..).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric())))
            .find_map(|length| self.names.get_key_value(&rest[..length]).map(|(name, new)| (name.as_str(), new.as_str())))
    }

    fn addresses(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut before: Option<char> = None;
        while let Some(c) = rest.chars().next() {
            let inside_word = before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.' || c == ':');
            let found = if inside_word || !(c.is_ascii_hexdigit() || c == ':') { None } else { address_at(rest) };
            let length = found.map_or(c.len_utf8(), |(length, _, _)| length);
            match found {
                Some((_, address, separator)) => {
                    let prefix = rest[length..].strip_prefix('/').and_then(leading_number);
                    let written = self.network(address, prefix).to_string();
                    out.push_str(&if separator == '_' { written.replace(['.', ':'], "_") } else { written });
                }
                None => out.push_str(&rest[..length]),
            }
            before = rest[..length].chars().next_back();
            rest = &rest[length..];
        }
        out
    }

    /// An address whose host bits are all zero is a network and stays one.
    fn network(&self, address: IpAddr, prefix: Option<u8>) -> IpAddr {
        let (bits, width) = match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let host = prefix.filter(|prefix| *prefix <= width && *prefix > 0).map_or(0, |prefix| (1u128 << (width - prefix).min(127)) - 1);
        let mapped = self.address(address);
        if host == 0 || bits & host != 0 {
            return mapped;
        }
        match mapped {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !(host as u32)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !host).into(),
        }
    }

    fn address(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => match kept_bits(v4) {
                32 => address,
                kept => Ipv4Addr::from_bits(self.flip(v4.to_bits().into(), 32, kept, 8) as u32).into(),
            },
            IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local() => address,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(self.flip(v6.to_bits(), 128, 8, 16)).into(),
        }
    }

    /// Each bit between the first `kept` and the last `host` is flipped or not by what stands before it, so prefixes stay common.
    /// The last of them is flipped where none before it was: no address stays the same by chance.
    fn flip(&self, bits: u128, width: u32, kept: u32, host: u32) -> u128 {
        (kept..width - host).fold(bits, |flipped, place| {
            let before = bits >> (width - place);
            let is_due = place + host + 1 == width && flipped == bits;
            let turn = if is_due { 1 } else { self.key.hash_one((width, place, before)) & 1 };
            flipped ^ (u128::from(turn) << (width - place - 1))
        })
    }
}

/// How much of an address tells its class; 32 for those that are the same on every host.
fn kept_bits(address: Ipv4Addr) -> u32 {
    match address.octets() {
        [0 | 127 | 224..=255, ..] | [169, 254, ..] | [10, 0, 2, 15] => 32,
        [172, 16..=31, 0, 1] => 32,
        [172, 16..=31, ..] | [192, 168, ..] => 16,
        [100, 64..=127, ..] => 10,
        [10, ..] => 8,
        _ => 4,
    }
}

#[cfg(test)]
mod tests;
