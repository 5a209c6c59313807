//! The kubelet's own log, as far as it is about calico-node's pods and what the network plugin does to others: `journalctl -u kubelet`, and of
//! distributions that run the kubelet inside their own program (pkg/kubelet/prober, pod_workers.go, kuberuntime, structured since 1.20).

use std::collections::BTreeMap;

use super::event_pods::{self, STILL, Told};
use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::plugin_failures::PluginFailures;
use crate::calico::flavour;

pub(super) const KUBELET: Format = Format {
    name: "journalctl -u kubelet",
    better: "kubectl describe pod POD -n NAMESPACE",
    starts: |lines, _| lines.first().is_some_and(|line| Entry::parse(line).is_some()),
    goes_on: |line| Entry::parse(line).is_some() || line.starts_with("-- "),
    interrupts: true,
    restarts: false,
    read,
};

/// Programs that the kubelet runs in.
const PROGRAMS: [&str; 7] = [" kubelet[", " k3s[", " rke2[", " k0s[", " hyperkube[", ".daemon-kubelite[", " containerd["];
/// The same without a process, as rsyslog writes to /var/log/messages.
const SYSLOG_PROGRAMS: [&str; 5] = [" kubelet: ", " k3s: ", " rke2: ", " k0s: ", " containerd: "];
/// Its source files that speak of pods, for lines without journald's head.
const SOURCES: [&str; 7] =
    [" prober.go:", " pod_workers.go:", " kubelet.go:", " kuberuntime_manager.go:", " remote_runtime.go:", " generic.go:", " cni.go:"];
/// Longer lines are none of the kubelet's.
const MAX_LINE: usize = 16 << 10;

struct Entry<'a> {
    host: Option<&'a str>,
    text: &'a str,
    /// Seconds since the year began, as far as klog names the time.
    at: Option<i64>,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        if line.len() > MAX_LINE {
            return None;
        }
        let is_head = |(head, _): &(&str, &str)| head.len() < 200;
        let journald = PROGRAMS.iter().find_map(|program| line.split_once(program)).filter(is_head);
        let syslog =
            || SYSLOG_PROGRAMS.iter().find_map(|program| line.split_once(program)).filter(|split| is_head(split) && is_syslog(split.0));
        let headed = match journald {
            Some((head, rest)) => Some((head, rest.split_once("]: ")?.1)),
            None => syslog(),
        };
        let host = headed.and_then(|(head, _)| host_in(head));
        let text = headed.map_or_else(|| line.trim_start(), |(_, text)| text);
        let at = klog_time(text);
        let is_kubelets = at.is_some() && text.get(..80).unwrap_or(text).split_once("] ").is_none_or(|(head, _)| is_source(head));
        (headed.is_some() || is_kubelets).then_some(Self { host, text, at })
    }

    /// Namespace and name of the pod that it is about.
    fn pod(&self) -> Option<(String, String)> {
        if let Some(pod) = quoted(self.text, " pod=\"") {
            return pod.split_once('/').map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
        }
        if let Some((_, sandbox)) = self.text.split_once("RunPodSandbox for &PodSandboxMetadata{Name:") {
            let (name, rest) = sandbox.split_once(',')?;
            let (_, namespace) = rest.split_once(",Namespace:")?;
            return Some((namespace.split(',').next()?.to_owned(), name.to_owned()));
        }
        // before 1.20: `"calico-node-x7p2l_kube-system(UID):calico-node"`
        self.text.split(['"', ' ', '=']).find_map(|word| {
            let (name, rest) = word.split_once('_')?;
            let (namespace, _) = rest.split_once('(')?;
            Some((namespace.to_owned(), name.to_owned()))
        })
    }

    /// `Readiness`, also where somebody has cut that out.
    fn probe(&self, says: &str) -> String {
        let guess = || if says.contains("is not live") { "Liveness" } else { "Readiness" };
        quoted(self.text, "probeType=\"").unwrap_or_else(|| guess().to_owned())
    }

    /// The same as the event that the kubelet made of it: reason and message.
    fn event(&self) -> Option<(&'static str, String)> {
        if self.text.contains("\"Probe failed\"") {
            let says = quoted(self.text, "output=\"")?;
            return Some(("Unhealthy", format!("{} probe failed: {says}", self.probe(&says))));
        }
        if self.text.contains("\"Probe errored\"") {
            let says = quoted(self.text, "err=\"")?;
            return Some(("Unhealthy", format!("{} probe errored: {says}", self.probe(&says))));
        }
        if let Some((kind, rest)) = self.text.split_once(" probe for \"") {
            let (_, says) = rest.split_once("failed (failure): ")?;
            return Some(("Unhealthy", format!("{} probe failed: {says}", kind.rsplit(' ').next()?)));
        }
        if let Some(says) = quoted(self.text, "containerMessage=\"") {
            return Some(("Killing", says));
        }
        if self.text.contains("RunPodSandbox for &PodSandboxMetadata{") {
            let says = quoted(self.text, "\" error=\"")?;
            return Some(("FailedCreatePodSandBox", format!("Failed to create pod sandbox: rpc error: code = Unknown desc = {says}")));
        }
        failed_step(&quoted(self.text, "err=\"").unwrap_or_else(|| self.text.to_owned()))
    }
}

/// `failed to "StartContainer" for "calico-node" with CrashLoopBackOff: "back-off 5m0s …"`
fn failed_step(text: &str) -> Option<(&'static str, String)> {
    let (step, rest) = text.split_once("failed to \"")?.1.split_once("\" for \"")?;
    let (name, rest) = rest.split_once("\" with ")?;
    let (why, says) = rest.split_once(": ")?;
    let says = says.trim_matches('"');
    Some(match (step, why) {
        ("StartContainer", "CrashLoopBackOff") => ("BackOff", format!("Back-off restarting failed container {name}")),
        ("StartContainer", "ImagePullBackOff") => ("BackOff", says.to_owned()),
        ("StartContainer", "ErrImagePull") => ("Failed", format!("Failed to pull image: {says}")),
        ("StartContainer", _) => ("Failed", format!("Error: {says}")),
        ("CreatePodSandbox", _) => ("FailedCreatePodSandBox", format!("Failed to create pod sandbox: {says}")),
        _ => return None,
    })
}

/// The last word before the program, of which a snap's name may be left: `Aug 13 07:25:01 node-3 microk8s`.
fn host_in(head: &str) -> Option<&str> {
    let mut words = head.split_whitespace().rev();
    let last = words.next()?;
    if last == "microk8s" || last == "snap.microk8s" { words.next() } else { Some(last) }
}

/// `Jul  6 17:05:45 worker4`, `2022-07-06T17:05:45+08:00 worker4`
fn is_syslog(head: &str) -> bool {
    let words = head.split_whitespace().count();
    (words == 2 || words == 4) && head.matches(':').count() >= 2
}

fn is_source(head: &str) -> bool {
    SOURCES.iter().any(|source| head.contains(source))
}

/// `E1120 09:28:44.011201`
fn klog_time(text: &str) -> Option<i64> {
    let (head, rest) = text.split_once(' ')?;
    let date = head.strip_prefix(['I', 'W', 'E', 'F']).filter(|date| date.len() == 4)?;
    let (month, day) = (date.get(..2)?.parse::<i64>().ok()?, date.get(2..)?.parse::<i64>().ok()?);
    let mut clock = rest.trim_start().get(..8)?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    Some(((month * 31 + day) * 24 + hour) * 3_600 + minute * 60 + second)
}

/// The value behind `key="`, as Go quotes it.
fn quoted(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once(key)?;
    let mut value = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                't' => value.push(' '),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

/// Reason and message, and how often the kubelet said so.
type Repeated = BTreeMap<(&'static str, String), i32>;

fn read(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let entries: Vec<Entry<'_>> = block.text.lines().filter_map(Entry::parse).collect();
    let newest = entries.iter().filter_map(|entry| entry.at).max();
    let host = entries.iter().find_map(|entry| entry.host).map(str::to_owned).or_else(|| block.heading.host.clone());
    let (mut rest, mut old, mut failures) = (0, 0, PluginFailures::default());
    let mut pods: BTreeMap<(String, String), Repeated> = BTreeMap::new();
    for entry in &entries {
        let Some(((namespace, name), (reason, message))) = entry.pod().zip(entry.event()) else {
            rest += 1;
            continue;
        };
        if entry.at.zip(newest).is_some_and(|(at, newest)| newest - at > STILL) {
            old += 1;
        } else if flavour::is_pod_name(&name) {
            *pods.entry((namespace, name)).or_default().entry((reason, message)).or_default() += 1;
        } else {
            let told = failures.take(facts, (Some(&namespace), &name), host.as_deref(), (reason, &message, None))?;
            rest += usize::from(!told);
        }
    }
    let mut read = 0;
    for ((namespace, name), events) in &pods {
        let mut told = Vec::new();
        for ((reason, message), times) in events {
            facts.told_warning((Some(namespace), name), host.as_deref(), (reason, message), *times)?;
            told.push(Told { reason, message: message.clone(), age: None });
        }
        read += told.len();
        facts.told_by_events(&event_pods::pod(name, Some(namespace), host.as_deref(), &told))?;
    }
    let told = match failures.kept {
        0 => crate::text::count(read, "event"),
        kept => format!("{}, {} of Calico's network plugin", crate::text::count(read, "event"), crate::text::count(kept, "failure")),
    };
    let mut summary = Summary::new(told).ignoring(rest, "about other matters");
    if old > 0 {
        summary = summary.also_ignoring(format!("{} older than 10 min", crate::text::count(old, "line")));
    }
    Ok(host.into_iter().fold(summary, Summary::of_node))
}

#[cfg(test)]
mod tests;
