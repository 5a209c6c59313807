//! Examples of each verb, the most useful first. `%` stands for the name the program was called by.

type Examples = &'static [(&'static str, &'static str)];

const TOP: Examples = &[
    ("Is Calico healthy, and if not, why?", "% status"),
    ("A node uses a wrong address: compare the methods and set the right one", "% autodetect"),
    ("calico-node is killed while it starts: give it enough time", "% probes"),
    ("What a finding means and how to fix it by hand", "% explain address-on-virtual-interface"),
    ("Which commands your permissions allow", "% can-i"),
    ("Save what was read and look at it without the cluster", "% status --save calico.json\n  % status --from calico.json"),
];

const STATUS: Examples = &[
    ("Is Calico healthy, and if not, why?", "% status"),
    ("Every BGP session of two nodes", "% status --node node-1,node-2 --peers"),
    ("A page to send, with a picture of the BGP sessions", "% status -o html > calico.html"),
    ("Read files that you were sent", "% status --from nodes.yaml --from pods.yaml"),
    ("Without exec into the pods", "% status --no-exec"),
    ("In a script: exit code 1 on errors, but not on warnings", "% status -o json --fail-on error"),
    ("Save what was read, without your names and addresses", "% status --save calico.json --redact"),
];

const AUTODETECT: Examples = &[
    ("Compare the methods on every node, then ask whether to set the best", "% autodetect"),
    ("Propose this method instead", "% autodetect --method 'interface=^ens.*'"),
    ("In two steps: save the plan, have it approved, apply it", "% autodetect --out plan.yaml\n  % apply plan.yaml --confirm DIGEST"),
    ("In a script: apply without asking, roll back if verification fails", "% autodetect --yes"),
    ("Print the change for the place where your configuration is kept", "% autodetect --emit kustomize"),
    ("Would an upgrade choose other addresses?", "% autodetect --calico-version v3.31.0"),
    ("Without the cluster, from a snapshot", "% status --save calico.json\n  % autodetect --from calico.json"),
    (
        "In a script: the nodes that would use a wrong address",
        "% autodetect -o json | jq -r '.matrix[] | select(.current and .verdict == \"wrong\") | .node'",
    ),
];

const PROBES: Examples = &[
    ("Compare startup times with the probes, then ask whether to change them", "% probes"),
    ("In a script: apply without asking, roll back if verification fails", "% probes --yes"),
    ("Delay the liveness probe instead of adding a startup probe", "% probes --strategy initial-delay"),
    ("Set the fields yourself", "% probes --set startup.failureThreshold=90"),
    ("Fix probes that ask for something calico-node cannot answer", "% probes --fix timeouts,host"),
    ("From a snapshot, for a program", "% probes --from calico.json -o json"),
];

const DEBUG_LOG: Examples = &[
    ("Explain the logs; enable DEBUG for a while on one node if needed", "% debug-log"),
    ("Explain the logs that exist, and change nothing", "% debug-log --no-change"),
    ("Explain a log that you were sent", "% debug-log --file calico-node.log"),
    ("In a script: one start of node n3 at DEBUG, saved to a file", "% debug-log --node n3 --yes --attempts 1 --output n3.log"),
    ("Restore the log level after an interrupted run", "% debug-log --restore"),
    ("The same through a pipe", "kubectl logs -n NAMESPACE POD | % debug-log --file -"),
    ("Save the logs of one node, with secrets masked", "% debug-log --no-change --node node-3 --output logs/"),
    ("From a snapshot that was saved earlier", "% debug-log --from calico.json"),
];

const EXPLAIN: Examples = &[("List all findings", "% explain"), ("Explain one of them", "% explain bgp-session-down")];

const CAN_I: Examples = &[
    ("Which commands your permissions allow, and what is missing", "% can-i"),
    ("Before an incident: can the person on call make changes?", "% can-i autodetect probes --as jane"),
    ("In a script: only what reads, without exec", "% can-i status --no-change --no-exec -o json"),
    ("For an administrator: the ClusterRoles to bind", "% can-i --manifest view,edit | kubectl apply -f -"),
];

const VERSION: Examples = &[
    ("Versions of the plugin, Kubernetes and Calico", "% version"),
    ("Only the plugin; no cluster is contacted", "% version --client -o json"),
];

const COMPLETION: Examples = &[
    ("Complete `kubectl calico-fix` in every shell that kubectl completes", "% completion kubectl --install"),
    ("Complete `calico-fix` in every new bash", "% completion bash --install"),
    ("In this zsh only", "source <(% completion zsh)"),
];

const MAN: Examples =
    &[("Install all pages for the current user", "% man --install"), ("Read one page without installing it", "% man status | man -l -")];

const APPLY: Examples = &[
    ("Review the plan once more, then confirm", "% apply plan.yaml"),
    ("In a pipeline: apply exactly the plan that was approved", "% apply plan.yaml --confirm DIGEST"),
];

const UNDO: Examples = &[
    ("Review the rollback, then confirm", "% undo"),
    ("In a script, after a run that was interrupted", "% undo --yes"),
    ("Show what would be restored", "% undo --dry-run=server"),
];

const NODE: Examples = &[
    ("What `calicoctl node status` prints on node-1", "% node status --node node-1"),
    ("As calicoctl up to v3.32 prints it", "% node status --node node-1 --layout old"),
];

const OPTIONS: Examples = &[("List the flags", "% options")];

/// Of a verb as it is typed behind the program's name; empty for the program itself.
pub(super) fn examples(verb: &str) -> Examples {
    match verb {
        "" => TOP,
        "status" => STATUS,
        "autodetect" => AUTODETECT,
        "probes" => PROBES,
        "debug-log" => DEBUG_LOG,
        "explain" => EXPLAIN,
        "can-i" => CAN_I,
        "version" => VERSION,
        "completion" => COMPLETION,
        "man" => MAN,
        "apply" => APPLY,
        "undo" => UNDO,
        "node" | "node status" => NODE,
        "options" => OPTIONS,
        _ => &[],
    }
}
