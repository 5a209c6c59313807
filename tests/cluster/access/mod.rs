//! The rights: what the commands really ask for, what the manifests grant, and what `can-i` says of the difference.

mod asked;
mod can_i;
mod lacking;

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

use calico_fix::permissions::request::Resource;
use calico_fix::permissions::role::Role;
use calico_fix::permissions::table::{PERMISSIONS, Permission};
use support::manifests::{Rule, roles};
use support::output::told;

use crate::PLUGIN;

/// A cluster, and a folder for what the plugin keeps.
struct Stage {
    running: sim::TestServer,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(world: sim::Scenario) -> Self {
        Self { running: sim::start(world), folder: tempfile::tempdir().expect("a folder") }
    }

    fn run(&self, user: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(PLUGIN);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("KUBECONFIG", self.running.kubeconfig());
        command.args(arguments).args(["--context", user]).stdin(Stdio::null()).output().expect("runs")
    }
}

/// One right: verb, group, resource with its subresource, and the names it is for.
type Right = (String, String, String, Vec<String>);

fn right(verb: &str, resource: &Resource, plural: String, names: &[&str]) -> Right {
    (verb.to_owned(), resource.group.to_owned(), plural, names.iter().map(|name| (*name).to_owned()).collect())
}

/// As a rule would grant it.
fn granted(need: &Permission) -> Right {
    right(need.verb, need.resource, need.plural(), &need.granted_names())
}

fn each(rule: &Rule) -> impl Iterator<Item = Right> {
    rule.verbs.iter().flat_map(move |verb| {
        rule.api_groups.iter().flat_map(move |group| {
            let of = move |plural: &String| (verb.clone(), group.clone(), plural.clone(), rule.resource_names.clone());
            rule.resources.iter().map(of)
        })
    })
}

/// Of a role as it is to be bound, one right a rule: `namespace` is where a RoleBinding binds those that are local.
fn bound(role: Role, namespace: &'static str) -> Vec<Rule> {
    let file = format!("{}.yaml", role.manifest().name());
    let rules = roles(&file).remove(role.name()).unwrap_or_else(|| panic!("{} is not in {file}", role.name()));
    let one = |(verb, group, plural, names)| Rule {
        api_groups: vec![group],
        resources: vec![plural],
        verbs: vec![verb],
        resource_names: names,
        namespace: role.is_local().then_some(namespace),
    };
    rules.iter().flat_map(each).map(one).collect()
}

#[test]
fn the_manifests_grant_what_the_table_names_and_nothing_else() {
    for role in Role::ALL {
        let named: BTreeSet<Right> = PERMISSIONS.iter().filter(|need| need.role == role).map(granted).collect();
        let in_manifest: BTreeSet<Right> = bound(role, "kube-system").iter().flat_map(each).collect();
        assert_eq!(in_manifest, named, "{}: plugin-manifest/{}.yaml and access::needs::PERMISSIONS", role.name(), role.manifest().name());
    }
    let files = ["view.yaml", "edit.yaml"].map(|file| roles(file).len());
    assert_eq!(files.iter().sum::<usize>(), Role::ALL.len(), "a ClusterRole that the table does not know");
}
