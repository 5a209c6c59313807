//! Which Installation rules: `default`, or the overlay that replaces what it has of it.

use crate::snapshot::objects::Custom;

/// An Installation `overlay` replaces whole structs of `default`: what it has rules (operator pkg/controller/utils, `OverrideInstallationSpec`).
pub fn effective_installation(installations: &[Custom], field: &str) -> &'static str {
    let has = |custom: &&Custom| custom.metadata.name == "overlay" && custom.spec.get(field).is_some_and(|value| !value.is_null());
    if installations.iter().any(|custom| has(&custom)) { "overlay" } else { "default" }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn installation_named(name: &str, spec: Value) -> Custom {
        Custom { metadata: crate::snapshot::objects::Meta { name: name.into(), ..Default::default() }, spec, status: Value::Null }
    }

    #[test]
    fn the_overlay_rules_where_it_has_the_struct() {
        let default = || installation_named("default", json!({"calicoNetwork": {}}));
        for (overlay, expected) in [
            (None, "default"),
            (Some(json!({})), "default"),
            (Some(json!({"calicoNetwork": null})), "default"),
            (Some(json!({"calicoNetwork": {"bgp": "Enabled"}})), "overlay"),
        ] {
            let all: Vec<Custom> = [default()].into_iter().chain(overlay.map(|spec| installation_named("overlay", spec))).collect();
            assert_eq!(effective_installation(&all, "calicoNetwork"), expected);
        }
    }
}
