use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::{Custom, Meta};
use serde_json::{Value, json};

use super::build::*;
use super::judge::*;
use super::starts::*;

const WAITS: &str = "[WARNING][55] felix/daemon.go 224: Waiting for datastore to be initialized (or migrated)";

fn ready(snapshot: &mut Snapshot, is_ready: &Value) {
    let metadata = Meta { name: "default".into(), ..Meta::default() };
    let spec = json!({"calicoVersion": "v3.24.5", "datastoreReady": is_ready});
    snapshot.resources.cluster_informations = Observed::Seen(vec![Custom { metadata, spec, status: Value::Null }]);
}

fn felix_waits(world: World) -> World {
    world.not_ready("node-2").unhealthy("node-2", REFUSED, 20).log("node-2", &started(&[WAITS, WAITS]))
}

#[test]
fn the_object_and_the_log_say_so() {
    let case = finds(&felix_waits(cluster()).edit(|snapshot| ready(snapshot, &json!(false))), &["error datastore-locked node-2"]);
    assert!(case.only().message.contains("no pod can be created"), "{}", case.only().message);
    no_delay(&case);
    // pods that run stay Ready, and no new one comes up
    finds(&cluster().edit(|snapshot| ready(snapshot, &json!(false))), &["error datastore-locked"]);
    // the log alone
    finds(&felix_waits(cluster()), &["error datastore-locked node-2"]);
}

#[test]
fn silent_where_it_is_open() {
    healthy(&cluster().edit(|snapshot| ready(snapshot, &json!(true))));
    healthy(&cluster().edit(|snapshot| ready(snapshot, &Value::Null)));
    // it waited for a moment, long ago
    let later =
        started(&[WAITS]) + "2026-11-23 16:58:00.000 [INFO][55] felix/summary.go 100: Summarising 9 dataplane reconciliation loops\n";
    healthy(&cluster().log("node-2", &later));
}
