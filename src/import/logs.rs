//! Logs of calico-node's containers, of one pod or of several mixed line by line.

use std::collections::BTreeMap;

use super::carried::{self, Carried, Csv};
use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::prompt::Heading;
use super::texts::TextKind;
use crate::calico::startup_log::is_calico_line;
use crate::snapshot::objects::CALICO_NODE;

pub const LOG: Format = Format {
    name: "kubectl logs",
    better: "kubectl logs POD -n NAMESPACE -c calico-node --timestamps (and --previous)",
    starts: |lines, _| {
        lines.first().is_some_and(|line| is_log_line(line))
            || (lines.first().is_some_and(|line| Csv::header(line).is_some()) && lines.get(1).is_some_and(|line| line.contains("go ")))
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

pub fn is_log_line(line: &str) -> bool {
    // no line of calico-node's start is longer
    line.len() <= MAX_LINE && !line.trim().is_empty() && (is_calico_line(&carried::strip(line).text) || is_docker(line))
}

fn is_docker(line: &str) -> bool {
    line.starts_with("{\"log\":") && line.contains("\"stream\":")
}

/// Containers beside calico-node in its pods, whose logs are another program's. Init containers are calico-node's own.
const OTHERS: [&str; 2] = ["kube-flannel", "flannel"];

/// Whose log a file is by its path, where it is not calico-node's: archives keep one file for each container.
pub fn others(file: &str) -> Option<String> {
    let mut parts = file.split(['/', '\\', ':', '.', '_']);
    let container = parts.find_map(|part| OTHERS.iter().find(|other| **other == part));
    let named = || super::texts::is_others_log(file).then(|| "its name says that it is another program's".to_owned());
    container.map(|container| format!("the log of the container {container}")).or_else(named)
}

/// Pod, container and host, as far as a collector names them.
type Origin = (Option<String>, Option<String>, Option<String>);

/// Sorts lines by the pod and container that collectors name.
fn read(block: &Block, facts: &mut Facts) -> Summary {
    let csv = block.text.lines().next().and_then(Csv::header);
    let mut logs: BTreeMap<Origin, String> = BTreeMap::new();
    let (mut lines, mut left_out) = (0_usize, 0_usize);
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
        let log = logs.entry(key).or_default();
        log.push_str(&text);
        log.push('\n');
    }
    let mut others: Vec<String> = Vec::new();
    let mut read = 0;
    for ((pod, container, host), log) in logs {
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
        facts.text(TextKind::Log { previous: heading.previous }, block.line, log, heading, names_node);
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
        let (_, rest, end) = SAYS.iter().find_map(|(says, end)| line.split_once(says).map(|(before, rest)| (before, rest, *end)))?;
        let name = rest.split(end).next()?.trim();
        let is_name =
            !name.is_empty() && name.len() < 254 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        is_name.then(|| name.to_owned())
    })
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
        let block = Block { line: 1, text: text.to_owned(), heading: Heading::default(), format: None };
        let summary = read(&block, &mut facts);
        let told =
            |text: &crate::import::facts::Text| (text.heading.pod.clone(), text.heading.container.clone(), text.text.lines().count());
        let pods: Vec<_> = facts.texts.iter().map(told).collect();
        let of = |pod: &str, container: &str, lines| (Some(pod.to_owned()), Some(container.to_owned()), lines);
        let [first, second] = ["calico-node-aaaaa", "calico-node-bbbbb"];
        assert_eq!(pods, [of(first, "calico-node", 2), of(second, "calico-node", 1), of(second, "install-cni", 1)]);
        assert_eq!(summary.ignored, None);
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
