use std::fmt::Write as _;

use super::*;
use crate::snapshot::family::Family;

fn settings() -> Vec<Setting> {
    vec![Setting { family: Family::V4, method: "kubernetes-internal-ip".into() }]
}

fn daemon_set() -> Snippets {
    let target = Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() };
    let edits = [Edit::variable("IP", "autodetect"), Edit::variable("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip")];
    Snippets::of_detection(&settings(), &edits, &target, &Value::Null).expect("has a form")
}

#[test]
fn each_form_is_ready_to_paste() {
    let mut all = String::new();
    use Form::{Gardener, Helm, Installation, K0s, Kubectl, Kubespray, Kustomize, Rke2};
    for form in [Kubectl, Kustomize, Helm, Installation, Rke2, Kubespray, K0s, Gardener] {
        let text = daemon_set().emit(form).unwrap_or_else(|error| panic!("{error}"));
        if form != Form::Kubectl {
            serde_yaml::from_str::<Value>(&text).expect("is YAML");
        }
        let _ = write!(all, "# {}\n{text}\n", form.name());
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_operators_command_clears_every_other_method() {
    let edits = [Edit::field(&["spec", "calicoNetwork", "nodeAddressAutodetectionV4"], json!({"kubernetes": "NodeInternalIP"}))];
    let target = Target::Installation { name: "default".into() };
    let snippets = Snippets::of_detection(&settings(), &edits, &target, &Value::Null).expect("has a form");
    insta::assert_snapshot!(snippets.emit(Form::Kubectl).expect("a command"), @r#"kubectl patch installation default --type merge -p '{"spec":{"calicoNetwork":{"nodeAddressAutodetectionV4":{"canReach":null,"cidrs":null,"firstFound":null,"interface":null,"kubernetes":"NodeInternalIP","skipInterface":null}}}}'"#);
}

/// The operator itself has written `firstFound: true`, so no tool that compares with its own last text takes it away.
#[test]
fn a_method_that_is_set_now_is_cleared_in_every_form() {
    let edits = [Edit::field(&["spec", "calicoNetwork", "nodeAddressAutodetectionV4"], json!({"kubernetes": "NodeInternalIP"}))];
    let target = Target::Installation { name: "default".into() };
    let now = json!({"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": true, "interface": null}}});
    let snippets = Snippets::of_detection(&settings(), &edits, &target, &now).expect("has a form");
    let applied = snippets.emit(Form::Installation).expect("a form");
    assert!(applied.contains("firstFound: null\n") && !applied.contains("interface"), "{applied}");
    for form in [Form::Helm, Form::Rke2] {
        let text = snippets.emit(form).expect("a form");
        assert!(text.starts_with('#') && text.contains("\"firstFound\":null"), "{text}");
        serde_yaml::from_str::<Value>(&text).expect("is YAML");
    }
    let same = json!({"calicoNetwork": {"nodeAddressAutodetectionV4": {"kubernetes": "NodeInternalIP"}}});
    let snippets = Snippets::of_detection(&settings(), &edits, &target, &same).expect("has a form");
    assert!(snippets.emit(Form::Helm).expect("a form").starts_with("installation:"));
}

/// kops and Gardener check the method before they take it.
#[test]
fn a_method_that_an_installer_refuses_is_said() {
    let of = |method: &str| {
        let settings = [Setting { family: Family::V4, method: method.into() }];
        let target = Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() };
        Snippets::of_detection(&settings, &[], &target, &Value::Null).expect("has a form")
    };
    for (form, method, taken) in [
        (Form::Kops, "can-reach=10.0.0.1", true),
        (Form::Kops, "interface=^eth.*", true),
        (Form::Kops, "kubernetes-internal-ip", false),
        (Form::Kops, "cidr=10.0.0.0/24", false),
        (Form::Kops, "can-reach=api.example", false),
        (Form::Gardener, "cidr=10.0.0.0/24", true),
        (Form::Gardener, "cidr=10.0.0.0/24,10.1.0.0/24", false),
    ] {
        let text = of(method).emit(form);
        assert_eq!(text.is_ok(), taken, "{form:?} {method}");
        assert!(taken || matches!(text, Err(EmitError::NotAccepted { .. })), "{form:?} {method}");
    }
    assert_eq!(
        of("can-reach=10.0.0.1").emit(Form::Kops).expect("a form"),
        "spec:\n  networking:\n    calico:\n      ipv4AutoDetectionMethod: can-reach=10.0.0.1\n"
    );
}

#[test]
fn a_form_that_a_change_does_not_have_is_said() {
    assert_eq!(Snippets::default().emit(Form::Rke2).expect_err("none").to_string(), "this change has no form for rke2");
}

/// An overlay rules the fields that it has: a command for `default` would have no effect.
#[test]
fn where_an_overlay_rules_every_form_names_it_and_the_command_is_the_patch_that_is_sent() {
    let edits = [Edit::field(&["spec", "calicoNetwork", "nodeAddressAutodetectionV4"], json!({"kubernetes": "NodeInternalIP"}))];
    let target = Target::Installation { name: "overlay".into() };
    let now = json!({"calicoNetwork": {"nodeAddressAutodetectionV4": {"firstFound": true}}});
    let snippets = Snippets::of_detection(&settings(), &edits, &target, &now).expect("has a form");
    insta::assert_snapshot!(snippets.emit(Form::Kubectl).expect("a command"), @r#"kubectl patch installation overlay --type merge -p '{"spec":{"calicoNetwork":{"nodeAddressAutodetectionV4":{"firstFound":null,"kubernetes":"NodeInternalIP"}}}}'"#);
    assert!(snippets.emit(Form::Installation).expect("a form").contains("name: overlay\n"));
    for form in [Form::Helm, Form::Rke2] {
        assert!(matches!(snippets.emit(form), Err(EmitError::NoSuchForm(_))), "{form:?} writes the Installation default");
    }
}
