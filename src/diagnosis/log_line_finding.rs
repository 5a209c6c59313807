//! Causes that a line in the log names outright.

use super::check::EarlierFindings;
use super::evidence;
use crate::calico::startup_log::{self, Outcome};
use crate::diagnosis::context::Context;
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};

/// One finding for all nodes that are not Ready and whose log has such a line. `message` is given their names and all such lines of theirs.
pub(crate) fn finding(
    view: &Context,
    found: &EarlierFindings,
    code: Code,
    kind: LogEventKind,
    message: impl Fn(&str, &[&LogEvent]) -> String,
) -> Vec<Finding> {
    let named = |node: &&crate::model::NodeModel| {
        !found.is_explained(node.name)
            && node.ready() != Some(true)
            && !node.misses_only_peers()
            && !view.is_starting(node)
            && node.mark(kind).is_some()
    };
    let nodes: Vec<_> = view.nodes.iter().filter(named).collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    let lines: Vec<&LogEvent> = nodes.iter().flat_map(|node| node.attempts()).flat_map(|log| of_kind(&log.marks, kind)).collect();
    let message = message(&phrases::list(&names), &lines);
    let evidence = nodes.iter().filter_map(|node| evidence::of_mark(node, kind)).collect();
    vec![Finding { code, severity: Severity::Error, nodes: names, message, evidence, fix: None }]
}

/// A fault that the log of one run shows by itself.
pub(crate) struct LogFault<'a> {
    pub code: Code,
    pub message: String,
    pub lines: Vec<&'a LogEvent>,
}

/// The sentence and the lines that show it; the second argument names the node.
type Judge = for<'a> fn(&'a StartupLog, &str) -> Option<(String, Vec<&'a LogEvent>)>;

/// Faults of a run that had started, causes before symptoms.
const AFTER_START: &[(Code, Judge)] = &[
    (Code::ContainerCrashed, crashed),
    (Code::TyphaNotFound, typha_not_found),
    (Code::DatastoreLocked, waits_for_unlock),
    (Code::DatastoreUnreachable, api_unreachable),
    (Code::KernelFeatureMissing, kernel_lacks),
    (Code::BgpConfigurationRefused, configuration_refused),
    (Code::FelixRestarts, felix_restarts),
    (Code::ExitedAfterStart, part_ended),
    (Code::RoutesNotInstalled, routes_refused),
];

/// The first fault that the log of a run shows after its start.
pub(crate) fn first_fault<'a>(log: &'a StartupLog, node: &str) -> Option<LogFault<'a>> {
    // what is left out depends on the cluster, and no log tells it
    AFTER_START.iter().filter(|(code, _)| code.is_about_a_start()).find_map(|(code, judge)| {
        let (message, lines) = judge(log, node)?;
        Some(LogFault { code: *code, message, lines })
    })
}

/// That fault of the newest run that had started.
fn fault<'a>(node: &NodeModel<'a>, code: Code) -> Option<LogFault<'a>> {
    let log = node.attempts().find(|log| startup_log::outcome(log) == Outcome::Started || has_crash(log) || is_excerpt(log))?;
    let (_, judge) = AFTER_START.iter().find(|(known, _)| *known == code)?;
    let (message, lines) = judge(log, node.name)?;
    Some(LogFault { code, message, lines })
}

/// A finding for each node whose log shows this fault; a warning where the node is Ready all the same.
pub(crate) fn after_start(view: &Context, found: &EarlierFindings, code: Code) -> Vec<Finding> {
    view.nodes
        .iter()
        .filter(|node| !found.is_explained(node.name) && !view.is_starting(node))
        .filter_map(|node| {
            let fault = fault(node, code)?;
            let mut evidence: Vec<_> = fault.lines.iter().map(|mark| node.evidence(Source::Log, mark.text.clone())).collect();
            evidence.extend(phrases::restarts(node));
            let severity = if node.ready() == Some(true) { Severity::Warning } else { Severity::Error };
            let nodes = vec![node.name.to_owned()];
            Some(Finding { code, severity, nodes, message: fault.message, evidence, fix: None })
        })
        .collect()
}

/// The newest known line of any of the node's logs.
pub(crate) fn last_line(node: &NodeModel) -> Option<Evidence> {
    let mark = node.attempts().find_map(|log| log.marks.last())?;
    Some(node.evidence(Source::Log, format!("last known line: {}", mark.text)))
}

/// Marks behind the line that says that the run has started; of an excerpt all of them.
fn later(log: &StartupLog) -> &[LogEvent] {
    let started = log.marks.iter().position(|mark| mark.kind == LogEventKind::Started);
    started.or_else(|| is_excerpt(log).then_some(0)).and_then(|at| log.marks.get(at..)).unwrap_or_default()
}

/// Lines that somebody cut out of the middle of a log: nothing of the start is in it.
fn is_excerpt(log: &StartupLog) -> bool {
    let of_start = |mark: &LogEvent| mark.kind != LogEventKind::TunnelAddress && startup_log::phase(mark.kind).is_some();
    matches!(startup_log::outcome(log), Outcome::CutOff) && !startup_log::has_beginning(log) && !log.marks.iter().any(of_start)
}

/// So many seconds before the log's end, or at a time that is not known.
fn is_recent(log: &StartupLog, mark: &LogEvent, seconds: i64) -> bool {
    mark.at.zip(log.last).is_none_or(|(at, end)| end.duration_since(at).as_secs() < seconds)
}

fn of_kind(marks: &[LogEvent], kind: LogEventKind) -> Vec<&LogEvent> {
    marks.iter().filter(|mark| mark.kind == kind).collect()
}

/// The last lines, each text once.
fn newest(marks: Vec<&LogEvent>) -> Vec<&LogEvent> {
    const SHOWN: usize = 3;
    let mut shown: Vec<&LogEvent> = Vec::new();
    for mark in marks.into_iter().rev() {
        if shown.len() < SHOWN && shown.iter().all(|known| known.text != mark.text) {
            shown.insert(0, mark);
        }
    }
    shown
}

fn has_crash(log: &StartupLog) -> bool {
    log.marks.iter().any(|mark| mark.kind == LogEventKind::Crashed)
}

fn crashed<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    let lines = of_kind(&log.marks, LogEventKind::Crashed);
    lines.first()?;
    Some((not_run(&lines, node), newest(lines)))
}

/// Why a program of the image does not run: what the linker, runc and glibc say in its place, or a signal.
fn not_run(lines: &[&LogEvent], node: &str) -> String {
    let last = lines.last().map_or("", |mark| mark.text.as_str());
    if let Some((_, rest)) = last.split_once("error while loading shared libraries: ") {
        let library = rest.split(':').next().unwrap_or_default();
        return format!("a program of calico-node's image cannot run on {node}: the image lacks its shared library {library}");
    }
    if last.contains("exec format error") {
        return format!("calico-node's image cannot run on {node}: it is built for another CPU architecture (exec format error)");
    }
    if last.contains("CPU does not support") {
        return format!("calico-node's image cannot run on {node}: the CPU is too old for it ({last})");
    }
    format!("programs of calico-node's image crash on {node}: {}", signal_in(lines))
}

/// What Felix tries again and again; a line long before the end is over.
fn kernel_lacks<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    const LATELY: i64 = 120;
    let lines = of_kind(later(log), LogEventKind::KernelFeatureMissing);
    let last = lines.iter().rev().find(|mark| is_recent(log, mark, LATELY) || startup_log::is_kernel_fallback(&mark.text))?;
    // what iptables says of a module is more than that a device could not be made
    let telling = lines.iter().find(|mark| mark.text.contains("Couldn't load")).unwrap_or(last);
    let message = format!("Felix cannot program the kernel of {node}: {}", startup_log::missing_kernel_feature(&telling.text));
    Some((message, newest(lines)))
}

fn signal_in(lines: &[&LogEvent]) -> &'static str {
    let says = |text: &str| lines.iter().any(|mark| mark.text.contains(text));
    match () {
        () if says("Segmentation fault") => "segmentation fault",
        () if says("Illegal instruction") => "illegal instruction",
        () => "bus error",
    }
}

fn typha_not_found<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    let lines = of_kind(later(log), LogEventKind::TyphaNotFound);
    let last = lines.last()?;
    let name = last.text.rsplit_once("\" not found").and_then(|(before, _)| before.rsplit_once('"')).map_or("", |(_, name)| name);
    let message =
        format!("Typha's Service {name} does not exist, so Felix on {node} cannot find Typha (FELIX_TYPHAK8SSERVICENAME names it)");
    Some((message, newest(lines)))
}

/// Felix looks every half second.
fn waits_for_unlock<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    const LATELY: i64 = 30;
    let lines = of_kind(later(log), LogEventKind::DatastoreLocked);
    lines.last().filter(|mark| is_recent(log, mark, LATELY))?;
    Some((
        format!("Felix on {node} waits, because Calico's datastore is locked (ClusterInformation default, datastoreReady)"),
        newest(lines),
    ))
}

/// Why a certificate is not trusted, where its dates are the reason.
pub(crate) const OUT_OF_DATE: &str = ": the certificate has expired, or the node's clock is wrong";

fn api_unreachable<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    const LATELY: i64 = 300;
    let lines = of_kind(later(log), LogEventKind::ApiUnreachable);
    let last = lines.last()?;
    let times: u32 = lines.iter().map(|mark| mark.times).sum();
    let excerpt = is_excerpt(log);
    if !is_recent(log, last, LATELY) || (times < 2 && !excerpt) {
        return None;
    }
    let address = last.text.split_once("://").and_then(|(_, rest)| rest.split(['/', '"']).next()).unwrap_or_default();
    let message = if startup_log::distrusts_certificate(&last.text) {
        let why = if startup_log::is_out_of_date(&last.text) { OUT_OF_DATE } else { "" };
        format!("calico-node on {node} does not trust the certificate of the API server at {address}{why}")
    } else if excerpt {
        format!("calico-node on {node} does not reach the API server at {address}")
    } else {
        format!("calico-node on {node} had started, and no longer reaches the API server at {address}")
    };
    Some((message, newest(lines)))
}

fn configuration_refused<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    let marks = later(log);
    let accepted = marks.iter().rposition(|mark| mark.kind == LogEventKind::BgpConfigAccepted).map_or(0, |at| at + 1);
    let lines = of_kind(marks.get(accepted..)?, LogEventKind::BgpConfigRefused);
    let words = lines.last().map(|mark| refusal(&mark.text))?;
    let message = format!("BIRD on {node} refuses the configuration that confd writes: {words}");
    Some((message, newest(lines)))
}

/// BIRD's words out of `…/bird.cfg, line 96: WORDS` (1.6) or `…/bird.cfg:96:3 WORDS` (2.x), inside confd's line or bare.
fn refusal(text: &str) -> &str {
    let rest = text.rsplit_once(".cfg").map_or(text, |(_, rest)| rest);
    let end = rest.find("\\n").or_else(|| rest.find('"')).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or(rest);
    rest.split_once(": ").or_else(|| rest.split_once(' ')).map_or(rest, |(_, words)| words).trim()
}

fn felix_restarts<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    const LOOP: u32 = 3;
    /// Seconds between two: real changes of a configuration are further apart.
    const CLOSE: f64 = 120.0;
    let marks = later(log);
    let lines = of_kind(marks, LogEventKind::FelixShutdown);
    let times: u32 = lines.iter().map(|mark| mark.times).sum();
    let span = lines.first()?.at.zip(log.last).map_or(0.0, |(first, last)| last.duration_since(first).as_secs_f64());
    if times < LOOP || span > CLOSE * f64::from(times - 1) {
        return None;
    }
    let reason = lines.last()?.text.split_once("reason=").map_or("", |(_, reason)| reason.trim_matches('"'));
    let proxy = of_kind(marks, LogEventKind::KubeProxyModeChanged);
    let why = match reason {
        _ if !proxy.is_empty() => "it sees kube-proxy change its mode again and again".to_owned(),
        "config changed" => "its configuration changes again and again (config changed)".to_owned(),
        "encapsulation changed" => "the encapsulation of the IP pools changes again and again".to_owned(),
        other => format!("it says {other:?}"),
    };
    let message = format!("Felix on {node} has shut itself down {times} times in {span:.0}s: {why}");
    Some((message, newest(proxy.into_iter().chain(lines).collect())))
}

/// BIRD tries every two seconds (`scan time` in confd's templates), and logs at most a few lines of it.
fn routes_refused<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    const LATELY: i64 = 120;
    const OFTEN: u32 = 10;
    let lines = of_kind(later(log), LogEventKind::BirdRouteRefused);
    let last = lines.last().filter(|mark| is_recent(log, mark, LATELY))?;
    if lines.iter().map(|mark| mark.times).sum::<u32>() < OFTEN {
        return None;
    }
    let (_, words) = last.text.split_once("Netlink: ")?;
    let why = match words {
        "Network is down" => "the interface that they go through is down, as tunl0",
        "File exists" => "routes of another program to the same networks are in the way",
        _ => "their next hop is on no network of the node",
    };
    Some((format!("the kernel of {node} refuses routes that BIRD learned ({words}): {why}"), newest(lines)))
}

fn part_ended<'a>(log: &'a StartupLog, node: &str) -> Option<(String, Vec<&'a LogEvent>)> {
    let fatals = || later(log).iter().rev().filter(|mark| mark.kind == LogEventKind::Fatal);
    let fatal = fatals().find(|mark| !startup_log::is_bare_panic(&mark.text)).or_else(|| fatals().next())?;
    let known = startup_log::known_end(&fatal.text);
    let message = format!("calico-node on {node} started, then a part of it exited: {}", known.unwrap_or(&fatal.text));
    Some((message, vec![fatal]))
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn bird_s_words() {
        for (line, words) in [
            (
                "bird: /etc/calico/confd/config/bird.cfg, line 96: Only internal neighbor can be RR client",
                "Only internal neighbor can be RR client",
            ),
            ("bird: /etc/calico/confd/config/bird.cfg:96:3 syntax error", "syntax error"),
            (
                r#"Error from checkcmd "bird -p -c /etc/calico/confd/config/.bird.cfg123": "bird: /etc/calico/confd/config/.bird.cfg123, line 96: No such symbol\n" error=exit status 1"#,
                "No such symbol",
            ),
        ] {
            assert_eq!(refusal(line), words);
        }
    }
}
