//! The roles of `plugin-manifest/`, as the simulated cluster takes them.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

#[derive(Deserialize)]
struct ClusterRole {
    metadata: Metadata,
    rules: Vec<Rule>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub verbs: Vec<String>,
    #[serde(default)]
    pub resource_names: Vec<String>,
    /// Not the manifest's: where a RoleBinding binds it.
    #[serde(skip)]
    pub namespace: Option<&'static str>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

/// The simulated cluster's rules live as long as the program.
pub fn simulated(rules: Vec<Rule>) -> &'static [sim::Rule] {
    fn lasting(words: Vec<String>) -> &'static [&'static str] {
        words.into_iter().map(|word| &*word.leak()).collect::<Vec<_>>().leak()
    }
    let one = |rule: Rule| sim::Rule {
        verbs: lasting(rule.verbs),
        groups: lasting(rule.api_groups),
        resources: lasting(rule.resources),
        names: lasting(rule.resource_names),
        namespace: rule.namespace,
    };
    rules.into_iter().map(one).collect::<Vec<_>>().leak()
}

pub fn roles(name: &str) -> BTreeMap<String, Vec<Rule>> {
    let path = crate::root().join("plugin-manifest").join(name);
    let text = fs::read_to_string(path).expect("reads");
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| ClusterRole::deserialize(document).expect("a ClusterRole"))
        .map(|role| (role.metadata.name, role.rules))
        .collect()
}
