//! Probes that ask for what calico-node cannot answer, put right on request.

use super::change::{Handler, ProbeChange, probe_of};
use super::timing::ProbeTiming;
use crate::calico::probe::{self, CommandForm, Misfit, MisfitKind};
use crate::model::Install;
use crate::snapshot::objects::{Container, ExecAction, HttpGet, IntOrString, Probe};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MisfitFix {
    /// timeoutSeconds of exec probes that have one second.
    Timeouts,
    /// The host of httpGet probes: Felix listens on localhost.
    Host,
    /// Flags that ask for BIRD where none runs.
    Bird,
    /// The port of httpGet probes: FELIX_HEALTHPORT.
    Port,
    /// The health command of the release that runs.
    Command,
}

impl MisfitFix {
    pub const ALL: [MisfitFix; 5] = [MisfitFix::Timeouts, MisfitFix::Host, MisfitFix::Bird, MisfitFix::Port, MisfitFix::Command];

    pub fn name(self) -> &'static str {
        match self {
            Self::Timeouts => "timeouts",
            Self::Host => "host",
            Self::Bird => "bird",
            Self::Port => "port",
            Self::Command => "command",
        }
    }

    fn cures(self, what: &MisfitKind) -> bool {
        match what {
            MisfitKind::BirdWithoutBird { .. } => self == Self::Bird,
            MisfitKind::HostMissing { .. } => self == Self::Host,
            MisfitKind::OtherPort { .. } => self == Self::Port,
            MisfitKind::CommandOfAnotherRelease { .. } => self == Self::Command,
        }
    }
}

/// As in the manifests from 3.20.0.
pub const TIMEOUT: u32 = 10;

/// Which of the fixes there is work for here.
pub fn needed(install: &Install) -> Vec<MisfitFix> {
    let misfits = install.misfits();
    let short = install.container.is_some_and(|container| !probe::timeouts_too_short(container).is_empty());
    let wanted = |fix: &MisfitFix| (*fix == MisfitFix::Timeouts && short) || misfits.iter().any(|misfit| fix.cures(&misfit.what));
    MisfitFix::ALL.into_iter().filter(wanted).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MisfitFixError {
    #[error("--fix {name}: there is no such problem to fix here{}", hint(others))]
    Nothing { name: &'static str, others: Vec<&'static str> },
    #[error("--fix {0}: the command of the {1} is a shell's, so it is left alone: change it by hand")]
    Shell(&'static str, &'static str),
}

fn hint(others: &[&str]) -> String {
    if others.is_empty() { String::new() } else { format!("; what can be fixed: {}", others.join(", ")) }
}

/// The changes that do it, each probe once.
pub fn changes(install: &Install, fix: MisfitFix) -> Result<Vec<ProbeChange>, MisfitFixError> {
    let nothing = || MisfitFixError::Nothing { name: fix.name(), others: needed(install).into_iter().map(MisfitFix::name).collect() };
    let container = install.container.ok_or_else(nothing)?;
    let mut changes = Vec::new();
    if fix == MisfitFix::Timeouts {
        let timing = ProbeTiming { timeout_seconds: Some(TIMEOUT), ..ProbeTiming::default() };
        changes.extend(probe::timeouts_too_short(container).into_iter().map(|kind| ProbeChange::timing(kind, timing)));
    }
    for misfit in install.misfits().iter().filter(|misfit| fix.cures(&misfit.what)) {
        changes.push(corrected(container, misfit).ok_or(MisfitFixError::Shell(fix.name(), misfit.probe.field()))?);
    }
    if changes.is_empty() { Err(nothing()) } else { Ok(changes) }
}

fn corrected(container: &Container, misfit: &Misfit) -> Option<ProbeChange> {
    let probe = probe_of(container, misfit.probe)?;
    let handler = match &misfit.what {
        MisfitKind::HostMissing { listens } => http(probe, |http| http.host = Some(listens.clone()))?,
        MisfitKind::OtherPort { felix, .. } => http(probe, |http| http.port = Some(IntOrString::Int(i64::from(*felix))))?,
        MisfitKind::BirdWithoutBird { .. } => command(probe, without_bird)?,
        MisfitKind::CommandOfAnotherRelease { form, .. } => command(probe, |words| translated(words, *form))?,
    };
    Some(ProbeChange { probe: misfit.probe, handler: Some(handler), timing: ProbeTiming::default() })
}

fn http(probe: &Probe, change: impl FnOnce(&mut HttpGet)) -> Option<Handler> {
    let mut http = probe.http_get.clone()?;
    change(&mut http);
    Some(Handler::HttpGet(http))
}

fn command(probe: &Probe, change: impl FnOnce(&[String]) -> Option<Vec<String>>) -> Option<Handler> {
    Some(Handler::Exec(ExecAction { command: change(&probe.exec.as_ref()?.command)? }))
}

/// `None` where the flags stand inside a shell's one argument.
fn without_bird(words: &[String]) -> Option<Vec<String>> {
    const FLAGS: [&str; 4] = ["bird-live", "bird-ready", "bird6-live", "bird6-ready"];
    let asks = |word: &String| word.starts_with('-') && FLAGS.contains(&word.trim_start_matches('-').trim_end_matches("=true"));
    let kept: Vec<String> = words.iter().filter(|word| !asks(word)).cloned().collect();
    (kept.len() < words.len()).then_some(kept)
}

/// From one release's form into the other's, with the same flags.
fn translated(words: &[String], form: CommandForm) -> Option<Vec<String>> {
    let flags: Vec<&String> = words.iter().skip_while(|word| !word.starts_with('-')).collect();
    if flags.is_empty() || flags.iter().any(|flag| !flag.starts_with('-') || flag.contains(' ')) {
        return None;
    }
    let name = |flag: &&String| flag.trim_start_matches('-').to_owned();
    Some(match form {
        CommandForm::CalicoNode => {
            let begin = ["calico", "component", "node", "health"].map(str::to_owned);
            begin.into_iter().chain(flags.iter().map(|flag| format!("--{}", name(flag)))).collect()
        }
        CommandForm::CalicoComponent => {
            std::iter::once("/bin/calico-node".to_owned()).chain(flags.iter().map(|flag| format!("-{}", name(flag)))).collect()
        }
    })
}

/// Two changes of one probe are one; the later's fields win.
pub fn merged(changes: impl IntoIterator<Item = ProbeChange>) -> Vec<ProbeChange> {
    let mut all: Vec<ProbeChange> = Vec::new();
    for change in changes {
        match all.iter_mut().find(|known| known.probe == change.probe) {
            Some(known) => {
                known.timing = change.timing.or(known.timing);
                known.handler = match (known.handler.take(), change.handler) {
                    // Two misfits of one httpGet: the port of one, the host of the other.
                    (Some(Handler::HttpGet(old)), Some(Handler::HttpGet(new))) => Some(Handler::HttpGet(HttpGet {
                        host: new.host.or(old.host),
                        port: if new.port == old.port { old.port } else { new.port },
                        ..old
                    })),
                    (old, new) => new.or(old),
                };
            }
            None => all.push(change),
        }
    }
    all.sort_by_key(|change: &ProbeChange| change.probe);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calico::probe::ProbeKind;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn commands_are_translated_with_their_flags() {
        let old = words("/bin/calico-node -felix-live -bird-live");
        let new = words("calico component node health --felix-live --bird-live");
        assert_eq!(translated(&old, CommandForm::CalicoNode), Some(new.clone()));
        assert_eq!(translated(&new, CommandForm::CalicoComponent), Some(old.clone()));
        assert_eq!(without_bird(&old), Some(words("/bin/calico-node -felix-live")));
        assert_eq!(
            without_bird(&words("/bin/calico-node --felix-ready --bird6-ready=true")),
            Some(words("/bin/calico-node --felix-ready"))
        );
    }

    #[test]
    fn a_shells_line_is_left_alone() {
        let shell = vec!["sh".to_owned(), "-c".to_owned(), "/bin/calico-node -felix-live -bird-live".to_owned()];
        assert_eq!((without_bird(&shell), translated(&shell, CommandForm::CalicoNode)), (None, None));
    }

    #[test]
    fn port_and_host_of_one_probe_are_both_kept() {
        let old = HttpGet { path: Some("/liveness".into()), port: Some(IntOrString::Int(9099)), ..HttpGet::default() };
        let change = |http: HttpGet| ProbeChange {
            probe: ProbeKind::Liveness,
            handler: Some(Handler::HttpGet(http)),
            timing: ProbeTiming::default(),
        };
        let host = change(HttpGet { host: Some("localhost".into()), ..old.clone() });
        let port = change(HttpGet { port: Some(IntOrString::Int(9199)), ..old.clone() });
        let both = HttpGet { host: Some("localhost".into()), port: Some(IntOrString::Int(9199)), ..old };
        assert_eq!(merged([host.clone(), port.clone()])[0].handler, Some(Handler::HttpGet(both.clone())));
    }
}
