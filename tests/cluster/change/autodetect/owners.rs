//! Who will put the change back.

use super::*;

/// Who, what tells it, and what is said.
type Kept = (&'static str, fn(&mut Value), &'static [&'static str]);

#[test]
fn who_keeps_the_daemon_set_is_named_with_what_lasts() {
    let bend: [Kept; 4] = [
        (
            "Helm",
            |object| {
                object["metadata"]["annotations"]["meta.helm.sh/release-name"] = "calico".into();
                object["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = "kube-system".into();
                object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm".into();
            },
            &["managed by Helm release calico", "reverts this change when it runs next"],
        ),
        (
            "Argo CD",
            |object| object["metadata"]["labels"]["argocd.argoproj.io/instance"] = "network".into(),
            &["Argo CD", "network", "reverts this change", "as --emit kustomize prints it:"],
        ),
        (
            "Flux",
            |object| {
                object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = "infra".into();
                object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system".into();
            },
            &["Flux", "infra", "as --emit kustomize prints it:"],
        ),
        ("nobody", |_| (), &[]),
    ];
    for (name, change, says) in bend {
        let world = scenario::named("bridge-address", 3).expect("is a scenario");
        world.store.bend("DaemonSet", "calico-node", change);
        let stage = Stage::bent(world);
        let output = stage.kubectl(&["autodetect", "--dry-run=server"]);
        assert_eq!((code(&output), stage.writes()), (Some(1), vec![]), "{name}: {}", told(&output));
        println!("{}", err(&output));
        assert_eq!(err(&output).contains("is managed by"), !says.is_empty(), "{name}: {}", err(&output));
        for text in says {
            assert!(err(&output).contains(text), "{name}: {text:?} {}", err(&output));
        }
    }
}
