//! The same facts through a paste and through the recorded files give the same findings; what a paste cannot show is a gap, never healthy.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;
use calico_fix::import::load;
use calico_fix::observed::Observed;
use calico_fix::render::calicoctl::{Layout, status};
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::inspection::Interface;

use super::FIXTURES;

fn recorded_cases() -> Vec<PathBuf> {
    let mut cases = vec![Path::new(FIXTURES).join("import/bridge-address")];
    let mut open = vec![Path::new(FIXTURES).join("real")];
    while let Some(folder) = open.pop() {
        if folder.join("nodes.json").exists() {
            cases.push(folder.clone());
        }
        let below = fs::read_dir(folder).expect("lists").flatten().map(|entry| entry.path());
        open.extend(below.filter(|path| path.is_dir()));
    }
    cases.sort();
    cases
}

fn read_page(page: &str) -> Snapshot {
    load(&["-".into()], &mut page.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{page:.2000}"))
}

fn ip_addr(interfaces: &[Interface]) -> String {
    let mut text = String::new();
    for one in interfaces {
        let _ = writeln!(text, "{}: {}: <{}> mtu 1500 qdisc noqueue state UP", one.index, one.name, one.flags.join(","));
        if let Some(kind) = &one.kind {
            let _ = writeln!(text, "    {kind}");
        }
        for held in &one.addresses {
            let family = if held.address.is_ipv4() { "inet" } else { "inet6" };
            let own = match held.peer {
                Some(peer) => format!("{} peer {peer}/{}", held.address, held.prefix_length),
                None => format!("{}/{}", held.address, held.prefix_length),
            };
            let _ = writeln!(text, "    {family} {own} scope global {}\n       valid_lft forever preferred_lft forever", one.name);
        }
    }
    text
}

/// A recorded folder as one page: YAML in fences, and the hosts' own words at their prompts.
fn page_of(case: &Path, snapshot: &Snapshot) -> String {
    let mut page = "# What we see\n\n".to_owned();
    let mut files: Vec<PathBuf> =
        fs::read_dir(case).expect("lists").flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("reads");
        let (node, rest) = name.split_once('.').expect("an extension");
        let block = match rest {
            "json" => {
                let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                format!("$ kubectl get {node} -A -o yaml\n{}", serde_yaml::to_string(&value).expect("writes"))
            }
            "birdcl.txt" => text
                .lines()
                .filter(|line| !line.starts_with("(rc "))
                .map(|line| line.strip_prefix("$ ").map_or_else(|| format!("{line}\n"), |command| format!("root@{node}:/# {command}\n")))
                .collect(),
            _ if rest.contains(".timestamps.") && case.join(name.replace(".timestamps.", ".")).exists() => continue,
            _ if rest.starts_with("log") => {
                let pods = snapshot.pods.seen().into_iter().flatten();
                let Some(pod) = pods.into_iter().find(|pod| pod.spec.node_name.as_deref() == Some(node)) else { continue };
                let previous = if rest.starts_with("log-previous") { " --previous" } else { "" };
                format!("$ kubectl logs {} -c calico-node{previous}\n{text}", pod.metadata.name)
            }
            "ip-addr.json" | "ip-addr.txt" => {
                let inside = snapshot.inside[node].seen().expect("inside");
                format!("root@{node}:~# ip -d addr\n{}", ip_addr(inside.interfaces.seen().expect("interfaces")))
            }
            _ if rest.starts_with("ip-route") => format!("root@{node}:~# ip route\n{text}"),
            _ => continue,
        };
        let _ = write!(page, "And here:\n\n```\n{}\n```\n\n", block.trim_end());
    }
    page
}

/// What is found, without where it was read.
fn found(report: &Report) -> Vec<(String, String, Vec<String>, String)> {
    let mut found: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (format!("{:?}", finding.code), format!("{:?}", finding.severity), finding.nodes.clone(), finding.message.clone()))
        .collect();
    found.sort();
    found
}

#[test]
fn a_page_of_the_same_outputs_gives_the_same_findings() {
    let cases = recorded_cases();
    assert!(cases.len() > 15, "{}", cases.len());
    let mut sick = 0;
    for case in &cases {
        let files = load(std::slice::from_ref(case), &mut io::empty()).expect("reads");
        let page = read_page(&page_of(case, &files));
        let (files, page) = (diagnose(&files, &Scope::default()), diagnose(&page, &Scope::default()));
        assert_eq!(found(&page), found(&files), "{}: {:?}", case.display(), page.sources);
        // A page may lack what "healthy" needs; it never says more than the files.
        let less = files.verdict == Verdict::Healthy && page.verdict == Verdict::Unknown;
        assert!(less || page.verdict == files.verdict, "{}: {:?}", case.display(), page.verdict);
        sick += usize::from(page.verdict == Verdict::Sick);
    }
    assert!(sick > 8, "{sick}");
}

/// The tables that people paste, of the nodes, the pods, the sessions and the addresses.
fn tables_of(snapshot: &Snapshot, layout: Layout) -> String {
    let mut page = "$ kubectl get nodes -o wide\nNAME   STATUS   ROLES   AGE   VERSION   INTERNAL-IP   EXTERNAL-IP\n".to_owned();
    let row = |cells: &[&str]| format!("{}\n", cells.join("   "));
    for node in snapshot.nodes.seen().into_iter().flatten() {
        let ready = node.condition("Ready").is_some_and(|condition| condition.status == "True");
        let state = if ready { "Ready" } else { "NotReady" };
        let internal = node.addresses("InternalIP").next().unwrap_or("<none>");
        page += &row(&[&node.metadata.name, state, "<none>", "4d", "v1.28.8", internal, "<none>"]);
    }
    page += "\n$ kubectl get pods -n kube-system -o wide\nNAME   READY   STATUS   RESTARTS   AGE   IP   NODE   NOMINATED NODE   READINESS GATES\n";
    for pod in snapshot.pods.seen().into_iter().flatten() {
        let status = pod.calico_node_status();
        let waiting = status.and_then(|status| status.state.waiting.as_ref()?.reason.clone());
        let ready = if pod.is_ready() == Some(true) { "1/1" } else { "0/1" };
        let restarts = status.map_or(0, |status| status.restart_count).to_string();
        let (ip, node) = (pod.status.host_ip.as_deref().unwrap_or("<none>"), pod.spec.node_name.as_deref().unwrap_or("<none>"));
        // kubectl prints a word in every column.
        let phase = if pod.status.phase.is_empty() { "Running" } else { &pod.status.phase };
        let state = waiting.unwrap_or_else(|| phase.to_owned());
        page += &row(&[&pod.metadata.name, ready, &state, &restarts, "4d", ip, node, "<none>", "<none>"]);
    }
    for (node, inside) in &snapshot.inside {
        let Observed::Seen(inside) = inside else { continue };
        if inside.bird4.is_answered() {
            let mut text = Vec::new();
            status(&inside.bird4, &inside.bird6, layout, &mut text).expect("writes");
            page += &format!("\nroot@{node}:~# calicoctl node status\n{}", String::from_utf8(text).expect("text"));
        }
        if let Observed::Seen(interfaces) = &inside.interfaces {
            page += &format!("\nroot@{node}:~# ip a\n{}", ip_addr(interfaces));
        }
    }
    page
}

#[test]
fn tables_show_a_part_and_never_health() {
    let mut sick = 0;
    for case in recorded_cases() {
        let files = load(std::slice::from_ref(&case), &mut io::empty()).expect("reads");
        for layout in [Layout::New, Layout::Old] {
            let page = tables_of(&files, layout);
            for page in [page.clone(), page.replace('\n', "\r\n"), page.lines().map(|line| format!("> {line}\n")).collect()] {
                let part = diagnose(&read_page(&page), &Scope::default());
                assert_ne!(part.verdict, Verdict::Healthy, "{}", case.display());
                assert!(!part.unseen.is_empty(), "{}: what tables lack is named", case.display());
                sick += usize::from(part.verdict == Verdict::Sick);
            }
        }
    }
    assert!(sick > 20, "{sick}");
}

#[test]
fn saved_snapshots_give_the_same_in_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in recorded_cases() {
        let files = load(std::slice::from_ref(&case), &mut io::empty()).expect("reads");
        for name in ["a.json", "a.json.gz", "a.yaml", "a.yaml.gz"] {
            let path = folder.path().join(name);
            calico_fix::snapshot::save::save_to(&files, &path).expect("saves");
            assert_eq!(load(&[path], &mut io::empty()).expect("reads"), files, "{}: {name}", case.display());
        }
    }
}
