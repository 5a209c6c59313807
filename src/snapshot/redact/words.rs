//! Words of a text that tell where a cluster is: hosts, addresses, identifiers.

use std::net::IpAddr;

/// Before an identifier that a container or a network was given.
pub(super) const GENERATED: [&str; 5] = ["br-", "cali", "veth", "tap", "cilium_"];

pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn is_uid(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && word.split('-').all(is_hex)
}

/// Six pairs of digits; how long that is, or 0.
pub(super) fn hardware_address(text: &str, before: Option<char>) -> usize {
    let is_pair = |pair: &str| pair.len() == 2 && is_hex(pair);
    let whole = text.get(..17).filter(|whole| whole.split(':').count() == 6 && whole.split(':').all(is_pair));
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != ':');
    if whole.is_some() && ends(before) && ends(text[17..].chars().next()) { 17 } else { 0 }
}

/// Domains of published software, and what looks like a host and is none: fields, files.
const PUBLIC: [&str; 19] = [
    "kubernetes.io",
    "k8s.io",
    "projectcalico.org",
    "tigera.io",
    "helm.sh",
    "argoproj.io",
    "fluxcd.io",
    "cattle.io",
    "coreos.com",
    "docker.io",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "github.com",
    "golang.org",
    "amazonaws.com",
    // Interfaces that Calico makes: felix/dataplane/linux/int_dataplane.go.
    "vxlan.calico",
    "vxlan-v6.calico",
    "wireguard.cali",
];
const NO_DOMAINS: [&str; 24] = [
    "go",
    "log",
    "cfg",
    "conf",
    "conflist",
    "yaml",
    "yml",
    "json",
    "ctl",
    "sock",
    "sh",
    "service",
    "socket",
    "slice",
    "pid",
    "txt",
    "key",
    "pem",
    "crt",
    "toml",
    "apps",
    "batch",
    "generation",
    "example",
];
const NO_HOSTS: [&str; 4] = ["status", "spec", "metadata", "deprecated"];

/// A name with a domain.
pub(super) fn is_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (Some(first), Some(last)) = (labels.first(), labels.last()) else { return false };
    let last_two = labels.len().checked_sub(2).and_then(|at| labels.get(at..)).map(|two| two.join(".").to_ascii_lowercase());
    labels.len() > 1
        && word.len() > 5
        && labels.iter().all(is_label)
        && last.len() > 1
        && last.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !NO_DOMAINS.contains(last)
        && !NO_HOSTS.contains(first)
        && last_two.is_some_and(|two| !PUBLIC.contains(&two.as_str()))
        // `nodeStatus.conditions`, `time.Duration`: hosts are written in one case.
        && (word.chars().all(|c| !c.is_ascii_uppercase()) || word.chars().all(|c| !c.is_ascii_lowercase()))
}

pub(super) fn leading_number(text: &str) -> Option<u8> {
    text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())].parse().ok()
}

/// The longest address that `text` begins with, with its separator: `_` in the names of BIRD's protocols.
pub(super) fn address_at(text: &str) -> Option<(usize, IpAddr, char)> {
    let end = text.find(|c: char| !(c.is_ascii_hexdigit() || ".:_".contains(c))).unwrap_or(text.len()).min(45);
    // A date may be glued to an address, so that its end is where it still parses.
    (3..=end).rev().find_map(|length| {
        let piece = &text[..length];
        if let Ok(address) = piece.parse() {
            return Some((length, address, '.'));
        }
        if piece.matches('_').count() < 2 {
            return None;
        }
        let address = piece.replace('_', ".").parse().or_else(|_| piece.replace('_', ":").parse()).ok()?;
        Some((length, address, '_'))
    })
}
