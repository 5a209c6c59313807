//! Changes of a cluster that lives, by the binary, from the plan to the proof and back.

#![allow(clippy::disallowed_macros, reason = "a failed test shows what was printed")]

mod applying;
pub(crate) mod asking;
mod autodetect;
mod debug;
mod debug_faults;
mod everywhere;
mod failing;
mod faults;
mod killed;
mod operator;
mod others;
mod policies;
mod probes;
mod replaced;
mod resumed;
mod rights;
mod shown;
mod sick_nodes;
mod undoing;
mod untrusted;
mod unwritable;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use calico_fix::edit::Edit;
use calico_fix::edit::target::Target;
use calico_fix::plan::{GoalAddress, NodeGoal, Plan, Proposal};
use calico_fix::render::data;
use calico_fix::snapshot::family::Family;
use calico_fix::verb::Verb;
use serde_json::Value;
use sim::{Effect, Fault, TestServer, scenario};
use support::output::{err, out, told};
use support::tools::tool;

use crate::PLUGIN;

/// Simulated seconds in one real second.
const PACE: f64 = 30.0;

/// What a command asks at one of its steps.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    pattern: &'static str,
    verbs: &'static [&'static str],
    /// How many of the same kind come before it.
    before: u32,
}

const fn step(name: &'static str, pattern: &'static str, verbs: &'static [&'static str], before: u32) -> Step {
    Step { name, pattern, verbs, before }
}

/// A cluster on the verge of being changed; a folder of its own holds the plan and what the plugin keeps.
struct Stage {
    running: TestServer,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(incident: &str, nodes: usize) -> Self {
        Self::bent(scenario::named(incident, nodes).expect("is a scenario"))
    }

    /// The scenario, bent before it begins.
    fn bent(world: sim::Scenario) -> Self {
        Self { running: sim::start(world), folder: tempfile::tempdir().expect("a folder") }
    }

    /// Time goes by at once, before the cluster is set going.
    fn let_pass(&self, time: jiff::SignedDuration) {
        let mut simulation = sim::simulation::Simulation::new(self.running.cluster().clone());
        let until = simulation.now() + time;
        simulation.advance(until);
    }

    /// From now on the effect strikes once at each of these steps.
    fn disturb(&self, effect: &Effect, steps: &[Step]) {
        for step in steps {
            let fault = Fault::times(step.pattern, 1, effect.clone()).on(step.verbs).after(step.before);
            self.running.cluster().add_fault(fault);
        }
    }

    /// Every fault has struck: a step that is never reached is not tested.
    fn was_disturbed(&self, told: &str) {
        let missed: Vec<_> = self.running.cluster().faults().into_iter().filter(|fault| !fault.is_spent()).collect();
        assert!(missed.is_empty(), "never asked: {missed:?}: {told}");
    }

    fn daemon_set(&self) -> Value {
        self.running.cluster().store.object("DaemonSet", "kube-system", "calico-node").expect("is there")
    }

    fn nodes(&self) -> Vec<Value> {
        self.running.cluster().store.objects("Node")
    }

    /// A GitOps tool that takes this variable out of calico-node again at once after each write, before the write is answered.
    fn reverts_at_once(&self, variable: &'static str) {
        let cluster = self.running.cluster().clone();
        let reverter = sim::Hook::new(move |_| take_out(&cluster, variable));
        self.running.cluster().add_fault(Fault::always("/daemonsets/calico-node", Effect::After(reverter)).on(&["patch"]));
    }

    /// By node: the UID of its calico-node.
    fn pods(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pods = self.running.cluster().store.objects("Pod");
        let mut pods: Vec<_> = pods.iter().map(|pod| (text(&pod["spec"]["nodeName"]), text(&pod["metadata"]["uid"]))).collect();
        pods.sort();
        pods
    }

    /// Address annotations, by node.
    fn addresses(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let nodes = self.nodes();
        let address = |node: &Value| text(&node["metadata"]["annotations"]["projectcalico.org/IPv4Address"]);
        nodes.iter().map(|node| (text(&node["metadata"]["name"]), address(node))).collect()
    }

    fn goals(&self) -> Vec<NodeGoal> {
        let goal = |node: &Value| {
            let name = node["metadata"]["name"].as_str()?.to_owned();
            let addresses = node["status"]["addresses"].as_array()?;
            let internal = addresses.iter().find(|address| address["type"] == "InternalIP")?["address"].as_str()?.parse().ok()?;
            let address = GoalAddress { family: Family::V4, address: internal };
            Some(NodeGoal { name, addresses: vec![address], ..NodeGoal::default() })
        };
        self.nodes().iter().filter_map(goal).collect()
    }

    fn proposal(&self, method: &str) -> Proposal {
        let nodes = self.goals();
        Proposal {
            command: Verb::Autodetect,
            summary: format!("IP_AUTODETECTION_METHOD={method}"),
            target: Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() },
            edits: vec![Edit::variable("IP_AUTODETECTION_METHOD", method)],
            larger: vec![],
            canary: nodes.last().map(|node| node.name.clone()),
            nodes,
        }
    }

    fn save(&self, plan: &Plan) -> PathBuf {
        let path = self.folder.path().join("plan.yaml");
        let mut text = Vec::new();
        data::yaml(plan, &mut text).expect("writes");
        std::fs::write(&path, text).expect("saves");
        path
    }

    fn plan(&self, method: &str) -> Plan {
        Plan::new(&self.proposal(method), &self.daemon_set()).expect("can be made").expect("changes something")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PLUGIN);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("KUBECONFIG", self.running.kubeconfig());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("runs")
    }

    /// `kubectl calico-fix …` as a user types it, with the plugin first on PATH; the plugin itself where there is no kubectl.
    fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let Some(kubectl) = tool("kubectl", "the plugin under kubectl; it is run directly instead") else {
            return self.command(arguments);
        };
        let mut command = Command::new(kubectl);
        let folder = Path::new(PLUGIN).parent().expect("a folder").to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [folder].into_iter().chain(std::env::split_paths(&path));
        command.env_clear().env("PATH", std::env::join_paths(paths).expect("paths"));
        command.env("HOME", self.folder.path()).env("KUBECONFIG", self.running.kubeconfig());
        command.arg("calico-fix").args(arguments).stdin(Stdio::null());
        command
    }

    fn kubectl(&self, arguments: &[&str]) -> Output {
        self.kubectl_command(arguments).output().expect("runs")
    }

    /// What was asked to be kept: no dry run, review or exec.
    fn writes(&self) -> Vec<String> {
        let requests = self.running.requests();
        requests.iter().filter(|request| request.writes()).map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn apply(&self, plan: &Plan, more: &[&str]) -> Output {
        let path = self.save(plan);
        let digest = plan.digest.clone();
        self.run(&[&["apply", path.to_str().expect("text"), "--confirm", &digest], more].concat())
    }

    fn annotation(&self) -> Option<String> {
        self.daemon_set()["metadata"]["annotations"]["kubectl-calico-fix/undo"].as_str().map(str::to_owned)
    }
}

/// What programs are told keeps to the schema of that name.
fn keeps_to(schema: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{schema}.schema.json"));
    let text = std::fs::read_to_string(path).expect("reads");
    let schema = jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema");
    let complaints: Vec<String> = schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(complaints, [""; 0]);
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// As `argocd-controller`, which marks what it has applied: a removal alone leaves no owner of the field.
fn take_out(cluster: &sim::Cluster, variable: &str) {
    let edit = |set: &mut Value| {
        let env = set["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().expect("variables");
        let before = env.len();
        env.retain(|one| one["name"] != variable);
        if env.len() < before {
            let count = set["metadata"]["annotations"]["argocd.argoproj.io/sync"].as_str().map_or(0, str::len);
            set["metadata"]["annotations"]["argocd.argoproj.io/sync"] = "x".repeat(count + 1).into();
        }
    };
    cluster.store.edit_as(sim::Writer::new("argocd-controller"), "DaemonSet", "kube-system", "calico-node", edit).expect("is there");
}
