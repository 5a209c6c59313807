//! The probes of the installation, and of one node's pod.

use std::time::Duration;

use super::{ClusterModel, Install, NodeBgp, NodeModel};
use crate::calico::environment::Backend;
use crate::calico::events::EventKind;
use crate::calico::probe::{self, CommandForm, Misfit, MisfitKind, ProbeKind};
use crate::calico::startup_log::{self, Outcome, StartPhase};
use crate::finding::{Evidence, Source};
use crate::snapshot::family::Family;
use crate::snapshot::objects::Container;

impl Install<'_> {
    /// The field names of exec probes that have one second to answer.
    pub fn short_probe_timeouts(&self) -> Vec<&'static str> {
        self.container.map(probe::timeouts_too_short).unwrap_or_default().into_iter().map(ProbeKind::field).collect()
    }

    /// The probes that cannot succeed here.
    pub fn misfits(&self) -> Vec<Misfit> {
        let (Some(container), Some(environment)) = (self.container, self.environment()) else { return Vec::new() };
        probe::misfits(container, &environment.backend(), self.version(), &environment.health())
    }

    /// The probe that may kill calico-node asks for what it cannot have: no time to start is enough.
    pub fn cannot_be_live(&self) -> bool {
        self.misfits().iter().any(|misfit| misfit.probe != ProbeKind::Readiness)
    }

    /// Why calico-node may get too little CPU, as a clause.
    pub fn cpu_tightness(&self) -> Option<String> {
        let resources = &self.container?.resources;
        match (resources.limits.get("cpu"), resources.requests.get("cpu")) {
            (Some(limit), _) => Some(format!("calico-node has a CPU limit of {limit}")),
            (None, None) => Some("calico-node has no CPU request, so a busy node leaves it nothing".to_owned()),
            (None, Some(_)) => None,
        }
    }

    pub fn cpu_evidence(&self) -> Option<Evidence> {
        let resources = &self.container.filter(|_| self.cpu_tightness().is_some())?.resources;
        let known = |value: Option<&String>| value.map_or("none", String::as_str).to_owned();
        let (request, limit) = (known(resources.requests.get("cpu")), known(resources.limits.get("cpu")));
        let text = format!("{}: CPU request {request}, limit {limit}", self.name());
        Some(Evidence { source: Source::DaemonSet, node: None, text })
    }

    /// A phrase for each probe that cannot succeed here.
    pub fn probe_misfits(&self) -> Vec<String> {
        self.misfits().into_iter().map(|misfit| format!("{} {}", misfit.probe.field(), phrase(&misfit.what))).collect()
    }
}

impl<'a> ClusterModel<'a> {
    /// A first start in progress: not Ready is no fault yet, and no health either.
    pub fn is_starting(&self, node: &NodeModel) -> bool {
        const FIRST_MINUTE: f64 = 60.0;
        let now = self.snapshot.taken_at;
        match node.age(now) {
            Some(age) if node.is_not_ready() && node.restarts() == Some(0) => {
                age < FIRST_MINUTE || self.is_at_work(node, age) || self.is_coming_up(node, age)
            }
            Some(_) => false,
            None => node.is_initializing() && node.pod_age(now).is_some_and(|age| age < FIRST_MINUTE),
        }
    }

    /// Start-up is not done, and the probes allow more time. A datastore that does not answer is not waited for.
    fn is_at_work(&self, node: &NodeModel, age: f64) -> bool {
        let is_kill = |fact: &EventKind| matches!(fact, EventKind::KilledByLiveness { .. } | EventKind::KilledByStartup { .. });
        // A kill comes up to a few seconds late.
        const LATE: f64 = 5.0;
        let in_time = self.start_budget(node).is_some_and(|budget| age <= budget.as_secs_f64() + LATE);
        let at_work = match node.current_log() {
            Some(log) => {
                let answered = startup_log::last_phase(log) > Some(StartPhase::ConnectingToDatastore);
                startup_log::outcome(log) == Outcome::CutOff && answered
            }
            // The container answers, and BIRD does not run yet. Where nothing was asked, silence is no sign of a start.
            None => matches!(node.bgp(Family::V4), NodeBgp::NotRunning),
        };
        let bird_runs = Family::ALL.into_iter().any(|family| matches!(node.bgp(family), NodeBgp::Known(_)));
        in_time && at_work && !bird_runs && node.times(is_kill) == 0
    }

    /// The log says that start-up is done, and Felix, BIRD and the probes have not had their time since.
    fn is_coming_up(&self, node: &NodeModel, age: f64) -> bool {
        const COMING_UP: f64 = 30.0;
        let Some(log) = node.current_log().filter(|log| startup_log::outcome(log) == Outcome::Started) else { return false };
        let since = startup_log::started_at(log).map(|at| self.snapshot.taken_at.duration_since(at).as_secs_f64());
        since.unwrap_or(age) < COMING_UP
    }

    /// The container has had its time to start and to come up.
    pub fn is_settled(&self, node: &NodeModel) -> bool {
        let started = node.current_log().is_some_and(|log| startup_log::outcome(log) == Outcome::Started);
        match node.age(self.snapshot.taken_at) {
            Some(age) if started => !self.is_coming_up(node, age),
            Some(age) => age > self.start_budget(node).map_or(70.0, |budget| budget.as_secs_f64()),
            None => started,
        }
    }

    pub fn start_budget(&self, node: &NodeModel) -> Option<Duration> {
        probe::start_guard(self.probed(node)?).map(|(_, budget)| budget.total())
    }

    /// The container whose probes count: of the pod that runs there, which may be older than the DaemonSet.
    pub fn probed<'n>(&self, node: &NodeModel<'n>) -> Option<&'n Container>
    where
        'a: 'n,
    {
        let own = node.pod.and_then(|pod| pod.spec.calico_node()).filter(|own| own.liveness_probe.is_some() || own.startup_probe.is_some());
        own.or(self.install.container)
    }
}

fn phrase(misfit: &MisfitKind) -> String {
    match misfit {
        MisfitKind::BirdWithoutBird { backend } => {
            let backend = if *backend == Backend::Vxlan { "vxlan" } else { "none" };
            format!("asks for BIRD, but the backend is {backend}")
        }
        MisfitKind::HostMissing { listens } => format!("has no host: it asks the node's address, but Felix listens on {listens}"),
        MisfitKind::OtherPort { asked, felix } => format!("asks port {asked}, but Felix answers on {felix}"),
        MisfitKind::CommandOfAnotherRelease { form, version } => {
            let command = match form {
                CommandForm::CalicoNode => "calico-node",
                CommandForm::CalicoComponent => "calico component node health",
            };
            format!("runs `{command}`, which {version} does not have")
        }
    }
}
