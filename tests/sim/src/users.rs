//! Who may do what, as RBAC decides it.

/// One line of a role; `"*"` matches everything.
#[derive(Clone, Debug)]
pub struct Rule {
    pub verbs: &'static [&'static str],
    pub groups: &'static [&'static str],
    /// With the subresource, as RBAC writes it: `pods/exec`.
    pub resources: &'static [&'static str],
}

#[derive(Clone, Debug)]
pub struct User {
    pub name: &'static str,
    /// Empty for the user who comes with a client certificate.
    pub token: &'static str,
    pub rules: &'static [Rule],
}

const READ: &[&str] = &["get", "list", "watch"];
const ANY: &[&str] = &["*"];

const EVERYTHING: &[Rule] = &[Rule { verbs: ANY, groups: ANY, resources: ANY }];

const VIEW: &[Rule] = &[
    Rule { verbs: READ, groups: &[""], resources: &["pods", "pods/log", "pods/status", "configmaps", "events", "namespaces", "services"] },
    Rule { verbs: READ, groups: &["apps"], resources: ANY },
    Rule { verbs: READ, groups: &["discovery.k8s.io"], resources: &["endpointslices"] },
];

const READ_ALL: &[Rule] = &[Rule {
    verbs: READ,
    groups: ANY,
    resources: &[
        "nodes",
        "pods",
        "pods/log",
        "configmaps",
        "events",
        "namespaces",
        "services",
        "endpointslices",
        "daemonsets",
        "deployments",
        "controllerrevisions",
        "installations",
        "tigerastatuses",
        "bgpconfigurations",
        "bgppeers",
        "caliconodestatuses",
        "clusterinformations",
        "felixconfigurations",
        "ippools",
    ],
}];

/// Every user of a new world. `certificate` has no token: its client certificate names it.
pub const USERS: &[User] = &[
    User { name: "admin", token: "admin-token", rules: EVERYTHING },
    User { name: "viewer", token: "viewer-token", rules: VIEW },
    User { name: "no-exec", token: "no-exec-token", rules: READ_ALL },
    User { name: "nobody", token: "nobody-token", rules: &[] },
    User { name: "certificate", token: "", rules: EVERYTHING },
];

/// A context whose token no server knows: 401.
pub const UNKNOWN: &str = "unknown";

impl User {
    pub fn may(&self, verb: &str, group: &str, resource: &str) -> bool {
        // Every authenticated user may review their own access (system:basic-user).
        if group == "authorization.k8s.io" && resource.starts_with("selfsubject") && verb == "create" {
            return true;
        }
        let matches = |list: &[&str], wanted: &str| list.iter().any(|entry| *entry == "*" || *entry == wanted);
        self.rules.iter().any(|rule| matches(rule.verbs, verb) && matches(rule.groups, group) && matches(rule.resources, resource))
    }
}
