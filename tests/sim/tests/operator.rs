//! The operator against the recorded timelines: the same commands at the same times, and what followed.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::scenario;
use sim::simulation::Simulation;
use sim::{Cluster, Deletion, Feed, Writer};

const NAMESPACE: &str = "calico-system";

/// A cluster of three nodes, and what was seen of it since the first command.
struct Watched {
    cluster: Arc<Cluster>,
    live: Simulation,
    feed: Feed,
    began: jiff::Timestamp,
}

impl Watched {
    /// The status manager looks this long after the first command, and then every five seconds.
    fn new(world: sim::Scenario, tick: f64) -> Self {
        let cluster = Arc::new(Cluster::from(world));
        let mut live = Simulation::new(cluster.clone());
        let phase = SignedDuration::from_secs_f64(10.0 - tick);
        live.advance(live.now() + phase);
        let feed = cluster.store.subscribe(cluster.store.resource_version()).expect("from now on");
        Self { began: live.now(), cluster, live, feed }
    }

    /// Up to so many seconds after the first command.
    fn until(&mut self, seconds: f64) {
        self.live.advance(self.began + SignedDuration::from_secs_f64(seconds));
    }

    fn edit(&self, kind: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) {
        self.cluster.store.edit_as(Writer::new("kubectl-patch"), kind, namespace, name, change).expect("edited");
    }

    fn installation(&self, change: impl FnOnce(&mut Value)) {
        self.edit("Installation", "", "default", |object| change(&mut object["spec"]));
    }

    fn daemonset(&self, change: impl FnOnce(&mut Value)) {
        self.edit("DaemonSet", NAMESPACE, "calico-node", change);
    }

    fn set_env(&self, name: &str, value: &str) {
        self.daemonset(|object| set_env(object, name, value));
    }

    /// DaemonSet and TigeraStatus each time they differed, in the recording's form.
    fn seen(&mut self, kinds: &[&str]) -> Vec<Value> {
        let mut first: [Option<i64>; 2] = [None, None];
        let mut last = [Value::Null, Value::Null];
        let mut seen = Vec::new();
        for change in self.feed.ready().expect("kept") {
            let Some(at) = kinds.iter().position(|kind| *kind == change.kind.kind) else { continue };
            let [before, now] = [change.before.as_ref().map(|before| before.value()).unwrap_or_default(), change.value()];
            let base = *first[at].get_or_insert_with(|| generation(&before));
            let shown = shown(change.kind.kind, &now, base);
            if last[at].is_null() {
                last[at] = self::shown(change.kind.kind, &before, base);
            }
            if last[at] != shown {
                last[at] = shown.clone();
                seen.push(shown);
            }
        }
        seen
    }
}

fn set_env(object: &mut Value, name: &str, value: &str) {
    let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
    env.retain(|entry| entry["name"] != name);
    env.push(json!({"name": name, "value": value}));
}

fn env(object: &Value, name: &str) -> Value {
    let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array().expect("variables");
    env.iter().find(|entry| entry["name"] == name).map_or(Value::Null, |entry| entry["value"].clone())
}

/// Of a TigeraStatus: what its conditions have seen.
fn generation(object: &Value) -> i64 {
    let observed = &object["status"]["conditions"][0]["observedGeneration"];
    observed.as_i64().or(object["metadata"]["generation"].as_i64()).expect("a generation")
}

fn shown(kind: &str, object: &Value, base: i64) -> Value {
    if kind == "DaemonSet" {
        let count = |field: &str| object["status"][field].as_i64().unwrap_or(0);
        let probe = &object["spec"]["template"]["spec"]["containers"][0]["livenessProbe"];
        let timing = |field: &str| probe[field].as_i64().unwrap_or(0);
        let liveness = format!(
            "{}+{}x{}/{}",
            timing("initialDelaySeconds"),
            timing("failureThreshold"),
            timing("periodSeconds"),
            timing("timeoutSeconds")
        );
        let generation = object["metadata"]["generation"].as_i64().expect("a generation") - base;
        return json!([
            kind,
            generation,
            env(object, "IP_AUTODETECTION_METHOD"),
            object["spec"]["updateStrategy"]["type"],
            liveness,
            count("observedGeneration") - base,
            count("updatedNumberScheduled"),
            count("numberReady"),
        ]);
    }
    let condition = |kind: &str| {
        let conditions = object["status"]["conditions"].as_array().expect("conditions");
        let found = conditions.iter().find(|condition| condition["type"] == kind).expect("it is there");
        json!([found["status"], found["reason"], found["observedGeneration"].as_i64().expect("a number") - base, found["message"]])
    };
    json!([kind, condition("Available"), condition("Progressing"), condition("Degraded")])
}

/// The recorded changes of these kinds, times taken off.
fn recorded(text: &str, kinds: &[&str]) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Vec<Value>>(line).expect("JSON"));
    lines.map(|line| Value::from(line[1..].to_vec())).filter(|line| kinds.iter().any(|kind| line[0] == *kind)).collect()
}

const BOTH: &[&str] = &["DaemonSet", "TigeraStatus"];

/// Without the moment in which a pod is on its way out and its successor not yet counted: whether a status shows it is chance.
fn settled(lines: Vec<Value>) -> Vec<String> {
    let between = |line: &Value, next: &Value| {
        let mut counted = line.clone();
        if let Some(updated) = counted.get_mut(6) {
            *updated = (updated.as_i64().unwrap_or(0) + 1).into();
        }
        line[0] == "DaemonSet" && counted == *next
    };
    let kept = |(at, line): &(usize, &Value)| lines.get(at + 1).is_none_or(|next| !between(line, next));
    let mut kept: Vec<_> =
        lines.iter().enumerate().filter(kept).map(|(_, line)| line.to_string().replace("(0 out of", "(1 out of")).collect();
    kept.dedup();
    kept
}

/// What differs, side by side.
fn same(ours: &[Value], text: &str, kinds: &[&str]) {
    for kind in kinds {
        let ours = settled(ours.iter().filter(|line| line[0] == *kind).cloned().collect());
        let recorded = settled(recorded(text, &[kind]));
        assert_eq!(ours, recorded, "\nours:\n{}\nrecorded:\n{}", ours.join("\n"), recorded.join("\n"));
    }
}

/// The DaemonSet as if `IP_AUTODETECTION_METHOD=kubernetes-internal-ip` had been asked for long ago.
fn by_internal_ip() -> sim::Scenario {
    let world = scenario::operator(3);
    let method = json!({"kubernetes": "NodeInternalIP"});
    world.store.bend("Installation", "default", |object| {
        object["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"] = method.clone();
        object["status"]["computed"]["calicoNetwork"]["nodeAddressAutodetectionV4"] = method.clone();
    });
    let old = |object: &mut Value| set_env_in_place(object, "kubernetes-internal-ip");
    world.store.bend("DaemonSet", "calico-node", old);
    let revision = world.store.objects("ControllerRevision")[0]["metadata"]["name"].as_str().expect("a name").to_string();
    world.store.bend("ControllerRevision", &revision, |object| {
        let mut whole = json!({"spec": {"template": object["data"]["spec"]["template"]}});
        set_env_in_place(&mut whole, "kubernetes-internal-ip");
        object["data"]["spec"]["template"] = whole["spec"]["template"].clone();
    });
    world
}

fn set_env_in_place(object: &mut Value, value: &str) {
    let env = object["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
    let method = env.iter_mut().find(|entry| entry["name"] == "IP_AUTODETECTION_METHOD").expect("there");
    method["value"] = value.into();
}

#[test]
fn an_edit_of_the_daemonset_is_reverted_and_kills_one_pod() {
    let mut watched = Watched::new(scenario::operator(3), 5.08);
    let before: Vec<_> = watched.cluster.store.objects("Pod").iter().map(|pod| pod["metadata"]["uid"].clone()).collect();
    watched.until(0.1);
    watched.daemonset(|object| set_env_in_place(object, "interface=eth.*"));
    watched.until(12.25);
    watched.set_env("CALICO_STARTUP_LOGLEVEL", "DEBUG");
    watched.until(42.0);
    let seen = watched.seen(BOTH);
    same(&seen, include_str!("../fixtures/operator/edit.jsonl"), BOTH);
    let after: Vec<_> = watched.cluster.store.objects("Pod").iter().map(|pod| pod["metadata"]["uid"].clone()).collect();
    assert_eq!(before.iter().filter(|uid| after.contains(uid)).count(), 2, "one pod, twice");
    let told = |event: &&Value| event["source"]["component"] == "operator" || event["involvedObject"]["kind"] == "Installation";
    assert_eq!(watched.cluster.store.objects("Event").iter().filter(told).count(), 0);
}

#[test]
fn two_methods_are_taken_and_stop_the_operator() {
    let mut watched = Watched::new(scenario::operator(3), 0.28);
    watched.until(0.1);
    watched.installation(|spec| spec["calicoNetwork"]["nodeAddressAutodetectionV4"]["kubernetes"] = "NodeInternalIP".into());
    watched.until(8.92);
    watched.set_env("RIG_PROBE", "1");
    watched.until(21.16);
    watched.installation(|spec| spec["calicoNetwork"]["nodeAddressAutodetectionV4"] = json!({"kubernetes": "NodeInternalIP"}));
    watched.until(66.0);
    same(&watched.seen(BOTH), include_str!("../fixtures/operator/two-methods.jsonl"), BOTH);
    let installation = watched.cluster.store.object("Installation", "", "default").expect("there");
    assert_eq!(installation["status"]["computed"]["calicoNetwork"]["nodeAddressAutodetectionV4"], json!({"kubernetes": "NodeInternalIP"}));
    let ready = json!({
        "lastTransitionTime": installation["status"]["conditions"][2]["lastTransitionTime"],
        "message": "All objects available",
        "observedGeneration": installation["metadata"]["generation"],
        "reason": "AllObjectsAvailable",
        "status": "True",
        "type": "Ready",
    });
    assert_eq!(installation["status"]["conditions"][2], ready);
}

#[test]
fn a_method_of_null_is_filled_in_again() {
    let mut watched = Watched::new(by_internal_ip(), 0.62);
    watched.until(0.11);
    watched.installation(|spec| spec["calicoNetwork"]["nodeAddressAutodetectionV4"] = Value::Null);
    watched.until(0.6);
    let installation = watched.cluster.store.object("Installation", "", "default").expect("there");
    assert_eq!(installation["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"], json!({"firstFound": true}));
    watched.until(46.5);
    same(&watched.seen(BOTH), include_str!("../fixtures/operator/null.jsonl"), BOTH);
}

#[test]
fn on_delete_is_reverted_in_the_daemonset_and_refused_in_the_installation() {
    let mut watched = Watched::new(by_internal_ip(), 1.99);
    watched.until(0.1);
    watched.daemonset(|object| object["spec"]["updateStrategy"] = json!({"type": "OnDelete"}));
    watched.until(4.3);
    watched.installation(|spec| spec["nodeUpdateStrategy"]["type"] = "OnDelete".into());
    watched.until(12.7);
    watched.installation(|spec| spec["nodeUpdateStrategy"] = json!({"type": "OnDelete"}));
    watched.until(21.2);
    watched.installation(|spec| spec["nodeUpdateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}));
    watched.until(26.0);
    same(&watched.seen(BOTH), include_str!("../fixtures/operator/on-delete.jsonl"), BOTH);
}

#[test]
fn what_is_ignored_is_left_alone_until_it_is_not() {
    let mut watched = Watched::new(by_internal_ip(), 1.31);
    watched.until(0.1);
    watched.daemonset(|object| object["metadata"]["annotations"]["unsupported.operator.tigera.io/ignore"] = "true".into());
    watched.until(0.2);
    watched.set_env("CALICO_STARTUP_LOGLEVEL", "DEBUG");
    watched.until(20.4);
    watched.installation(|spec| spec["nodeUpdateStrategy"]["rollingUpdate"]["maxUnavailable"] = 2.into());
    let status = |watched: &Watched| watched.cluster.store.object("TigeraStatus", "", "calico").expect("there");
    let before = generation(&status(&watched));
    watched.until(22.0);
    assert_eq!(generation(&status(&watched)), before + 1, "it says that it has seen the Installation");
    let rolling = |watched: &Watched| {
        let daemonset = watched.cluster.store.object("DaemonSet", NAMESPACE, "calico-node").expect("there");
        (daemonset["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"].clone(), env(&daemonset, "CALICO_STARTUP_LOGLEVEL"))
    };
    assert_eq!(rolling(&watched), (json!(1), json!("DEBUG")), "and does nothing");
    watched.until(31.0);
    let recorded = recorded(include_str!("../fixtures/operator/ignored.jsonl"), &["DaemonSet"]);
    let first = |lines: Vec<Value>| settled(lines.into_iter().filter(|line| line[1] == 1).collect());
    assert_eq!(first(watched.seen(&["DaemonSet"])), first(recorded));
    watched.daemonset(|object| {
        object["metadata"]["annotations"].as_object_mut().expect("annotations").remove("unsupported.operator.tigera.io/ignore");
    });
    watched.until(31.6);
    assert_eq!(rolling(&watched), (json!(2), Value::Null));
}

#[test]
fn an_overlay_wins_while_it_is_there() {
    let mut watched = Watched::new(by_internal_ip(), 1.85);
    let computed = |watched: &Watched| {
        let installation = watched.cluster.store.object("Installation", "", "default").expect("there");
        installation["status"]["computed"]["calicoNetwork"]["nodeAddressAutodetectionV4"].clone()
    };
    let reach = json!({"canReach": "10.0.0.100"});
    let overlay = json!({
        "kind": "Installation", "apiVersion": "operator.tigera.io/v1", "metadata": {"name": "overlay"},
        "spec": {"calicoNetwork": {"nodeAddressAutodetectionV4": reach}},
    });
    watched.until(0.14);
    watched.cluster.store.create(overlay, Writer::new("kubectl-create")).expect("created");
    watched.until(1.5);
    assert_eq!(computed(&watched), reach);
    watched.until(8.5);
    watched.installation(|spec| spec["calicoNetwork"]["nodeAddressAutodetectionV4"] = json!({"interface": "eth0"}));
    watched.until(15.86);
    assert_eq!(computed(&watched), reach);
    watched.cluster.store.delete("Installation", "", "overlay", &Deletion::default()).expect("deleted");
    watched.until(33.0);
    same(&watched.seen(BOTH), include_str!("../fixtures/operator/overlay.jsonl"), BOTH);
}

#[test]
fn a_new_operator_sets_probes_at_once() {
    let mut watched = Watched::new(scenario::operator_new(3), 0.9);
    let container = |probe: Value| json!({"spec": {"template": {"spec": {"containers": [probe]}}}});
    watched.until(0.1);
    let liveness = json!({"periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 10, "initialDelaySeconds": 60});
    let probe = json!({"name": "calico-node", "livenessProbe": liveness});
    watched.installation(|spec| spec["calicoNodeDaemonSet"] = container(probe));
    watched.until(0.3);
    let shown: Vec<_> = watched.seen(&["DaemonSet"]);
    let recorded = recorded(include_str!("../fixtures/operator/probes.jsonl"), &["DaemonSet"]);
    assert_eq!(shown[0][4], recorded[0][4]);
    watched.until(3.5);
    let startup = json!({"name": "calico-node", "startupProbe": {"failureThreshold": 300}});
    watched.installation(|spec| spec["calicoNodeDaemonSet"] = container(startup));
    watched.until(4.0);
    let daemonset = watched.cluster.store.object("DaemonSet", NAMESPACE, "calico-node").expect("there");
    let own = &daemonset["spec"]["template"]["spec"]["containers"][0];
    assert_eq!((&own["livenessProbe"]["periodSeconds"], &own["startupProbe"]["failureThreshold"]), (&json!(60), &json!(300)));
    assert_eq!(own["livenessProbe"]["initialDelaySeconds"], Value::Null);
    watched.until(7.0);
    watched.installation(|spec| spec["calicoNodeDaemonSet"] = Value::Null);
    watched.until(120.0);
    let status = watched.cluster.store.object("TigeraStatus", "", "calico").expect("there");
    assert_eq!(status["status"]["conditions"][0]["status"], "True", "{status:#}");
    watched.installation(|spec| spec["nodeUpdateStrategy"]["type"] = "OnDelete".into());
    watched.until(126.0);
    let status = watched.cluster.store.object("TigeraStatus", "", "calico").expect("there");
    let refused = "Invalid Installation provided: installation spec.NodeUpdateStrategy.type \
                   '&RollingUpdateDaemonSet{MaxUnavailable:1,MaxSurge:<nil>,}' is not supported";
    assert_eq!(status["status"]["conditions"][2]["message"], refused);
}
