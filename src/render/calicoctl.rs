//! `calicoctl node status`, byte for byte (calicoctl/commands/node/status.go), and what it leaves out.

mod layout;

use std::io::{self, Write};

use crate::observed::Observed;
use crate::snapshot::inspection::{Bird, Protocol};
use crate::text;

pub use layout::Layout;

/// One address family of one node.
struct Family {
    number: u8,
    process: &'static str,
    separator: &'static str,
}

const V4: Family = Family { number: 4, process: "bird", separator: "." };
const V6: Family = Family { number: 6, process: "bird6", separator: ":" };

const PEER_TYPES: [(&str, &str); 3] = [("Mesh_", "node-to-node mesh"), ("Node_", "node specific"), ("Global_", "global")];

pub fn status(bird4: &Observed<Bird>, bird6: &Observed<Bird>, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Calico process is running.")?;
    if let (Observed::Absent, Observed::Absent) = (bird4, bird6) {
        writeln!(out, "\nThe BGP backend process (BIRD) is not running.")?;
    } else {
        section(&V4, bird4, layout, out)?;
        section(&V6, bird6, layout, out)?;
    }
    writeln!(out)
}

fn section(family: &Family, bird: &Observed<Bird>, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let Family { number, process, .. } = family;
    if matches!(bird, Observed::Absent) {
        return writeln!(out, "\nINFO: BIRDv{number} process: '{process}' is not running.");
    }
    writeln!(out, "\nIPv{number} BGP status")?;
    match bird.seen() {
        None => writeln!(out, "Error querying BIRD: {}", text::clean(bird.why_not().unwrap_or_default())),
        Some(bird) => {
            let rows: Vec<[String; 5]> = bird.protocols.iter().filter_map(|protocol| row(family, protocol)).collect();
            if rows.is_empty() { writeln!(out, "No IPv{number} peers found.") } else { layout.write(&rows, out) }
        }
    }
}

/// As calicoctl has it, mistakes included: a `_port_N` becomes part of the address.
fn row(family: &Family, protocol: &Protocol) -> Option<[String; 5]> {
    if protocol.proto != "BGP" || protocol.info.is_empty() {
        return None;
    }
    let (prefix, kind) = PEER_TYPES.iter().find(|(prefix, _)| protocol.name.len() > prefix.len() && protocol.name.starts_with(prefix))?;
    let address = protocol.name[prefix.len()..].replace('_', family.separator);
    let cells = [address.as_str(), kind, &protocol.state, &protocol.since, &protocol.info];
    Some(cells.map(|cell| text::clean(cell).into_owned()))
}

/// What calicoctl does not say of these sessions, a line each.
pub fn hidden(bird4: &Observed<Bird>, bird6: &Observed<Bird>) -> Vec<String> {
    let of = |family: &'static Family, bird: &Observed<Bird>| {
        let protocols = bird.seen().map(|bird| bird.protocols.clone()).unwrap_or_default();
        protocols
            .into_iter()
            .filter(|protocol| protocol.proto == "BGP")
            .filter_map(|protocol| hidden_line(family, &protocol))
            .collect::<Vec<_>>()
    };
    of(&V4, bird4).into_iter().chain(of(&V6, bird6)).collect()
}

fn hidden_line(family: &Family, protocol: &Protocol) -> Option<String> {
    let Protocol { name, state, since, info, .. } = protocol;
    let line = if info.is_empty() {
        format!("IPv{}: {name} is {state} since {since}: calicoctl leaves out sessions in this state", family.number)
    } else if row(family, protocol).is_none() {
        format!("IPv{}: {name} is {state} since {since}, {info}: calicoctl leaves out peers of this kind", family.number)
    } else {
        let (peer, port) = name.rsplit_once("_port_").filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))?;
        let address = PEER_TYPES.iter().find_map(|(prefix, _)| peer.strip_prefix(prefix))?.replace('_', family.separator);
        format!("IPv{}: the peer {address} is on port {port}: calicoctl writes the port into the address", family.number)
    };
    Some(text::truncate(&text::clean(&line), 500).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bird(rows: &[[&str; 4]]) -> Observed<Bird> {
        let protocols = rows.iter().map(|[name, state, since, info]| Protocol {
            name: (*name).into(),
            proto: "BGP".into(),
            table: "master".into(),
            state: (*state).into(),
            since: (*since).into(),
            info: (*info).into(),
        });
        Observed::Seen(Bird { protocols: protocols.collect(), ..Bird::default() })
    }

    fn print(bird4: &Observed<Bird>, bird6: &Observed<Bird>) -> String {
        let mut out = Vec::new();
        status(bird4, bird6, Layout::New, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn no_bird_at_all() {
        assert_eq!(
            print(&Observed::Absent, &Observed::Absent),
            "Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n"
        );
    }

    #[test]
    fn what_was_not_seen_is_not_called_stopped() {
        let page = print(&Observed::Failed("timed out".into()), &Observed::Absent);
        assert_eq!(
            page,
            "Calico process is running.\n\nIPv4 BGP status\nError querying BIRD: timed out\n\nINFO: BIRDv6 process: 'bird6' is not running.\n\n"
        );
    }

    #[test]
    fn what_calicoctl_hides() {
        let bird4 = bird(&[
            ["Mesh_10_0_0_2", "up", "10:00:00", "Established"],
            ["Mesh_10_0_0_3", "down", "10:00:00", ""],
            ["Local_Workload_10_65_0_2", "up", "10:00:00", "Established"],
            ["Global_10_0_0_9_port_1790", "up", "10:00:00", "Established"],
        ]);
        assert_eq!(
            hidden(&bird4, &bird(&[["Node_fd00_10__9_port_179", "up", "10:00:00", "Established"]])),
            [
                "IPv4: Mesh_10_0_0_3 is down since 10:00:00: calicoctl leaves out sessions in this state",
                "IPv4: Local_Workload_10_65_0_2 is up since 10:00:00, Established: calicoctl leaves out peers of this kind",
                "IPv4: the peer 10.0.0.9 is on port 1790: calicoctl writes the port into the address",
                "IPv6: the peer fd00:10::9 is on port 179: calicoctl writes the port into the address",
            ]
        );
    }
}
