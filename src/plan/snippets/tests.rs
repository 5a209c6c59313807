use std::fmt::Write as _;

use super::*;

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
    for form in [Form::Kubectl, Form::Kustomize, Form::Helm, Form::Installation, Form::Rke2, Form::Kubespray] {
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
