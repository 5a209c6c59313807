//! Those who write to the same objects, and what the target would be without this program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sim::{Cluster, Writer};

use crate::cluster::{self, ANNOTATION, Target};
use crate::history::ForeignEdit;
use crate::play::Edit;

const CIDR: &str = "10.0.0.0/9";

/// Those who write to the same objects, and what the target would be without this program.
pub(crate) struct Others {
    target: Target,
    cluster: Arc<Cluster>,
    edits: Mutex<Vec<ForeignEdit>>,
    /// The spec before the run.
    before: Value,
    /// Names of pods that an editor deleted.
    pub deleted: Mutex<Vec<String>>,
    /// A reverter acts as long as this is set.
    pub reverting: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Others {
    pub(crate) fn new(target: Target, cluster: Arc<Cluster>) -> Self {
        let before = target.read(&cluster.store)["spec"].clone();
        Self { target, cluster, edits: Mutex::default(), before, deleted: Mutex::default(), reverting: AtomicBool::new(false) }
    }

    pub(crate) fn edits(&self) -> Vec<ForeignEdit> {
        locked(&self.edits).clone()
    }

    /// What is there now is what others alone have made: changes before the run do not count.
    fn shadow(&self) -> Value {
        locked(&self.edits).last().map_or_else(|| self.before.clone(), |edit| edit.shadow.clone())
    }

    pub(crate) fn edit(&self, edit: Edit) {
        let store = &self.cluster.store;
        match edit {
            Edit::OtherSetting => self.write(edit, &|object| match self.target {
                Target::DaemonSet => cluster::set_variable(&mut object["spec"], "FELIX_LOGSEVERITYSCREEN", "Warning"),
                Target::Installation => object["spec"]["nonPrivileged"] = "Disabled".into(),
            }),
            Edit::Applied => self.apply(),
            Edit::Label => self.write(edit, &|object| object["metadata"]["labels"]["team"] = "network".into()),
            Edit::Strategy => self.write(edit, &|object| {
                object["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 3}});
            }),
            Edit::SameSetting => self.write(edit, &|object| self.target.set_method(&mut object["spec"], CIDR)),
            Edit::RecordRemoved => self.write(edit, &|object| {
                object["metadata"]["annotations"].as_object_mut().map(|all| all.remove(ANNOTATION));
            }),
            Edit::RecordForged => self.write(edit, &|object| {
                object["metadata"]["annotations"][ANNOTATION] =
                    json!({"command": "autodetect", "restore": {"spec": null}}).to_string().into();
            }),
            Edit::PodDeleted => {
                let pods = store.objects("Pod");
                let pod = pods.iter().find(|pod| pod["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("calico-node-")));
                let Some(metadata) = pod.map(|pod| &pod["metadata"]) else { return };
                let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
                locked(&self.deleted).push(text("uid"));
                let _ = store.delete("Pod", &text("namespace"), &text("name"), &sim::Deletion::default());
            }
            Edit::Cordon => {
                let Some(host) = self.cluster.hosts().first().cloned() else { return };
                let _ = store.edit("Node", "", &host.node, |node| node["spec"]["unschedulable"] = true.into());
            }
        }
    }

    fn apply(&self) {
        let env = json!([{"name": "FELIX_DEFAULTENDPOINTTOHOSTACTION", "value": "RETURN"}]);
        let config = match self.target {
            Target::DaemonSet => json!({"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "env": env}]}}}}),
            Target::Installation => json!({"spec": {"flexVolumePath": "None"}}),
        };
        let mut shadow = self.shadow();
        match self.target {
            Target::DaemonSet => cluster::set_variable(&mut shadow, "FELIX_DEFAULTENDPOINTTOHOSTACTION", "RETURN"),
            Target::Installation => shadow["flexVolumePath"] = "None".into(),
        }
        let (kind, namespace, name) = self.target.place();
        let applied = self.cluster.store.apply("argocd-controller", kind, namespace, name, &config);
        self.note(Some(Edit::Applied), applied.ok().as_ref(), shadow);
    }

    fn note(&self, edit: Option<Edit>, written: Option<&Value>, shadow: Value) {
        let version = written.and_then(|object| object["metadata"]["resourceVersion"].as_str()?.parse().ok());
        if let Some(number) = version {
            locked(&self.edits).push(ForeignEdit { number, edit, shadow });
        }
    }

    fn write(&self, edit: Edit, change: &dyn Fn(&mut Value)) {
        let mut shadow = json!({"metadata": {"annotations": {}, "labels": {}}, "spec": self.shadow()});
        change(&mut shadow);
        self.store(Some(edit), shadow["spec"].clone(), change);
    }

    fn store(&self, edit: Option<Edit>, shadow: Value, change: &dyn Fn(&mut Value)) {
        let (kind, namespace, name) = self.target.place();
        let written = self.cluster.store.edit_as(Writer::new("somebody-else"), kind, namespace, name, |object| {
            // A record that is not there is not forged either.
            if edit != Some(Edit::RecordForged) || object["metadata"]["annotations"][ANNOTATION].is_string() {
                change(object);
            }
        });
        self.note(edit, written.ok().as_ref(), shadow);
    }

    /// Puts the spec back to what others alone would have, this long after each change.
    pub(crate) fn revert(&self, delay: Duration, times: u32) {
        let mut left = times;
        while left > 0 && self.reverting.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
            let shadow = self.shadow();
            if self.target.read(&self.cluster.store)["spec"] == shadow {
                continue;
            }
            thread::sleep(delay);
            if !self.reverting.load(Ordering::SeqCst) {
                return;
            }
            left -= 1;
            self.store(None, shadow.clone(), &|object| object["spec"] = shadow.clone());
        }
    }
}
