//! What a start does for IPv6 where IP6 is `autodetect`: the same detection, check and writes, right behind those for IPv4.

use super::{Attempt, Change, End, Neighbour, Start, say};
use crate::calico::detect::{Detected, detect};
use crate::calico::network::{Family, Prefix};

#[derive(Clone, Copy, Debug)]
pub struct Six<'a> {
    /// The value of IP6_AUTODETECTION_METHOD.
    pub method: &'a str,
    pub stored: Option<Prefix>,
    pub others: &'a [Neighbour],
}

const NO_ADDRESS: &str = "Couldn't autodetect an IPv6 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.";

pub(super) fn add(start: &Start, six: &Six, attempt: &mut Attempt) {
    let detection = attempt.log.iter().position(|(_, line)| line.contains("utodetect") && line.contains("IPv4"));
    let Some(at) = detection.map(|at| attempt.log[at].0) else { return };
    let mut said = Vec::new();
    let chosen = match detect(start.release, six.method, Family::V6, start.network) {
        Detected::Found { prefix, log, .. } => {
            say(&mut said, at, "INFO", "autodetection_methods.go 103", log);
            Some(prefix)
        }
        Detected::Nothing { log } => {
            say(&mut said, at, "WARNING", "autodetection_methods.go 113", log);
            six.stored
        }
        Detected::Exits { .. } | Detected::Unknown => six.stored,
    };
    let holder = chosen.filter(|chosen| start.checks_conflicts && Some(*chosen) != six.stored).and_then(|chosen| {
        let holder = six.others.iter().find(|other| other.name != start.node && other.holds(chosen.address))?;
        Some(format!("Calico node '{}' is already using the IPv6 address {}.", holder.name, chosen.address))
    });
    if chosen.is_none() || holder.is_some() {
        say(
            &mut said,
            at,
            "WARNING",
            if holder.is_some() { "startup.go 990" } else { "startup.go 516" },
            holder.unwrap_or_else(|| NO_ADDRESS.into()),
        );
        say(&mut said, at, "WARNING", "utils.go 49", "Terminating".into());
        said.push((at, "Calico node failed to start".into()));
        attempt.log.retain(|(when, _)| *when <= at);
        attempt.changes = vec![(at, Change::Address6(None))];
        attempt.end = End::Exited(at);
    } else if let Some((written, _)) = attempt.changes.iter().find(|(_, change)| matches!(change, Change::Address(_))).copied() {
        attempt.changes.insert(0, (written, Change::Address6(chosen)));
    }
    attempt.log.extend(said);
    attempt.log.sort_by_key(|(at, _)| *at);
}
