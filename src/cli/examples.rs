//! Help in kubectl's manner: examples first. `%` stands for the name the program was called by.

const TOP: &[(&str, &str)] = &[
    ("Is Calico healthy, and if not, why", "% status"),
    ("Nodes that took a wrong address: what each method would pick, and the change", "% autodetect"),
    ("calico-node is killed while it starts: what it needs, and the change", "% probes"),
    ("What works with your rights", "% can-i"),
    ("What a finding means and how to fix it by hand", "% explain address-on-virtual-interface"),
    ("Take what was seen along, and look at it without the cluster", "% status --save calico.yaml\n  % status --from calico.yaml"),
];

const STATUS: &[(&str, &str)] = &[
    ("Is Calico healthy, and if not, why", "% status"),
    ("Every BGP session of two nodes", "% status --node node-1,node-2 --peers"),
    ("Without looking into the pods (no right to exec is needed)", "% status --no-exec"),
    ("For a script: exit code 1 on errors, but not on warnings", "% status -o json --fail-on error"),
    ("Keep what was seen for somebody else, without your names and addresses", "% status --save calico.yaml --redact"),
    ("A page to send to somebody: the mesh as a picture, the findings with their evidence", "% status -o html > calico.html"),
    ("From files that you were sent", "% status --from nodes.yaml --from pods.yaml --from events.yaml"),
];

const AUTODETECT: &[(&str, &str)] = &[
    ("What each method would pick on each node, and which to choose", "% autodetect"),
    ("What would this one do; at a terminal you are asked whether to set it", "% autodetect --method 'interface=^ens.*'"),
    ("In two steps: save the change, have it approved, make it", "% autodetect --out plan.yaml\n  % apply plan.yaml --confirm DIGEST"),
    ("In a script: make the change that is proposed, one node first, and put it back where that fails", "% autodetect --yes"),
    ("What to write where the configuration is kept", "% autodetect --emit kustomize"),
    ("Would an upgrade pick other addresses", "% autodetect --calico-version v3.31.0"),
    ("Without the cluster, from what was saved", "% status --save calico.yaml\n  % autodetect --from calico.yaml"),
    (
        "For a script: the nodes that would get a wrong address",
        "% autodetect -o json | jq -r '.matrix[] | select(.current and .verdict == \"wrong\") | .node'",
    ),
];

const PROBES: &[(&str, &str)] = &[
    ("How long calico-node takes to start on each node, and what its probes allow", "% probes"),
    ("The proposal in the way of a later liveness probe instead of a startup probe", "% probes --strategy initial-delay"),
    ("In a script: make the change that is proposed, one node first, and put it back where that fails", "% probes --yes"),
    ("Chosen by hand", "% probes --set startup.failureThreshold=90,startup.periodSeconds=2"),
    ("Probes that ask for what calico-node cannot answer, put right", "% probes --fix timeouts,host"),
    ("From a snapshot, for a program", "% probes --from calico.yaml -o json"),
];

const DEBUG_LOG: &[(&str, &str)] = &[
    ("Why does calico-node not start; where its log does not say, raise the level on the sickest node, and put it back", "% debug-log"),
    ("The logs that are there, explained; nothing is restarted", "% debug-log --no-change"),
    ("In a script: one start of node-3 at DEBUG, kept in a file", "% debug-log --node node-3 --yes --attempts 1 --output node-3.log"),
    ("After a debug-log that was killed", "% debug-log --restore"),
    ("A log that you were sent", "% debug-log --file calico-node.log"),
    (
        "The same through a pipe, for a script",
        "kubectl logs -n kube-system calico-node-x7k2p -c calico-node | % debug-log --file - -o json",
    ),
    ("Keep the logs of one node, without passwords, tokens and certificates", "% debug-log --no-change --node node-3 --output logs/"),
    ("Out of a snapshot that was saved earlier", "% debug-log --from calico.yaml"),
];

const EXPLAIN: &[(&str, &str)] = &[("All findings there are", "% explain"), ("One of them", "% explain bgp-session-down")];

const CAN_I: &[(&str, &str)] = &[
    ("What works with your rights, and what is missing", "% can-i"),
    ("Before an incident: may the one who is on call change anything", "% can-i autodetect probes --as jane"),
    ("In a script, for what only reads and looks into no pod", "% can-i status --no-change --no-exec -o json"),
    ("For an administrator: the roles, to be bound to people", "% can-i --manifest view,edit | kubectl apply -f -"),
];

const VERSION: &[(&str, &str)] =
    &[("This plugin, the server and Calico", "% version"), ("Only this plugin; no cluster is asked", "% version --client -o json")];

const COMPLETION: &[(&str, &str)] = &[
    ("`kubectl calico-fix` completed by kubectl, in every shell that it completes", "% completion kubectl --install"),
    ("`calico-fix` itself, in every new bash", "% completion bash --install"),
    ("In this zsh only", "source <(% completion zsh)"),
];

const APPLY: &[(&str, &str)] = &[
    ("Look at the plan once more, and be asked", "% apply plan.yaml"),
    ("In a pipeline: exactly the plan that was approved", "% apply plan.yaml --confirm DIGEST"),
];

const UNDO: &[(&str, &str)] = &[
    ("Put back what the last change replaced", "% undo"),
    ("After a run that was killed, in a script", "% undo --yes"),
    ("What would be put back", "% undo --dry-run=server"),
];

const NODE: &[(&str, &str)] = &[
    ("What `calicoctl node status` would print on node-1", "% node status --node node-1"),
    ("As calicoctl up to v3.32 had it", "% node status --layout old"),
];

pub fn add(mut command: clap::Command, name: &'static str) -> clap::Command {
    for (verb, examples) in [
        ("status", STATUS),
        ("autodetect", AUTODETECT),
        ("probes", PROBES),
        ("debug-log", DEBUG_LOG),
        ("explain", EXPLAIN),
        ("can-i", CAN_I),
        ("version", VERSION),
        ("completion", COMPLETION),
        ("apply", APPLY),
        ("undo", UNDO),
        ("node", NODE),
    ] {
        if command.find_subcommand(verb).is_some() {
            command = command.mut_subcommand(verb, |command| {
                let command = with(command, examples, name);
                if command.find_subcommand("status").is_some() {
                    command.mut_subcommand("status", |command| with(command, examples, name))
                } else {
                    command
                }
            });
        }
    }
    with(command, TOP, name)
}

/// The examples stand in the template itself: what stands for a text is wrapped, and a command that is wrapped cannot be copied.
fn with(command: clap::Command, examples: &[(&str, &str)], name: &str) -> clap::Command {
    let listed: Vec<String> = examples.iter().map(|(what, line)| format!("  # {what}\n  {}", line.replace('%', name))).collect();
    let listed = format!("Examples:\n{}", listed.join("\n\n"));
    command.help_template(format!("{{about-with-newline}}\n{listed}\n\n{{all-args}}\n\nUsage:\n  {{usage}}\n")).before_help(listed)
}
