//! The contexts of a kubeconfig, for a look at several clusters.

use serde_json::Value;

use super::connect::{Connection, ProcessEnv, connect_with};
use super::error::ConnectError;
use super::kubeconfig::MergedConfig;
use crate::cli::connection::ConnectionFlags;
use crate::verb::Verb;

/// One context to ask, and those that lead to the same cluster as the same user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedContext {
    pub name: String,
    pub same: Vec<String>,
}

/// A kubeconfig, read once for all contexts that are asked.
pub struct Contexts {
    merged: MergedConfig,
    around: ProcessEnv,
}

impl Contexts {
    pub fn read(flags: &ConnectionFlags) -> Result<Self, ConnectError> {
        Self::read_from(flags, ProcessEnv::of_process())
    }

    /// No credential plugin may ask a person: several would at the same time.
    pub fn read_from(flags: &ConnectionFlags, around: ProcessEnv) -> Result<Self, ConnectError> {
        let around = around.without_terminal();
        let merged = MergedConfig::read(flags, &around)?;
        if merged.config.contexts.is_empty() {
            return Err(ConnectError::NoConfig { looked: merged.looked });
        }
        Ok(Self { merged, around })
    }

    /// In the order of the flags, each name once.
    pub fn named(names: &[String]) -> Vec<NamedContext> {
        let mut named: Vec<NamedContext> = Vec::new();
        for name in names {
            if !named.iter().any(|known| known.name == *name) {
                named.push(NamedContext { name: name.clone(), same: Vec::new() });
            }
        }
        named
    }

    /// Every context, in the order of the kubeconfig. Contexts that differ only in their namespace are one.
    pub fn every(&self) -> Vec<NamedContext> {
        /// The cluster as it is defined, and the user.
        type LeadsTo<'a> = Option<(Value, Option<&'a str>)>;
        let mut every: Vec<(NamedContext, LeadsTo)> = Vec::new();
        for entry in &self.merged.config.contexts {
            // An entry that leads nowhere is kept: its line says what is wrong with it.
            let leads_to = entry.context.as_ref().and_then(|context| Some((self.definition(&context.cluster)?, context.user.as_deref())));
            if every.iter().any(|(known, _)| known.name == entry.name || known.same.contains(&entry.name)) {
                continue;
            }
            match every.iter_mut().find(|(_, known)| leads_to.is_some() && *known == leads_to) {
                Some((first, _)) => first.same.push(entry.name.clone()),
                None => every.push((NamedContext { name: entry.name.clone(), same: Vec::new() }, leads_to)),
            }
        }
        every.into_iter().map(|(context, _)| context).collect()
    }

    /// Two entries with the same content are one cluster.
    fn definition(&self, cluster: &str) -> Option<Value> {
        let entry = self.merged.config.clusters.iter().find(|entry| entry.name == cluster)?;
        serde_json::to_value(entry.cluster.as_ref()?).ok()
    }

    /// `flags` with this context in place of theirs.
    pub async fn connect(&self, name: &str, flags: &ConnectionFlags, verb: Verb) -> Result<Connection, ConnectError> {
        let flags = ConnectionFlags { context: vec![name.to_owned()], ..flags.clone() };
        connect_with(&self.merged, &flags, verb, &self.around).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts(text: &str) -> Contexts {
        let config = serde_yaml::from_str(text).expect("a kubeconfig");
        Contexts { merged: MergedConfig { config, looked: Vec::new() }, around: ProcessEnv::given(|_| None, None) }
    }

    #[test]
    fn a_cluster_is_asked_once_for_each_user() {
        let contexts = contexts(
            "
clusters:
- {name: one, cluster: {server: 'https://one:6443'}}
- {name: also-one, cluster: {server: 'https://one:6443'}}
- {name: two, cluster: {server: 'https://two:6443'}}
contexts:
- {name: a, context: {cluster: one, user: u}}
- {name: a-ops, context: {cluster: one, user: u, namespace: ops}}
- {name: a-admin, context: {cluster: one, user: admin}}
- {name: a-copy, context: {cluster: also-one, user: u}}
- {name: b, context: {cluster: two, user: u}}
- {name: a, context: {cluster: two, user: u}}
- {name: empty}
- {name: also-empty}
- {name: lost, context: {cluster: gone}}
",
        );
        let every = contexts.every();
        let names: Vec<&str> = every.iter().map(|context| context.name.as_str()).collect();
        assert_eq!(names, ["a", "a-admin", "b", "empty", "also-empty", "lost"]);
        assert_eq!(every[0].same, ["a-ops", "a-copy"]);
        assert!(every.iter().skip(1).all(|context| context.same.is_empty()));
    }

    #[test]
    fn a_name_typed_twice_is_one() {
        let names = ["b", "a", "b"].map(str::to_owned);
        let named = Contexts::named(&names);
        assert_eq!(named.iter().map(|context| context.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    }
}
