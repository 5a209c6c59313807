//! `calicoctl node status` and `calicoctl get nodes -o wide`, of every release.

use serde_json::{Value, json};

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::tables::split_row;
use super::texts::TextKind;
use crate::calico::node_annotations;
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::{Bird, Protocol};

pub(super) const NODE_STATUS: Format = Format {
    name: "calicoctl node status",
    better: "birdcl show protocols (in the container calico-node)",
    starts: |lines, _| {
        lines.first().is_some_and(|line| is_status_start(line, lines.iter().skip(1).find(|next| !next.trim().is_empty()).unwrap_or(&"")))
    },
    goes_on: |line| {
        let line = line.trim();
        line.is_empty() || line.starts_with(['+', '|']) || STATUS_LINES.iter().any(|start| line.starts_with(start))
    },
    interrupts: true,
    restarts: false,
    read: read_status,
};

pub(super) const NODES_WIDE: Format = Format {
    name: "calicoctl get nodes -o wide",
    better: "calicoctl get nodes -o yaml",
    starts: |lines, _| {
        lines.first().is_some_and(|line| {
            let mut words = line.split_whitespace();
            (words.next(), words.next(), words.next()) == (Some("NAME"), Some("ASN"), Some("IPV4"))
        })
    },
    // `node-3   (64512)   10.0.0.3/24`, `node-3   64600   10.0.0.3/24`
    goes_on: |line| line.contains('(') || line.split_whitespace().skip(2).any(|cell| cell.contains('/')),
    interrupts: true,
    restarts: true,
    read: read_nodes_wide,
};

/// calicoctl/calicoctl/commands/node/status.go; older releases print `None` for a family without peers.
const STATUS_LINES: [&str; 9] = [
    "Calico process is",
    "IPv4 BGP status",
    "IPv6 BGP status",
    "No IPv",
    "INFO: BIRDv",
    "The BGP backend process",
    "Error querying BIRD",
    "None",
    "IP: ",
];
/// It looks for the process among those that it sees itself (`Status` in the file above).
const NO_PROCESS: &str = "calicoctl found no calico-node process. It finds one only when it runs on the host itself, not in a container";
/// Rows of one table.
const MAX_ROWS: usize = 20_000;

fn is_status_start(line: &str, next: &str) -> bool {
    let line = line.trim();
    line.starts_with("Calico process is")
        || line.starts_with("IPv4 BGP status")
        || line.starts_with("IPv6 BGP status")
        || (line.starts_with("+--") && is_status_header(next))
        || (line.starts_with('|') && is_status_header(line))
}

fn is_status_header(line: &str) -> bool {
    // up to 0.2x in small letters
    let line = line.to_ascii_uppercase();
    line.contains("PEER ADDRESS") && line.contains("PEER TYPE")
}

fn read_status(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let (bird4, bird6) = parse_status(&block.text)?;
    let count = |bird: &Observed<Bird>| bird.seen().map_or(0, |bird| bird.protocols.len());
    let sessions = count(&bird4) + count(&bird6);
    facts.text(TextKind::NodeStatus, block.line, block.text.clone(), block.heading.clone(), None);
    Ok(Summary::new(match bird4 {
        Observed::Failed(_) if sessions == 0 => "no answer of BIRD".to_owned(),
        Observed::Absent if sessions == 0 => "BIRD does not run".to_owned(),
        _ => crate::text::count(sessions, "BGP session"),
    }))
}

/// Both families as BIRD would list them. calicoctl leaves out rows that are `down`.
pub(super) fn parse_status(text: &str) -> Result<(Observed<Bird>, Observed<Bird>), String> {
    let mut birds = [Observed::NotAsked, Observed::NotAsked];
    // a table without the line above is IPv4's, unless its addresses say otherwise
    let mut family = 0;
    let mut rows = 0;
    for line in text.lines().map(str::trim) {
        if line.starts_with("IPv4 BGP status") || line.starts_with("IPv6 BGP status") {
            family = usize::from(line.starts_with("IPv6"));
            birds[family] = Observed::Seen(Bird::default());
        } else if line.starts_with("Calico process is not running") {
            birds = [(); 2].map(|()| Observed::Failed(NO_PROCESS.to_owned()));
        } else if line.starts_with("The BGP backend process") {
            birds = [Observed::Absent, Observed::Absent];
        } else if line.starts_with("INFO: BIRDv") {
            birds[usize::from(line.starts_with("INFO: BIRDv6"))] = Observed::Absent;
        } else if let Some(why) = line.strip_prefix("Error querying BIRD") {
            birds[family] = Observed::Failed(crate::text::bounded::clean(why.trim_start_matches([':', ' ']), 300));
        } else if let Some(cells) = cells(line) {
            rows += 1;
            if rows > MAX_ROWS {
                return Err(format!("more than {MAX_ROWS} rows"));
            }
            if birds[family].seen().is_none() {
                birds[family] = Observed::Seen(Bird::default());
            }
            if let Observed::Seen(bird) = &mut birds[family] {
                take_row(bird, &cells, family);
            }
        }
    }
    let [bird4, bird6] = birds;
    Ok((bird4, bird6))
}

/// The five cells of a row; `None` for rules and headers.
fn cells(line: &str) -> Option<[&str; 5]> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let cells = [cells.next()?, cells.next()?, cells.next()?, cells.next()?, cells.next()?];
    // Markdown has rules between bars
    let is_rule = cells[0].len() > 1 && cells[0].bytes().all(|byte| matches!(byte, b'-' | b':'));
    (!cells[0].eq_ignore_ascii_case("PEER ADDRESS") && !is_rule).then_some(cells)
}

/// Up to v3.32 a long cell goes on in the row below, whose address is empty.
fn take_row(bird: &mut Bird, cells: &[&str; 5], family: usize) {
    let [address, kind, state, since, info] = cells;
    let clean = |text: &str| crate::text::bounded::clean(&text.split_whitespace().collect::<Vec<_>>().join(" "), 256);
    if address.is_empty() {
        if let Some(last) = bird.protocols.last_mut() {
            last.info = clean(format!("{} {info}", last.info).trim());
        }
        return;
    }
    let prefix = match *kind {
        "node specific" => "Node_",
        "global" => "Global_",
        _ => "Mesh_",
    };
    // calicoctl writes the port into the address: `10.0.0.9.port.1790`
    let separator = if family == 0 { '.' } else { ':' };
    let name = format!("{prefix}{}", address.replace(separator, "_"));
    bird.protocols.push(Protocol {
        name: clean(&name),
        proto: "BGP".to_owned(),
        table: "master".to_owned(),
        state: clean(state),
        since: clean(since),
        info: clean(info),
    });
}

fn read_nodes_wide(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let mut count = 0;
    for line in block.text.lines().skip(1) {
        let row = split_row(line, 4);
        let Some(name) = row.first().filter(|name| !name.is_empty()) else { continue };
        let addresses: Vec<&str> = row.iter().skip(1).copied().filter(|cell| cell.contains('/')).collect();
        let mut node =
            calico_node(name, addresses.iter().find(|cell| !cell.contains(':')), addresses.iter().find(|cell| cell.contains(':')));
        // in brackets it is the cluster's
        if let Some(number) = row.get(1).filter(|cell| cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
            node["metadata"]["annotations"][node_annotations::AS_NUMBER] = json!(number);
        }
        facts.told("Node", &node)?;
        count += 1;
    }
    Ok(Summary::new(crate::text::count(count, "Calico node")))
}

fn calico_node(name: &str, v4: Option<&&str>, v6: Option<&&str>) -> Value {
    let mut annotations = serde_json::Map::new();
    for (key, address) in Family::ALL.map(node_annotations::address).into_iter().zip([v4, v6]) {
        if let Some(address) = address {
            annotations.insert(key.to_owned(), json!(address));
        }
    }
    json!({"metadata": {"name": name, "annotations": annotations}})
}

/// Calico's own Node (`calicoctl get nodes -o yaml`) as the Node of Kubernetes that carries the same annotations.
pub(super) fn from_calico_node(object: &Value) -> Value {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let mut node = calico_node(
        text("/metadata/name").unwrap_or_default(),
        text("/spec/bgp/ipv4Address").as_ref(),
        text("/spec/bgp/ipv6Address").as_ref(),
    );
    let listed = object.pointer("/spec/addresses").and_then(Value::as_array).into_iter().flatten();
    let internal: Vec<Value> = listed.filter(|address| address.get("type").is_some_and(|kind| kind == "InternalIP")).cloned().collect();
    node["status"] = json!({"addresses": internal});
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_say_the_same() {
        let old = include_str!("../../tests/fixtures/import/texts/node-status.old.txt");
        let new = include_str!("../../tests/fixtures/import/texts/node-status.new.txt");
        let (v4, v6) = parse_status(old).expect("reads");
        assert_eq!(parse_status(new).expect("reads"), (v4.clone(), v6.clone()));
        let rows = |bird: &Observed<Bird>| {
            bird.seen().expect("seen").protocols.iter().map(|row| format!("{} {} {}", row.name, row.state, row.info)).collect::<Vec<_>>()
        };
        assert_eq!(rows(&v4), ["Node_10_1_0_1 up Established", "Global_10_2_0_1 up Established", "Mesh_10_0_0_7 up Established"]);
        assert_eq!(rows(&v6)[1], "Mesh_2001_db8_0_1__abcd_12 start Active Socket: No route to host");
    }

    #[test]
    fn what_does_not_run_is_told_apart_from_what_was_not_found() {
        for (text, expected) in [
            ("Calico process is not running.", (Observed::Failed(NO_PROCESS.to_owned()), Observed::Failed(NO_PROCESS.to_owned()))),
            ("Calico process is running.\n\nThe BGP backend process (BIRD) is not running.", (Observed::Absent, Observed::Absent)),
            (
                "IPv4 BGP status\nNo IPv4 peers found.\n\nINFO: BIRDv6 process: 'bird6' is not running.",
                (Observed::Seen(Bird::default()), Observed::Absent),
            ),
            ("IPv4 BGP status\nError querying BIRD: timed out", (Observed::Failed("timed out".to_owned()), Observed::NotAsked)),
        ] {
            assert_eq!(parse_status(text).expect("reads"), expected, "{text}");
        }
    }
}
