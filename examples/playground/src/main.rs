//! A simulated cluster with a broken Calico, to try the plugin on: `cargo playground --incident bridge-address --nodes 5`.
//!
//! Pods restart, sessions come up, rollouts continue. `--demo` finds and fixes two incidents, then exits.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use calico_fix::render;
use calico_fix::render::status::Shown;
use calico_fix::render::style::{ColorWhen, Style, terminal_rows};
use jiff::SignedDuration;
use playground::{FLAG, PLUGIN, install, run_as_plugin};
use serde_json::Value;
use sim::clock::Pace;
use sim::simulation::Simulation;
use sim::{Change, Scenario, TestServer, What, scenario};

/// Name here, and the scenario of the simulator.
const INCIDENTS: &[(&str, &str)] = &[
    ("bridge-address", "bridge-address"),
    ("slow-start", "slow-start"),
    ("all-bridges", "all-bridges"),
    ("no-address", "no-address"),
    ("operator", "operator-bridge-address"),
    ("operator-new", "operator-new"),
    ("vxlan", "vxlan"),
    ("reflectors", "far-reflectors"),
    ("healthy", "healthy"),
];
/// More take long to start.
const MOST: usize = 5_000;

const USAGE: &str = "\
usage: playground [--incident NAME] [--nodes N] [--speed N] [--demo]
  --incident  bridge-address (the default), slow-start, all-bridges, no-address, operator, operator-new, vxlan,
              reflectors, healthy
  --nodes     number of nodes, at most 5000 (default 3); a full mesh works well up to a few hundred
  --speed     simulated seconds for each real second (default 1)
  --demo      fix two incidents with the plugin, step by step, then exit";

struct Asked {
    incident: String,
    nodes: usize,
    speed: f64,
    demo: bool,
}

fn main() -> io::Result<ExitCode> {
    if let Some(code) = run_as_plugin() {
        return Ok(code);
    }
    match asked(std::env::args().skip(1)) {
        Some(asked) if asked.demo => demo(asked.nodes)?,
        Some(asked) => play(&asked, &mut io::stdout().lock())?,
        None => writeln!(io::stdout(), "{USAGE}")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `None`: the arguments are not understood, or help was asked for.
fn asked(mut arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked { incident: "bridge-address".into(), nodes: 3, speed: 1.0, demo: false };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--incident" => asked.incident = arguments.next().filter(|name| INCIDENTS.iter().any(|(known, _)| known == name))?,
            "--nodes" => asked.nodes = arguments.next()?.parse().ok().filter(|count| (2..=MOST).contains(count))?,
            "--speed" => asked.speed = arguments.next()?.parse().ok().filter(|speed| *speed > 0.0)?,
            "--demo" => asked.demo = true,
            _ => return None,
        }
    }
    Some(asked)
}

fn start(incident: &str, nodes: usize) -> io::Result<(TestServer, Simulation)> {
    let scenario = INCIDENTS.iter().find(|(known, _)| *known == incident).map_or(incident, |(_, scenario)| scenario);
    let running = sim::start(world(scenario, nodes)?);
    let live = Simulation::new(running.cluster().clone());
    Ok((running, live))
}

/// Its answers carry the simulated time, so that ages and the times of a change agree.
fn world(scenario: &str, nodes: usize) -> io::Result<Scenario> {
    let mut world = scenario::named(scenario, nodes).ok_or_else(|| io::Error::other(format!("no scenario {scenario}")))?;
    world.clock_skew = Some(SignedDuration::ZERO);
    Ok(world)
}

fn play(asked: &Asked, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Starting a simulated cluster of {} nodes: {}.", asked.nodes, asked.incident)?;
    out.flush()?;
    let (running, mut live) = start(&asked.incident, asked.nodes)?;
    let programs = running.kubeconfig().with_file_name("bin");
    install(&programs)?;
    writeln!(out, "\nThe cluster is running. Open a second terminal and paste:\n")?;
    writeln!(out, "  export KUBECONFIG={}", running.kubeconfig().display())?;
    writeln!(out, "  export PATH={}:$PATH", programs.display())?;
    writeln!(
        out,
        "\nThen try:{}\n",
        if kubectl_is_here() { "" } else { " (kubectl is not installed, so these lines call the plugin directly)" }
    )?;
    for line in hints(&asked.incident) {
        let line = if kubectl_is_here() { line.to_string() } else { line.replace("kubectl calico-fix", "calico-fix") };
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "\nThis terminal shows what happens in the cluster. Ctrl-C ends the playground.\n")?;
    out.flush()?;
    let store = &running.cluster().store;
    let mut feed = store.subscribe(store.resource_version()).map_err(|failure| io::Error::other(failure.message().to_string()))?;
    let pace = Pace::new(live.now(), asked.speed);
    loop {
        live.advance(pace.now());
        for change in feed.ready().map_err(|failure| io::Error::other(failure.message().to_string()))? {
            if let Some(line) = told(&change) {
                writeln!(out, "{}  {line}", live.now().strftime("%H:%M:%S"))?;
                out.flush()?;
            }
        }
        // A user's write is answered as soon as a real controller would.
        let pause = live.next_due().map_or(Duration::MAX, |due| pace.until(due));
        std::thread::sleep(pause.clamp(Duration::from_millis(5), Duration::from_millis(100)));
    }
}

fn kubectl_is_here() -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join("kubectl").is_file())
}

fn hints(incident: &str) -> &'static [&'static str] {
    match incident {
        "slow-start" => &["kubectl calico-fix status", "kubectl calico-fix probes", "kubectl -n kube-system get pods -w"],
        "operator" => &[
            "kubectl calico-fix status",
            "kubectl -n calico-system set env ds/calico-node IP_AUTODETECTION_METHOD=kubernetes-internal-ip   # reverted",
            "kubectl patch installation default --type=merge -p '{\"spec\":{\"calicoNetwork\":{\"nodeAddressAutodetectionV4\":\
             {\"firstFound\":null,\"kubernetes\":\"NodeInternalIP\"}}}}'",
            "kubectl get tigerastatus -w",
        ],
        "operator-new" => &[
            "kubectl calico-fix status",
            "kubectl patch installation default --type=merge -p '{\"spec\":{\"calicoNodeDaemonSet\":{\"spec\":{\"template\":{\"spec\":\
             {\"containers\":[{\"name\":\"calico-node\",\"startupProbe\":{\"failureThreshold\":300}}]}}}}}}'",
            "kubectl get tigerastatus -w",
        ],
        "reflectors" | "healthy" | "vxlan" => &[
            "kubectl calico-fix status -o wide",
            "kubectl calico-fix autodetect --method kubernetes-internal-ip",
            "kubectl calico-fix undo",
        ],
        _ => &["kubectl calico-fix status", "kubectl calico-fix autodetect", "kubectl calico-fix undo"],
    }
}

/// What a change means to somebody who watches.
fn told(change: &Change) -> Option<String> {
    let now = change.value();
    let before = change.before.as_ref().map(|before| before.value()).unwrap_or_default();
    let name = now["metadata"]["name"].as_str().unwrap_or_default();
    let differs = |text: fn(&Value) -> String| Some(text(&now)).filter(|now| *now != text(&before));
    match (change.kind.kind, change.what) {
        ("Pod", What::Deleted) => Some(format!("pod {name} deleted")),
        ("Pod", _) => differs(pod).map(|state| format!("pod {name} {state}")),
        ("Node", What::Modified) => differs(address).map(|address| format!("node {name} {address}")),
        ("TigeraStatus", What::Modified) => differs(verdict).map(|state| format!("tigerastatus {name}: {state}")),
        ("DaemonSet", What::Modified) => differs(rollout).map(|state| format!("daemonset {name}: {state}")),
        _ => None,
    }
}

fn pod(pod: &Value) -> String {
    let status = &pod["status"]["containerStatuses"][0];
    let node = pod["spec"]["nodeName"].as_str().unwrap_or("no node");
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return format!("on {node}: Terminating");
    }
    let state = match (status["state"]["waiting"]["reason"].as_str(), status["ready"] == true) {
        (Some(reason), _) => reason,
        (None, true) => "Ready",
        (None, false) if status["state"]["running"].is_object() => "Running, not Ready",
        (None, false) => "Pending",
    };
    match status["restartCount"].as_u64().filter(|count| *count > 0) {
        Some(count) => format!("on {node}: {state}, restarts {count}"),
        None => format!("on {node}: {state}"),
    }
}

fn address(node: &Value) -> String {
    match node["metadata"]["annotations"]["projectcalico.org/IPv4Address"].as_str() {
        Some(address) => format!("has address {address}"),
        None => "has no address".to_string(),
    }
}

/// The conditions that hold, with what they say.
fn verdict(status: &Value) -> String {
    let conditions = status["status"]["conditions"].as_array().into_iter().flatten();
    let holding = conditions.filter(|condition| condition["status"] == "True").map(|condition| {
        let text = |field: &str| condition[field].as_str().unwrap_or_default();
        format!("{} ({})", text("type"), text("message"))
    });
    let holding = holding.collect::<Vec<_>>().join(", ");
    if holding.is_empty() { "no condition is True".into() } else { holding }
}

fn rollout(daemonset: &Value) -> String {
    let count = |field: &str| daemonset["status"][field].as_u64().unwrap_or(0);
    let (all, updated, ready) = (count("desiredNumberScheduled"), count("updatedNumberScheduled"), count("numberReady"));
    format!("{updated} of {all} updated, {ready} ready")
}

/// One step of the demo: heading, and the plugin's arguments.
type Step = (&'static str, &'static [&'static str]);

/// Columns and rows of a terminal that nobody has widened.
const TERMINAL: (usize, usize) = (80, 24);
/// Rows of a screen that are not the report: heading, command, what is left out, and the question for the next step.
const AROUND: usize = 8;

const DEMO: [(&str, &str, &[Step]); 2] = [
    (
        "bridge-address",
        "A node uses the address of a Docker bridge.",
        &[
            ("What is wrong?", &["status"]),
            ("Fix it", &["autodetect", "--yes", "-o", "short"]),
            ("Is it healthy now?", &["status", "--wait"]),
        ],
    ),
    (
        "slow-start",
        "A liveness probe kills calico-node during startup.",
        &[
            ("What is wrong?", &["status"]),
            ("Why does it not start?", &["debug-log", "--no-change"]),
            ("Fix it", &["probes", "--yes", "-o", "short"]),
            ("Is it healthy now?", &["status", "--wait"]),
        ],
    ),
];

/// Fixes both incidents with the plugin, one screen for each step, in a cluster that runs fast.
fn demo(nodes: usize) -> io::Result<()> {
    let mut out = io::stdout();
    let mut fixed = Vec::new();
    for (number, (incident, story, steps)) in DEMO.iter().enumerate() {
        let running = sim::start(world(incident, nodes)?);
        let mut live = None;
        for (step, (heading, arguments)) in steps.iter().enumerate() {
            new_screen(&mut out)?;
            writeln!(out, "=== Incident {} of {}: {story}", number + 1, DEMO.len())?;
            writeln!(out, "--- Step {} of {}: {heading}", step + 1, steps.len())?;
            let healthy = plugin(&running, arguments)?;
            // The first look is at the incident as it was left; the cluster runs from then on.
            if live.is_none() {
                live = Some(running.live(DEMO_SPEED));
            }
            if step + 1 == steps.len() {
                fixed.push((story, healthy));
            }
            pause()?;
        }
    }
    new_screen(&mut out)?;
    writeln!(out, "=== Summary")?;
    writeln!(out, "  Simulated clusters of {nodes} nodes, {DEMO_SPEED:.0} times as fast as real time.")?;
    for (story, healthy) in fixed {
        writeln!(out, "  {}  {story}", if healthy { "fixed    " } else { "not fixed" })?;
    }
    writeln!(out, "\nTry it yourself: cargo playground --incident bridge-address --nodes 4")
}

/// A terminal shows one step at a time; its scrollback keeps the steps before.
fn new_screen(out: &mut impl Write) -> io::Result<()> {
    let rows = terminal_rows().filter(|_| io::stdout().is_terminal());
    let below = rows.map_or("\n".to_owned(), |rows| "\n".repeat(rows) + "\x1b[H\x1b[2J");
    write!(out, "{below}")
}

/// Waits for Return, if somebody is there to press it.
fn pause() -> io::Result<()> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        write!(io::stdout(), "\nPress Return for the next step. ")?;
        io::stdout().flush()?;
        io::stdin().lines().next().transpose()?;
    }
    Ok(())
}

const DEMO_SPEED: f64 = 20.0;

/// Runs the plugin in a process and a home of its own, and prints the first screen of its answer. Returns whether it exited with 0.
fn plugin(running: &TestServer, arguments: &[&str]) -> io::Result<bool> {
    let mut out = io::stdout();
    writeln!(out, "$ kubectl calico-fix {}\n", arguments.join(" "))?;
    out.flush()?;
    let home = running.kubeconfig().with_file_name("home");
    let mut command = Command::new(std::env::current_exe()?);
    command.args([FLAG, PLUGIN]).args(arguments).env("KUBECONFIG", running.kubeconfig()).env("HOME", home).env_remove("XDG_STATE_HOME");
    // A change is shown as it goes on; a report is cut to a screen.
    if arguments.contains(&"--yes") {
        return command.status().map(|status| status.success());
    }
    let output = command.args(["-o", "json"]).stderr(Stdio::inherit()).output()?;
    let page = page(arguments, &output.stdout)?;
    let rows = terminal_rows().unwrap_or(TERMINAL.1).saturating_sub(AROUND);
    let lines: Vec<&str> = page.lines().collect();
    lines.iter().take(rows).try_for_each(|line| writeln!(out, "{line}"))?;
    if let Some(more @ 1..) = lines.len().checked_sub(rows) {
        writeln!(out, "({more} more lines)")?;
    }
    Ok(output.status.success())
}

/// The report as a terminal of 80 columns shows it.
fn page(arguments: &[&str], json: &[u8]) -> io::Result<String> {
    let style = Style { width: Some(TERMINAL.0), ..Style::of_stdout(ColorWhen::Auto) };
    let mut page = Vec::new();
    match arguments.first() {
        Some(&"debug-log") => render::timeline::write(&serde_json::from_slice(json)?, false, &style, &mut page)?,
        _ => render::status::write(&serde_json::from_slice(json)?, Shown::default(), &style, &mut page)?,
    }
    String::from_utf8(page).map_err(io::Error::other)
}
