//! Environment variables and files, for the manual.

/// Environment variables.
pub const VARIABLES: &[(&str, &str)] = &[
    ("KUBECONFIG", "Kubeconfig files, joined by colons (semicolons on Windows). Defaults to ~/.kube/config."),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxy for the API server, and the hosts that need none. Lower case works too."),
    ("NO_COLOR", "Any value turns colour off."),
    ("TERM", "The value dumb turns colour and progress off."),
    ("KUBECTL_EXTERNAL_DIFF", "Program that shows the diff of a change, as for kubectl diff."),
    ("HOME, XDG_STATE_HOME, XDG_CACHE_HOME", "Folders of the files below."),
    ("PATH", "Searched for calicoctl, by calico-fix only."),
];

/// Files that are read or written without being named.
pub const FILES: &[(&str, &str)] = &[
    ("~/.kube/config", "Clusters and users, as for kubectl."),
    (
        "~/.local/state/kubectl-calico-fix/undo/",
        "What the last change of each object replaced. undo reads it if the annotation on the object is lost.",
    ),
    ("~/.cache/kubectl-calico-fix/completion/", "Names of nodes and namespaces, for 30s."),
];
