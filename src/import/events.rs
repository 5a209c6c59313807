//! Events: `kubectl get events` of every release, and the list at the end of a description that somebody cut out.

use std::collections::BTreeMap;

use serde_json::json;

use super::describe::{Age, age_seconds};
use super::event_pods::{self, Told};
use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::plugin_failures::PluginFailures;
use super::prompt;
use super::tables::{MAX_COLUMNS, has_columns, split_row};
use crate::calico::cni_failure;
use crate::calico::events;
use crate::calico::flavour;
use crate::text::bounded::find_ignoring_case;

pub(super) const EVENTS: Format = Format {
    name: "kubectl get events",
    better: "kubectl get events -n NAMESPACE -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| is_header(line) || is_row(line) || barred(line).is_some()),
    goes_on: |line| !line.trim().is_empty(),
    interrupts: true,
    restarts: false,
    read,
};

/// What a description lists below `Events:`, without the description.
pub(super) const OF_POD: Format = Format {
    name: "events of kubectl describe pod",
    better: "kubectl describe pod POD -n NAMESPACE",
    starts: |lines, _| {
        lines.first().is_some_and(|line| is_described(line) || (is_described_row(line) && line.len() < 2_000))
            || (lines.first().is_some_and(|line| line.trim() == "Events:") && lines.get(1).is_some_and(|line| is_described(line)))
    },
    goes_on: |line| !line.trim().is_empty(),
    interrupts: false,
    restarts: false,
    read: read_described,
};

/// What a probe said, quoted alone or in somebody's sentence.
pub(super) const SENTENCE: Format = Format {
    name: "a probe's message",
    better: "kubectl describe pod POD -n NAMESPACE",
    starts: |lines, _| lines.first().is_some_and(|line| sentence(line).is_some()),
    goes_on: |line| sentence(line).is_some() || is_described_row(line),
    interrupts: false,
    restarts: false,
    read: read_described,
};

/// Words of calico-node's own health check (node/pkg/health).
const CALICOS: [&str; 6] = [
    "calico/node is not ready",
    "BIRD is not ready",
    "BIRD6 is not ready",
    "felix is not ready",
    "felix is not live",
    "bird/confd is not live",
];

/// The message as an event has it.
fn sentence(line: &str) -> Option<String> {
    // one field of an object is no sentence
    if line.len() > 4_000 || line.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let at = CALICOS.iter().filter_map(|words| find_ignoring_case(line, words)).min()?;
    let probes = ["Readiness probe failed:", "Liveness probe failed:", "Startup probe failed:"];
    let from = probes.iter().filter_map(|probe| line.find(probe)).find(|probe| *probe < at);
    let is_live = find_ignoring_case(line, "is not live").is_some();
    let probe = if is_live { "Liveness" } else { "Readiness" };
    let text = match from {
        Some(from) => line.get(from..)?.to_owned(),
        None => format!("{probe} probe failed: {}", line.get(at..)?),
    };
    Some(text.trim_end_matches(|c: char| c.is_whitespace() || "\"'`*.)!?".contains(c)).to_owned())
}

/// kubectl of 1.14 and later, `-o wide`, and of earlier releases.
fn is_header(line: &str) -> bool {
    has_columns(line, &["LAST SEEN", "TYPE", "REASON", "MESSAGE"])
}

/// `4m10s   Warning   Unhealthy   pod/calico-node-ccccc   …`
pub(super) fn is_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(5).collect();
    let at = words.iter().take(3).position(|word| is_type(word));
    at.is_some_and(|at| {
        at > 0
            && age_seconds(words.get(at - 1).copied().unwrap_or_default()).is_some()
            && words.iter().skip(at).any(|word| word.contains('/'))
    })
}

fn is_type(word: &str) -> bool {
    ["Normal", "Warning"].contains(&word)
}

fn is_described(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("Type") && words.next() == Some("Reason") && words.next() == Some("Age")
}

pub(super) fn is_described_row(line: &str) -> bool {
    described_cells(line).is_some()
}

/// `Warning  Unhealthy  3m (x8 over 70m)  kubelet  Readiness probe failed: …`, also where one blank is left between columns.
fn described_cells(line: &str) -> Option<Vec<&str>> {
    let is_row = |cells: &[&str]| {
        cells.len() == 5
            && cells.first().is_some_and(|kind| is_type(kind))
            && cells.get(2).is_some_and(|age| age_seconds(age.split(' ').next().unwrap_or_default()).is_some())
    };
    let wide = split_row(line, 5);
    if is_row(&wide) {
        return Some(wide);
    }
    let (kind, rest) = line.trim().split_once(char::is_whitespace).filter(|(kind, _)| is_type(kind))?;
    let (reason, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let word = rest.find(char::is_whitespace)?;
    let after = rest[word..].trim_start();
    let end = match after.strip_prefix("(x").and_then(|inner| inner.find(')')) {
        Some(close) => rest.len() - after.len() + close + 3,
        None => word,
    };
    let (age, rest) = rest.split_at_checked(end)?;
    let (source, message) = rest.trim_start().split_once(char::is_whitespace)?;
    let known = ["kubelet", "default-scheduler", "daemonset-controller"].iter().any(|known| source.trim_end_matches(',') == *known);
    // `kubelet, node-3` (kubectl before 1.19)
    let cells = match message.trim_start().split_once(char::is_whitespace).filter(|_| source.ends_with(',')) {
        Some((_, message)) => vec![kind, reason, age, source.trim_end_matches(','), message.trim_start()],
        None => vec![kind, reason, age, source, message.trim_start()],
    };
    (known && is_row(&cells)).then_some(cells)
}

/// `kubelet, node-3` (kubectl before 1.19)
fn host_of(source: &str) -> Option<&str> {
    source.split_once(", ").map(|(_, host)| host)
}

fn read(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let first = block.text.lines().next().unwrap_or_default();
    let has_header = is_header(first);
    let has_source = has_header && first.contains("SOURCE");
    let old = has_header && first.contains("KIND");
    // behind the message: first seen, count and name
    let behind = if has_source && !old { 3 } else { 0 };
    let (mut read, mut others, mut failures) = (0, 0, PluginFailures::default());
    let mut pods: BTreeMap<&str, PodRows<'_>> = BTreeMap::new();
    for line in block.text.lines().skip(usize::from(has_header)) {
        let Some(row) = row(line, has_source, behind) else { continue };
        let node = row.host.or_else(|| assigned(&row.message).map(|(_, node)| node.trim())).map(str::to_owned);
        if !flavour::is_pod_name(row.name) {
            let namespace = row.namespace.or(block.heading.namespace.as_deref());
            facts.objects.other_pods.tell(namespace, row.name, false, node.as_deref().filter(|_| row.reason == "Scheduled"));
            let told = (row.reason, row.message.as_str(), row.age.as_ref());
            others += usize::from(!failures.take(facts, (namespace, row.name), node.as_deref(), told)?);
            continue;
        }
        // the table tells how long ago, not since when, and no clock tells when it was printed
        let namespace = row.namespace.or(block.heading.namespace.as_deref());
        let involved = json!({"kind": "Pod", "name": row.name, "namespace": namespace});
        let times = row.age.as_ref().map_or(1, |age| age.times);
        facts.told(
            "Event",
            &json!({"metadata": {"namespace": namespace}, "involvedObject": involved, "type": row.kind, "reason": row.reason,
                "message": row.message, "count": times, "source": {"host": row.host}}),
        )?;
        let pod = pods.entry(row.name).or_default();
        pod.namespace = pod.namespace.or(namespace);
        pod.node = pod.node.take().or(node);
        pod.told.push(Told { reason: row.reason, message: row.message, age: row.age });
        read += 1;
    }
    for (name, pod) in &pods {
        if !event_pods::has_ended(&pod.told) {
            facts.told_by_events(&event_pods::pod(name, pod.namespace, pod.node.as_deref(), &pod.told))?;
        }
    }
    let told = match failures.kept {
        0 => crate::text::count(read, "event"),
        kept => format!(
            "{}, {} of Calico's network plugin for other pods",
            crate::text::count(read, "event"),
            crate::text::count(kept, "failure")
        ),
    };
    Ok(failures.with_old(Summary::new(told).ignoring(others, "about other objects")))
}

/// `Successfully assigned kube-system/calico-node-x7k2p to node-3`: the pod, and its node.
fn assigned(message: &str) -> Option<(&str, &str)> {
    message.strip_prefix("Successfully assigned ")?.split_once(" to ")
}

/// What the rows about one pod tell of it.
#[derive(Default)]
struct PodRows<'a> {
    namespace: Option<&'a str>,
    node: Option<String>,
    told: Vec<Told<'a>>,
}

struct Row<'a> {
    age: Option<Age>,
    namespace: Option<&'a str>,
    kind: &'a str,
    reason: &'a str,
    name: &'a str,
    host: Option<&'a str>,
    message: String,
}

/// `kube-system | Warning | Unhealthy | canal-wg6pv | Readiness probe failed: … | 2 minutes ago`, as Rancher's page is copied.
fn barred(line: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).take(MAX_COLUMNS).collect();
    let at = cells.iter().position(|cell| is_type(cell)).filter(|at| *at < 2)?;
    let [kind, reason, name, message @ .., ago] = cells.get(at..)? else { return None };
    let mut words = ago.strip_suffix(" ago")?.split(' ');
    let (number, unit) = (words.next()?, words.next()?.chars().next()?);
    let age = Age::parse(&format!("{number}{unit}"));
    let namespace = at.checked_sub(1).and_then(|before| cells.get(before).copied());
    (!message.is_empty()).then(|| Row { age, namespace, kind, reason, name, host: None, message: message.join(" | ") })
}

/// By what the cells hold: columns without a value leave none behind.
fn row(line: &str, has_source: bool, behind: usize) -> Option<Row<'_>> {
    if let Some(row) = barred(line) {
        return Some(row);
    }
    let cells = split_row(line, MAX_COLUMNS);
    let at = cells.iter().position(|cell| is_type(cell)).filter(|at| *at > 0)?;
    let kind = *cells.get(at)?;
    let reason = *cells.get(at + 1)?;
    let object = cells
        .get(at + 2)
        .and_then(|cell| cell.split_once('/'))
        .filter(|(kind, _)| kind.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.'));
    // before kubectl 1.14: the event's own name, the object's with a number behind it, stands before the kind
    let old = || cells.iter().take(at).find_map(|cell| cell.rsplit_once('.').map(|(name, _)| name).filter(|name| !name.is_empty()));
    let (name, mut rest) = match object {
        Some((_, name)) => (name, at + 3),
        None => (old()?, at + 2),
    };
    let namespace = cells.first().copied().filter(|cell| age_seconds(cell).is_none() && at > 1 && object.is_some());
    if cells.get(rest).is_some_and(|cell| cell.starts_with("spec.")) {
        rest += 1;
    }
    let host = cells.get(rest).filter(|_| has_source).and_then(|source| host_of(source));
    rest += usize::from(has_source);
    let end = cells.len().saturating_sub(behind).max(rest);
    // the column COUNT: before the type, or of `-o wide` behind the message
    let before = cells.iter().take(at).find_map(|cell| cell.parse().ok());
    let times = before.or_else(|| cells.get(end + 1).filter(|_| behind > 0)?.parse().ok());
    let age = cells.iter().take(at).rev().filter_map(|cell| Age::parse(cell)).min_by_key(|age| age.last);
    let age = age.map(|age| Age { times: times.unwrap_or(age.times), ..age });
    Some(Row { age, namespace, kind, reason, name, host, message: cells.get(rest..end)?.join("  ") })
}

/// `grep` over the descriptions of several pods leaves rows of several kubelets: each tells of its own node.
fn by_host(block: &Block) -> Vec<Block> {
    let mut parts: BTreeMap<&str, Block> = BTreeMap::new();
    let mut host = None;
    for (at, line) in block.text.lines().enumerate() {
        if described_cells(line).is_some() {
            // what the scheduler did names no host
            let cells = split_row(line, 5);
            host = cells.get(3).copied().and_then(host_of).or(host);
        }
        let Some(host) = host else { continue };
        let number = block.numbers.get(at).copied().unwrap_or(block.line + at);
        let new = || Block { line: number, text: String::new(), numbers: Vec::new(), heading: block.heading.clone(), format: block.format };
        let part = parts.entry(host).or_insert_with(new);
        part.text.push_str(line);
        part.text.push('\n');
        part.numbers.push(number);
    }
    parts.into_values().collect()
}

fn read_described(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let parts = if block.heading.pod.is_some() || block.text.contains("Successfully assigned ") { Vec::new() } else { by_host(block) };
    if parts.len() < 2 {
        return read_one(block, facts);
    }
    let mut events = 0;
    for part in &parts {
        read_one(part, facts)?;
        events += part.text.lines().filter(|line| is_described_row(line)).count();
    }
    Ok(Summary::new(format!("{} of {} nodes", crate::text::count(events, "event"), parts.len())))
}

/// Of one pod.
fn read_one(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let mut told_events: Vec<(Vec<&str>, String)> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for line in block.text.lines() {
        if let Some(cells) = described_cells(line) {
            told_events.push((cells, String::new()));
        } else if let Some((_, more)) = told_events.last_mut().filter(|_| !line.trim_start().starts_with("----")) {
            more.push('\n');
            more.push_str(line.trim());
        } else {
            said.extend(sentence(line));
        }
    }
    let cell = |at: usize| told_events.iter().filter_map(move |(cells, _)| cells.get(at).copied());
    let assigned = cell(4).find_map(assigned);
    // `Back-off restarting failed container calico-node in pod calico-node-x7k2p_kube-system(UID)`, or the kubelet's own log
    let named = || block.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find_map(prompt::pod_name);
    let pod = block.heading.pod.clone().or_else(|| prompt::pod_name(assigned?.0.rsplit('/').next()?)).or_else(named);
    let node = assigned
        .map(|(_, node)| node.trim())
        .or_else(|| cell(3).find_map(host_of))
        .map(str::to_owned)
        .or_else(|| block.heading.node.clone());
    let tells = |text: &str| text.contains("calico") || CALICOS.iter().any(|words| find_ignoring_case(text, words).is_some());
    let is_calicos = pod.is_some()
        || (facts.probes.are_calico_nodes() && told_events.iter().any(|(cells, _)| cells.get(1) == Some(&"Unhealthy")))
        || !said.is_empty()
        || told_events.iter().any(|(cells, more)| {
            let fails = |message: &str| cells.get(1).is_some_and(|reason| cni_failure::parse(reason, message).is_some());
            tells(more) || cells.get(4).is_some_and(|text| tells(text) || fails(text))
        });
    if !is_calicos {
        return Ok(Summary { ignored: Some("nothing shows that it belongs to a calico-node pod".to_owned()), ..Summary::default() });
    }
    if pod.is_none() && said.is_empty() {
        let mut failures = PluginFailures::default();
        for (cells, more) in &told_events {
            let [_, reason, age, _, message] = cells.as_slice() else { continue };
            let message = format!("{message}{more}");
            if events::misses_nodename(&events::parse(reason, &message).kind) {
                continue;
            }
            let (namespace, name) = assigned.and_then(|(pod, _)| pod.split_once('/')).unzip();
            let name = name.map_or_else(|| event_pods::unnamed_pod(&facts.file, block.line), str::to_owned);
            failures.take(facts, (namespace, &name), node.as_deref(), (reason, &message, Age::parse(age).as_ref()))?;
        }
        if failures.is_any() {
            let told = format!("{} of Calico's network plugin for another pod", crate::text::count(failures.kept, "failure"));
            let summary = failures.with_old(if failures.kept > 0 { Summary::new(told) } else { Summary::default() });
            return Ok(node.into_iter().fold(summary, Summary::of_node));
        }
    }
    let name = pod.unwrap_or_else(|| event_pods::unnamed_pod(&facts.file, block.line));
    let namespace =
        assigned.and_then(|(pod, _)| pod.split_once('/')).map(|(namespace, _)| namespace).or(block.heading.namespace.as_deref());
    let mut told: Vec<Told<'_>> = said.into_iter().map(|message| Told { reason: "Unhealthy", message, age: None }).collect();
    for (cells, more) in &told_events {
        let [_, reason, age, _, message] = cells.as_slice() else { continue };
        told.push(Told { reason, message: format!("{message}{more}"), age: Age::parse(age) });
    }
    for one in &told {
        let times = one.age.as_ref().map_or(1, |age| age.times);
        facts.told_warning((namespace, &name), node.as_deref(), (one.reason, &one.message), times)?;
    }
    facts.told_by_events(&event_pods::pod(&name, namespace, node.as_deref(), &told))?;
    let summary = Summary::new(crate::text::count(told.len(), "event"));
    Ok(match node {
        Some(node) => summary.of_node(node),
        None => summary,
    })
}

#[cfg(test)]
mod tests;
