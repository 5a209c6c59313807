//! The kinds that are read, and how a request for one is named in an error.

use std::fmt;

/// A kind as the API serves it.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
}

const fn core(plural: &'static str) -> Resource {
    Resource { group: "", version: "v1", plural }
}

const fn apps(plural: &'static str) -> Resource {
    Resource { group: "apps", version: "v1", plural }
}

const fn operator(plural: &'static str) -> Resource {
    Resource { group: "operator.tigera.io", version: "v1", plural }
}

const fn calico(plural: &'static str) -> Resource {
    Resource { group: "crd.projectcalico.org", version: "v1", plural }
}

pub const SELF_SUBJECT_ACCESS_REVIEWS: Resource =
    Resource { group: "authorization.k8s.io", version: "v1", plural: "selfsubjectaccessreviews" };
/// Since Kubernetes 1.28.
pub const SELF_SUBJECT_REVIEWS: Resource = Resource { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews" };
pub const NODES: Resource = core("nodes");
pub const PODS: Resource = core("pods");
pub const EVENTS: Resource = core("events");
pub const CONFIG_MAPS: Resource = core("configmaps");
pub const DAEMON_SETS: Resource = apps("daemonsets");
pub const CONTROLLER_REVISIONS: Resource = apps("controllerrevisions");
pub const ENDPOINT_SLICES: Resource = Resource { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" };
pub const DEFINITIONS: Resource = Resource { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" };
pub const INSTALLATIONS: Resource = operator("installations");
pub const TIGERA_STATUSES: Resource = operator("tigerastatuses");
pub const IP_POOLS: Resource = calico("ippools");
pub const BGP_CONFIGURATIONS: Resource = calico("bgpconfigurations");
pub const BGP_PEERS: Resource = calico("bgppeers");
pub const CLUSTER_INFORMATIONS: Resource = calico("clusterinformations");
pub const NODE_STATUSES: Resource = calico("caliconodestatuses");

impl Resource {
    /// The path of the collection, or of one object in it. Names are escaped: they may come from a flag.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path =
            if self.group.is_empty() { format!("/api/{}", self.version) } else { format!("/apis/{}/{}", self.group, self.version) };
        if let Some(namespace) = namespace {
            path += "/namespaces/";
            path += &escaped(namespace);
        }
        path += "/";
        path += self.plural;
        if let Some(name) = name {
            path += "/";
            path += &escaped(name);
        }
        path
    }

    pub fn list(&self, namespace: Option<&str>) -> ApiRequest {
        self.asked("list", namespace, None)
    }

    pub fn get(&self, namespace: Option<&str>, name: &str) -> ApiRequest {
        self.asked("get", namespace, Some(name))
    }

    pub fn asked(&self, verb: &str, namespace: Option<&str>, name: Option<&str>) -> ApiRequest {
        let dot = if self.group.is_empty() { "" } else { "." };
        ApiRequest {
            verb: verb.to_owned(),
            resource: format!("{}{dot}{}", self.plural, self.group),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
        }
    }
}

/// Percent-encodes everything but what RFC 3986 leaves alone.
pub fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// One request, as RBAC sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRequest {
    pub verb: String,
    /// `daemonsets.apps`, `pods/exec`.
    pub resource: String,
    pub namespace: Option<String>,
    pub name: Option<String>,
}

impl fmt::Display for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in the namespace {namespace}"),
            None => write!(f, " at the cluster scope"),
        }
    }
}

/// Answer of the API server about one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionAnswer {
    /// `patch daemonsets.apps calico-node in the namespace kube-system`
    pub what: String,
    pub allowed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_apis_own_and_escaped() {
        for (path, expected) in [
            (NODES.path(None, None), "/api/v1/nodes"),
            (PODS.path(Some("kube-system"), Some("calico-node-x")), "/api/v1/namespaces/kube-system/pods/calico-node-x"),
            (DAEMON_SETS.path(Some("a/b"), Some("c?d")), "/apis/apps/v1/namespaces/a%2Fb/daemonsets/c%3Fd"),
            (IP_POOLS.path(None, None), "/apis/crd.projectcalico.org/v1/ippools"),
        ] {
            assert_eq!(path, expected);
        }
    }

    #[test]
    fn a_request_reads_as_rbac_would_name_it() {
        assert_eq!(NODES.list(None).to_string(), "list nodes at the cluster scope");
        assert_eq!(DAEMON_SETS.get(Some("kube-system"), "canal").to_string(), "get daemonsets.apps canal in the namespace kube-system");
    }
}
