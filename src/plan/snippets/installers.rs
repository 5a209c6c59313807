//! A method as installers with a setting of their own write it.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{EmitError, Form, nested};
use crate::calico::method::Method;
use crate::edit::patch::join;
use crate::plan::autodetect_edits::Setting;
use crate::snapshot::family::Family;

/// Where the method of each family stands.
fn path(form: Form, family: Family) -> &'static [&'static str] {
    match (form, family) {
        // kubernetes/kops pkg/apis/kops/v1alpha2/networking.go
        (Form::Kops, Family::V4) => &["spec", "networking", "calico", "ipv4AutoDetectionMethod"],
        (Form::Kops, Family::V6) => &["spec", "networking", "calico", "ipv6AutoDetectionMethod"],
        // k0sproject/k0s pkg/apis/k0s/v1beta1/calico.go
        (Form::K0s, Family::V4) => &["spec", "network", "calico", "ipAutodetectionMethod"],
        (Form::K0s, Family::V6) => &["spec", "network", "calico", "ipV6AutodetectionMethod"],
        // gardener/gardener-extension-networking-calico pkg/apis/calico/v1alpha1/types_network.go
        (Form::Gardener, Family::V4) => &["spec", "networking", "providerConfig", "ipv4", "autoDetectionMethod"],
        (Form::Gardener, Family::V6) => &["spec", "networking", "providerConfig", "ipv6", "autoDetectionMethod"],
        // kubernetes-sigs/kubespray roles/network_plugin/calico/templates/calico-node.yml.j2
        (_, Family::V4) => &["calico_ip_auto_method"],
        (_, Family::V6) => &["calico_ip6_auto_method"],
    }
}

pub(super) fn text(form: Form, settings: &[Setting]) -> Result<Value, EmitError> {
    let mut all = json!({});
    if form == Form::Gardener {
        let kind = json!({"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkConfig"});
        all = json!({"spec": {"networking": {"providerConfig": kind}}});
    }
    for setting in settings {
        if let Some(accepted) = refused(form, &setting.method) {
            return Err(EmitError::NotAccepted { form: form.name(), method: setting.method.clone(), accepted });
        }
        let path: Vec<String> = path(form, setting.family).iter().map(|part| (*part).to_owned()).collect();
        all = join(all, &nested(&path, json!(setting.method)));
    }
    Ok(all)
}

/// What the installer takes instead, where its own validation would refuse the method.
fn refused(form: Form, method: &str) -> Option<&'static str> {
    match (form, Method::parse(method)) {
        // kubernetes/kops pkg/apis/kops/validation/validation.go, validateCalicoAutoDetectionMethod
        (Form::Kops, Method::FirstFound | Method::Interface { .. } | Method::SkipInterface { .. }) => None,
        (Form::Kops, Method::CanReach { destination }) if destination.parse::<IpAddr>().is_ok() => None,
        (Form::Kops, _) => Some("first-found, can-reach=IP, interface= and skip-interface="),
        // gardener/gardener-extension-networking-calico pkg/apis/calico/validation/networkconfig.go, ValidateIPAutoDetectionMethod
        (Form::Gardener, Method::Cidr { cidrs, .. }) if cidrs.len() > 1 => Some("cidr= with one network"),
        _ => None,
    }
}
