use calico_fix::finding::Source;
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use serde_json::json;

use super::build::*;
use super::judge::*;

const REFUSED: &str = "no more than one node address autodetection method can be specified per-family";

fn put(snapshot: &mut Snapshot, name: &str, status: &str, reason: &str, message: &str) {
    let condition = json!({"type": "Degraded", "status": status, "reason": reason, "message": message});
    let status = json!({"metadata": {"name": name}, "status": {"conditions": [condition]}});
    snapshot.resources.tigera_statuses = Observed::Seen(vec![serde_json::from_value(status).expect("a status")]);
}

#[test]
fn what_the_operator_cannot_do() {
    let world = cluster().edit(|snapshot| put(snapshot, "calico", "True", "InvalidConfigurationError", REFUSED));
    let case = finds(&world, &["warning operator-degraded"]);
    assert!(case.only().message.ends_with(REFUSED), "{}", case.only().message);
    assert!(case.only().evidence.iter().any(|one| one.source == Source::TigeraStatus && one.text.contains("InvalidConfigurationError")));
    // without a calico-node it is why there is none
    let world = cluster().edit(|snapshot| {
        put(snapshot, "calico", "True", "ResourceReadError", "");
        (snapshot.daemon_set, snapshot.pods) = (Observed::Absent, Observed::Seen(Vec::new()));
    });
    let first = judge(&world).lines();
    assert!(first.iter().any(|line| line.starts_with("error operator-degraded")), "{first:?}");
}

#[test]
fn sound_statuses_those_of_others_and_what_pods_say_themselves() {
    const POD: &str = "Pod calico-system/calico-node-x7k2p has crash looping container: calico-node";
    for world in [
        cluster().edit(|snapshot| put(snapshot, "calico", "False", "AllObjectsAvailable", "")),
        cluster().edit(|snapshot| put(snapshot, "apiserver", "True", "ResourceNotReady", "x")),
        cluster().edit(|snapshot| put(snapshot, "calico", "True", "PodFailure", POD)),
        cluster().edit(|snapshot| put(snapshot, "calico", "Unknown", "", "")),
    ] {
        healthy(&world);
    }
}
