//! Recorded answers of Calico's own code: 60 hosts, every method, 16 releases.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use calico_fix::calico::detect::{Detection, Target, target};
use calico_fix::calico::method::Method;
use calico_fix::observed::Observed;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::inspection::RouteLookup;
use serde_json::Value;

use super::{Seen, told, version};

struct Recorded {
    seen: Seen,
    names: Value,
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("readable");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn hosts(folder: &Path) -> BTreeMap<String, Recorded> {
    let read = |host: &Value| {
        let seen = Seen::new(&host["addr"], &host["routes"], &host["routes6"], &host["node"]["addresses"]);
        (host["host"].to_string(), Recorded { seen, names: host["etc_hosts"].clone() })
    };
    lines(&folder.join("hosts.jsonl")).iter().map(read).collect()
}

fn expected(answer: &Value) -> String {
    match (answer["interface"].as_str(), answer["cidr"].as_str()) {
        (Some(interface), Some(cidr)) => format!("{interface} {cidr}"),
        _ if answer["exits"] == true => "exits".into(),
        _ => "none".into(),
    }
}

/// What the kernel of that host would have answered, told back from the recording; names as its `/etc/hosts` and dead resolver had them.
fn kernel(destination: &str, family: Family, names: &Value, answer: &Value) -> Option<Observed<RouteLookup>> {
    let address = match target(destination, family, version("master")) {
        Target::Never { .. } => return None,
        Target::Address(_) | Target::Zoned(_) => true,
        Target::Name(name) => names[&name].as_array().is_some_and(|listed| {
            let of_family =
                |one: &Value| one.as_str().and_then(|text| text.parse().ok()).is_some_and(|ip| Family::from_address(ip) == family);
            listed.iter().any(of_family)
        }),
    };
    if !address {
        return Some(Observed::Absent);
    }
    let source = answer["cidr"].as_str().and_then(|cidr| cidr.split_once('/')?.0.parse().ok());
    Some(Observed::Seen(RouteLookup { source, device: None, unreachable: source.is_none().then(|| "Network is unreachable".into()) }))
}

struct Compared {
    answers: usize,
    unknown: usize,
    /// Of answers about `can-reach=`, those that the routes alone did not tell.
    not_by_routes: usize,
    by_routes: usize,
}

fn check(folder: &Path) -> Compared {
    let mut hosts = hosts(folder);
    let mut compared = Compared { answers: 0, unknown: 0, not_by_routes: 0, by_routes: 0 };
    let mut wrong = Vec::new();
    for line in lines(&folder.join("answers.jsonl")) {
        let text = line["method"].as_str().expect("a method");
        let method = Method::parse(text);
        let family = if line["family"] == 4 { Family::V4 } else { Family::V6 };
        let host = hosts.get_mut(&line["host"].to_string()).expect("a host");
        for answer in line["answers"].as_array().into_iter().flatten() {
            for release in answer["releases"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let detection = Detection::new(&method, version(release));
                let mut disagrees = |ours: &Option<String>, by: &str| {
                    if ours.as_ref().is_some_and(|ours| *ours != expected(answer)) {
                        wrong.push(format!("{} {release} {text:?} {family} {by}: {answer} but {ours:?}", line["host"]));
                    }
                };
                host.seen.route_lookups.clear();
                if let Method::CanReach { destination } = &method {
                    let ours = told(&detection.of(family, &host.seen.host()));
                    disagrees(&ours, "by routes");
                    *(if ours.is_some() { &mut compared.by_routes } else { &mut compared.not_by_routes }) += 1;
                    host.seen
                        .route_lookups
                        .extend(kernel(destination, family, &host.names, answer).map(|reach| (destination.clone(), reach)));
                }
                let ours = told(&detection.of(family, &host.seen.host()));
                disagrees(&ours, "by the kernel");
                compared.answers += 1;
                compared.unknown += usize::from(ours.is_none());
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
    compared
}

#[test]
fn every_recorded_host_gets_its_addresses() {
    let Compared { answers, unknown, not_by_routes, by_routes } =
        check(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sim/fixtures/autodetect")));
    assert!(answers > 20_000, "{answers}");
    assert!(unknown <= 80, "{unknown} of {answers}");
    assert!(by_routes > 9 * not_by_routes, "{by_routes} {not_by_routes}");
}
