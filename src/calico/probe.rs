//! The probes of the container calico-node: what they ask, how long they wait, and whether they suit what runs.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment::{Backend, Health};
use super::version::Version;
use crate::snapshot::objects::{Container, ExecAction, HttpGet, IntOrString, Probe};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    Startup,
    Liveness,
    Readiness,
}

impl ProbeKind {
    /// As a container has it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }
}

/// How calico-node's health command is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandForm {
    /// `/bin/calico-node -felix-live`, up to 3.32.
    CalicoNode,
    /// `calico component node health --felix-live`, from 3.33.
    CalicoComponent,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Handler {
    Command(CommandForm),
    Http { host: Option<String>, path: String, port: Option<IntOrString> },
    Other,
}

/// What a probe does.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeUse {
    pub kind: ProbeKind,
    pub handler: Handler,
    pub checks_felix: bool,
    pub checks_bird: bool,
    pub budget: Budget,
}

/// The timing of a probe, with Kubernetes' defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub initial_delay: u32,
    pub period: u32,
    pub timeout: u32,
    pub failure_threshold: u32,
}

impl Budget {
    pub fn of(probe: &Probe) -> Self {
        let or =
            |value: Option<i32>, default| value.and_then(|value| u32::try_from(value).ok()).filter(|value| *value > 0).unwrap_or(default);
        Self {
            initial_delay: or(probe.initial_delay_seconds, 0),
            period: or(probe.period_seconds, 10),
            timeout: or(probe.timeout_seconds, 1),
            failure_threshold: or(probe.failure_threshold, 3),
        }
    }

    /// Until the kubelet gives up when every try fails at once, as it does while nothing listens yet: the published 10 + 10 × 6
    /// killed after 68 s.
    pub fn total(&self) -> Duration {
        let seconds = u64::from(self.initial_delay) + u64::from(self.period) * u64::from(self.failure_threshold);
        Duration::from_secs(seconds)
    }

    /// The same when the last try hangs.
    pub fn with_timeout(&self) -> Duration {
        self.total() + Duration::from_secs(u64::from(self.timeout))
    }
}

/// The probes that a container has: startup, liveness, readiness.
pub fn uses(container: &Container) -> Vec<ProbeUse> {
    let all = [
        (ProbeKind::Startup, &container.startup_probe),
        (ProbeKind::Liveness, &container.liveness_probe),
        (ProbeKind::Readiness, &container.readiness_probe),
    ];
    all.into_iter().filter_map(|(kind, probe)| Some(ProbeUse::of(kind, probe.as_ref()?))).collect()
}

impl ProbeUse {
    fn of(kind: ProbeKind, probe: &Probe) -> Self {
        let budget = Budget::of(probe);
        match (&probe.exec, &probe.http_get) {
            (Some(exec), _) => of_command(kind, exec, budget),
            (None, Some(http)) => of_http(kind, http, budget),
            (None, None) => Self { kind, handler: Handler::Other, checks_felix: false, checks_bird: false, budget },
        }
    }
}

fn of_command(kind: ProbeKind, exec: &ExecAction, budget: Budget) -> ProbeUse {
    // a shell's one long argument counts as the words within
    let words: Vec<&str> = exec.command.iter().flat_map(|argument| argument.split_whitespace()).collect();
    let base = |word: &&str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let component = words.windows(4).any(|part| base(&part[0]) == "calico" && part[1..] == ["component", "node", "health"]);
    let form = match component {
        true => Some(CommandForm::CalicoComponent),
        false => words.iter().any(|word| base(word) == "calico-node").then_some(CommandForm::CalicoNode),
    };
    let Some(form) = form else {
        return ProbeUse { kind, handler: Handler::Other, checks_felix: false, checks_bird: false, budget };
    };
    let has = |names: &[&str]| {
        words
            .iter()
            .filter(|word| word.starts_with('-'))
            .any(|word| names.contains(&word.trim_start_matches('-').trim_end_matches("=true")))
    };
    ProbeUse {
        kind,
        handler: Handler::Command(form),
        checks_felix: has(&["felix-live", "felix-ready"]),
        checks_bird: has(&["bird-live", "bird-ready", "bird6-live", "bird6-ready"]),
        budget,
    }
}

fn of_http(kind: ProbeKind, http: &HttpGet, budget: Budget) -> ProbeUse {
    let path = http.path.clone().unwrap_or_default();
    let checks_felix = matches!(path.as_str(), "/liveness" | "/readiness");
    let host = http.host.clone().filter(|host| !host.is_empty());
    ProbeUse { kind, handler: Handler::Http { host, path, port: http.port.clone() }, checks_felix, checks_bird: false, budget }
}

/// The probe that decides how long calico-node may take to start: the startup probe, else the liveness probe; `None` when nothing kills it.
pub fn start_guard(container: &Container) -> Option<(ProbeKind, Budget)> {
    let startup = container.startup_probe.as_ref().map(|probe| (ProbeKind::Startup, probe));
    let (kind, probe) = startup.or(container.liveness_probe.as_ref().map(|probe| (ProbeKind::Liveness, probe)))?;
    Some((kind, Budget::of(probe)))
}

/// A probe that cannot succeed with what runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub probe: ProbeKind,
    pub what: MisfitKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MisfitKind {
    BirdWithoutBird {
        backend: Backend,
    },
    /// The kubelet asks the node's address; Felix listens on `listens` only (from 3.2 on).
    HostMissing {
        listens: String,
    },
    OtherPort {
        asked: u16,
        felix: u16,
    },
    CommandOfAnotherRelease {
        form: CommandForm,
        version: Version,
    },
}

/// Only what is known counts: an unknown version, backend or port raises nothing.
pub fn misfits(container: &Container, backend: &Backend, version: Option<Version>, health: &Health) -> Vec<Misfit> {
    let mut found = Vec::new();
    for probe in uses(container) {
        let mut say = |what| found.push(Misfit { probe: probe.kind, what });
        if probe.checks_bird && matches!(backend, Backend::Vxlan | Backend::None) {
            say(MisfitKind::BirdWithoutBird { backend: backend.clone() });
        }
        match (&probe.handler, version) {
            (Handler::Command(form), Some(version)) if !suits(*form, version) => {
                say(MisfitKind::CommandOfAnotherRelease { form: *form, version });
            }
            (Handler::Http { host, port, .. }, _) if probe.checks_felix => {
                let local = health.host.as_deref().filter(|host| matches!(*host, "localhost" | "127.0.0.1" | "::1"));
                if let (None, Some(listens), true) = (host, local, version.is_some_and(|version| version.at_least(3, 2, 0))) {
                    say(MisfitKind::HostMissing { listens: listens.to_owned() });
                }
                if let (Some(asked), Some(felix)) = (port.as_ref().and_then(number), health.port)
                    && asked != felix
                {
                    say(MisfitKind::OtherPort { asked, felix });
                }
            }
            _ => {}
        }
    }
    found
}

/// A build from a branch of 3.33 may be either.
fn suits(form: CommandForm, version: Version) -> bool {
    let new = version.at_least(3, 33, 0);
    let either = version.pre && version.numbers() == (3, 33, 0);
    either || new == (form == CommandForm::CalicoComponent)
}

/// A named port is not resolved here.
fn number(port: &IntOrString) -> Option<u16> {
    match port {
        IntOrString::Int(number) => u16::try_from(*number).ok(),
        IntOrString::String(text) => text.parse().ok(),
    }
}

/// Exec probes with one second to answer (Kubernetes' default): the command alone can take longer on a busy node.
pub fn timeouts_too_short(container: &Container) -> Vec<ProbeKind> {
    uses(container)
        .into_iter()
        .filter(|probe| matches!(probe.handler, Handler::Command(_)) && probe.budget.timeout <= 1)
        .map(|probe| probe.kind)
        .collect()
}

#[cfg(test)]
mod tests;
