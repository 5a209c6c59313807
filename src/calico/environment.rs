//! The environment of the container calico-node, as the kubelet puts it together.

use std::collections::BTreeMap;

use super::method::Method;
use crate::observed::Observed;
use crate::snapshot::family::Family;
use crate::snapshot::objects::{ConfigMap, Container, EnvSource, EnvVar};

/// Read by the published manifests with `envFrom`, and made by an administrator only to name the API server.
const ENDPOINT_CONFIG_MAP: &str = "kubernetes-services-endpoint";
const ENDPOINT_NAMES: &[&str] = &["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    #[default]
    Unset,
    Literal(String),
    /// A field of the pod, such as `status.hostIP`.
    Field(String),
    /// Text with fields of the pod within: kubespray's `can-reach=$(NODEIP)`.
    PerNode(Vec<Piece>),
    /// Never read.
    Secret,
    Unknown {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Field(String),
}

impl Value {
    /// The text for one pod, whose fields are looked up by path.
    pub fn at(&self, field: impl Fn(&str) -> Option<String>) -> Option<String> {
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::Field(path) => field(path),
            Self::PerNode(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => Some(text.clone()),
                    Piece::Field(path) => field(path),
                })
                .collect(),
            Self::Unset | Self::Secret | Self::Unknown { .. } => None,
        }
    }

    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }

    fn why_unknown(&self, name: &str) -> String {
        match self {
            Self::Unknown { why } => why.clone(),
            Self::Secret => format!("{name} is in a Secret"),
            _ => format!("{name} is not the same for every pod"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    Bird,
    Vxlan,
    None,
    Unknown { why: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datastore {
    Kubernetes,
    Etcd,
    Unknown { why: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodSetting {
    Known(Method),
    /// Depends on the pod; `Value::at` and then `Method::parse`.
    PerNode(Value),
    Unknown {
        why: String,
    },
}

/// Where Felix answers health probes; `None` where that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub host: Option<String>,
    pub port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    All,
    Key(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMapRef {
    pub name: String,
    pub keys: Keys,
}

/// The ConfigMaps that a container's environment needs, in its order.
pub fn references(container: &Container) -> Vec<ConfigMapRef> {
    let whole = container.env_from.iter().filter_map(|from| from.config_map_ref.as_ref());
    let whole = whole.map(|reference| ConfigMapRef { name: reference.name.clone(), keys: Keys::All });
    let keyed = container.env.iter().filter_map(|var| var.value_from.as_ref()?.config_map_key_ref.as_ref());
    let keyed = keyed.map(|key| ConfigMapRef { name: key.name.clone(), keys: Keys::Key(key.key.clone()) });
    whole.chain(keyed).collect()
}

/// How the names of Felix's health settings begin.
const HEALTH: &str = "FELIX_HEALTH";

type ConfigMaps = BTreeMap<String, Observed<ConfigMap>>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    values: BTreeMap<String, Value>,
    /// Why a name that is nowhere set may still be set by an `envFrom` that could not be read.
    unseen: Option<String>,
    /// A pod's own environment, of which all of `HEALTH` is kept: one that is missing is not set.
    keeps_health: bool,
}

impl Environment {
    pub fn resolve(container: &Container, config_maps: &ConfigMaps, namespace: &str) -> Self {
        let mut environment = Self::default();
        for from in &container.env_from {
            let prefix = from.prefix.as_deref().unwrap_or_default();
            if let Some(secret) = &from.secret_ref {
                environment.unseen = Some(format!("Secret {namespace}/{} is not read", secret.name));
            }
            let Some(reference) = &from.config_map_ref else { continue };
            match seen(config_maps, &reference.name, namespace) {
                Ok(Some(map)) => {
                    let set = map.data.iter().map(|(key, text)| (format!("{prefix}{key}"), Value::Literal(text.clone())));
                    environment.values.extend(set);
                }
                Ok(None) if reference.optional == Some(true) => {}
                Ok(None) => environment.unseen = Some(format!("ConfigMap {namespace}/{} does not exist", reference.name)),
                Err(why) if reference.name == ENDPOINT_CONFIG_MAP => {
                    let set = ENDPOINT_NAMES.iter().map(|name| (format!("{prefix}{name}"), Value::Unknown { why: why.clone() }));
                    environment.values.extend(set);
                }
                Err(why) => environment.unseen = Some(why),
            }
        }
        for var in &container.env {
            let value = environment.value_of(var, config_maps, namespace);
            environment.values.insert(var.name.clone(), value);
        }
        environment
    }

    /// Of a pod's container, of which a snapshot keeps some variables alone: one that is missing may be set.
    pub fn resolve_pod(container: &Container, config_maps: &ConfigMaps, namespace: &str) -> Self {
        let mut environment = Self::resolve(container, config_maps, namespace);
        environment.keeps_health = environment.unseen.is_none() && !container.env.is_empty();
        environment.unseen.get_or_insert_with(|| "the DaemonSet was not seen".to_owned());
        environment
    }

    fn value_of(&self, var: &EnvVar, config_maps: &ConfigMaps, namespace: &str) -> Value {
        match &var.value_from {
            Some(source) => of_source(source, config_maps, namespace),
            None => self.expand(var.value.as_deref().unwrap_or_default()),
        }
    }

    /// `$(NAME)` of what was set before, `$$` for a dollar; a name that is not set stays as it is written.
    fn expand(&self, text: &str) -> Value {
        let mut pieces: Vec<Piece> = vec![Piece::Text(String::new())];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            push(&mut pieces, before);
            rest = after;
            if let Some(after) = after.strip_prefix('$') {
                push(&mut pieces, "$");
                rest = after;
            } else if let Some((name, after)) = after.strip_prefix('(').and_then(|name| name.split_once(')')) {
                rest = after;
                match self.get(name) {
                    Value::Literal(text) => push(&mut pieces, &text),
                    Value::Field(path) => pieces.push(Piece::Field(path)),
                    Value::PerNode(more) => pieces.extend(more),
                    Value::Unset if name.contains("_SERVICE_") || name.contains("_PORT") => {
                        return Value::Unknown { why: format!("{name} comes from a Service") };
                    }
                    Value::Unset => push(&mut pieces, &format!("$({name})")),
                    hidden @ (Value::Secret | Value::Unknown { .. }) => return Value::Unknown { why: hidden.why_unknown(name) },
                }
            } else {
                push(&mut pieces, "$");
            }
        }
        push(&mut pieces, rest);
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        match pieces.as_slice() {
            [] => Value::Literal(String::new()),
            [Piece::Text(text)] => Value::Literal(text.clone()),
            [Piece::Field(path)] => Value::Field(path.clone()),
            _ => Value::PerNode(pieces),
        }
    }

    pub fn get(&self, name: &str) -> Value {
        match (self.values.get(name), &self.unseen) {
            (Some(value), _) => value.clone(),
            (None, _) if self.keeps_health && name.starts_with(HEALTH) => Value::Unset,
            (None, Some(why)) => Value::Unknown { why: why.clone() },
            (None, None) => Value::Unset,
        }
    }

    /// `CALICO_NETWORKING_BACKEND`; unset means BIRD.
    pub fn backend(&self) -> Backend {
        const NAME: &str = "CALICO_NETWORKING_BACKEND";
        match self.get(NAME) {
            Value::Unset => Backend::Bird,
            Value::Literal(text) => match text.as_str() {
                "" | "bird" => Backend::Bird,
                "vxlan" => Backend::Vxlan,
                "none" => Backend::None,
                other => Backend::Unknown { why: format!("{NAME} is {other:?}") },
            },
            value => Backend::Unknown { why: value.why_unknown(NAME) },
        }
    }

    /// `DATASTORE_TYPE`, or the etcd that is named; calico-node without either is not guessed at.
    pub fn datastore(&self) -> Datastore {
        match self.get("DATASTORE_TYPE") {
            Value::Literal(text) if text == "kubernetes" => Datastore::Kubernetes,
            Value::Literal(text) if text == "etcdv3" => Datastore::Etcd,
            Value::Literal(text) if !text.is_empty() => Datastore::Unknown { why: format!("DATASTORE_TYPE is {text:?}") },
            Value::Unset | Value::Literal(_) => match self.get("ETCD_ENDPOINTS") {
                Value::Unset => Datastore::Unknown { why: "neither DATASTORE_TYPE nor ETCD_ENDPOINTS is set".into() },
                Value::Unknown { why } if !self.values.contains_key("ETCD_ENDPOINTS") => Datastore::Unknown { why },
                _ => Datastore::Etcd,
            },
            value => Datastore::Unknown { why: value.why_unknown("DATASTORE_TYPE") },
        }
    }

    /// `FELIX_HEALTHHOST` and `FELIX_HEALTHPORT`, which go before FelixConfiguration.
    pub fn health(&self) -> Health {
        let host = match self.get("FELIX_HEALTHHOST") {
            Value::Unset => Some("localhost".into()),
            value => value.literal().map(|text| if text.is_empty() { "localhost".into() } else { text.to_owned() }),
        };
        let port = match self.get("FELIX_HEALTHPORT") {
            Value::Unset => Some(9099),
            value => value.literal().and_then(|text| text.trim().parse().ok()),
        };
        Health { host, port }
    }

    pub fn ip(&self, family: Family) -> Value {
        self.get(address_variable(family))
    }

    pub fn method(&self, family: Family) -> MethodSetting {
        let name = method_variable(family);
        match self.get(name) {
            Value::Unset => MethodSetting::Known(Method::DEFAULT),
            Value::Literal(text) => MethodSetting::Known(Method::parse(&text)),
            value @ (Value::Field(_) | Value::PerNode(_)) => MethodSetting::PerNode(value),
            value => MethodSetting::Unknown { why: value.why_unknown(name) },
        }
    }
}

/// Whether and how the address is detected.
pub fn address_variable(family: Family) -> &'static str {
    match family {
        Family::V4 => "IP",
        Family::V6 => "IP6",
    }
}

pub fn method_variable(family: Family) -> &'static str {
    match family {
        Family::V4 => "IP_AUTODETECTION_METHOD",
        Family::V6 => "IP6_AUTODETECTION_METHOD",
    }
}

fn push(pieces: &mut Vec<Piece>, more: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push_str(more),
        _ => pieces.push(Piece::Text(more.to_owned())),
    }
}

/// `Ok(None)`: asked, and it does not exist.
fn seen<'a>(config_maps: &'a ConfigMaps, name: &str, namespace: &str) -> Result<Option<&'a ConfigMap>, String> {
    match config_maps.get(name) {
        Some(Observed::Seen(map)) => Ok(Some(map)),
        Some(Observed::Absent) => Ok(None),
        other => {
            let why = other.and_then(Observed::why_not).unwrap_or("not asked");
            Err(format!("ConfigMap {namespace}/{name}: {why}"))
        }
    }
}

fn of_source(source: &EnvSource, config_maps: &ConfigMaps, namespace: &str) -> Value {
    if let Some(field) = &source.field_ref {
        return Value::Field(field.field_path.clone());
    }
    if source.secret_key_ref.is_some() {
        return Value::Secret;
    }
    let Some(reference) = &source.config_map_key_ref else {
        return Value::Unknown { why: "the value has a source of an unknown kind".into() };
    };
    let missing = |what: String| if reference.optional == Some(true) { Value::Unset } else { Value::Unknown { why: what } };
    match seen(config_maps, &reference.name, namespace) {
        Ok(Some(map)) => match map.data.get(&reference.key) {
            Some(text) => Value::Literal(text.clone()),
            None => missing(format!("ConfigMap {namespace}/{} has no key {}", reference.name, reference.key)),
        },
        Ok(None) => missing(format!("ConfigMap {namespace}/{} does not exist", reference.name)),
        Err(why) => Value::Unknown { why },
    }
}

#[cfg(test)]
mod tests;
