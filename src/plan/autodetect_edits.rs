//! The editable object of an autodetection method, and the edits of it.

use serde_json::{Value, json};

use crate::calico::environment::{address_variable, method_variable};
use crate::calico::flavour::Flavour;
use crate::calico::method::AddressSource;
use crate::edit::Edit;
use crate::edit::target::Target;
use crate::model::{Install, effective_installation};
use crate::snapshot::family::Family;
use crate::snapshot::objects::Custom;

/// One family's method, as `IP_AUTODETECTION_METHOD` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub family: Family,
    pub method: String,
}

/// Changing the method would have no effect here; the message names what has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Calico detects no address in this cluster (CALICO_NETWORKING_BACKEND is none): {knob}")]
    NothingDetected { knob: String },
    #[error("this Calico is managed by the cloud provider: users cannot change its settings, and an edit is reverted")]
    Managed,
    #[error("the DaemonSet could not be read, so there is nothing to change")]
    NoDaemonSet,
    #[error("{method:?} has no form in an Installation")]
    NoSuchMethod { method: String },
}

pub fn target(install: &Install, installations: &[Custom]) -> Result<Target, Refusal> {
    if install.is_detection_off() {
        return Err(Refusal::NothingDetected { knob: knob(install.flavour) });
    }
    if install.flavour.is_some_and(Flavour::is_managed) {
        return Err(Refusal::Managed);
    }
    if install.is_operator() {
        return Ok(Target::Installation { name: effective_installation(installations, "calicoNetwork").to_owned() });
    }
    let daemon_set = install.daemon_set.ok_or(Refusal::NoDaemonSet)?;
    Ok(Target::DaemonSet {
        namespace: daemon_set.metadata.namespace.clone().unwrap_or_else(|| "default".to_owned()),
        name: daemon_set.metadata.name.clone(),
    })
}

fn knob(flavour: Option<Flavour>) -> String {
    match flavour {
        Some(flavour @ (Flavour::Canal | Flavour::Rke2Canal)) => format!("set {} instead", flavour.durable_place()),
        _ => "Calico only enforces policy here, and another network plugin gives the nodes their addresses".to_owned(),
    }
}

pub fn edits(install: &Install, target: &Target, settings: &[Setting]) -> Result<Vec<Edit>, Refusal> {
    match target {
        Target::Installation { .. } => settings.iter().map(installation).collect(),
        Target::DaemonSet { .. } => Ok(settings.iter().flat_map(|setting| daemon_set(install, setting)).collect()),
    }
}

/// `IP` must say autodetect, or the method counts only for nodes that have no address stored, or for none.
fn daemon_set(install: &Install, setting: &Setting) -> Vec<Edit> {
    let closed = !matches!(install.gate(setting.family), Some(AddressSource::Detected));
    let gate = closed.then(|| Edit::variable(address_variable(setting.family), "autodetect"));
    gate.into_iter().chain([Edit::variable(method_variable(setting.family), &setting.method)]).collect()
}

fn installation(setting: &Setting) -> Result<Edit, Refusal> {
    Ok(Edit::field(&["spec", "calicoNetwork", field(setting.family)], installation_method(&setting.method)?))
}

pub fn field(family: Family) -> &'static str {
    match family {
        Family::V4 => "nodeAddressAutodetectionV4",
        Family::V6 => "nodeAddressAutodetectionV6",
    }
}

/// operator/v1 `NodeAddressAutodetection`: exactly one of its fields may be set.
pub fn installation_method(method: &str) -> Result<Value, Refusal> {
    let after = |word: &str| method.strip_prefix(word);
    if method.is_empty() || method == "first-found" {
        Ok(json!({"firstFound": true}))
    } else if let Some(regexes) = after("interface=") {
        Ok(json!({"interface": regexes}))
    } else if let Some(regexes) = after("skip-interface=") {
        Ok(json!({"skipInterface": regexes}))
    } else if let Some(destination) = after("can-reach=") {
        Ok(json!({"canReach": destination}))
    } else if let Some(networks) = after("cidr=") {
        let networks: Vec<&str> = networks.split(',').map(str::trim).collect();
        Ok(json!({"cidrs": networks}))
    } else if method == "kubernetes-internal-ip" {
        Ok(json!({"kubernetes": "NodeInternalIP"}))
    } else {
        Err(Refusal::NoSuchMethod { method: method.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_its_field() {
        for (method, expected) in [
            ("first-found", json!({"firstFound": true})),
            ("", json!({"firstFound": true})),
            ("interface=eth.*,en.*", json!({"interface": "eth.*,en.*"})),
            ("skip-interface=br-.*", json!({"skipInterface": "br-.*"})),
            ("can-reach=10.0.0.1", json!({"canReach": "10.0.0.1"})),
            ("cidr=10.0.0.0/24, 10.1.0.0/24", json!({"cidrs": ["10.0.0.0/24", "10.1.0.0/24"]})),
            ("kubernetes-internal-ip", json!({"kubernetes": "NodeInternalIP"})),
        ] {
            assert_eq!(installation_method(method), Ok(expected), "{method}");
        }
        assert!(installation_method("eth1").is_err());
    }
}
