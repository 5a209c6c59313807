//! What collectors put before each line of a log: kubectl --prefix, stern, kail, k9s, journald, CSV, JSON lines of Loki and others.

use std::borrow::Cow;

use serde_json::Value;

use super::prompt::pod_name;
use crate::calico::startup_log::is_calico_line;

/// One line without what carried it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carried<'a> {
    pub pod: Option<String>,
    pub container: Option<String>,
    /// journald names the host.
    pub host: Option<String>,
    pub text: Cow<'a, str>,
}

/// A collector's line of JSON is longer than a log's own.
const MAX_JSON: usize = 64 << 10;

/// Takes the collector's words off. A line without them stays as it is.
pub(super) fn strip(line: &str) -> Carried<'_> {
    let plain = Carried { pod: None, container: None, host: None, text: Cow::Borrowed(line) };
    let start = line.trim_start();
    from_json(start)
        .or_else(|| from_kubectl(start))
        .or_else(|| from_container(start))
        .or_else(|| from_names(start))
        .or_else(|| from_loki(start))
        .or_else(|| from_journal(start))
        .unwrap_or(plain)
}

/// k9s: `calico-node text`, where all containers of one pod are shown.
fn from_container(line: &str) -> Option<Carried<'_>> {
    let (container, text) = line.split_once(' ')?;
    let known = container == crate::snapshot::objects::CALICO_NODE && is_calico_line(text);
    known.then(|| Carried { pod: None, container: Some(container.to_owned()), host: None, text: Cow::Borrowed(text) })
}

/// logcli's `TIME {container="…", pod="…"} text`, and Grafana's `TIME<tab>text`.
fn from_loki(line: &str) -> Option<Carried<'_>> {
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = line.find([' ', '\t'])?;
    let time = line.get(..end).filter(|time| time.len() >= 19 && time.contains('T'))?;
    let rest = line.get(end..)?;
    if let Some(text) = rest.strip_prefix('\t') {
        return Some(Carried { pod: None, container: None, host: None, text: Cow::Owned(format!("{time} {text}")) });
    }
    let (labels, text) = rest.trim_start().strip_prefix('{')?.split_once('}')?;
    let label = |names: &[&str]| {
        let pairs = labels.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(name, _)| names.contains(name)).map(|(_, value)| value.trim_matches('"').to_owned()).next()
    };
    let pod = label(&["pod", "pod_name"]).as_deref().and_then(pod_name);
    let (container, host) = (label(&["container", "container_name"]), label(&["node_name", "node", "host", "hostname"]));
    Some(Carried { pod, container, host, text: Cow::Owned(format!("{time} {}", text.trim_start())) })
}

/// `[pod/calico-node-x7k2p/calico-node] text`
fn from_kubectl(line: &str) -> Option<Carried<'_>> {
    let (names, text) = line.strip_prefix("[pod/")?.split_once("] ")?;
    let (pod, container) = names.split_once('/')?;
    Some(Carried { pod: pod_name(pod), container: Some(container.to_owned()), host: None, text: Cow::Borrowed(text) })
}

/// stern `POD CONTAINER text`, kail `NAMESPACE/POD[CONTAINER]: text`, k9s `POD:CONTAINER text`, and with the namespace before.
fn from_names(line: &str) -> Option<Carried<'_>> {
    let (first, rest) = line.split_once(' ')?;
    let carried = |pod: String, container: &str, text| {
        Some(Carried { pod: Some(pod), container: Some(container.to_owned()), host: None, text: Cow::Borrowed(text) })
    };
    if let Some((pod, container)) = first.rsplit('/').next().and_then(|name| name.strip_suffix("]:")?.split_once('[')) {
        return carried(pod_name(pod)?, container, rest);
    }
    let name = first.rsplit('/').next().unwrap_or(first);
    if let Some((pod, container)) = name.split_once(':') {
        return carried(pod_name(pod)?, container, rest);
    }
    let (pod, rest) = match pod_name(name) {
        Some(pod) => (pod, rest),
        None => {
            let (second, rest) = rest.split_once(' ')?;
            (pod_name(second)?, rest)
        }
    };
    let rest = rest.trim_start_matches(['|', ' ', '›', '>']);
    let (container, text) = rest.split_once(' ')?;
    let is_container = !container.is_empty() && container.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_container { carried(pod, container, text) } else { carried(pod, crate::snapshot::objects::CALICO_NODE, rest) }
}

/// `Nov 29 12:00:00 node-3 calico-node[123]: text`, and with a date of ISO 8601. Docker's tag is the container's id, or holds the pod's name.
fn from_journal(line: &str) -> Option<Carried<'_>> {
    let (head, text) = line.split_once("]: ")?;
    let words: Vec<&str> = head.split_whitespace().take(6).collect();
    let (ident, process) = words.last()?.split_once('[')?;
    let is_id = || ident.len() == 12 && ident.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_runtime = || ["docker", "dockerd", "containerd", "crio", "conmon"].contains(&ident);
    let known = process.bytes().all(|byte| byte.is_ascii_digit())
        && (ident.contains("calico") || (is_id() || is_runtime()) && is_calico_line(text));
    let pod = ident.split('_').find_map(pod_name);
    let host = words.len().checked_sub(2).and_then(|at| words.get(at)).filter(|_| known && words.len() > 2)?;
    let container = ident.strip_prefix("k8s_").and_then(|names| names.split('_').next()).map(str::to_owned);
    Some(Carried { pod, container, host: Some((*host).to_owned()), text: Cow::Borrowed(text) })
}

/// One object a line, with the message under one of the usual names (Loki, Fluent Bit, Elasticsearch, Cloud Logging).
fn from_json(line: &str) -> Option<Carried<'_>> {
    if !line.starts_with('{')
        || line.len() > MAX_JSON
        || line.starts_with("{\"log\":") && line.contains("\"stream\":") && !line.contains("kubernetes")
        || line.starts_with("{\"level\":") && line.contains("\"caller\":")
    {
        // Docker's own form, and that of etcd's client among calico-node's lines, are read where lines are read
        return None;
    }
    let object: Value = serde_json::from_str(line).ok()?;
    let text = |pointers: &[&str]| pointers.iter().find_map(|pointer| object.pointer(pointer)?.as_str()).map(str::to_owned);
    let message = text(&[
        "/line",
        "/log",
        "/message",
        "/msg",
        "/textPayload",
        "/_source/message",
        "/MESSAGE",
        "/@message",
        "/jsonPayload/message",
        "/LogMessage",
        "/LogEntry",
        "/body",
    ])?;
    let pod = text(&[
        "/pod",
        "/labels/pod",
        "/kubernetes/pod_name",
        "/kubernetes/pod/name",
        "/resource/labels/pod_name",
        "/_source/kubernetes/pod/name",
        "/podName",
        "/PodName",
        "/attributes/k8s.pod.name",
    ]);
    let container = text(&[
        "/container",
        "/labels/container",
        "/kubernetes/container_name",
        "/kubernetes/container/name",
        "/resource/labels/container_name",
        "/containerName",
        "/ContainerName",
    ]);
    let host =
        text(&["/kubernetes/host", "/kubernetes/node/name", "/node_name", "/labels/node_name", "/_HOSTNAME", "/nodeName", "/Computer"]);
    Some(Carried { pod: pod.as_deref().and_then(pod_name), container, host, text: Cow::Owned(message.trim_end().to_owned()) })
}

/// Columns in a header of CSV: the message's, and those of its origin.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Csv {
    separator: char,
    message: usize,
    pod: Option<usize>,
    container: Option<usize>,
    host: Option<usize>,
    /// Grafana puts all labels into one cell, as JSON.
    labels: Option<usize>,
}

impl Csv {
    pub(super) fn header(line: &str) -> Option<Self> {
        if line.len() > 2_000 {
            return None;
        }
        // the language of a spreadsheet decides
        let separator = [',', ';', '\t'].into_iter().find(|separator| line.contains(*separator))?;
        let names: Vec<String> =
            cells(line, separator).into_iter().map(|name| name.trim().trim_start_matches('@').to_ascii_lowercase()).collect();
        let position = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let message = position(&["message", "line", "log", "msg", "_raw", "textpayload", "body"])?;
        let others = names.iter().enumerate().filter(|(at, name)| *at != message && !name.is_empty());
        (others.count() > 0).then_some(Self {
            separator,
            message,
            pod: position(&[
                "pod",
                "pod_name",
                "podname",
                "kubernetes.pod_name",
                "kubernetes.pod.name",
                "labels.pod",
                "resource.labels.pod_name",
            ]),
            container: position(&[
                "container",
                "container_name",
                "containername",
                "kubernetes.container_name",
                "kubernetes.container.name",
            ]),
            host: position(&["host", "hostname", "node", "node_name", "nodename", "kubernetes.host", "kubernetes.node.name", "computer"]),
            labels: position(&["labels"]),
        })
    }

    pub(super) fn row<'a>(&self, line: &'a str) -> Option<Carried<'a>> {
        let row = cells(line, self.separator);
        let text = row.get(self.message)?.clone();
        let labels: Option<Value> = self.labels.and_then(|at| serde_json::from_str(row.get(at)?).ok());
        let value = |column: Option<usize>, label: &str| {
            let cell = column.and_then(|at| row.get(at)).map(|cell| cell.to_string()).filter(|cell| !cell.is_empty() && cell != "-");
            cell.or_else(|| labels.as_ref()?.get(label)?.as_str().map(str::to_owned))
        };
        let pod = value(self.pod, "pod").as_deref().and_then(pod_name);
        Some(Carried { pod, container: value(self.container, "container"), host: value(self.host, "node_name"), text })
    }
}

/// Cells of one line of CSV; a quote within quotes is doubled (RFC 4180).
fn cells(line: &str, separator: char) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let Some((cell, after)) = rest.split_once(separator) else {
                found.push(Cow::Borrowed(rest));
                return found;
            };
            found.push(Cow::Borrowed(cell));
            rest = after;
            continue;
        };
        let mut cell = String::new();
        let mut after = quoted;
        while let Some((part, more)) = after.split_once('"') {
            cell.push_str(part);
            after = more;
            let Some(more) = after.strip_prefix('"') else { break };
            cell.push('"');
            after = more;
        }
        found.push(Cow::Owned(cell));
        let Some(next) = after.strip_prefix(separator) else { return found };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_collector() {
        let text = "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info";
        for (line, pod, container, host) in [
            (text.to_owned(), None, None, None),
            (format!("[pod/calico-node-x7k2p/calico-node] {text}"), Some("calico-node-x7k2p"), Some("calico-node"), None),
            (format!("calico-node-x7k2p calico-node {text}"), Some("calico-node-x7k2p"), Some("calico-node"), None),
            (format!("kube-system calico-node-x7k2p calico-node {text}"), Some("calico-node-x7k2p"), Some("calico-node"), None),
            (format!("kube-system/calico-node-x7k2p[install-cni]: {text}"), Some("calico-node-x7k2p"), Some("install-cni"), None),
            (format!("calico-node-x7k2p:calico-node {text}"), Some("calico-node-x7k2p"), Some("calico-node"), None),
            (format!("Nov 29 12:00:00 node-3 calico-node[123]: {text}"), None, None, Some("node-3")),
            (format!("Nov 29 12:00:00 node-3 3f2a1b4c5d6e[123]: {text}"), None, None, Some("node-3")),
            (
                format!("Nov 29 12:00:00 node-3 k8s_calico-node_calico-node-x7k2p_kube-system_5e7ad5b6_0[123]: {text}"),
                Some("calico-node-x7k2p"),
                Some("calico-node"),
                Some("node-3"),
            ),
            (format!("calico-node {text}"), None, Some("calico-node"), None),
            (
                format!(
                    "{{\"message\": \"{text}\", \"nodeName\": \"node-3\", \"podName\": \"calico-node-x7k2p\", \"containerName\": \"calico-node\"}}"
                ),
                Some("calico-node-x7k2p"),
                Some("calico-node"),
                Some("node-3"),
            ),
            (format!("2026-11-29T12:00:00+0000 node-3 calico-node[123]: {text}"), None, None, Some("node-3")),
            (
                format!(
                    "{{\"kubernetes\": {{\"pod_name\": \"calico-node-x7k2p\", \"container_name\": \"calico-node\"}}, \"log\": \"{text}\\n\"}}"
                ),
                Some("calico-node-x7k2p"),
                Some("calico-node"),
                None,
            ),
            (format!("{{\"line\": \"{text}\", \"labels\": {{\"pod\": \"calico-node-x7k2p\"}}}}"), Some("calico-node-x7k2p"), None, None),
        ] {
            let carried = strip(&line);
            assert_eq!(
                (carried.pod.as_deref(), carried.container.as_deref(), carried.host.as_deref(), carried.text.as_ref()),
                (pod, container, host, text),
                "{line}"
            );
        }
    }

    #[test]
    fn the_time_of_loki_stays() {
        for line in ["2026-05-12T05:18:33Z {container=\"calico-node\", pod=\"calico-node-x7k2p\"} text", "2026-05-12T05:18:33Z\ttext"] {
            assert_eq!(strip(line).text, "2026-05-12T05:18:33Z text", "{line}");
        }
        assert_eq!(strip("2026-05-12T05:18:33Z {pod=\"calico-node-x7k2p\"} text").pod.as_deref(), Some("calico-node-x7k2p"));
    }

    #[test]
    fn csv_of_several_exports() {
        for (header, row, host) in [
            (
                "Time,labels,Line",
                "\"1\",\"{\"\"pod\"\":\"\"calico-node-x7k2p\"\",\"\"node_name\"\":\"\"node-3\"\"}\",\"said, so\"",
                Some("node-3"),
            ),
            ("\"@timestamp\",\"kubernetes.pod.name\",message", "\"May 12, 2026 @ 05:18:33.000\",calico-node-x7k2p,\"said, so\"", None),
            ("timestamp;pod;host;message", "1;calico-node-x7k2p;node-3;said, so", Some("node-3")),
            ("Date\tpod\t@message", "1\tcalico-node-x7k2p\tsaid, so", None),
        ] {
            let csv = Csv::header(header).unwrap_or_else(|| panic!("{header}"));
            let row = csv.row(row).expect("a row");
            assert_eq!(
                (row.pod.as_deref(), row.host.as_deref(), row.text.as_ref()),
                (Some("calico-node-x7k2p"), host, "said, so"),
                "{header}"
            );
        }
    }

    #[test]
    fn csv() {
        let csv = Csv::header("Date,Host,\"pod\",Message").expect("a header");
        let row = csv.row("2026-05-12,h,calico-node-x7k2p,\"said \"\"no\"\", and left\"").expect("a row");
        assert_eq!((row.pod.as_deref(), row.text.as_ref()), (Some("calico-node-x7k2p"), "said \"no\", and left"));
        for line in ["a sentence, and a message", "message", "no", "\"\"\"\"\"", ","] {
            assert_eq!(Csv::header(line), None, "{line}");
        }
        assert!(csv.row("\"never closed").is_none());
    }
}
