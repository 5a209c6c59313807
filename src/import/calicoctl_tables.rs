//! `calicoctl get ippools|bgppeers|bgpconfig -o wide`: rows as the objects that they show (libcalico-go resourcemgr, the wide columns of 3.0 to 3.33).

use serde_json::{Value, json};

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::tables::{MAX_COLUMNS, has_columns, split_row};

const POOL: [&str; 3] = ["NAME", "CIDR", "SELECTOR"];
const PEER: [&str; 4] = ["NAME", "PEERIP", "NODE", "ASN"];
const CONFIGURATION: [&str; 3] = ["NAME", "LOGSEVERITY", "MESHENABLED"];

pub(super) const POOLS: Format = Format {
    name: "calicoctl get ippools -o wide",
    better: "calicoctl get ippools -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &POOL)),
    goes_on: is_row,
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        read(block, facts, &POOL, |cell| {
            let mode = |name: &str| cell(name).unwrap_or("Never").to_owned();
            let yes = |name: &str| cell(name) == Some("true");
            json!({"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": cell("NAME")}, "spec": {
                "cidr": cell("CIDR"), "natOutgoing": yes("NAT"), "ipipMode": mode("IPIPMODE"), "vxlanMode": mode("VXLANMODE"),
                "disabled": yes("DISABLED"), "nodeSelector": cell("SELECTOR")}})
        })
    },
};

pub(super) const PEERS: Format = Format {
    name: "calicoctl get bgppeers -o wide",
    better: "calicoctl get bgppeers -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &PEER)),
    goes_on: is_row,
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        read(block, facts, &PEER, |cell| {
            // a selector takes the number of each peer, and the table has 0
            let number = cell("ASN").and_then(|number| number.parse::<u32>().ok()).filter(|number| *number > 0);
            let mut spec = json!({"peerIP": cell("PEERIP"), "asNumber": number});
            match cell("NODE") {
                None | Some("(global)" | "all()") => {}
                Some(selector) if selector.contains(['(', '=']) => spec["nodeSelector"] = json!(selector),
                Some(node) => spec["node"] = json!(node),
            }
            json!({"apiVersion": "projectcalico.org/v3", "kind": "BGPPeer", "metadata": {"name": cell("NAME")}, "spec": spec})
        })
    },
};

pub(super) const CONFIGURATIONS: Format = Format {
    name: "calicoctl get bgpconfig -o wide",
    better: "calicoctl get bgpconfig -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &CONFIGURATION)),
    goes_on: is_row,
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        read(block, facts, &CONFIGURATION, |cell| {
            let mesh = cell("MESHENABLED").and_then(|word| word.parse::<bool>().ok());
            let number = cell("ASNUMBER").and_then(|number| number.parse::<u32>().ok());
            json!({"apiVersion": "projectcalico.org/v3", "kind": "BGPConfiguration", "metadata": {"name": cell("NAME")},
                "spec": {"nodeToNodeMeshEnabled": mesh, "asNumber": number}})
        })
    },
};

fn is_row(line: &str) -> bool {
    split_row(line, MAX_COLUMNS).len() > 2
}

/// Its cells, one for each column; a cell without a value is empty.
fn row_of<'l>(first: &str, header: &[&str], line: &'l str) -> Option<Vec<&'l str>> {
    let wide = split_row(line, MAX_COLUMNS);
    if wide.len() == header.len() {
        return Some(wide);
    }
    let squeezed: Vec<&str> = line.split_whitespace().collect();
    if squeezed.len() == header.len() {
        return Some(squeezed);
    }
    // cells begin where their columns do
    let mut starts = Vec::new();
    let mut at = 0;
    for column in header {
        at += first.get(at..)?.find(column)?;
        starts.push(at);
        at += column.len();
    }
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    let cells: Vec<&str> = starts.iter().zip(ends).map(|(start, end)| line.get(*start..end.min(line.len())).unwrap_or("").trim()).collect();
    let letters = |text: &str| text.bytes().filter(|byte| *byte != b' ').count();
    let has_all = cells.iter().map(|cell| letters(cell)).sum::<usize>() == letters(line);
    (has_all && cells.first().is_some_and(|name| !name.is_empty())).then_some(cells)
}

type Cells<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

fn read(block: &Block, facts: &mut Facts, columns: &[&str], object: fn(&Cells<'_>) -> Value) -> Result<Summary, String> {
    let first = block.text.lines().next().unwrap_or_default();
    let header: Vec<&str> = first.split_whitespace().collect();
    let before = facts.objects.taken;
    let mut broken = 0;
    for line in block.text.lines().skip(1).filter(|line| !has_columns(line, columns)) {
        let Some(row) = row_of(first, &header, line) else {
            broken += 1;
            continue;
        };
        facts.objects.take(object(&|name| {
            let at = header.iter().position(|column| *column == name)?;
            row.get(at).copied().filter(|cell| !["", "<none>", "-"].contains(cell))
        }));
    }
    match facts.objects.problem.take() {
        Some(problem) => Err(problem),
        None => {
            Ok(Summary::new(crate::text::count(facts.objects.taken - before, "object")).ignoring(broken, "with another number of cells"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(format: &Format, text: &str, kind: &'static str) -> Value {
        let (facts, _) = format.read_text(text);
        serde_json::to_value(&facts.objects.customs[kind][0].spec).expect("JSON")
    }

    #[test]
    fn rows_are_objects() {
        let pool = "NAME                  CIDR            NAT    IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR\n\
            default-ipv4-ippool   10.244.0.0/16   true   Always     Never       false      false              all()\n";
        let old = "NAME                  CIDR            NAT    IPIPMODE   DISABLED   SELECTOR\ndefault-ipv4-ippool   10.244.0.0/16   true   Always     false      all()\n";
        for text in [pool, old] {
            let spec = spec(&POOLS, text, "IPPool");
            assert_eq!(
                (&spec["cidr"], &spec["ipipMode"], &spec["vxlanMode"]),
                (&json!("10.244.0.0/16"), &json!("Always"), &json!("Never"))
            );
        }
        let peer = spec(&PEERS, "NAME     PEERIP       NODE       ASN\npeer-1   10.0.0.254   (global)   64513\n", "BGPPeer");
        assert_eq!((&peer["peerIP"], &peer["asNumber"], peer.get("node")), (&json!("10.0.0.254"), &json!(64513), None));
        let by_selector =
            "NAME         PEERIP       NODE                    ASN   \npeer-to-rr                !has(route-reflector)   0     \n";
        let peer = spec(&PEERS, by_selector, "BGPPeer");
        assert_eq!((peer.get("peerIP"), &peer["nodeSelector"]), (Some(&Value::Null), &json!("!has(route-reflector)")));
        let peer = spec(&PEERS, "NAME     PEERIP       NODE     ASN\npeer-1   10.0.0.254   node-1   64513\n", "BGPPeer");
        assert_eq!(peer["node"], json!("node-1"));
        let mesh = spec(
            &CONFIGURATIONS,
            "NAME      LOGSEVERITY   MESHENABLED   ASNUMBER\ndefault   Info          false         64512\n",
            "BGPConfiguration",
        );
        assert_eq!((&mesh["nodeToNodeMeshEnabled"], &mesh["asNumber"]), (&json!(false), &json!(64512)));
    }
}
