//! `status` of a cluster that answers slowly, against asking each node by hand; and of a large one, against fetching the same with curl.

use std::process::Command;
use std::time::Duration;

use super::child::{self, Cost, mib, middle, millis, seconds};

const NODES: usize = 500;
const LATENCY: Duration = Duration::from_millis(20);
/// The loop's time is the same for every node, so a part of it is enough.
const BY_HAND: usize = 20;
const LARGE: usize = 5_000;
/// Runs of the plugin, each with one of curl behind it: what else the machine does slows both.
const PAIRS: usize = 21;

pub(crate) fn run() -> anyhow::Result<()> {
    println!("live, {NODES} nodes, every answer {} late", millis(LATENCY));
    let mut world = sim::scenario::far_reflectors(NODES);
    world.faults.push(sim::Fault::always("/", sim::Effect::Latency(LATENCY)));
    let nodes: Vec<String> = world.hosts.keys().take(BY_HAND).cloned().collect();
    let running = sim::start(world);
    let kubeconfig = running.kubeconfig().display().to_string();
    for (what, arguments) in [("status", &["status"][..]), ("status --no-exec", &["status", "--no-exec"])] {
        let cost = child::cost(child::plugin(arguments).args(["--kubeconfig", &kubeconfig]))?;
        println!("  {what:<34}   {:>12}   {:>10}   exit code {}", millis(cost.time), mib(cost.peak), cost.code.unwrap_or(-1));
    }
    match by_hand(&kubeconfig, &nodes) {
        Ok(time) => {
            let whole = time * u32::try_from(NODES / BY_HAND)?;
            println!("  {:<34}   {:>12}   ({BY_HAND} of them measured)", "kubectl exec, a node at a time", millis(whole));
        }
        Err(error) => println!("  kubectl exec, a node at a time: not measured: {error}"),
    }
    drop(running);
    beside_curl()
}

/// What the plugin adds to the fetching is parsing and judging. The server shares the processors with it, so it plays back what it answered
/// before: what is measured is the plugin.
fn beside_curl() -> anyhow::Result<()> {
    println!("live, {LARGE} nodes, answers played back");
    let world = sim::scenario::far_reflectors(LARGE);
    // What the first exec prints is played back for every node: that of a node which peers with the reflectors alone.
    let usual = world.hosts.iter().min_by_key(|(_, host)| host.says().iter().map(|(_, text)| text.len()).sum::<usize>());
    let usual = usual.map(|(node, _)| node.clone()).unwrap_or_default();
    let running = sim::start_playback(world);
    let kubeconfig = running.kubeconfig().display().to_string();
    let status = |arguments: &[&str]| child::cost(child::plugin(&["status"]).args(arguments).args(["--kubeconfig", &kubeconfig]));
    status(&["--node", &usual])?;
    status(&[])?;
    let first = running.requests().len();
    status(&["--no-exec"])?;
    let lists: Vec<_> = running.requests().into_iter().skip(first).filter(|request| request.method == "GET").collect();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--insecure", "--header", "Authorization: Bearer admin-token"]);
    for request in &lists {
        curl.args(["--output", "/dev/null", &format!("{}{}?{}", running.url(), request.path, request.query)]);
    }
    let (mut plugin, mut fetching) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        plugin.push(status(&["--no-exec"])?);
        fetching.push(child::cost(&mut curl));
    }
    print("status --no-exec, the median", &middle(&plugin));
    match fetching.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(fetching) => {
            let mut ratios: Vec<f64> =
                plugin.iter().zip(&fetching).map(|(plugin, curl)| plugin.time.as_secs_f64() / curl.time.as_secs_f64()).collect();
            ratios.sort_by(f64::total_cmp);
            print("curl, the same requests, the median", &middle(&fetching));
            let at = |place: usize| ratios.get(place).copied().unwrap_or_default();
            let (least, median, most) = (at(0), at(PAIRS / 2), at(PAIRS - 1));
            println!("  {:<34}   {median:>12.2}   ({least:.2} to {most:.2} in {PAIRS} pairs)", "times as long as curl");
        }
        Err(error) => println!("  curl, the same requests: not measured: {error}"),
    }
    let inspected = status(&[])?;
    print("status", &inspected);
    println!("  {:<34}   {:>12.0} a second", "nodes inspected", LARGE as f64 / inspected.time.as_secs_f64());
    Ok(())
}

fn print(what: &str, cost: &Cost) {
    println!("  {what:<34}   {:>12}   {:>10}   {:>10}", millis(cost.time), seconds(cost.processor), mib(cost.peak));
}

fn by_hand(kubeconfig: &str, nodes: &[String]) -> anyhow::Result<Duration> {
    let listed = Command::new("kubectl")
        .args([
            "--kubeconfig",
            kubeconfig,
            "get",
            "pods",
            "-n",
            "kube-system",
            "-o",
            "jsonpath={range .items[*]}{.spec.nodeName} {.metadata.name}{\"\\n\"}{end}",
        ])
        .output()?;
    let listed = String::from_utf8(listed.stdout)?;
    let mut time = Duration::ZERO;
    for node in nodes {
        let pod = listed.lines().find_map(|line| line.strip_prefix(node.as_str())?.strip_prefix(' '));
        let pod = pod.ok_or_else(|| anyhow::anyhow!("no pod on {node}"))?;
        let cost = child::cost(Command::new("kubectl").args([
            "--kubeconfig",
            kubeconfig,
            "exec",
            "-n",
            "kube-system",
            pod,
            "-c",
            "calico-node",
            "--",
            "birdcl",
            "-s",
            "/var/run/calico/bird.ctl",
            "show",
            "protocols",
        ]))?;
        anyhow::ensure!(cost.code == Some(0), "kubectl exec ended with {:?}", cost.code);
        time += cost.time;
    }
    Ok(time)
}
