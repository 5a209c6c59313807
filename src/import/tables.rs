//! Tables of `kubectl get`: pods, nodes and DaemonSets; default, wide, of all namespaces, without headers where the rows tell.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use crate::calico::flavour;
use crate::snapshot::objects::{Node, UNNAMED_INIT};

pub(super) const PODS: Format = Format {
    name: "kubectl get pods",
    better: "kubectl get pods -n NAMESPACE -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &["NAME", "READY", "STATUS", "RESTARTS"]) || is_pod_row(line)),
    goes_on: |line| !line.trim().is_empty() && split_row(line, MAX_COLUMNS).len() > 2 && !super::events::is_described_row(line),
    interrupts: true,
    restarts: false,
    read: read_pods,
};

pub(super) const NODES: Format = Format {
    name: "kubectl get nodes",
    better: "kubectl get nodes -o yaml",
    starts: |lines, _| {
        lines.first().is_some_and(|line| has_columns(line, &["NAME", "STATUS", "ROLES", "AGE", "VERSION"]) || is_node_row(line))
    },
    goes_on: |line| !line.trim().is_empty() && split_row(line, MAX_COLUMNS).len() > 2,
    interrupts: true,
    restarts: false,
    read: read_nodes,
};

pub(super) const DAEMON_SETS: Format = Format {
    name: "kubectl get daemonsets",
    better: "kubectl get daemonset -n NAMESPACE -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &["NAME", "DESIRED", "CURRENT", "READY"]) || is_set_row(line)),
    goes_on: |line| !line.trim().is_empty() && split_row(line, MAX_COLUMNS).len() > 3,
    interrupts: true,
    restarts: false,
    read: |block, _| {
        let ours =
            block.text.lines().filter(|line| line.split_whitespace().take(2).any(|word| flavour::NAMES.contains(&bare_name(word)))).count();
        let ignored = Some("a table does not show the DaemonSet's template".to_owned());
        Ok(Summary { ignored, ..Summary::new(crate::text::count(ours, "DaemonSet")) })
    },
};

pub(super) const MAX_COLUMNS: usize = 16;

/// The line is a header that has these columns, in any order.
pub(super) fn has_columns(line: &str, columns: &[&str]) -> bool {
    // most lines are no header of any sort
    if !columns.first().is_some_and(|first| line.contains(first)) {
        return false;
    }
    let cells = split_row(line, MAX_COLUMNS);
    let is_header = cells.iter().all(|cell| !cell.bytes().any(|byte| byte.is_ascii_lowercase()));
    // pasted text may have lost all but one blank between columns
    let has = |column: &&str| cells.contains(column) || line.split_whitespace().any(|word| word == *column);
    is_header && columns.iter().all(|column| has(column) || (column.contains(' ') && line.contains(column)))
}

/// Cells of a row: two blanks or a tab stand between them; the last of `most` takes the rest.
pub(super) fn split_row(line: &str, most: usize) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = if cells.len() + 1 >= most { None } else { gap(rest) };
        let (cell, after) = end.map_or((rest, ""), |end| (&rest[..end], rest[end..].trim_start()));
        cells.push(cell);
        rest = after;
    }
    cells
}

fn gap(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|at| bytes[*at] == b'\t' || (bytes[*at] == b' ' && matches!(bytes.get(at + 1), Some(b' ' | b'\t'))))
}

/// Rows with their cells by the names of the header's columns.
struct Table<'a> {
    header: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn cell<'r>(&self, row: &[&'r str], column: &str) -> Option<&'r str> {
        let at = self.header.iter().position(|name| *name == column)?;
        row.get(at).copied().filter(|cell| !matches!(*cell, "<none>" | "<unknown>" | ""))
    }

    /// Splits by wide gaps, or, where columns were squeezed, by every blank.
    fn row<'r>(&self, line: &'r str) -> Vec<&'r str> {
        let wide = split_row(line, self.header.len());
        if wide.len() == self.header.len() {
            return wide;
        }
        let squeezed = squeezed(line, self.header.len());
        // trailing columns may be empty
        if squeezed.len() > wide.len() { squeezed } else { wide }
    }
}

/// By single blanks; `21 (2m ago)` is one cell.
fn squeezed(line: &str, most: usize) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let after = rest[word..].trim_start();
        let end = match after.strip_prefix('(').and_then(|inner| inner.find(')')) {
            Some(close) if after.get(..close + 2).is_some_and(|cell| cell.ends_with("ago)")) => rest.len() - after.len() + close + 2,
            _ => word,
        };
        let end = if cells.len() + 1 == most { rest.len() } else { end };
        cells.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    cells
}

/// Seconds after which a pod that is still being set up, or not ready, is no longer new.
const YOUNG: i64 = 60;

fn is_ready_cell(cell: &str) -> bool {
    cell.split_once('/').is_some_and(|(a, b)| {
        !a.is_empty() && !b.is_empty() && [a, b].iter().all(|n| n.len() < 4 && n.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// A row of `--no-headers`: a pod of calico-node with its READY.
fn is_pod_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    words.iter().zip(words.iter().skip(1)).any(|(name, ready)| flavour::is_pod_name(bare_name(name)) && is_ready_cell(ready))
}

/// The name in `pod/NAME` and `daemonset.apps/NAME`, as `kubectl get all` has it.
fn bare_name(cell: &str) -> &str {
    cell.rsplit('/').next().unwrap_or(cell)
}

/// `calico-node   3   3   2   3   2   <none>   4d`, as `grep` leaves it.
fn is_set_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(8).collect();
    let at = words.iter().take(2).position(|word| flavour::NAMES.contains(&bare_name(word)));
    let is_number = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_digit());
    at.is_some_and(|at| words.iter().skip(at + 1).take_while(is_number).count() >= 4)
}

/// Names of columns alone.
pub(super) fn is_header(line: &str) -> bool {
    split_row(line, MAX_COLUMNS).len() > 2 && line.contains("NAME") && !line.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A row of one of the tables, of whatever program: what a terminal has broken off a row is none.
pub(super) fn is_row(line: &str) -> bool {
    let ready = || line.split_whitespace().take(3).any(is_ready_cell);
    is_pod_row(line) || is_node_row(line) || is_set_row(line) || ready() || super::events::is_row(line)
}

fn is_node_row(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (Some(_), Some(status)) = (words.next(), words.next()) else { return false };
    let mut states = status.split(',');
    states.next().is_some_and(|first| ["Ready", "NotReady", "Unknown"].contains(&first))
        && words.take(3).any(|word| word.starts_with("v1."))
}

fn read_pods(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let first = block.text.lines().next().unwrap_or_default();
    let has_header = has_columns(first, &["NAME", "READY"]);
    let header = if has_header { normal_header(first) } else { assumed_header(first) };
    let table = Table { header };
    let (mut others, mut windows, mut placeless, mut older) = (0, 0, 0, 0);
    // `--watch` prints a row for each change: the last counts
    let mut pods: BTreeMap<&str, Value> = BTreeMap::new();
    for line in block.text.lines().skip(usize::from(has_header)) {
        let row = table.row(line);
        let Some(name) = table.cell(&row, "NAME").map(bare_name) else { continue };
        if has_columns(line, &["NAME", "READY"]) {
            continue;
        }
        if !flavour::is_pod_name(name) {
            others += 1;
            windows += usize::from(name.starts_with("calico-node-windows-"));
            continue;
        }
        let namespace = table.cell(&row, "NAMESPACE").or(block.heading.namespace.as_deref());
        placeless += usize::from(table.cell(&row, "NODE").is_none());
        older += usize::from(pods.insert(name, pod(&table, &row, name, namespace)).is_some());
    }
    let known = facts.pods.len();
    pods.values().try_for_each(|pod| facts.told("Pod", pod))?;
    let differing = differing(
        &facts.pods,
        known,
        |pod| &pod.metadata.name,
        |a, b| agree(a.is_ready(), b.is_ready()) && agree(a.spec.node_name.as_ref(), b.spec.node_name.as_ref()),
    );
    let read = pods.len();
    let mut summary = Summary::new(if read == 1 { "1 calico-node pod".to_owned() } else { format!("{read} calico-node pods") });
    summary = summary.ignoring(others, "of other pods");
    if windows > 0 {
        summary = summary.also_ignoring(format!("Windows is not judged ({windows} of these are calico-node-windows)"));
    }
    if older > 0 {
        summary = summary.also_ignoring(format!("{} that a later row of the same pod replaces", crate::text::count(older, "row")));
    }
    if differing > 0 {
        summary = summary.also_ignoring(format!("{} that an earlier block shows in another state", crate::text::count(differing, "pod")));
    }
    if placeless > 0 {
        summary = summary.also_ignoring(format!("no column NODE (kubectl get pods -o wide) in {}", crate::text::count(placeless, "row")));
    }
    Ok(summary)
}

/// What one of them does not tell is no contradiction.
fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// How many of the objects from `known` on are there before in another state: the first counts.
fn differing<T>(list: &[T], known: usize, name: impl Fn(&T) -> &String, same: impl Fn(&T, &T) -> bool) -> usize {
    let (before, now) = list.split_at(known.min(list.len()));
    let before: BTreeMap<&String, &T> = before.iter().rev().map(|object| (name(object), object)).collect();
    now.iter().filter(|object| before.get(name(object)).is_some_and(|earlier| !same(earlier, object))).count()
}

/// `LAST SEEN` and `NOMINATED NODE` are one column, even where only one blank is left between columns.
fn normal_header(line: &str) -> Vec<&str> {
    let wide = split_row(line, MAX_COLUMNS);
    if wide.len() > 2 { wide } else { line.split_whitespace().collect() }
}

fn assumed_header(row: &str) -> Vec<&'static str> {
    let namespaced = row.split_whitespace().nth(1).is_some_and(|word| flavour::is_pod_name(bare_name(word)));
    let columns = ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"];
    columns.into_iter().skip(usize::from(!namespaced)).collect()
}

fn pod(table: &Table<'_>, row: &[&str], name: &str, namespace: Option<&str>) -> Value {
    let status = table.cell(row, "STATUS").unwrap_or("Unknown");
    let (up, all) = table.cell(row, "READY").and_then(|ready| ready.split_once('/')).unwrap_or(("", ""));
    let restarts = table.cell(row, "RESTARTS").and_then(|cell| cell.split_whitespace().next()?.parse::<i32>().ok()).unwrap_or(0);
    let ready = !up.is_empty() && up == all;
    let state = match status {
        "Running" | "Terminating" | "Unknown" | "NodeLost" => json!({"running": {}}),
        other => json!({"waiting": {"reason": other}}),
    };
    // of several containers it is not told which one is not ready
    let told = ready || all == "1";
    let scheduled = table.cell(row, "NODE").is_some() || status != "Pending";
    // `Init:0/3` is on its way; the table does not name the init container that fails
    let init = status.strip_prefix("Init:").filter(|reason| !is_ready_cell(reason));
    let inits = init
        .map(|reason| json!([{"name": UNNAMED_INIT, "ready": false, "restartCount": restarts, "state": {"waiting": {"reason": reason}}}]));
    let restarts = if init.is_some() { 0 } else { restarts };
    let state = if init.is_some() { json!({"waiting": {"reason": "PodInitializing"}}) } else { state };
    // Replaced or created a moment ago: what it will be is not known yet.
    let young = table.cell(row, "AGE").and_then(super::describe::age_seconds).is_some_and(|age| age < YOUNG);
    let sets_up = ["PodInitializing", "ContainerCreating", "Pending"].contains(&status) || (status.starts_with("Init:") && init.is_none());
    let is_open = status == "Terminating" || (!ready && restarts == 0 && young && (status == "Running" || sets_up));
    let condition = if ready { "True" } else { "False" };
    let unscheduled = status == "Pending" && table.cell(row, "NODE").is_none();
    let conditions = match (is_open, unscheduled) {
        (true, _) => json!([]),
        (false, true) => json!([{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "False"}]),
        (false, false) => json!([{"type": "Ready", "status": condition}]),
    };
    let containers = if told && scheduled && !is_open {
        json!([{"name": "calico-node", "ready": ready, "restartCount": restarts, "state": state}])
    } else {
        json!([])
    };
    let mut pod = json!({
        "metadata": {"name": name, "namespace": namespace, "tabular": true},
        "spec": {"nodeName": table.cell(row, "NODE"), "containers": [{"name": "calico-node"}]},
        "status": {
            "phase": if status == "Pending" || status.starts_with("Init:") || status == "PodInitializing" { "Pending" } else { "Running" },
            "hostIP": table.cell(row, "IP"),
            "conditions": conditions,
            "containerStatuses": containers,
            "initContainerStatuses": inits.unwrap_or_else(|| json!([])),
        },
    });
    if status != "Running" {
        pod["status"]["reason"] = json!(status);
    }
    pod
}

fn read_nodes(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let first = block.text.lines().next().unwrap_or_default();
    let has_header = has_columns(first, &["NAME", "STATUS"]);
    let header = if has_header {
        normal_header(first)
    } else {
        vec!["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    };
    let table = Table { header };
    let (mut read, mut strange) = (0, 0);
    let known = facts.nodes.len();
    for line in block.text.lines().skip(usize::from(has_header)) {
        let row = table.row(line);
        let (Some(name), Some(status)) = (table.cell(&row, "NAME").map(bare_name), table.cell(&row, "STATUS")) else { continue };
        // a line that was broken, or another table
        if crate::text::shell::object_name(name).is_none() {
            strange += 1;
            continue;
        }
        let states: Vec<&str> = status.split(',').collect();
        let address = |kind: &str, column: &str| table.cell(&row, column).map(|address| json!({"type": kind, "address": address}));
        let addresses: Vec<Value> =
            [address("InternalIP", "INTERNAL-IP"), address("ExternalIP", "EXTERNAL-IP")].into_iter().flatten().collect();
        let ready = match states.first() {
            Some(&"Ready") => "True",
            // the table has one word for False and Unknown
            _ => "NotReady",
        };
        let windows = table.cell(&row, "OS-IMAGE").is_some_and(|image| image.starts_with("Windows"));
        facts.told(
            "Node",
            &json!({
                "metadata": {"name": name, "tabular": true},
                "spec": {"unschedulable": states.contains(&"SchedulingDisabled")},
                "status": {
                    "addresses": addresses,
                    "conditions": [{"type": "Ready", "status": ready}],
                    "nodeInfo": {
                        "kubeletVersion": table.cell(&row, "VERSION").unwrap_or_default(),
                        "kernelVersion": table.cell(&row, "KERNEL-VERSION").unwrap_or_default(),
                        "operatingSystem": if windows { "windows" } else { "" },
                    },
                },
            }),
        )?;
        read += 1;
    }
    let same = |a: &Node, b: &Node| {
        let ready = |node: &Node| node.condition("Ready").map(|condition| condition.status.clone());
        ready(a) == ready(b) && (a.status.addresses == b.status.addresses || a.status.addresses.is_empty() || b.status.addresses.is_empty())
    };
    let differing = differing(&facts.nodes, known, |node| &node.metadata.name, same);
    let summary = Summary::new(crate::text::count(read, "node")).ignoring(strange, "without a node's name");
    Ok(match differing {
        0 => summary,
        count => summary.also_ignoring(format!("{} that an earlier block shows in another state", crate::text::count(count, "node"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::prompt::Heading;

    fn read(format: &Format, text: &str) -> (Facts, Summary) {
        let mut facts = Facts::default();
        let block = Block { line: 1, text: text.to_owned(), numbers: Vec::new(), heading: Heading::default(), format: None };
        let lines: Vec<&str> = text.lines().collect();
        assert!((format.starts)(&lines, &block.heading), "{text}");
        let summary = (format.read)(&block, &mut facts).expect("reads");
        (facts, summary)
    }

    #[test]
    fn pods_in_every_form() {
        let default = "NAME                READY   STATUS             RESTARTS      AGE\ncalico-node-p2x4d   0/1     CrashLoopBackOff   21 (2m ago)   70m\n";
        let wide = "NAMESPACE     NAME                READY   STATUS             RESTARTS   AGE   IP         NODE   NOMINATED NODE   READINESS GATES\n\
            kube-system   coredns-x           1/1     Running            0          1d    10.0.0.1   m1     <none>           <none>\n\
            kube-system   calico-node-p2x4d   0/1     CrashLoopBackOff   21         70m   10.0.0.7   w7     <none>           <none>\n";
        let squeezed = "NAME READY STATUS RESTARTS AGE IP NODE\ncalico-node-p2x4d 0/1 CrashLoopBackOff 21 (2m ago) 70m 10.0.0.7 w7\n";
        let bare = "kube-system   calico-node-p2x4d   0/1   CrashLoopBackOff   21   70m   10.0.0.7   w7\n";
        for (text, node) in [(default, None), (wide, Some("w7")), (squeezed, Some("w7")), (bare, Some("w7"))] {
            let (facts, _) = read(&PODS, text);
            let pod = &facts.pods[0];
            assert_eq!(facts.pods.len(), 1);
            assert_eq!((pod.metadata.name.as_str(), pod.spec.node_name.as_deref()), ("calico-node-p2x4d", node), "{text}");
            let status = pod.calico_node_status().expect("a container");
            assert_eq!((status.restart_count, status.ready, pod.is_ready()), (21, false, Some(false)), "{text}");
            assert_eq!(status.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()), Some("CrashLoopBackOff"));
        }
    }

    #[test]
    fn which_of_two_containers_is_not_ready_is_not_told() {
        let (facts, _) = read(&PODS, "NAME          READY   STATUS    RESTARTS   AGE\ncanal-abcde   1/2     Running   3          1d\n");
        assert!(facts.pods[0].status.container_statuses.is_empty());
        assert_eq!(facts.pods[0].is_ready(), Some(false));
    }

    #[test]
    fn nodes_in_every_form() {
        let default =
            "NAME   STATUS                        ROLES    AGE   VERSION\nw1     NotReady,SchedulingDisabled   <none>   4d    v1.28.8\n";
        let wide = "NAME   STATUS     ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION      CONTAINER-RUNTIME\n\
            w1     NotReady   <none>   4d    v1.28.8   10.0.0.7      <none>        Ubuntu 22.04.4 LTS   5.15.0-91-generic   containerd://1.7.13\n";
        for (text, ip) in [(default, None), (wide, Some("10.0.0.7")), ("w1   NotReady   <none>   4d   v1.28.8\n", None)] {
            let (facts, _) = read(&NODES, text);
            let node = &facts.nodes[0];
            assert_eq!((node.metadata.name.as_str(), node.addresses("InternalIP").next()), ("w1", ip), "{text}");
            assert!(node.metadata.tabular);
        }
    }

    #[test]
    fn rows_of_kubectl_get_all_and_of_watch() {
        let text = "NAME                    READY   STATUS             RESTARTS   AGE\npod/calico-node-p2x4d   0/1     CrashLoopBackOff   21         70m\n\
            pod/calico-node-p2x4d   1/1     Running            22         71m\n";
        let (facts, summary) = read(&PODS, text);
        assert_eq!((facts.pods.len(), facts.pods[0].is_ready()), (1, Some(true)));
        assert!(summary.ignored.is_some_and(|ignored| ignored.contains("1 row that a later row")));
        for (line, row) in [
            ("daemonset.apps/calico-node   3   3   2   3   2   <none>   4d", true),
            ("kube-system   calico-node   3   3   2   3   2   <none>   4d", true),
            ("calico-node is on 3 nodes", false),
        ] {
            assert_eq!(is_set_row(line), row, "{line}");
        }
    }

    #[test]
    fn no_node_has_a_name_that_kubernetes_refuses() {
        let (facts, summary) =
            read(&NODES, "NAME     STATUS   ROLES    AGE   VERSION\nnode-1   Ready    <none>   4d    v1.28.8\nUbuntu   22.04   LTS\n");
        assert_eq!(facts.nodes.len(), 1);
        assert!(summary.ignored.is_some());
    }
}
