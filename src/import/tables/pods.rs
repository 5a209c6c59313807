//! `kubectl get pods`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{MAX_COLUMNS, Table, agree, bare_name, differing, has_columns, is_pod_row, is_ready_cell, normal_header, split_row};
use crate::calico::{flavour, startup_log};
use crate::import::facts::{Facts, Summary};
use crate::import::formats::Format;
use crate::import::page::Block;
use crate::import::{describe, events};
use crate::snapshot::objects::UNNAMED_INIT;

pub(in crate::import) const PODS: Format = Format {
    name: "kubectl get pods",
    better: "kubectl get pods -n NAMESPACE -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| has_columns(line, &["NAME", "READY", "STATUS", "RESTARTS"]) || is_pod_row(line)),
    goes_on: |line| {
        let squeezed = || line.split_whitespace().take(3).any(is_ready_cell);
        !line.trim().is_empty() && (split_row(line, MAX_COLUMNS).len() > 2 || squeezed()) && !events::is_described_row(line)
    },
    interrupts: true,
    restarts: false,
    read: read_pods,
};
/// Seconds after which a pod that is still being set up, or not ready, is no longer new.
const YOUNG: i64 = 60;

fn read_pods(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let first = block.text.lines().next().unwrap_or_default();
    let has_header = has_columns(first, &["NAME", "READY"]);
    let header = if has_header { normal_header(first) } else { assumed_header(first) };
    let table = Table { header };
    let (mut others, mut windows, mut placeless, mut older, mut watched) = (0, 0, 0, 0, 0);
    let mut sick: Vec<String> = Vec::new();
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
            let namespace = table.cell(&row, "NAMESPACE").or(block.heading.namespace.as_deref());
            let is_ready = table.cell(&row, "READY").and_then(|ready| ready.split_once('/')).is_some_and(|(up, all)| up == all);
            facts.objects.other_pods.tell(namespace, name, is_ready, node(&table, &row));
            if startup_log::is_watched(name) {
                let mut program = pod(&table, &row, name, namespace);
                if let Some(status) = program.pointer_mut("/status/containerStatuses/0/name") {
                    *status = json!(startup_log::program_of_pod(name));
                }
                facts.told_program(&program)?;
                watched += 1;
                if !is_ready {
                    sick.push(format!("{name} is {}", table.cell(&row, "STATUS").unwrap_or("not ready")));
                }
                others -= 1;
            }
            windows += usize::from(name.starts_with("calico-node-windows-"));
            continue;
        }
        let namespace = table.cell(&row, "NAMESPACE").or(block.heading.namespace.as_deref());
        placeless += usize::from(node(&table, &row).is_none());
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
    let mut told = if read == 1 { "1 calico-node pod".to_owned() } else { format!("{read} calico-node pods") };
    if watched > 0 {
        sick.sort_unstable();
        sick.dedup();
        let states = if sick.is_empty() { String::new() } else { format!(" ({})", crate::text::list(&sick, 4)) };
        told = format!("{told}, {} of Calico's other programs{states}", crate::text::count(watched, "pod"));
    }
    let mut summary = Summary::new(told);
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

/// Older releases of kubectl print an error over several columns.
fn node<'r>(table: &Table<'_>, row: &[&'r str]) -> Option<&'r str> {
    let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    table.cell(row, "NODE").filter(is_name)
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
        "OOMKilled" => json!({"terminated": {"reason": "OOMKilled", "exitCode": 137}}),
        other => json!({"waiting": {"reason": other}}),
    };
    // of several containers it is not told which one is not ready
    let told = ready || all == "1";
    let scheduled = node(table, row).is_some() || status != "Pending";
    // `Init:0/3` is on its way; the table does not name the init container that fails
    let init = status.strip_prefix("Init:").filter(|reason| !is_ready_cell(reason));
    let inits = init
        .map(|reason| json!([{"name": UNNAMED_INIT, "ready": false, "restartCount": restarts, "state": {"waiting": {"reason": reason}}}]));
    let restarts = if init.is_some() { 0 } else { restarts };
    let state = if init.is_some() { json!({"waiting": {"reason": "PodInitializing"}}) } else { state };
    // Replaced or created a moment ago: what it will be is not known yet.
    let young = table.cell(row, "AGE").and_then(describe::age_seconds).is_some_and(|age| age < YOUNG);
    let sets_up = ["PodInitializing", "ContainerCreating", "Pending"].contains(&status) || (status.starts_with("Init:") && init.is_none());
    let is_open = status == "Terminating" || (!ready && restarts == 0 && young && (status == "Running" || sets_up));
    let condition = if ready { "True" } else { "False" };
    let unscheduled = status == "Pending" && node(table, row).is_none();
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
        "spec": {"nodeName": node(table, row), "containers": [{"name": "calico-node"}]},
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
