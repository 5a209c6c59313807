//! How this cluster's Calico is installed and configured.

use crate::calico::environment::{self, Backend, Datastore, Environment, MethodSetting, Value};
use crate::calico::flavour::{self, Flavour};
use crate::calico::method::{self, AddressSource, Method, Problem};
use crate::calico::owner::{self, Owner};
use crate::calico::version::{self, Version};
use crate::observed::Observed;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::LogEventKind;
use crate::snapshot::objects::{Container, DaemonSet};
use crate::text::shell;

pub struct Install<'a> {
    pub daemon_set: Option<&'a DaemonSet>,
    /// The container calico-node as the DaemonSet has it now; pods may still run an older one. Where the DaemonSet was not seen, what all pods run.
    pub container: Option<&'a Container>,
    pub flavour: Option<Flavour>,
    /// Who puts an edit back, nearest first.
    pub owners: Vec<Owner>,
    version: Option<Version>,
    /// The release of a planned upgrade, which addresses and probes are judged by instead.
    upgrade: Option<Version>,
    environment: Option<Environment>,
    /// Some node's BIRD answered: the backend, where its setting could not be resolved.
    bird_answers: bool,
}

/// `Starting node N with version V`: what an image without a version in its tag says of itself.
fn logged_version(snapshot: &Snapshot) -> Option<Version> {
    let logs = snapshot.logs.values().flat_map(|logs| [&logs.current, &logs.previous]).filter_map(Observed::seen);
    let mut starts = logs.flat_map(|log| &log.marks).filter(|mark| mark.kind == LogEventKind::Starting);
    starts.find_map(|mark| Version::parse(mark.text.rsplit_once("with version ")?.1))
}

/// What the calico-node pods run, as a page or a folder without the DaemonSet tells it. `None` where they differ: then nothing holds for all.
fn container_of_pods(snapshot: &Snapshot) -> Option<&Container> {
    // a table shows nothing of a container
    let pods = snapshot.pods.seen().into_iter().flatten().filter(|pod| !pod.metadata.tabular);
    let mut containers = pods.filter_map(|pod| pod.spec.calico_node());
    let first = containers.next()?;
    containers.all(|other| (&other.image, &other.env) == (&first.image, &first.env)).then_some(first)
}

/// A configured method that calico-node exits with.
pub struct InvalidMethod {
    pub value: String,
    pub why: String,
}

impl<'a> Install<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let daemon_set = snapshot.daemon_set.seen();
        let container = match daemon_set {
            Some(daemon_set) => daemon_set.spec.template.spec.calico_node(),
            None => container_of_pods(snapshot),
        };
        let installations = snapshot.resources.installations.seen().map_or(&[][..], Vec::as_slice);
        let installation = installations.iter().find(|one| one.metadata.name == "default");
        let nodes = snapshot.nodes.seen().map_or(&[][..], Vec::as_slice);
        let flavour = daemon_set.map(|daemon_set| flavour::flavour(daemon_set, installations, nodes));
        let information = snapshot.resources.cluster_informations.seen().map_or(&[][..], Vec::as_slice);
        let namespace = daemon_set.and_then(|daemon_set| daemon_set.metadata.namespace.as_deref()).unwrap_or("kube-system");
        let resolve = if daemon_set.is_some() { Environment::resolve } else { Environment::resolve_pod };
        let environment = container.map(|container| resolve(container, &snapshot.config_maps, namespace));
        Self {
            daemon_set,
            container,
            flavour,
            owners: daemon_set
                .zip(flavour)
                .map(|(daemon_set, flavour)| owner::owners(daemon_set, flavour, installations))
                .unwrap_or_default(),
            version: daemon_set
                .and_then(|daemon_set| version::calico_version(daemon_set, information, installation))
                .map(|(version, _)| version)
                .or_else(|| container.and_then(|container| Version::from_image(&container.image)))
                .or_else(|| logged_version(snapshot)),
            upgrade: None,
            environment,
            bird_answers: snapshot.inside.values().filter_map(Observed::seen).any(|inside| inside.bird4.seen().is_some()),
        }
    }

    pub fn namespace(&self) -> Option<&'a str> {
        self.daemon_set?.metadata.namespace.as_deref()
    }

    /// `daemonset/calico-node`
    pub fn name(&self) -> String {
        format!("daemonset/{}", self.daemon_set.map_or("calico-node", |daemon_set| daemon_set.metadata.name.as_str()))
    }

    /// `daemonset/calico-node` as a word of a command; `None` where the name is not one that the API server accepts.
    pub fn command_target(&self) -> Option<String> {
        Some(format!("daemonset/{}", shell::object_name(&self.daemon_set?.metadata.name)?))
    }

    /// The DaemonSet wants more pods than there are; also said where it could not be read.
    pub fn lacks_pods(&self) -> bool {
        self.daemon_set.is_none_or(|set| set.status.current_number_scheduled < set.status.desired_number_scheduled)
    }

    /// It wants a pod on each of so many nodes; also said where it could not be read.
    pub fn wants(&self, nodes: usize) -> bool {
        self.daemon_set.is_none_or(|set| usize::try_from(set.status.desired_number_scheduled).is_ok_and(|desired| desired >= nodes))
    }

    pub fn environment(&self) -> Option<&Environment> {
        self.environment.as_ref()
    }

    pub fn version(&self) -> Option<Version> {
        self.version
    }

    pub fn upgrade(&self) -> Option<Version> {
        self.upgrade
    }

    pub(super) fn plan_upgrade(&mut self, version: Option<Version>) {
        self.upgrade = version;
    }

    pub fn is_operator(&self) -> bool {
        self.flavour.is_some_and(Flavour::is_operator)
    }

    pub fn flavour_name(&self) -> Option<String> {
        self.flavour.map(|flavour| flavour.to_string())
    }

    /// Who would put an edit back, and where the setting lasts.
    pub fn reverts(&self) -> Option<(String, &'static str)> {
        Some((self.owners.first()?.to_string(), self.flavour?.durable_place()))
    }

    fn backend(&self) -> Option<Backend> {
        match self.environment.as_ref()?.backend() {
            Backend::Unknown { .. } if self.bird_answers => Some(Backend::Bird),
            backend => Some(backend),
        }
    }

    /// `None` where it is not known.
    pub fn runs_bird(&self) -> Option<bool> {
        match self.backend()? {
            Backend::Bird => Some(true),
            Backend::Vxlan | Backend::None => Some(false),
            Backend::Unknown { .. } => None,
        }
    }

    pub fn backend_unknown(&self) -> Option<String> {
        match self.backend()? {
            Backend::Unknown { why } => Some(why),
            _ => None,
        }
    }

    pub fn backend_name(&self) -> Option<String> {
        let name = match self.backend()? {
            Backend::Bird => "bird",
            Backend::Vxlan => "vxlan",
            Backend::None => "none",
            Backend::Unknown { .. } => return None,
        };
        Some(name.to_owned())
    }

    pub fn keeps_annotations(&self) -> bool {
        !matches!(self.environment.as_ref().map(Environment::datastore), Some(Datastore::Etcd))
    }

    pub fn datastore_name(&self) -> Option<String> {
        let name = match self.environment.as_ref()?.datastore() {
            Datastore::Kubernetes => "kubernetes",
            Datastore::Etcd => "etcd",
            Datastore::Unknown { .. } => return None,
        };
        Some(name.to_owned())
    }

    /// Whether the method decides anything for this family.
    pub fn gate(&self, family: Family) -> Option<AddressSource> {
        let environment = self.environment.as_ref()?;
        let backend = match self.backend()? {
            // The address is stored and compared with those of other nodes, although nothing uses it.
            Backend::None if self.version.is_some_and(method::detects_without_networking) => Backend::Bird,
            backend => backend,
        };
        Some(method::gate(family, &environment.ip(family), &backend))
    }

    /// Calico's addresses are used by nothing: canal, policy-only. Some releases detect one all the same.
    pub fn detects_nothing(&self) -> bool {
        matches!(self.backend(), Some(Backend::None))
    }

    /// No address is detected at all, so no method can be set.
    pub fn is_detection_off(&self) -> bool {
        matches!(self.gate(Family::V4), Some(AddressSource::Off))
    }

    /// The method decides at every start.
    pub fn is_detected(&self, family: Family) -> bool {
        matches!(self.gate(family), Some(AddressSource::Detected))
    }

    /// The value as it stands in the environment; `None` when unset.
    pub fn method(&self, family: Family) -> Option<String> {
        match self.environment.as_ref()?.get(crate::calico::environment::method_variable(family)) {
            Value::Literal(text) => Some(text),
            Value::Unset | Value::Secret | Value::Unknown { .. } => None,
            Value::Field(path) => Some(format!("$({path})")),
            value @ Value::PerNode(_) => value.at(|path| Some(format!("$({path})"))),
        }
    }

    /// For the head line: what decides the address.
    pub fn shown_method(&self, family: Family) -> Option<String> {
        let text = match self.gate(family)? {
            AddressSource::Off => return None,
            AddressSource::Literal { address } => format!("IP={address}"),
            AddressSource::FromField { path } => format!("IP from {path}"),
            AddressSource::Kept => "none, stored addresses are kept".to_owned(),
            AddressSource::Exits { value } => format!("IP={value:?}"),
            AddressSource::Detected | AddressSource::DetectedWhenMissing | AddressSource::Unknown { .. } => {
                self.method(family).filter(|method| !method.is_empty()).unwrap_or_else(|| "first-found".to_owned())
            }
        };
        Some(text)
    }

    fn problem(&self, family: Family) -> Option<(String, Problem)> {
        let MethodSetting::Known(method) = self.environment.as_ref()?.method(family) else { return None };
        // A release that cannot be told is taken for a new one, so that nothing is called unknown to it wrongly.
        let version = self.version.unwrap_or(Version::new(u16::MAX, 0, 0));
        Some((self.method(family)?, method::problem(&method, version)?))
    }

    pub fn invalid_method(&self, family: Family) -> Option<InvalidMethod> {
        if self.gate(family).and_then(|gate| gate.uses_method()) == Some(false) {
            return None;
        }
        let (value, problem) = self.problem(family)?;
        let why = match problem {
            Problem::Invalid { .. } => "which is not a valid method".to_owned(),
            Problem::UnknownToRelease { since: Version { major, minor, patch, .. } } => {
                format!("which Calico knows only from {major}.{minor}.{patch}")
            }
            _ => return None,
        };
        Some(InvalidMethod { value, why })
    }

    /// Why the configured method decides nothing, or not what it says.
    pub fn ineffective_method(&self, family: Family) -> Option<String> {
        let method = self.method(family).filter(|method| !method.is_empty())?;
        let variable = environment::address_variable(family);
        match self.gate(family)? {
            // As installers write a family that is off: kops upup/models/cloudup/resources/addons/networking.projectcalico.org.
            AddressSource::Kept if method == "none" || Method::parse(&method) == Method::DEFAULT => return None,
            AddressSource::Kept => return Some(format!("{variable} is none or empty, so what is stored stays")),
            AddressSource::Literal { address } => return Some(format!("{variable} is {address}, for every node")),
            AddressSource::FromField { path } => return Some(format!("{variable} is taken from {path}")),
            AddressSource::Off | AddressSource::Exits { .. } | AddressSource::Unknown { .. } => return None,
            AddressSource::Detected | AddressSource::DetectedWhenMissing => {}
        }
        match self.problem(family)?.1 {
            Problem::BadPattern { why } => Some(format!("its regular expression cannot be read ({why})")),
            Problem::BadCidr { text } => Some(method::bad_network(&text)),
            Problem::ExcludesEverything => Some("an empty piece excludes every interface".to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::snapshot::Origin;
    use crate::snapshot::objects::Pod;

    fn pod(image: &str, method: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "calico-node-abcde", "namespace": "calico-system"},
            "spec": {"containers": [{
                "name": "calico-node",
                "image": image,
                "env": [{"name": "DATASTORE_TYPE", "value": "kubernetes"}, {"name": "IP_AUTODETECTION_METHOD", "value": method}],
            }]},
        }))
        .expect("a pod")
    }

    fn pods(pods: Vec<Pod>) -> Snapshot {
        Snapshot { pods: Observed::Seen(pods), ..Snapshot::empty(Origin::Files, jiff::Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn pods_that_agree_stand_in_for_a_daemon_set_that_was_not_seen() {
        let snapshot = pods(vec![pod("calico/node:v3.27.2", "interface=eth.*"), pod("calico/node:v3.27.2", "interface=eth.*")]);
        let install = Install::new(&snapshot);
        assert_eq!(install.version(), Some(Version::new(3, 27, 2)));
        assert_eq!(install.method(Family::V4).as_deref(), Some("interface=eth.*"));
        assert_eq!(install.datastore_name().as_deref(), Some("kubernetes"));
        assert_eq!(install.backend_name(), None, "of a pod only some variables are kept: a missing one is not an unset one");
        assert_eq!(install.command_target(), None, "there is nothing to edit");
    }

    #[test]
    fn pods_that_differ_tell_nothing_for_all() {
        for other in [pod("calico/node:v3.28.0", "interface=eth.*"), pod("calico/node:v3.27.2", "first-found")] {
            let snapshot = pods(vec![pod("calico/node:v3.27.2", "interface=eth.*"), other]);
            let install = Install::new(&snapshot);
            assert_eq!((install.version(), install.method(Family::V4)), (None, None));
        }
    }
}
