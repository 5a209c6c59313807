use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const FORBIDDEN: &str = "[ERROR][9] startup/startup.go 3: Unable to list nodes error=nodes is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";

#[test]
fn forbidden() {
    let text = log(&["Early log level set to info", FORBIDDEN, END[0], END[1]]);
    let case = finds(&node_2_is_down().crash_loop("node-2", 4).previous("node-2", &text), &["error forbidden-to-calico node-2"]);
    shows(case.only(), Source::Log, "node-2", "cannot list resource");
    assert_eq!(case.command(), None);
    healthy(&cluster().log("node-2", &started(&[FORBIDDEN])));
}

/// EndpointSlices are Kubernetes' own: no CRD of Calico's brings them.
#[test]
fn kubernetes_that_is_too_old() {
    let line = |kind: &str| {
        format!(
            "[INFO][60] felix/watchercache.go 194: Failed to perform list of current data during resync error=resource does not exist: {kind} \
             with error: the server could not find the requested resource"
        )
    };
    for (kind, says) in [("KubernetesEndpointSlice", "Kubernetes is older than this Calico release needs"), ("Tier", "CRDs are older")] {
        let case = finds(&cluster().not_ready("node-2").log("node-2", &started(&[&line(kind)])), &["error forbidden-to-calico node-2"]);
        assert!(case.only().message.contains(says), "{}", case.only().message);
    }
}
