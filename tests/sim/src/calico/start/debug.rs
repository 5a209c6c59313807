//! What CALICO_STARTUP_LOGLEVEL=DEBUG adds: the requests and the interfaces that first-found looks at, as release 3.24.5 says them.

use super::{Attempt, DETECTION, End, Start};
use crate::calico::detect::looked_at;
use crate::calico::network::Family;

/// Round trips until the line, its source, and its text; between those of the level INFO.
const LINES: &[(f64, &str, &str)] = &[
    (0.01, "load.go 124", "No kubeconfig file at default path, leaving blank."),
    (0.01, "client.go 30", "Using datastore type 'kubernetes'"),
    (0.01, "k8s.go 229", "Calico is configured to use calico-ipam"),
    (0.02, "k8s.go 652", "Performing 'Get' for Node(foo) "),
    (0.02, "node.go 122", "Received Get request on Node type"),
    (3.01, "k8s.go 652", "Performing 'Get' for ClusterInformation(default) "),
    (4.01, "migrate.go 820", "major version is already >= 3: v3.24.5"),
    (4.01, "startup.go 1160", "Migration is not needed"),
    (4.02, "k8s.go 652", "Performing 'Get' for Node({node}) "),
    (4.02, "node.go 122", "Received Get request on Node type"),
    (8.2, "k8s.go 577", "Performing 'Update' for &{Key:Node({node}) Value:0xaaf0aa350e0 Revision:10841 UID:<nil> TTL:0s}"),
    (8.2, "node.go 82", "Received Update request on Node type"),
    (9.4, "node.go 520", "Removing inherited k8s label key=\"kubernetes.io/hostname\""),
    (10.4, "k8s.go 667", "Performing 'List' for IPPool model.ResourceListOptions"),
    (12.41, "k8s.go 652", "Performing 'Get' for ClusterInformation(default) "),
    (13.4, "k8s.go 652", "Performing 'Get' for FelixConfiguration(default) "),
    (14.4, "utils.go 178", "Writing {node} to /var/lib/calico/nodename"),
];

/// The other programs in the container have levels of their own.
const AT_INFO: &str = "Early log level set to info";

pub(super) fn add(start: &Start, changed: bool, attempt: &mut Attempt) {
    for (_, line) in &mut attempt.log {
        if line.contains(" startup/") && line.ends_with(AT_INFO) {
            *line = line.replace(AT_INFO, "Early log level set to debug");
        }
    }
    let (End::Started(ended) | End::Exited(ended)) = attempt.end;
    let mut say = |trips: f64, number: usize, source: &str, text: &str| {
        // What follows detection waits for the check for conflicts too.
        let checked = if trips > DETECTION { start.check_trips(changed) } else { 0.0 };
        let at = start.time(trips + checked, number);
        if at < ended {
            let stamp = at.strftime("%Y-%m-%d %H:%M:%S.%3f");
            attempt.log.push((at, format!("{stamp} [DEBUG][9] startup/{source}: {}", text.replace("{node}", start.node))));
        }
    };
    for (number, (trips, source, text)) in LINES.iter().enumerate() {
        say(*trips, number, source, text);
    }
    if matches!(start.method, "" | "first-found") {
        interfaces(start, &mut |number, source, text| say(DETECTION - 0.05, number, source, text));
    }
    attempt.log.sort_by_key(|(at, _)| *at);
}

/// All of them are read, then looked at until one has an address that fits (node/pkg/lifecycle/startup/autodetection, `filtered.go`).
fn interfaces(start: &Start, say: &mut dyn FnMut(usize, &str, &str)) {
    let devices = looked_at(start.release, Family::V4, start.network);
    let mut lines = Vec::new();
    for (device, prefixes) in &devices {
        lines.push(("interfaces.go 79", format!("Querying interface addresses Interface=\"{}\"", device.name)));
        lines.extend(prefixes.iter().map(|prefix| ("interfaces.go 99", format!("Found valid IP address and network CIDR={prefix}"))));
    }
    for (device, prefixes) in &devices {
        lines.push(("filtered.go 43", format!("Check interface Name=\"{}\"", device.name)));
        if let Some(prefix) = prefixes.first() {
            lines.push(("filtered.go 45", format!("Check address CIDR={prefix}")));
            break;
        }
    }
    for (number, (source, text)) in lines.iter().enumerate() {
        say(number, source, text);
    }
}
