//! A running cluster, the others who write to it, and the commands that are run on it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim::{BackgroundSimulation, Cluster, TestServer, Victim, Writer};

use crate::cluster::{self, ANNOTATION, Moment, Target};
use crate::history::ForeignEdit;
use crate::play::{Edit, Play};

/// Simulated seconds in one real second, as in the tests.
pub const PACE: f64 = 30.0;
const CIDR: &str = "10.0.0.0/9";

pub struct Stage {
    pub target: Target,
    pub running: TestServer,
    pub folder: tempfile::TempDir,
    pub others: Arc<Others>,
    _live: BackgroundSimulation,
}

/// Those who write to the same objects, and what the target would be without this program.
pub struct Others {
    target: Target,
    cluster: Arc<Cluster>,
    edits: Mutex<Vec<ForeignEdit>>,
    before: Mutex<Value>,
    /// Names of pods that an editor deleted.
    pub deleted: Mutex<Vec<String>>,
    /// A reverter acts as long as this is set.
    pub reverting: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    pub fn new(play: &Play) -> std::io::Result<Self> {
        let target = Target::of(play.setting.scenario);
        let mut world = cluster::scenario(&play.setting);
        world.controller_lag = SignedDuration::from_secs(i64::from(play.setting.lag));
        world.clock_skew = Some(SignedDuration::ZERO);
        let running = sim::start(world);
        let cluster = running.cluster().clone();
        let spec = target.read(&cluster.store)["spec"].clone();
        let others = Others {
            target,
            cluster,
            edits: Mutex::default(),
            before: Mutex::new(spec),
            deleted: Mutex::default(),
            reverting: AtomicBool::new(false),
        };
        let live = running.live(PACE);
        Ok(Self { target, running, folder: tempfile::tempdir()?, others: Arc::new(others), _live: live })
    }

    pub fn cluster(&self) -> &Arc<Cluster> {
        self.running.cluster()
    }

    pub fn moment(&self) -> Moment {
        cluster::moment(&self.cluster().store, self.target)
    }

    pub fn version(&self) -> u64 {
        self.cluster().store.resource_version()
    }

    pub fn command(&self, plugin: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(plugin);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("KUBECONFIG", self.running.kubeconfig());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command that nothing disturbs.
    pub fn run(&self, plugin: &Path, arguments: &[String]) -> std::io::Result<Output> {
        Victim::default().run(&mut self.command(plugin, arguments))
    }

    /// Waits until nothing has been replaced for a while: a minute of the cluster's time, five at most.
    pub fn settle(&self) {
        let begun = Instant::now();
        let (mut last, mut since) = (self.moment(), Instant::now());
        while since.elapsed() < Duration::from_secs_f64(60.0 / PACE) && begun.elapsed() < Duration::from_secs_f64(300.0 / PACE) {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.moment();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
    }
}

impl Others {
    pub fn edits(&self) -> Vec<ForeignEdit> {
        locked(&self.edits).clone()
    }

    /// What is there now is what others alone have made: changes before the run do not count.
    fn shadow(&self) -> Value {
        locked(&self.edits).last().map_or_else(|| locked(&self.before).clone(), |edit| edit.shadow.clone())
    }

    pub fn edit(&self, edit: Edit) {
        let store = &self.cluster.store;
        match edit {
            Edit::OtherSetting => self.write(edit, &|object| match self.target {
                Target::DaemonSet => cluster::set_variable(&mut object["spec"], "FELIX_LOGSEVERITYSCREEN", "Warning"),
                Target::Installation => object["spec"]["nonPrivileged"] = "Disabled".into(),
            }),
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
        let version = written.ok().and_then(|object| object["metadata"]["resourceVersion"].as_str()?.parse().ok());
        if let Some(number) = version {
            locked(&self.edits).push(ForeignEdit { number, edit, shadow });
        }
    }

    /// Puts the spec back to what others alone would have, this long after each change.
    pub fn revert(&self, delay: Duration, times: u32) {
        let mut left = times;
        while left > 0 && self.reverting.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
            let shadow = self.shadow();
            if self.target.read(&self.cluster.store)["spec"] == shadow {
                continue;
            }
            std::thread::sleep(delay);
            if !self.reverting.load(Ordering::SeqCst) {
                return;
            }
            left -= 1;
            self.store(None, shadow.clone(), &|object| object["spec"] = shadow.clone());
        }
    }
}
