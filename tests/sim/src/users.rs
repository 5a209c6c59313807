//! Who may do what, as RBAC decides it.

/// One line of a role; `"*"` matches everything.
#[derive(Clone, Debug)]
pub struct Rule {
    pub verbs: &'static [&'static str],
    pub groups: &'static [&'static str],
    /// With the subresource, as RBAC writes it: `pods/exec`.
    pub resources: &'static [&'static str],
    /// `resourceNames`: only these objects, and so no collection; empty: any.
    pub names: &'static [&'static str],
    /// Bound by a RoleBinding, there alone.
    pub namespace: Option<&'static str>,
}

impl Rule {
    /// Nothing, of any name and anywhere: what the other fields are taken from.
    pub const ANYWHERE: Self = Self { verbs: &[], groups: &[], resources: &[], names: &[], namespace: None };
}

/// One request, as RBAC sees it. An empty namespace is the cluster's scope, an empty name a collection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Act<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
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

const EVERYTHING: &[Rule] = &[Rule { verbs: ANY, groups: ANY, resources: ANY, ..Rule::ANYWHERE }];

const VIEW: &[Rule] = &[
    Rule {
        verbs: READ,
        groups: &[""],
        resources: &["pods", "pods/log", "pods/status", "configmaps", "events", "namespaces", "services"],
        ..Rule::ANYWHERE
    },
    Rule { verbs: READ, groups: &["apps"], resources: ANY, ..Rule::ANYWHERE },
    Rule { verbs: READ, groups: &["discovery.k8s.io"], resources: &["endpointslices"], ..Rule::ANYWHERE },
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
    ..Rule::ANYWHERE
}];

/// Every user of a new world. `certificate` has no token: its client certificate names it.
pub(crate) const USERS: &[User] = &[
    User { name: "admin", token: "admin-token", rules: EVERYTHING },
    User { name: "viewer", token: "viewer-token", rules: VIEW },
    User { name: "no-exec", token: "no-exec-token", rules: READ_ALL },
    User { name: "nobody", token: "nobody-token", rules: &[] },
    User { name: "certificate", token: "", rules: EVERYTHING },
];

/// A context whose token no server knows: 401.
pub(crate) const UNKNOWN: &str = "unknown";

impl User {
    pub fn may(&self, act: Act<'_>) -> bool {
        // Every authenticated user may review their own access (system:basic-user).
        if act.group == "authorization.k8s.io" && act.resource.starts_with("selfsubject") && act.verb == "create" {
            return true;
        }
        let matches = |list: &[&str], wanted: &str| list.iter().any(|entry| *entry == "*" || *entry == wanted);
        let covers = |rule: &Rule| {
            matches(rule.verbs, act.verb)
                && matches(rule.groups, act.group)
                && matches(rule.resources, act.resource)
                && (rule.names.is_empty() || rule.names.contains(&act.name))
                && rule.namespace.is_none_or(|namespace| namespace == act.namespace)
        };
        self.rules.iter().any(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_namespaces_narrow_a_rule() {
        const RULES: &[Rule] = &[
            Rule { verbs: &["get"], groups: &[""], resources: &["configmaps"], names: &["a"], ..Rule::ANYWHERE },
            Rule { verbs: &["list"], groups: &[""], resources: &["pods"], namespace: Some("kube-system"), ..Rule::ANYWHERE },
        ];
        let user = User { name: "narrow", token: "", rules: RULES };
        for (verb, resource, namespace, name, expected) in [
            ("get", "configmaps", "x", "a", true),
            ("get", "configmaps", "x", "b", false),
            ("get", "configmaps", "x", "", false),
            ("list", "pods", "kube-system", "", true),
            ("list", "pods", "default", "", false),
            ("list", "pods", "", "", false),
        ] {
            assert_eq!(user.may(Act { verb, group: "", resource, namespace, name }), expected, "{verb} {resource} {namespace}/{name}");
        }
    }
}
