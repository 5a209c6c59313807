//! What a user's rights come to, command by command, and what would give the missing ones.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::role::{Manifest, Role};
use crate::permissions::table::{self, InstallFacts, Permission};
use crate::text::shell;
use crate::verb::Verb;

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `calico-fix/v1`
    pub api_version: String,
    /// `CanI`
    pub kind: String,
    /// As the API server knows them, where it says so (Kubernetes 1.28 and newer).
    pub user: Option<String>,
    /// Where the rights were asked for.
    pub namespace: String,
    /// calico-node's, where it could be seen.
    pub daemon_set: Option<String>,
    /// The operator's, where the DaemonSet is made from one.
    pub installation: Option<String>,
    pub commands: Vec<CommandRow>,
    pub missing: Vec<Missing>,
    /// The rights that are there, of those that were asked for.
    pub granted: Vec<String>,
    /// What an administrator runs to grant what is missing, in this order.
    pub grants: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandRow {
    pub command: Verb,
    /// Absent: it only changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<Support>,
    /// Absent: it changes nothing here, or that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Support>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    Yes,
    /// It works, and part of what it could tell stays unknown.
    Partly,
    No,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// `patch daemonsets.apps calico-node in the namespace kube-system`
    pub right: String,
    /// `needed to find calico-node`: what is unknown or impossible without it.
    pub without: String,
    /// The ClusterRole that grants it.
    pub role: Role,
    pub commands: Vec<Verb>,
}

/// A right that was asked for, and the answer.
pub struct Answered<'a> {
    pub need: &'a Permission,
    pub right: String,
    pub allowed: bool,
}

/// What was asked about.
#[derive(Clone, Copy, Debug)]
pub struct PermissionQuery<'a> {
    pub verbs: &'a [Verb],
    pub changes: bool,
    pub exec: bool,
}

impl PermissionQuery<'_> {
    /// Those whose rights need asking for, in this install.
    pub fn covers(&self, need: &Permission, around: &InstallFacts) -> bool {
        need.is_for(around) && (self.exec || need.role != Role::Exec) && !self.users(need, around).is_empty()
    }

    fn users(&self, need: &Permission, around: &InstallFacts) -> Vec<Verb> {
        let changes = |verb: &Verb| self.changes && need.to_change.contains(verb) && table::changes(*verb, around);
        let uses = |verb: &Verb| need.to_read.contains(verb) || need.better.contains(verb) || changes(verb);
        self.verbs.iter().copied().filter(uses).collect()
    }
}

pub fn judge(around: &InstallFacts, asked: PermissionQuery<'_>, answers: &[Answered<'_>], user: Option<String>) -> Report {
    let refused: Vec<&Answered<'_>> = answers.iter().filter(|answer| !answer.allowed).collect();
    let row = |verb: Verb| {
        let lacks = |list: fn(&Permission) -> &'static [Verb]| refused.iter().any(|answer| list(answer.need).contains(&verb));
        let reads = verb.reads().then(|| match () {
            () if lacks(|need| need.to_read) => Support::No,
            () if lacks(|need| need.better) => Support::Partly,
            () => Support::Yes,
        });
        let changes =
            (asked.changes && table::changes(verb, around)).then(|| if lacks(|need| need.to_change) { Support::No } else { Support::Yes });
        CommandRow { command: verb, reads, changes }
    };
    let missing = refused.iter().map(|answer| Missing {
        right: answer.right.clone(),
        without: answer.need.needed_for.to_owned(),
        role: answer.need.role,
        commands: asked.users(answer.need, around),
    });
    let roles: BTreeSet<Role> = refused.iter().map(|answer| answer.need.role).collect();
    Report {
        api_version: "calico-fix/v1".to_owned(),
        kind: "CanI".to_owned(),
        namespace: around.namespace.clone(),
        daemon_set: around.daemon_set.clone(),
        installation: around.installation.clone(),
        commands: asked.verbs.iter().copied().map(row).collect(),
        missing: missing.collect(),
        granted: answers.iter().filter(|answer| answer.allowed).map(|answer| answer.right.clone()).collect(),
        grants: grants(&roles, around, user.as_deref()),
        user,
    }
}

impl Report {
    pub fn is_all(&self) -> bool {
        self.missing.is_empty()
    }
}

fn grants(roles: &BTreeSet<Role>, around: &InstallFacts, user: Option<&str>) -> Vec<String> {
    let manifests: BTreeSet<Manifest> = roles.iter().map(|role| role.manifest()).collect();
    let apply = manifests.iter().map(|manifest| format!("kubectl calico-fix can-i --manifest={} | kubectl apply -f -", manifest.name()));
    let bind = roles.iter().filter_map(|role| {
        let name = format!("{}-{}", role.name(), user.unwrap_or("USER"))
            .replace(|c: char| !c.is_ascii_alphanumeric() && !"-.:@_".contains(c), "-");
        let mut words = match role.is_local() {
            true => vec!["kubectl", "create", "rolebinding", &name, "-n", shell::namespace(&around.namespace).unwrap_or("NAMESPACE")],
            false => vec!["kubectl", "create", "clusterrolebinding", &name],
        };
        let (role, subject) = (format!("--clusterrole={}", role.name()), subject(user));
        words.extend([role.as_str(), subject.as_str()]);
        shell::command(&words)
    });
    apply.chain(bind).collect()
}

/// A ServiceAccount has a flag of its own.
fn subject(user: Option<&str>) -> String {
    match user.map(|user| (user, user.strip_prefix("system:serviceaccount:"))) {
        Some((_, Some(account))) => format!("--serviceaccount={account}"),
        Some((user, None)) => format!("--user={user}"),
        None => "--user=USER".to_owned(),
    }
}
