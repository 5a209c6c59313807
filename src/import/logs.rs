//! Logs of calico-node's containers, of one pod or of several mixed line by line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::carried::{self, Carried, Csv};
use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::prompt::Heading;
use super::texts::TextKind;
use crate::calico::startup_log::{is_calico_line, is_calico_nodes_own, other_program, time_of};
use crate::snapshot::objects::CALICO_NODE;

pub(super) const LOG: Format = Format {
    name: "kubectl logs",
    better: "kubectl logs POD -n NAMESPACE -c calico-node --timestamps (and --previous)",
    starts: |lines, heading| {
        lines.first().is_some_and(|line| is_log_line(line) || is_init_output(line, heading))
            || lines.first().and_then(|line| Csv::header(line)).is_some_and(|csv| {
                let rows = lines.iter().skip(1).filter(|line| line.len() <= MAX_LINE).filter_map(|line| csv.row(line));
                rows.into_iter().any(|row| is_calico_line(&row.text))
            })
    },
    goes_on: |_| true,
    interrupts: false,
    restarts: false,
    read: |block, facts| Ok(read(block, facts)),
};

/// Longer lines begin no log.
const MAX_LINE: usize = 64 << 10;
/// Pods in one text.
const MAX_PODS: usize = 5_000;

/// What `kubectl logs -c install-cni` printed: a shell's or the flag package's words have no mark of Calico's.
fn is_init_output(line: &str, heading: &Heading) -> bool {
    let of_init = heading.container.as_deref().is_some_and(|name| super::texts::init_container_in_name(name).is_some());
    of_init && heading.command.contains("logs") && !line.trim().is_empty() && !is_kubectl_error(line)
}

pub(super) fn is_log_line(line: &str) -> bool {
    // no line of calico-node's start is longer, and what forbids kubectl something is nothing that Calico said
    !is_kubectl_error(line)
        && line.len() <= MAX_LINE
        && !line.trim().is_empty()
        && (is_calico_line(&carried::strip(line).text) || is_docker(line))
}

/// What kubectl says in place of an answer.
pub(super) const ERROR: Format = Format {
    name: "error of kubectl",
    better: "error of kubectl",
    starts: |lines, _| lines.first().is_some_and(|line| is_kubectl_error(line)),
    goes_on: |_| false,
    interrupts: false,
    restarts: false,
    read: |block, _| Ok(Summary { ignored: Some(crate::text::bounded::clean(block.text.trim(), 300)), ..Summary::default() }),
};

fn is_kubectl_error(line: &str) -> bool {
    const STARTS: [&str; 6] = [
        "Error from server",
        "The connection to the server ",
        "Unable to connect to the server",
        "No resources found",
        "error: unable to upgrade connection",
        "error: You must be logged in",
    ];
    STARTS.iter().any(|start| line.starts_with(start))
}

fn is_docker(line: &str) -> bool {
    line.starts_with("{\"log\":") && line.contains("\"stream\":")
}

/// Containers beside calico-node in its pods, whose logs are another program's. Init containers are calico-node's own.
const OTHERS: [&str; 2] = ["kube-flannel", "flannel"];

/// Whose log a file is by its path, where it is not calico-node's: archives keep one file for each container.
pub(super) fn others(file: &str) -> Option<String> {
    let mut parts = file.split(['/', '\\', ':', '.', '_']);
    let container = parts.find_map(|part| OTHERS.iter().find(|other| **other == part));
    let named = || super::texts::is_others_log(file).then(|| "its name says that it is another program's".to_owned());
    container.map(|container| format!("the log of the container {container}")).or_else(named)
}

/// Its first lines say that another of Calico's programs wrote it.
pub(super) fn is_anothers(text: &str) -> bool {
    const HEAD: usize = 20;
    let mut head = text.lines().take(HEAD).take_while(|line| !is_calico_nodes_own(line));
    head.any(|line| other_program(line).is_some())
}

/// Pod, container and host, as far as a collector names them.
type Origin = (Option<String>, Option<String>, Option<String>);

/// Sorts lines by the pod and container that collectors name.
fn read(block: &Block, facts: &mut Facts) -> Summary {
    let csv = block.text.lines().next().filter(|line| !is_log_line(line)).and_then(Csv::header);
    let mut logs: BTreeMap<Origin, Vec<Cow<'_, str>>> = BTreeMap::new();
    let (mut lines, mut left_out) = (0_usize, 0_usize);
    // out of a store of logs, which may show the newest first
    let mut exported = csv.is_some();
    for line in block.text.lines().skip(usize::from(csv.is_some())) {
        let Carried { pod, container, host, text } = match &csv {
            Some(csv) => match csv.row(line) {
                Some(row) => row,
                None => continue,
            },
            None => carried::strip(line),
        };
        lines += 1;
        let key = (pod, container, host);
        if logs.len() == MAX_PODS && !logs.contains_key(&key) {
            left_out += 1;
            continue;
        }
        exported |= matches!(text, Cow::Owned(_));
        logs.entry(key).or_default().push(text);
    }
    let mut others: Vec<String> = Vec::new();
    let mut read = 0;
    for ((pod, container, host), mut log) in logs {
        if exported && is_newest_first(&log) {
            log.reverse();
        }
        let log = log.join("\n") + "\n";
        let heading = Heading {
            pod: pod.or_else(|| block.heading.pod.clone()),
            container: container.or_else(|| block.heading.container.clone()),
            host: host.or_else(|| block.heading.host.clone()),
            ..block.heading.clone()
        };
        let own = |name: &str| name == CALICO_NODE || super::texts::init_container_in_name(name).is_some();
        if let Some(other) = heading.container.as_deref().filter(|name| !own(name)) {
            others.push(other.to_owned());
            continue;
        }
        read += 1;
        let names_node = own_name(&log);
        let previous = heading.previous || super::texts::is_previous(&facts.file);
        facts.text(TextKind::Log { previous }, block.line, log, heading, names_node);
    }
    let mut summary = Summary::new(match read {
        0 | 1 => crate::text::count(lines, "line"),
        pods => format!("{} of {pods} pods", crate::text::count(lines, "line")),
    });
    if !others.is_empty() {
        summary.ignored = Some(format!("lines of the container {}", others.join(", ")));
    } else if left_out > 0 {
        summary.ignored = Some(format!("{} of more than {MAX_PODS} pods", crate::text::count(left_out, "line")));
    }
    summary
}

pub(super) fn is_newest_first(log: &[impl AsRef<str>]) -> bool {
    let times: Vec<_> = log.iter().filter_map(|line| time_of(line.as_ref())).collect();
    let (mut up, mut down) = (0, 0);
    for pair in times.windows(2) {
        up += usize::from(pair[0] < pair[1]);
        down += usize::from(pair[0] > pair[1]);
    }
    down > up
}

/// The node that calico-node itself names: node/pkg/lifecycle/startup/startup.go and its forebears.
fn own_name(log: &str) -> Option<String> {
    const SAYS: [(&str, char); 5] = [
        ("Building new node resource\" Name=", ' '),
        ("Building new node resource Name=\"", '"'),
        ("Using node name: ", ' '),
        ("Determined node name: ", ' '),
        ("Starting node ", ' '),
    ];
    log.lines().take(20_000).find_map(|line| {
        if let Some(name) = node_field(line) {
            return Some(name.to_owned());
        }
        let (_, rest, end) = SAYS.iter().find_map(|(says, end)| line.split_once(says).map(|(before, rest)| (before, rest, *end)))?;
        let name = rest.split(end).next()?.trim();
        let is_name =
            !name.is_empty() && name.len() < 254 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        is_name.then(|| name.to_owned())
    })
}

/// `node="NAME"`, with which upgrade-ipam ends its lines; a long one may be broken before that.
fn node_field(line: &str) -> Option<&str> {
    let of_upgrade =
        line.contains("migrate ipam") || line.contains("migration from host-local") || line.trim_start().starts_with("node=\"");
    let name = line.split_once("node=\"").filter(|_| of_upgrade)?.1.split_once('"')?.0;
    (!name.is_empty() && name.len() < 254).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_pods_are_told_apart() {
        let text = "calico-node-aaaaa calico-node 2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info\n\
            calico-node-bbbbb calico-node 2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info\n\
            calico-node-bbbbb install-cni 2026-05-12 05:18:33.000 [INFO][1] cni-installer/<nil> <nil>: Installed\n\
            calico-node-aaaaa calico-node Calico node started successfully\n";
        let mut facts = Facts::default();
        let block = Block { line: 1, text: text.to_owned(), numbers: Vec::new(), heading: Heading::default(), format: None };
        let summary = read(&block, &mut facts);
        let headings = facts.texts.iter().map(|text| &text.heading);
        let pods: Vec<_> = headings.map(|heading| (heading.pod.as_deref(), heading.container.as_deref())).collect();
        let of = |pod, container| (Some(pod), Some(container));
        let [first, second] = ["calico-node-aaaaa", "calico-node-bbbbb"];
        assert_eq!(pods, [of(first, "calico-node"), of(second, "calico-node"), of(second, "install-cni")]);
        assert_eq!(summary.ignored, None);
    }

    #[test]
    fn what_a_store_shows_newest_first_is_turned() {
        let rows: String = (0..4)
            .rev()
            .map(|second| {
                format!("2026,calico-node-aaaaa,\"2026-05-12 05:18:3{second}.000 [INFO][9] startup/startup.go 427: Line {second}\"\n")
            })
            .collect();
        let mut facts = Facts::default();
        let text = format!("timestamp,pod,message\n{rows}");
        assert!((LOG.starts)(&text.lines().collect::<Vec<_>>(), &Heading::default()));
        read(&Block { line: 1, text, numbers: Vec::new(), heading: Heading::default(), format: None }, &mut facts);
        let log = facts.texts[0].log.as_ref().and_then(|facts| facts.log.as_ref()).expect("a log");
        assert!(log.lines == 4 && log.first < log.last, "{log:?}");
        let ordered: Vec<String> = (0..3).map(|second| format!("2026-05-12 05:18:3{second}.000 [INFO][9] a/b.go 1: x")).collect();
        assert!(!is_newest_first(&ordered) && !is_newest_first(&["no time"]));
        assert!(is_newest_first(&ordered.iter().rev().collect::<Vec<_>>()));
    }

    #[test]
    fn an_error_of_kubectl_is_no_line_of_calicos() {
        let line = "Error from server (Forbidden): pods is forbidden: User \"x\" cannot list resource \"pods\"";
        assert!(!is_log_line(line) && (ERROR.starts)(&[line], &Heading::default()));
    }

    #[test]
    fn calico_node_names_its_node() {
        for (log, name) in [
            (
                "time=\"2018-10-31T07:47:17Z\" level=info msg=\"Building new node resource\" Name=AMZ-IAD12-OpsResPool-13-33 ",
                "AMZ-IAD12-OpsResPool-13-33",
            ),
            ("2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Building new node resource Name=\"node-3\"", "node-3"),
            ("2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Using node name: node-3", "node-3"),
            ("2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 390: Starting node node-3 with version v3.24.5", "node-3"),
        ] {
            assert_eq!(own_name(log).as_deref(), Some(name), "{log}");
        }
    }
}
