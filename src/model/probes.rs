//! The probes of the installation, and of one node's pod.

use std::time::Duration;

use super::{ClusterModel, Install, NodeModel};
use crate::calico::environment::Backend;
use crate::calico::probe::{self, CommandForm, Misfit, MisfitKind, ProbeKind};
use crate::calico::startup_log::{self, Outcome};
use crate::finding::{Evidence, Source};
use crate::snapshot::objects::Container;

impl Install<'_> {
    /// The field names of exec probes that have one second to answer.
    pub fn short_probe_timeouts(&self) -> Vec<&'static str> {
        self.container.map(probe::timeouts_too_short).unwrap_or_default().into_iter().map(ProbeKind::field).collect()
    }

    /// The probes that cannot succeed here.
    pub fn misfits(&self) -> Vec<Misfit> {
        let (Some(container), Some(environment)) = (self.container, self.environment()) else { return Vec::new() };
        // The operator of another release writes its own probes.
        let release = self.upgrade().filter(|_| !self.is_operator()).or(self.version());
        probe::misfits(container, &environment.backend(), release, &environment.health())
    }

    /// The probe that may kill calico-node asks for what it cannot have: no time to start is enough.
    pub fn cannot_be_live(&self) -> bool {
        self.misfits().iter().any(|misfit| misfit.probe != ProbeKind::Readiness)
    }

    /// Why calico-node may get too little CPU, as a clause.
    pub fn cpu_tightness(&self) -> Option<String> {
        // Of a pod's own container they are not kept.
        let resources = &self.container.filter(|_| self.daemon_set.is_some())?.resources;
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
    /// The container has had its time to start, and BIRD the seconds after that.
    pub fn is_settled(&self, node: &NodeModel) -> bool {
        if self.is_starting(node) {
            return false;
        }
        if node.logs.and_then(|logs| logs.current.seen()).is_some_and(|log| matches!(startup_log::outcome(log), Outcome::Started)) {
            return true;
        }
        let Some(age) = node.age(self.snapshot.taken_at) else { return false };
        age > self.start_budget(node).map_or(70.0, |budget| budget.as_secs_f64())
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

/// Why a probe of a sound calico-node fails on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeObstacle {
    /// The loopback interface is down: nothing on the host reaches 127.0.0.1.
    LoopbackDown,
    /// The probe's command calls a program that the image lacks.
    ProgramMissing { program: String },
}

impl ProbeObstacle {
    pub fn phrase(&self) -> String {
        match self {
            Self::LoopbackDown => "the interface lo is down, so no probe to localhost gets through".to_owned(),
            Self::ProgramMissing { program } if program.ends_with("/calico-node") => {
                format!("its probe runs {program}, which its container lacks: the image is damaged on that node")
            }
            Self::ProgramMissing { program } => format!("its probe runs {program}, which the image lacks. Another image is needed"),
        }
    }
}

impl NodeModel<'_> {
    /// By the newest events of probes, and by the interfaces.
    pub fn probe_obstacle(&self) -> Option<ProbeObstacle> {
        let lo = self.interfaces().and_then(|all| all.iter().find(|one| one.name == "lo"));
        let lo_down = lo.is_some_and(|lo| !lo.flags.is_empty() && !lo.flags.iter().any(|flag| flag == "UP"));
        self.events.iter().rev().filter(|told| !told.kind.is_about_pod()).find_map(|told| {
            let text = told.event.message.as_str();
            let local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|address| text.contains(address));
            if local && (text.contains("network is unreachable") || (lo_down && text.contains("timeout"))) {
                return Some(ProbeObstacle::LoopbackDown);
            }
            let program = missing_program(text)?;
            Some(ProbeObstacle::ProgramMissing { program: crate::text::bounded::clean(program, 100) })
        })
    }
}

/// Go's words for a program that is not there, in calico-node and in runc; the readiness probe of BIRD asks for a socket, not a program.
fn missing_program(text: &str) -> Option<&str> {
    if !["no such file or directory", "executable file not found"].iter().any(|says| text.contains(says)) {
        return None;
    }
    let of_calico = text.split_once("fork/exec ").and_then(|(_, rest)| rest.split(':').next());
    // `exec: "/bin/calico-node": stat /bin/calico-node: …`, its quotes escaped once more by some runtimes
    let of_runc =
        || text.split_once("exec: \"").or_else(|| text.split_once("exec: \\\"")).and_then(|(_, rest)| rest.split(['"', '\\']).next());
    of_calico.or_else(of_runc).filter(|path| path.starts_with('/'))
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
