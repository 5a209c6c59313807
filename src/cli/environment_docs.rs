//! What the program goes by beside its flags, for its manual.

/// Environment variables.
pub const VARIABLES: &[(&str, &str)] = &[
    ("KUBECONFIG", "Files that say which clusters there are, joined by colons (semicolons on Windows); without it ~/.kube/config."),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The proxy on the way to the API server, and the hosts reached without one; in lower case too."),
    ("NO_COLOR", "No colour, whatever it is set to."),
    ("TERM", "With dumb neither colour nor progress."),
    ("KUBECTL_EXTERNAL_DIFF", "The program that shows the difference of a change, as for kubectl diff."),
    ("HOME, XDG_STATE_HOME, XDG_CACHE_HOME", "Where the files below are kept."),
    ("PATH", "Where calicoctl is looked for, by calico-fix alone."),
];

/// Files that are read or written without being named.
pub const FILES: &[(&str, &str)] = &[
    ("~/.kube/config", "Clusters and users, as for kubectl."),
    (
        "~/.local/state/kubectl-calico-fix/undo/",
        "What the last change of each object replaced, in case the annotation on the object is lost; undo reads it.",
    ),
    ("~/.cache/kubectl-calico-fix/completion/", "Names of nodes and namespaces, for half a minute."),
];
