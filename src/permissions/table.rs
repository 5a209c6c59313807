//! The rights themselves: the one table that `can-i` asks by and that `plugin-manifest/` is held against.

use super::role::Role;
use crate::permissions::request::{
    ApiRequest, BGP_CONFIGURATIONS, BGP_PEERS, CLUSTER_INFORMATIONS, CONFIG_MAPS, CONTROLLER_REVISIONS, DAEMON_SETS, DEFINITIONS,
    ENDPOINT_SLICES, EVENTS, INSTALLATIONS, IP_POOLS, NODE_STATUSES, NODES, PODS, Resource, TIGERA_STATUSES,
};
use crate::verb::Verb;

/// Where a right is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Cluster,
    /// The namespace of calico-node's DaemonSet.
    Calico,
    /// The whole cluster; where that is refused, the DaemonSet's namespace will do.
    Either,
    Namespace(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Any,
    Object(&'static str),
    DaemonSet,
    Installation,
}

/// Which installs it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Install {
    Any,
    /// calico-node's DaemonSet belongs to the tigera-operator.
    Operator,
    Other,
}

#[derive(Debug)]
pub struct Permission {
    pub verb: &'static str,
    pub resource: &'static Resource,
    pub subresource: &'static str,
    pub named: Named,
    pub scope: Scope,
    pub install: Install,
    pub role: Role,
    /// Reading without it ends in an error, or tells nothing that counts.
    pub to_read: &'static [Verb],
    /// Reading goes on without it, and the answer says less.
    pub better: &'static [Verb],
    /// A change is refused without it.
    pub to_change: &'static [Verb],
    /// A clause: `needed to find calico-node`.
    pub needed_for: &'static str,
}

/// Names of calico-node's DaemonSet in every flavour, and of the operator's Installations: the manifests allow changing no others.
pub const DAEMON_SET_NAMES: [&str; 4] = ["calico-node", "canal", "canal-node", "rke2-canal"];
pub const INSTALLATION_NAMES: [&str; 2] = ["default", "overlay"];

impl Permission {
    /// Objects that a rule of the manifests is limited to. A list cannot be limited, so what a role also lists is not.
    pub fn granted_names(&self) -> Vec<&'static str> {
        match (self.named, self.role) {
            (Named::Object(name), _) => vec![name],
            (Named::DaemonSet, Role::Edit) => DAEMON_SET_NAMES.to_vec(),
            (Named::Installation, Role::EditInstallation) => INSTALLATION_NAMES.to_vec(),
            (Named::Any | Named::DaemonSet | Named::Installation, _) => Vec::new(),
        }
    }

    /// `pods/exec`
    pub fn plural(&self) -> String {
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.resource.plural, self.subresource)
    }

    /// One of them is enough.
    pub fn asked(&self, around: &InstallFacts) -> Vec<ApiRequest> {
        let own = Some(around.namespace.as_str());
        let namespaces = match self.scope {
            Scope::Cluster => vec![None],
            Scope::Calico => vec![own],
            Scope::Either => vec![None, own],
            Scope::Namespace(name) => vec![Some(name)],
        };
        let name = match self.named {
            Named::Any => None,
            Named::Object(name) => Some(name),
            Named::DaemonSet => around.daemon_set.as_deref(),
            Named::Installation => around.installation.as_deref(),
        };
        let asked = |namespace| {
            let asked = self.resource.asked(self.verb, namespace, name);
            if self.subresource.is_empty() { asked } else { ApiRequest { resource: self.plural(), ..asked } }
        };
        namespaces.into_iter().map(asked).collect()
    }

    pub fn is_for(&self, around: &InstallFacts) -> bool {
        match self.install {
            Install::Any => true,
            Install::Operator => around.installation.is_some(),
            Install::Other => around.installation.is_none(),
        }
    }
}

/// The install that the rights are asked for.
#[derive(Clone, Debug, Default)]
pub struct InstallFacts {
    pub namespace: String,
    pub daemon_set: Option<String>,
    /// The operator's, where the DaemonSet is made from one.
    pub installation: Option<String>,
}

/// Under the operator `debug-log` has nothing to write to, short of --force: an Installation cannot hold the level.
pub fn changes(verb: Verb, around: &InstallFacts) -> bool {
    match verb {
        Verb::Status | Verb::Version | Verb::CanI | Verb::Completion => false,
        Verb::DebugLog => around.installation.is_none(),
        Verb::Autodetect | Verb::Probes | Verb::Apply | Verb::Undo => true,
    }
}

/// What grants this request, where any of the roles does.
pub fn role_for(asked: &ApiRequest) -> Option<Role> {
    let (resource, group) = asked.resource.split_once('.').unwrap_or((&asked.resource, ""));
    let grants = |need: &&Permission| need.verb == asked.verb && need.plural() == resource && need.resource.group == group;
    PERMISSIONS.iter().find(grants).map(|need| need.role)
}

const READERS: &[Verb] = &[Verb::Status, Verb::Autodetect, Verb::Probes, Verb::DebugLog, Verb::Version];
const DETECTORS: &[Verb] = &[Verb::Status, Verb::Autodetect];
const TIMERS: &[Verb] = &[Verb::Status, Verb::Probes];
const STATUS: &[Verb] = &[Verb::Status];
const CHANGERS: &[Verb] = &[Verb::Autodetect, Verb::Probes, Verb::DebugLog, Verb::Apply, Verb::Undo];
const NOBODY: &[Verb] = &[];

const fn reading(verb: &'static str, resource: &'static Resource, scope: Scope, needed_for: &'static str) -> Permission {
    Permission {
        verb,
        resource,
        subresource: "",
        named: Named::Any,
        scope,
        install: Install::Any,
        role: Role::View,
        to_read: NOBODY,
        better: NOBODY,
        to_change: NOBODY,
        needed_for,
    }
}

const fn writing(verb: &'static str, resource: &'static Resource, scope: Scope, named: Named, role: Role, install: Install) -> Permission {
    Permission { role, install, named, to_change: CHANGERS, ..reading(verb, resource, scope, "needed for every change") }
}

const fn local(verb: &'static str, resource: &'static Resource, needed_for: &'static str) -> Permission {
    Permission { role: Role::ViewPods, ..reading(verb, resource, Scope::Calico, needed_for) }
}

/// Each request that a command sends, once; the server's version is everybody's to read. What each is sent for is in `cluster/`.
pub const PERMISSIONS: &[Permission] = &[
    Permission { to_read: READERS, to_change: CHANGERS, ..reading("list", &DAEMON_SETS, Scope::Either, "needed to find calico-node") },
    Permission {
        better: &[Verb::Status, Verb::Autodetect, Verb::Probes, Verb::DebugLog],
        to_change: CHANGERS,
        ..reading("list", &NODES, Scope::Cluster, "needed for the nodes and the addresses they should have")
    },
    Permission {
        to_read: &[Verb::Probes, Verb::DebugLog],
        better: DETECTORS,
        to_change: CHANGERS,
        ..local("list", &PODS, "needed to find calico-node's pods")
    },
    Permission {
        subresource: "log",
        to_read: &[Verb::DebugLog],
        better: TIMERS,
        to_change: &[Verb::DebugLog],
        ..local("get", &PODS, "needed to see what a start did, how long it took and why it ended")
    },
    Permission { better: TIMERS, ..local("list", &EVENTS, "needed to see which probe failed and whether it killed calico-node") },
    Permission {
        better: &[Verb::Status, Verb::Autodetect, Verb::Probes],
        ..local("get", &CONFIG_MAPS, "needed for settings that the DaemonSet takes from ConfigMaps")
    },
    Permission { better: STATUS, ..local("list", &CONTROLLER_REVISIONS, "needed to see which pods have the newest template") },
    Permission {
        named: Named::Object("kubernetes"),
        better: DETECTORS,
        ..reading("get", &ENDPOINT_SLICES, Scope::Namespace("default"), "needed to find the interface that reaches the API server")
    },
    Permission { better: STATUS, ..reading("list", &IP_POOLS, Scope::Cluster, "needed to check the nodes' tunnel addresses") },
    Permission {
        better: STATUS,
        ..reading("list", &BGP_CONFIGURATIONS, Scope::Cluster, "needed to see whether the nodes form a full mesh")
    },
    Permission { better: STATUS, ..reading("list", &BGP_PEERS, Scope::Cluster, "needed for BGP peers outside the mesh") },
    Permission {
        better: TIMERS,
        ..reading("list", &CLUSTER_INFORMATIONS, Scope::Cluster, "needed to see which Calico release wrote to the datastore last")
    },
    Permission {
        better: STATUS,
        ..reading("list", &NODE_STATUSES, Scope::Cluster, "needed for BGP sessions from CalicoNodeStatus where exec is not possible")
    },
    Permission {
        better: TIMERS,
        to_change: &[Verb::Undo],
        install: Install::Operator,
        ..reading("list", &INSTALLATIONS, Scope::Cluster, "needed to see what the operator makes the DaemonSet from")
    },
    Permission {
        better: TIMERS,
        install: Install::Operator,
        ..reading("list", &TIGERA_STATUSES, Scope::Cluster, "needed to see whether the operator reports a problem")
    },
    Permission {
        named: Named::Object("installations.operator.tigera.io"),
        install: Install::Operator,
        better: TIMERS,
        ..reading("get", &DEFINITIONS, Scope::Cluster, "needed to see whether this operator can set probes")
    },
    Permission {
        subresource: "exec",
        role: Role::Exec,
        better: DETECTORS,
        to_change: PROVERS,
        ..reading("create", &PODS, Scope::Calico, INSIDE)
    },
    // The request is a GET: RBAC's `get`, and since Kubernetes 1.35 `create` as well.
    Permission {
        subresource: "exec",
        role: Role::Exec,
        better: DETECTORS,
        to_change: PROVERS,
        ..reading("get", &PODS, Scope::Calico, INSIDE)
    },
    writing("get", &NODES, Scope::Cluster, Named::Any, Role::View, Install::Any),
    writing("get", &DAEMON_SETS, Scope::Calico, Named::DaemonSet, Role::View, Install::Any),
    writing("patch", &DAEMON_SETS, Scope::Calico, Named::DaemonSet, Role::Edit, Install::Other),
    // The node that is tried first gets its new pod by losing the old one.
    writing("delete", &PODS, Scope::Calico, Named::Any, Role::Edit, Install::Other),
    writing("get", &INSTALLATIONS, Scope::Cluster, Named::Installation, Role::EditInstallation, Install::Operator),
    writing("patch", &INSTALLATIONS, Scope::Cluster, Named::Installation, Role::EditInstallation, Install::Operator),
];

const INSIDE: &str = "needed to see BGP sessions, interfaces and routes";
/// Of the inside; probes proves its change by the pods, debug-log by the log.
const PROVERS: &[Verb] = &[Verb::Autodetect, Verb::Apply, Verb::Undo];
