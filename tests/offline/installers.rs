//! Every way to install Calico, cut from the installers' own manifests: the flavour, who reverts an edit, and the text that lasts.

use std::collections::BTreeSet;

use calico_fix::calico::flavour::Flavour;
use calico_fix::edit::Edit;
use calico_fix::edit::target::Target;
use calico_fix::model::ClusterModel;
use calico_fix::observed::Observed;
use calico_fix::plan::autodetect_edits::Setting;
use calico_fix::plan::owner_notes::notes;
use calico_fix::plan::snippets::Snippets;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::objects::{Custom, DaemonSet, Node};
use calico_fix::snapshot::{Origin, Snapshot, trim};
use serde::Deserialize;
use serde_json::{Value, json};

use super::build::now;

const CASES: [&str; 2] = [include_str!("../fixtures/installers/manifests.yaml"), include_str!("../fixtures/installers/operator.yaml")];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    daemon_set: Cut,
    installation: Option<Custom>,
    node: Option<Node>,
    #[serde(default)]
    owners: Vec<String>,
    /// Of the last owner.
    by_itself: Option<bool>,
    /// Of the text that lasts, for the last owner.
    form: Option<String>,
    /// What is said where the installer would not take the method.
    refuses: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    metadata: Value,
    #[serde(default)]
    env: Vec<Value>,
    image: Option<String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    beside: Vec<String>,
}

impl Cut {
    fn daemon_set(&self) -> DaemonSet {
        let image = self.image.as_deref().unwrap_or("docker.io/calico/node:v3.28.2");
        let mut containers = vec![json!({"name": "calico-node", "image": image, "env": self.env})];
        containers.extend(self.beside.iter().map(|name| json!({ "name": name })));
        let volumes: Vec<Value> = self.volumes.iter().map(|path| json!({"name": "v", "hostPath": {"path": path}})).collect();
        let spec = json!({"template": {"spec": {"containers": containers, "volumes": volumes}}});
        let mut set: DaemonSet = serde_json::from_value(json!({"metadata": self.metadata, "spec": spec})).expect("a DaemonSet");
        set.metadata.namespace = Some("kube-system".into());
        set
    }
}

fn cases() -> impl Iterator<Item = Case> {
    CASES.iter().flat_map(|text| serde_yaml::from_str::<Vec<Case>>(text).expect("cases"))
}

/// As it is gathered: what is trimmed away is no mark.
fn snapshot(case: &Case) -> Snapshot {
    let mut snapshot = Snapshot::empty(Origin::Live, now());
    snapshot.daemon_set = Observed::Seen(case.daemon_set.daemon_set());
    snapshot.nodes = Observed::Seen(case.node.clone().into_iter().collect());
    snapshot.resources.installations = case.installation.clone().map_or(Observed::Absent, |one| Observed::Seen(vec![one]));
    trim::snapshot(&mut snapshot);
    snapshot
}

#[test]
fn each_is_recognised_and_its_owners_are_named() {
    for case in cases() {
        let snapshot = snapshot(&case);
        let install = ClusterModel::new(&snapshot).install;
        let owners: Vec<String> = install.owners.iter().map(ToString::to_string).collect();
        let flavour = install.flavour.expect("a DaemonSet");
        assert_eq!((flavour.to_string(), &owners), (case.name.clone(), &case.owners), "{}", case.source);
        let last = install.owners.last().filter(|_| owners.len() > usize::from(flavour.is_operator()));
        assert_eq!(last.map(|owner| owner.reverts_by_itself()), case.by_itself, "{}", case.source);
    }
}

#[test]
fn each_owner_is_told_where_the_change_lasts() {
    for case in cases() {
        let snapshot = snapshot(&case);
        let install = ClusterModel::new(&snapshot).install;
        let settings = [Setting { family: Family::V4, method: "kubernetes-internal-ip".into() }];
        let (target, edit) = match install.is_operator() {
            true => {
                let field = ["spec", "calicoNetwork", "nodeAddressAutodetectionV4"];
                (Target::Installation { name: "default".into() }, Edit::field(&field, json!({"kubernetes": "NodeInternalIP"})))
            }
            false => {
                let name = install.daemon_set.expect("a DaemonSet").metadata.name.clone();
                let edit = Edit::variable("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip");
                (Target::DaemonSet { namespace: "kube-system".into(), name }, edit)
            }
        };
        let snippets = Snippets::of_detection(&settings, &[edit], &target, &Value::Null).expect("has forms");
        let notes = notes(&install, &target, &snippets);
        assert_eq!(notes.len(), case.owners.len() - usize::from(install.is_operator()), "{}", case.source);
        let form = notes.last().and_then(|note| note.snippet.as_ref()).map(|(form, text)| {
            assert!(text.contains("kubernetes-internal-ip") || text.contains("NodeInternalIP"), "{text}");
            form.name().to_owned()
        });
        assert_eq!(form, case.form, "{}: {notes:#?}", case.source);
        let refused = notes.last().is_some_and(|note| note.warning.contains("does not accept"));
        assert_eq!(refused, case.refuses.is_some(), "{}", case.source);
        let told = case.refuses.is_none_or(|text| notes.iter().any(|note| note.warning.contains(&text)));
        assert!(told, "{notes:#?}");
    }
}

/// A new flavour comes with a case from its own manifest.
#[test]
fn every_flavour_has_a_case_with_its_source() {
    let seen: BTreeSet<String> = cases().map(|case| case.name).collect();
    for flavour in Flavour::ALL {
        assert!(seen.contains(&flavour.to_string()), "{flavour} has no case in tests/fixtures/installers");
    }
    assert!(cases().all(|case| case.source.len() > 20));
}
