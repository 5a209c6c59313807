use serde_json::{Value, json};

use super::*;
use crate::calico::owner::owners;

fn daemon_set(metadata: Value, env: Value, more: &[&str]) -> DaemonSet {
    let mut containers = vec![json!({"name": "calico-node", "env": env})];
    containers.extend(more.iter().map(|name| json!({ "name": name })));
    serde_json::from_value(json!({"metadata": metadata, "spec": {"template": {"spec": {"containers": containers}}}})).expect("a DaemonSet")
}

fn one<T: serde::de::DeserializeOwned>(value: Value) -> Vec<T> {
    if value.is_null() { Vec::new() } else { vec![serde_json::from_value(value).expect("an object")] }
}

#[test]
fn flavours_and_owners_by_their_marks() {
    let plain = json!({"name": "calico-node", "labels": {"k8s-app": "calico-node"}});
    let owned = json!({"name": "calico-node", "ownerReferences": [{"kind": "Installation", "name": "default"}]});
    let with_annotation = |name: &str, key: &str, value: &str| json!({"name": name, "annotations": {key: value}});
    let with_label = |key: &str, value: &str| json!({"name": "calico-node", "labels": {key: value}});
    let installation = |annotations: Value, spec: Value| json!({"metadata": {"name": "default", "annotations": annotations}, "spec": spec});
    let node = |version: &str| json!({"status": {"nodeInfo": {"kubeletVersion": version}}});
    let kubespray = json!([
        {"name": "NODEIP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
        {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=$(NODEIP)"},
    ]);
    let helm = "meta.helm.sh/release-name";
    let applied = "kubectl.kubernetes.io/last-applied-configuration";
    let no = json!(null);
    for (metadata, env, more, installation, node, flavour_name, owner_names) in [
        (plain.clone(), json!([]), &[][..], no.clone(), no.clone(), "manifest", &[][..]),
        (plain.clone(), json!([{"name": "CLUSTER_TYPE", "value": "k8s,bgp"}]), &[], no.clone(), node("v1.31.0"), "manifest", &[]),
        (owned.clone(), json!([]), &[], no.clone(), no.clone(), "operator", &["Installation/default"]),
        (
            plain.clone(),
            json!([{"name": "CLUSTER_TYPE", "value": "k8s,operator,bgp"}]),
            &[],
            no.clone(),
            no.clone(),
            "operator",
            &["Installation/default"],
        ),
        (
            owned.clone(),
            json!([]),
            &[],
            installation(json!({}), json!({"kubernetesProvider": "EKS"})),
            no.clone(),
            "operator on EKS",
            &["Installation/default"],
        ),
        (
            owned.clone(),
            json!([]),
            &[],
            installation(json!({helm: "calico"}), json!({})),
            no.clone(),
            "operator",
            &["Installation/default", "Helm release calico"],
        ),
        (
            owned,
            json!([]),
            &[],
            installation(json!({helm: "rke2-calico"}), json!({})),
            no.clone(),
            "RKE2 with Calico",
            &["Installation/default", "HelmChartConfig rke2-calico"],
        ),
        (json!({"name": "canal"}), json!([]), &["kube-flannel"], no.clone(), no.clone(), "canal", &[]),
        (
            with_annotation("rke2-canal", helm, "rke2-canal"),
            json!([]),
            &["kube-flannel"],
            no.clone(),
            no.clone(),
            "RKE2 with canal",
            &["HelmChartConfig rke2-canal"],
        ),
        (plain.clone(), kubespray, &[], no.clone(), no.clone(), "kubespray", &["kubespray"]),
        (
            plain.clone(),
            json!([{"name": "CLUSTER_TYPE", "value": "kops,bgp"}]),
            &[],
            no.clone(),
            no.clone(),
            "kops",
            &["kops add-on channel"],
        ),
        (
            with_label("addon.kops.k8s.io/name", "networking.projectcalico.org"),
            json!([]),
            &[],
            no.clone(),
            no.clone(),
            "kops",
            &["kops add-on channel"],
        ),
        (plain.clone(), json!([]), &[], no.clone(), node("v1.31.0+k0s"), "manifest", &[]),
        (
            with_annotation("calico-node", applied, "{\"path\":\"/var/snap/microk8s/current\"}"),
            json!([]),
            &[],
            no.clone(),
            no.clone(),
            "MicroK8s",
            &["MicroK8s snap"],
        ),
        (
            plain,
            json!([]),
            &[],
            no.clone(),
            json!({"metadata": {"annotations": {"rke.cattle.io/internal-ip": "10.0.0.1"}}}),
            "RKE",
            &["RKE"],
        ),
        (
            with_label("addonmanager.kubernetes.io/mode", "Reconcile"),
            json!([]),
            &[],
            no.clone(),
            no.clone(),
            "addon manager",
            &["addon manager"],
        ),
        (
            with_label("argocd.argoproj.io/instance", "net"),
            json!([]),
            &[],
            no.clone(),
            no.clone(),
            "manifest",
            &["Argo CD application net"],
        ),
        (
            with_annotation("calico-node", "argocd.argoproj.io/tracking-id", "net:apps/DaemonSet:kube-system/calico-node"),
            json!([]),
            &[],
            no.clone(),
            no.clone(),
            "manifest",
            &["Argo CD application net"],
        ),
        (
            with_label("kustomize.toolkit.fluxcd.io/name", "net"),
            json!([]),
            &[],
            no.clone(),
            no.clone(),
            "manifest",
            &["Flux Kustomization net"],
        ),
        (with_label("helm.toolkit.fluxcd.io/name", "net"), json!([]), &[], no.clone(), no.clone(), "manifest", &["Flux HelmRelease net"]),
    ] {
        let set = daemon_set(metadata, env, more);
        let (installations, nodes) = (one::<Custom>(installation), one::<Node>(node));
        let found = flavour(&set, &installations, &nodes);
        let names: Vec<String> = owners(&set, found, &installations).iter().map(ToString::to_string).collect();
        assert_eq!((found.to_string().as_str(), names), (flavour_name, owner_names.iter().map(ToString::to_string).collect()), "{set:?}");
        assert!(!found.durable_place().is_empty());
    }
}

/// Marks that installers leave on the DaemonSet and on nodes, cut from their own manifests.
#[test]
fn flavours_by_their_installers_marks() {
    let cases = [
        (json!({"name": "canal-node", "labels": {"k8s-app": "canal-node"}}), json!({}), json!(null), "canal", None),
        (
            json!({"name": "calico-node", "labels": {"resources.gardener.cloud/managed-by": "gardener"},
                "annotations": {"resources.gardener.cloud/description": "DO NOT EDIT - This resource is managed by gardener-resource-manager."}}),
            json!({}),
            json!(null),
            "Gardener",
            Some("Gardener ManagedResource"),
        ),
        (
            json!({"name": "calico-node"}),
            json!({"volumes": [{"name": "var-run-calico", "hostPath": {"path": "/var/snap/microk8s/current/var/run/calico"}}]}),
            json!(null),
            "MicroK8s",
            Some("MicroK8s snap"),
        ),
        (
            json!({"name": "calico-node", "labels": {"addonmanager.kubernetes.io/mode": "Reconcile"}}),
            json!({}),
            json!({"kubeletVersion": "v1.27.3-gke.100"}),
            "GKE network policy",
            Some("Google"),
        ),
        (json!({"name": "calico-node"}), json!({}), json!({"kubeletVersion": "v1.31.0+k3s1"}), "k3s", None),
        (
            json!({"name": "calico-node"}),
            json!({}),
            json!({"kernelVersion": "6.6.32-talos"}),
            "Talos",
            Some("Talos machine configuration, if Calico is part of it"),
        ),
        (
            json!({"name": "calico-node", "annotations": {"config.k8s.io/owning-inventory": "talos-bootstrap-manifests-inventory"}}),
            json!({}),
            json!({"kernelVersion": "6.18.2-talos"}),
            "Talos",
            Some("Talos machine configuration"),
        ),
        (json!({"name": "calico-node"}), json!({}), json!({"kubeletVersion": "v1.29.0-eks-5e0fdde"}), "manifest", None),
        (
            json!({"name": "calico-node", "labels": {"k8s-app": "calico-node"}}),
            json!({"env": [{"name": "CLUSTER_TYPE", "value": "kops,bgp"}, {"name": "IP6", "value": "none"},
                {"name": "IP6_AUTODETECTION_METHOD", "value": "none"}]}),
            json!({"kubeletVersion": "v1.30.3"}),
            "kops",
            Some("kops add-on channel"),
        ),
    ];
    for (metadata, spec, info, name, owner) in cases {
        let mut set = daemon_set(metadata, spec.get("env").cloned().unwrap_or(json!([])), &[]);
        set.spec.template.spec.volumes = serde_json::from_value(spec.get("volumes").cloned().unwrap_or(json!([]))).expect("volumes");
        let nodes: Vec<Node> = one(json!({"status": {"nodeInfo": info}}));
        let found = flavour(&set, &[], &nodes);
        let owners: Vec<String> = owners(&set, found, &[]).iter().map(ToString::to_string).collect();
        assert_eq!((found.to_string().as_str(), owners.first().map(String::as_str)), (name, owner), "{set:?}");
        // a mark that is trimmed away is none
        let mut trimmed = set.clone();
        crate::snapshot::trim::daemon_set(&mut trimmed);
        assert_eq!(flavour(&trimmed, &[], &nodes), found, "{set:?}");
    }
}

#[test]
fn clouds_and_management_clusters() {
    let none = json!([{"name": "CALICO_NETWORKING_BACKEND", "value": "none"}]);
    let node = |version: &str, annotations: Value| -> Vec<Node> {
        one(json!({"metadata": {"annotations": annotations}, "status": {"nodeInfo": {"kubeletVersion": version}}}))
    };
    let plain = |env: &Value| daemon_set(json!({"name": "calico-node"}), env.clone(), &[]);
    let owned =
        daemon_set(json!({"name": "calico-node", "ownerReferences": [{"kind": "Installation", "name": "default"}]}), json!([]), &[]);
    let installation = |provider: &str, annotations: Value| -> Vec<Custom> {
        one(json!({"metadata": {"name": "default", "annotations": annotations}, "spec": {"kubernetesProvider": provider}}))
    };
    let cluster = json!({"cluster.x-k8s.io/cluster-name": "workload"});
    for (set, installations, nodes, expected) in [
        (plain(&none), vec![], node("v1.29.0-eks-5e0fdde", json!({})), Flavour::EksPolicy),
        (plain(&json!([])), vec![], node("v1.29.0-eks-5e0fdde", cluster.clone()), Flavour::EksAnywhere),
        (plain(&json!([])), vec![], node("v1.31.0", cluster), Flavour::ClusterApi),
        (owned.clone(), installation("OpenShift", json!({})), vec![], Flavour::OpenShift),
        // a HelmChartProxy names the release as its chart's values tell
        (
            owned.clone(),
            installation("", json!({"meta.helm.sh/release-name": "projectcalico"})),
            node("v1.31.0", json!({"cluster.x-k8s.io/cluster-name": "workload"})),
            Flavour::ClusterApiOperator,
        ),
        (
            owned.clone(),
            installation("", json!({})),
            node("v1.31.0", json!({"cluster.x-k8s.io/cluster-name": "workload"})),
            Flavour::Operator,
        ),
        (owned.clone(), installation("", json!({})), node("v1.31.0", json!({})), Flavour::Operator),
        // the add-on is told by its images
        (owned.clone(), installation("AKS", json!({})), vec![], Flavour::Operator),
        (owned, installation("AKS", json!({"meta.helm.sh/release-name": "calico"})), vec![], Flavour::Operator),
    ] {
        assert_eq!(flavour(&set, &installations, &nodes), expected);
    }
}

#[test]
fn rows_say_something_and_no_two_have_one_name() {
    for (index, flavour) in Flavour::ALL.iter().enumerate() {
        let row = flavour.row();
        assert!(!row.name.is_empty() && !row.place.is_empty() && !row.source.is_empty(), "{flavour:?}");
        assert!(Flavour::ALL.iter().skip(index + 1).all(|other| other.row().name != row.name), "{}", row.name);
    }
}

#[test]
fn which_daemon_sets_are_calicos() {
    let windows = daemon_set(json!({"name": "calico-node-windows", "labels": {"k8s-app": "calico-node"}}), json!([]), &[]);
    let renamed = daemon_set(json!({"name": "net", "labels": {"k8s-app": "canal"}}), json!([]), &[]);
    let named = daemon_set(json!({"name": "rke2-canal"}), json!([]), &[]);
    let other = daemon_set(json!({"name": "kube-proxy", "labels": {"k8s-app": "kube-proxy"}}), json!([]), &[]);
    let mut empty = daemon_set(json!({"name": "calico-node"}), json!([]), &[]);
    empty.spec.template.spec.containers.clear();
    let sets = [windows, renamed, named, other, empty];
    let names: Vec<&str> = candidates(&sets).iter().map(|set| set.metadata.name.as_str()).collect();
    assert_eq!(names, ["net", "rke2-canal"]);
}

#[test]
fn recordings_are_told_apart() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real"));
    let mut seen = 0;
    for release in std::fs::read_dir(root).expect("lists").flatten() {
        let operator = release.file_name().to_string_lossy().starts_with("operator");
        let Ok(cases) = std::fs::read_dir(release.path()) else { continue };
        for case in cases.flatten() {
            let Ok(text) = std::fs::read_to_string(case.path().join("daemonset.json")) else { continue };
            let value: Value = serde_json::from_str(&text).expect("JSON");
            let value = value.get("items").map_or(value.clone(), |items| items[0].clone());
            let set: DaemonSet = serde_json::from_value(value).expect("a DaemonSet");
            assert_eq!(candidates(std::slice::from_ref(&set)).len(), 1, "{:?}", case.path());
            let expected = if operator { Flavour::Operator } else { Flavour::Manifest };
            assert_eq!(flavour(&set, &[], &[]), expected, "{:?}", case.path());
            fits(&set, operator, &case.path());
            seen += 1;
        }
    }
    assert!(seen > 10);
}

/// No recorded DaemonSet has a probe that cannot succeed, and what its environment says is known.
fn fits(set: &DaemonSet, operator: bool, case: &std::path::Path) {
    use crate::calico::environment::{Backend, Datastore, Environment};
    use crate::calico::{method, probe, version};
    use crate::observed::Observed;
    use crate::snapshot::family::Family;

    let container = set.spec.template.spec.calico_node().expect("the container");
    let config: crate::snapshot::objects::ConfigMap =
        serde_json::from_value(json!({"data": {"calico_backend": "bird"}})).expect("a ConfigMap");
    let maps = [("calico-config".to_owned(), Observed::Seen(config))].into();
    let environment = Environment::resolve(container, &maps, "kube-system");
    let release = version::calico_version(set, &[], None).map(|(release, _)| release);
    assert_eq!((environment.backend(), environment.datastore()), (Backend::Bird, Datastore::Kubernetes), "{case:?}");
    assert_eq!(probe::misfits(container, &environment.backend(), release, &environment.health()), [], "{case:?}");
    assert!(probe::start_guard(container).is_some(), "{case:?}");
    if !operator {
        assert_eq!(method::gate(Family::V4, &environment.ip(Family::V4), &Backend::Bird), method::AddressSource::Detected, "{case:?}");
    }
}
