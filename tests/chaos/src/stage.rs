//! A running cluster, the others who write to it, and the commands that are run on it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sim::{BackgroundSimulation, Cluster, Host, TestServer, Victim};

use crate::cluster::{self, Moment, Target};
use crate::others::Others;
use crate::play::Play;

/// Simulated seconds in one real second, as in the tests.
pub(crate) const PACE: f64 = 30.0;

pub(crate) struct Stage {
    pub target: Target,
    pub running: TestServer,
    pub folder: tempfile::TempDir,
    pub others: Arc<Others>,
    live: BackgroundSimulation,
}

impl Stage {
    pub(crate) fn new(play: &Play) -> std::io::Result<Self> {
        let target = Target::of(play.setting.scenario);
        let mut world = cluster::scenario(&play.setting);
        world.controller_lag = SignedDuration::from_secs(i64::from(play.setting.lag));
        world.clock_skew = Some(SignedDuration::from_secs(play.setting.skew));
        let running = sim::start(world);
        let others = Arc::new(Others::new(target, running.cluster().clone()));
        let live = running.live(PACE);
        Ok(Self { target, running, folder: tempfile::tempdir()?, others, live })
    }

    pub(crate) fn cluster(&self) -> &Arc<Cluster> {
        self.running.cluster()
    }

    pub(crate) fn moment(&self) -> Moment {
        cluster::moment(&self.cluster().store, self.target)
    }

    pub(crate) fn version(&self) -> u64 {
        self.cluster().store.resource_version()
    }

    pub(crate) fn command(&self, plugin: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(plugin);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("KUBECONFIG", self.running.kubeconfig());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command that nothing disturbs.
    pub(crate) fn run(&self, plugin: &Path, arguments: &[String]) -> std::io::Result<Output> {
        Victim::default().run(&mut self.command(plugin, arguments))
    }

    /// Waits until nothing has changed for two minutes of the cluster's time, which a busy machine delays; half an hour of it at most.
    pub(crate) fn settle(&self) {
        let now = || self.cluster().store.now();
        let begun = now();
        let (mut last, mut since) = (self.moment(), begun);
        while now().duration_since(since) < SignedDuration::from_mins(2) && now().duration_since(begun) < SignedDuration::from_mins(30) {
            std::thread::sleep(Duration::from_millis(100));
            let moment = self.moment();
            if moment != last {
                (last, since) = (moment, now());
            }
        }
    }

    /// From now on no link flaps: what a link does between a look at the cluster and a command would tell nothing of either.
    pub(crate) fn steady_links(&self) {
        for host in self.cluster().hosts().iter().filter(|host| host.flapping.is_some()) {
            self.live.hold().set_host(Host { flapping: None, ..Host::clone(host) });
        }
    }
}
