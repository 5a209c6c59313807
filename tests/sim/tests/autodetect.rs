//! Detection against what Calico's own code answered: 60 hosts, every method, 16 releases.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sim::calico::detect::{Detected, detect};
use sim::calico::network::{Family, Network};
use sim::calico::release::Release;

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("readable");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn network(host: &Value) -> Network {
    let mut network = Network::from_ip(&host["addr"], &host["routes"], &host["routes6"]);
    for (name, addresses) in host["etc_hosts"].as_object().into_iter().flatten() {
        let addresses = addresses.as_array().into_iter().flatten().filter_map(|one| one.as_str()?.parse().ok()).collect();
        network.names.insert(name.clone(), addresses);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    network.node =
        host["node"]["addresses"].as_array().map(|listed| listed.iter().map(|one| (text(&one["type"]), text(&one["address"]))).collect());
    network
}

/// The parts of the log that are Calico's words, not Go's.
fn said(recorded: &str, ours: &str) -> bool {
    recorded.starts_with(ours) || ours.strip_suffix(": error parsing regexp").is_some_and(|ours| recorded.starts_with(ours))
}

fn agrees(expected: &Value, ours: &Detected) -> bool {
    let text = |key: &str| expected[key].as_str().unwrap_or_default();
    match ours {
        Detected::Found { device, prefix, .. } => text("interface") == device && text("cidr") == prefix.to_string(),
        Detected::Nothing { log } => expected["none"] == true && said(text("log"), log),
        Detected::Exits { log } => expected["exits"] == true && said(text("log"), log),
        Detected::Unknown => false,
    }
}

/// Answers compared, and those we would not give.
fn check(folder: &Path) -> (usize, usize) {
    let hosts: BTreeMap<String, Network> =
        lines(&folder.join("hosts.jsonl")).iter().map(|host| (host["host"].to_string(), network(host))).collect();
    let (mut compared, mut unknown, mut wrong) = (0, 0, Vec::new());
    for line in lines(&folder.join("answers.jsonl")) {
        let method = line["method"].as_str().expect("a method");
        let family = if line["family"] == 4 { Family::V4 } else { Family::V6 };
        for expected in line["answers"].as_array().into_iter().flatten() {
            for release in expected["releases"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let ours = detect(Release::parse(release).expect("a release"), method, family, &hosts[&line["host"].to_string()]);
                compared += 1;
                if ours == Detected::Unknown {
                    unknown += 1;
                } else if !agrees(expected, &ours) {
                    wrong.push(format!("{} {release} {method:?} {family:?}: {expected} but {ours:?}", line["host"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
    (compared, unknown)
}

#[test]
fn every_recorded_host_gets_its_addresses() {
    let (compared, unknown) = check(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/autodetect")));
    assert!(compared > 20_000, "{compared}");
    assert!(unknown <= 80, "{unknown} of {compared}");
}
