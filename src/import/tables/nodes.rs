//! `kubectl get nodes`.

use serde_json::{Value, json};

use super::{MAX_COLUMNS, Table, bare_name, differing, has_columns, is_node_row, normal_header, split_row};
use crate::import::facts::{Facts, Summary};
use crate::import::formats::Format;
use crate::import::page::Block;
use crate::snapshot::objects::Node;

pub(in crate::import) const NODES: Format = Format {
    name: "kubectl get nodes",
    better: "kubectl get nodes -o yaml",
    starts: |lines, _| {
        lines.first().is_some_and(|line| has_columns(line, &["NAME", "STATUS", "ROLES", "AGE", "VERSION"]) || is_node_row(line))
    },
    goes_on: |line| !line.trim().is_empty() && split_row(line, MAX_COLUMNS).len() > 2,
    interrupts: true,
    restarts: false,
    read: read_nodes,
};
fn read_nodes(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let first = block.text.lines().next().unwrap_or_default();
    let has_header = has_columns(first, &["NAME", "STATUS"]);
    let header = if has_header {
        normal_header(first)
    } else {
        vec!["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    };
    let table = Table { header };
    let (mut read, mut strange) = (0, 0);
    let known = facts.nodes.len();
    for line in block.text.lines().skip(usize::from(has_header)) {
        let row = table.row(line);
        let (Some(name), Some(status)) = (table.cell(&row, "NAME").map(bare_name), table.cell(&row, "STATUS")) else { continue };
        // a line that was broken, or another table
        if crate::text::shell::object_name(name).is_none() {
            strange += 1;
            continue;
        }
        let states: Vec<&str> = status.split(',').collect();
        let address = |kind: &str, column: &str| table.cell(&row, column).map(|address| json!({"type": kind, "address": address}));
        let addresses: Vec<Value> =
            [address("InternalIP", "INTERNAL-IP"), address("ExternalIP", "EXTERNAL-IP")].into_iter().flatten().collect();
        let ready = match states.first() {
            Some(&"Ready") => "True",
            // the table has one word for False and Unknown
            _ => "NotReady",
        };
        let windows = table.cell(&row, "OS-IMAGE").is_some_and(|image| image.starts_with("Windows"));
        facts.told(
            "Node",
            &json!({
                "metadata": {"name": name, "tabular": true},
                "spec": {"unschedulable": states.contains(&"SchedulingDisabled")},
                "status": {
                    "addresses": addresses,
                    "conditions": [{"type": "Ready", "status": ready}],
                    "nodeInfo": {
                        "kubeletVersion": table.cell(&row, "VERSION").unwrap_or_default(),
                        "kernelVersion": table.cell(&row, "KERNEL-VERSION").unwrap_or_default(),
                        "operatingSystem": if windows { "windows" } else { "" },
                    },
                },
            }),
        )?;
        read += 1;
    }
    let same = |a: &Node, b: &Node| {
        let ready = |node: &Node| node.condition("Ready").map(|condition| condition.status.clone());
        ready(a) == ready(b) && (a.status.addresses == b.status.addresses || a.status.addresses.is_empty() || b.status.addresses.is_empty())
    };
    let differing = differing(&facts.nodes, known, |node| &node.metadata.name, same);
    let summary = Summary::new(crate::text::count(read, "node")).ignoring(strange, "without a node's name");
    Ok(match differing {
        0 => summary,
        count => summary.also_ignoring(format!("{} that an earlier block shows in another state", crate::text::count(count, "node"))),
    })
}
