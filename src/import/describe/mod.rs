//! `kubectl describe pod|node|daemonset`, several in one text (kubectl pkg/describe/describe.go).

mod container;
mod tree;
mod when;

use serde_json::{Map, Value, json};

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::prompt::Heading;
use crate::calico::{cni_failure, flavour, startup_log};
use crate::snapshot::objects::CALICO_NODE;
use tree::Entry;
use when::Clock;
pub(super) use when::{Age, seconds as age_seconds};

pub(super) const POD: Format = Format {
    name: "kubectl describe pod",
    better: "kubectl get pod POD -n NAMESPACE -o yaml",
    starts: |lines, _| begins(lines, &["Namespace:", "Node:"]),
    goes_on: |_| true,
    interrupts: true,
    restarts: true,
    read: read_pod,
};

pub(super) const NODE: Format = Format {
    name: "kubectl describe node",
    better: "kubectl get node NODE -o yaml",
    starts: |lines, _| begins(lines, &["Roles:", "Labels:"]),
    goes_on: |_| true,
    interrupts: true,
    restarts: true,
    read: read_node,
};

pub(super) const DAEMON_SET: Format = Format {
    name: "kubectl describe daemonset",
    better: "kubectl get daemonset NAME -n NAMESPACE -o yaml",
    starts: |lines, _| begins(lines, &["Selector:"]),
    goes_on: |_| true,
    interrupts: true,
    restarts: true,
    read: read_daemon_set,
};

/// A line `Name:` and, soon after, the others; a description begins so and has nothing indented there but labels.
fn begins(lines: &[&str], others: &[&str]) -> bool {
    let rest = || lines.iter().skip(1).take_while(|line| !line.starts_with("Name:"));
    let has = |other: &&str| rest().any(|line| line.starts_with(other));
    lines.first().is_some_and(|line| line.starts_with("Name:")) && others.iter().all(has)
}

fn meta(entry: &Entry<'_>, clock_text: Option<&str>) -> Value {
    json!({
        "name": entry.get("Name"),
        "namespace": entry.get("Namespace"),
        "labels": entry.pairs("Labels", "="),
        "annotations": annotations(entry),
        "creationTimestamp": clock_text.and_then(when::date),
    })
}

/// `key: value`, and long values on the line below.
fn annotations(entry: &Entry<'_>) -> Map<String, Value> {
    let mut found = entry.pairs("Annotations", ": ");
    for child in entry.child("Annotations").into_iter().flat_map(|annotations| &annotations.children) {
        if let (Some(key), [value]) = (child.text.strip_suffix(':'), child.children.as_slice()) {
            found.insert(key.to_owned(), value.text.into());
        }
    }
    found
}

fn read_pod(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let tree = Entry::parse(&block.text)?;
    let name = tree.get("Name").unwrap_or_default();
    let containers = tree.child("Containers");
    let ours = containers.and_then(|containers| containers.child(CALICO_NODE));
    if ours.is_none() && !flavour::is_pod_name(name) {
        // the network plugin says there that calico-node has not started on that node
        if let Some(at) = block.text.find("\nEvents:").filter(|at| block.text[*at..].contains("/var/lib/calico/nodename")) {
            let heading = Heading { pod: None, ..block.heading.clone() };
            let text = block.text[at + 1..].to_owned();
            return (super::events::OF_POD.read)(&Block { line: block.line, text, numbers: Vec::new(), heading, format: None }, facts);
        }
        return read_other_pod(&tree, name, facts);
    }
    let node = node_of(&tree);
    let list = |key: &str, read: fn(&Entry<'_>) -> Value| -> Vec<Value> {
        tree.child(key).map_or(Vec::new(), |list| list.children.iter().map(read).collect())
    };
    let mut metadata = meta(&tree, tree.get("Start Time"));
    if let Some((kind, owner)) = tree.get("Controlled By").and_then(|owner| owner.split_once('/')) {
        metadata["ownerReferences"] = json!([{"kind": kind, "name": owner, "controller": true}]);
    }
    let host_ip = tree.get("Node").and_then(|node| node.split_once('/')).map(|(_, ip)| ip).or_else(|| tree.get("IP"));
    let pod = json!({
        "metadata": metadata,
        "spec": {"nodeName": node, "containers": list("Containers", container::spec)},
        "status": {
            "phase": tree.get("Status").and_then(|status| status.split_whitespace().next()),
            "reason": tree.get("Reason"),
            "message": tree.get("Message"),
            "hostIP": host_ip,
            "startTime": tree.get("Start Time").and_then(when::date),
            "conditions": pod_conditions(&tree),
            "containerStatuses": list("Containers", container::status),
            "initContainerStatuses": list("Init Containers", container::status),
        },
    });
    facts.told("Pod", &pod)?;
    let count = read_events(&tree, facts, ("Pod", name), None, |_, _| true)?;
    let summary = Summary::new(format!("pod {name}, {}", crate::text::count(count, "event")));
    Ok(match node {
        Some(node) => summary.of_node(node),
        None => summary,
    })
}

fn node_of<'a>(tree: &Entry<'a>) -> Option<&'a str> {
    tree.get("Node").and_then(|node| node.split('/').next()).filter(|node| !node.is_empty())
}

/// Of a pod of another program: that Calico's network plugin failed for it.
fn read_other_pod(tree: &Entry<'_>, name: &str, facts: &mut Facts) -> Result<Summary, String> {
    let node = node_of(tree);
    let failed = |reason: &str, message: &str| cni_failure::parse(reason, message).is_some();
    let count = read_events(tree, facts, ("Pod", name), node, failed)?;
    let is_watched = startup_log::is_watched(name);
    if is_watched {
        let statuses = tree.child("Containers").map_or(Vec::new(), |list| list.children.iter().map(container::status).collect());
        facts.told_program(&json!({
            "metadata": meta(tree, tree.get("Start Time")),
            "spec": {"nodeName": node},
            "status": {
                "phase": tree.get("Status").and_then(|status| status.split_whitespace().next()),
                "reason": tree.get("Reason"),
                "conditions": pod_conditions(tree),
                "containerStatuses": statuses,
            },
        }))?;
    }
    if count == 0 && is_watched {
        let summary = Summary::new(format!("pod {name}"));
        return Ok(node.into_iter().fold(summary, Summary::of_node));
    }
    if count == 0 {
        return Ok(Summary { ignored: Some(format!("pod {name} does not run calico-node")), ..Summary::default() });
    }
    let is_ready = pod_conditions(tree).iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    facts.objects.other_pods.tell(tree.get("Namespace"), name, is_ready, node);
    let summary = Summary::new(format!("pod {name}, {} of Calico's network plugin", crate::text::count(count, "failure")));
    Ok(node.into_iter().fold(summary, Summary::of_node))
}

/// `Ready  False`; where the list is not in the text, the container's own line says it.
fn pod_conditions(tree: &Entry<'_>) -> Vec<Value> {
    let listed = tree.child("Conditions").map_or(&[][..], |conditions| &conditions.children);
    let mut found: Vec<Value> = listed
        .iter()
        .filter_map(|line| {
            let mut words = line.text.split_whitespace();
            let (kind, status) = (words.next()?, words.next()?);
            ["True", "False", "Unknown"].contains(&status).then(|| json!({"type": kind, "status": status}))
        })
        .collect();
    if !found.iter().any(|condition| condition["type"] == "Ready") {
        let containers = tree.child("Containers").map_or(&[][..], |containers| &containers.children);
        let states: Vec<&str> = containers.iter().filter_map(|container| container.get("Ready")).collect();
        if states.contains(&"False") {
            found.push(json!({"type": "Ready", "status": "False"}));
        } else if !states.is_empty() {
            found.push(json!({"type": "Ready", "status": "True"}));
        }
    }
    found
}

fn read_node(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let tree = Entry::parse(&block.text)?;
    let name = tree.get("Name").ok_or("it has no name")?;
    let system = tree.child("System Info");
    let info = |key: &str| system.and_then(|system| system.get(key)).unwrap_or_default();
    let addresses = tree.child("Addresses").map_or(&[][..], |addresses| &addresses.children);
    let addresses: Vec<Value> = addresses.iter().filter_map(|line| Some(json!({"type": line.key(), "address": line.value()?}))).collect();
    let conditions = tree.child("Conditions").map_or(&[][..], |conditions| &conditions.children);
    let conditions: Vec<Value> = conditions.iter().filter_map(|line| node_condition(line.text)).collect();
    let node = json!({
        "metadata": meta(&tree, tree.get("CreationTimestamp")),
        "spec": {"unschedulable": tree.get("Unschedulable") == Some("true")},
        "status": {
            "addresses": addresses,
            "conditions": conditions,
            "nodeInfo": {
                "kernelVersion": info("Kernel Version"),
                "operatingSystem": info("Operating System"),
                "architecture": info("Architecture"),
                "kubeletVersion": info("Kubelet Version"),
            },
        },
    });
    facts.told("Node", &node)?;
    Ok(Summary::new("1 node").of_node(name))
}

/// `Ready  False  Tue, 12 May 2026 05:18:33 +0000   Tue, …   KubeletNotReady   message`
fn node_condition(line: &str) -> Option<Value> {
    let cells = super::tables::split_row(line, 6);
    let (kind, status) = (cells.first()?, cells.get(1)?);
    if !["True", "False", "Unknown"].contains(status) {
        return None;
    }
    let changed = cells.get(3).and_then(|text| when::date(text));
    Some(json!({"type": kind, "status": status, "lastTransitionTime": changed, "reason": cells.get(4), "message": cells.get(5)}))
}

fn read_daemon_set(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let tree = Entry::parse(&block.text)?;
    let name = tree.get("Name").unwrap_or_default();
    let template = tree.child("Pod Template");
    let containers = template.and_then(|template| template.child("Containers")).map_or(&[][..], |containers| &containers.children);
    if !containers.iter().any(|container| container.key() == CALICO_NODE) {
        return Ok(Summary { ignored: Some(format!("{name} does not run calico-node")), ..Summary::default() });
    }
    let number = |key: &str| tree.get(key).and_then(|text| text.split_whitespace().next()?.parse::<i32>().ok());
    let volumes = template.and_then(|template| template.child("Volumes")).map_or(&[][..], |volumes| &volumes.children);
    let volumes: Vec<Value> =
        volumes.iter().filter_map(|volume| Some(json!({"name": volume.key(), "hostPath": {"path": volume.get("Path")?}}))).collect();
    // the text has no count of pods that are ready, only of those that run
    let set = json!({
        "metadata": meta(&tree, None),
        "spec": {
            "selector": {"matchLabels": selector(tree.get("Selector").unwrap_or_default())},
            "template": {
                "metadata": {"labels": template.map(|template| template.pairs("Labels", "=")).unwrap_or_default()},
                "spec": {"containers": containers.iter().map(container::spec).collect::<Vec<_>>(), "volumes": volumes},
            },
        },
        "status": {
            "desiredNumberScheduled": number("Desired Number of Nodes Scheduled"),
            "currentNumberScheduled": number("Current Number of Nodes Scheduled"),
            "updatedNumberScheduled": number("Number of Nodes Scheduled with Up-to-date Pods"),
            "numberAvailable": number("Number of Nodes Scheduled with Available Pods"),
            "numberReady": number("Number of Nodes Scheduled with Available Pods"),
            "numberMisscheduled": number("Number of Nodes Misscheduled"),
        },
    });
    facts.told("DaemonSet", &set)?;
    let count = read_events(&tree, facts, ("DaemonSet", name), None, |_, _| true)?;
    Ok(Summary::new(format!("daemonset {name}, {}", crate::text::count(count, "event"))))
}

fn selector(text: &str) -> Map<String, Value> {
    text.split(',').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.trim().to_owned(), value.trim().into())).collect()
}

/// Below `Type Reason Age From Message`; a message of several lines goes on in lines of its own. Keeps those whose reason and message are wanted.
fn read_events(
    tree: &Entry<'_>,
    facts: &mut Facts,
    (kind, name): (&str, &str),
    host: Option<&str>,
    wanted: impl Fn(&str, &str) -> bool,
) -> Result<usize, String> {
    let namespace = tree.get("Namespace");
    let Some(at) = tree.children.iter().position(|child| child.key() == "Events") else { return Ok(0) };
    let clock = Clock::of_description(tree);
    facts.now = facts.now.max(clock.ago(0));
    let mut events: Vec<(Vec<&str>, String)> = Vec::new();
    let mut lines = Vec::new();
    tree.children.iter().skip(at).for_each(|child| child.flatten(&mut lines));
    for line in lines.into_iter().skip(1) {
        let cells = super::tables::split_row(line, 5);
        if ["Normal", "Warning"].contains(&cells.first().copied().unwrap_or_default()) && cells.len() == 5 {
            events.push((cells, String::new()));
        } else if let Some((_, more)) = events.last_mut().filter(|_| !line.starts_with("----")) {
            // a message's later lines have any indentation
            more.push('\n');
            more.push_str(line);
        }
    }
    let mut count = 0;
    for (cells, more) in &events {
        let [kind_of_event, reason, age, from, message] = cells.as_slice() else { continue };
        let message = format!("{}{more}", message.trim_start_matches("(combined from similar events): "));
        if !wanted(reason, &message) {
            continue;
        }
        count += 1;
        let age = when::Age::parse(age);
        let ago = |seconds: i64| clock.ago(seconds);
        facts.told(
            "Event",
            &json!({
                "metadata": {"namespace": namespace},
                "involvedObject": {"kind": kind, "name": name, "namespace": namespace},
                "type": kind_of_event,
                "reason": reason,
                "message": message,
                "count": age.as_ref().map_or(1, |age| age.times),
                "lastTimestamp": age.as_ref().and_then(|age| ago(age.last)),
                "firstTimestamp": age.as_ref().and_then(|age| ago(age.first)),
                "source": {"component": from, "host": host},
            }),
        )?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
