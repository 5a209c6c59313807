//! What the operator does not accept (operator pkg/controller/installation/validation.go).

use serde_json::Value;

use super::render::methods;
use crate::api::Operator as Edition;

/// The message of the Degraded condition.
pub(super) fn all(spec: &Value, edition: Edition) -> Result<(), String> {
    let network = &spec["calicoNetwork"];
    let two = ["nodeAddressAutodetectionV4", "nodeAddressAutodetectionV6"].iter().any(|family| methods(&network[family]).len() > 1);
    let kind = spec["nodeUpdateStrategy"]["type"].as_str().unwrap_or("RollingUpdate");
    let (wrong, subject) = match edition {
        Edition::V1_28 => ("Invalid Installation provided - Error: ", "Installation"),
        Edition::Master => ("Invalid Installation provided: ", "installation"),
    };
    if two {
        return Err(format!("{wrong}no more than one node address autodetection method can be specified per-family"));
    }
    if kind != "RollingUpdate" {
        // It names the other field: a mistake of the operator's.
        let rolling = &spec["nodeUpdateStrategy"]["rollingUpdate"];
        let count = |field: &str| match &rolling[field] {
            Value::Null => "<nil>".to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let go = format!("&RollingUpdateDaemonSet{{MaxUnavailable:{},MaxSurge:{},}}", count("maxUnavailable"), count("maxSurge"));
        return Err(format!("{wrong}{subject} spec.NodeUpdateStrategy.type '{go}' is not supported"));
    }
    Ok(())
}
