use calico_fix::finding::Source;
use serde_json::json;

use super::build::*;
use super::judge::*;
use super::starts::*;

#[test]
fn misfits() {
    for (world, phrase) in [
        (cluster().env("CALICO_NETWORKING_BACKEND", "vxlan"), "asks for BIRD, but the backend is vxlan"),
        (cluster().liveness(json!({"httpGet": {"path": "/liveness", "port": 9099}})), "has no host"),
        (cluster().liveness(http("localhost", 9099)).env("FELIX_HEALTHPORT", "9199"), "asks port 9099, but Felix answers on 9199"),
        (
            cluster()
                .liveness(json!({"exec": {"command": ["calico", "component", "node", "health", "--felix-live"]}, "timeoutSeconds": 10})),
            "which v3.24.5 does not have",
        ),
    ] {
        let case = finds(&world, &["warning probe-misfit"]);
        assert!(case.only().message.contains(phrase), "{}", case.only().message);
        assert_eq!(case.command(), None, "the handler is the release's own affair");
    }
}

#[test]
fn fits() {
    healthy(&cluster().without_bgp("vxlan"));
    healthy(&cluster().liveness(http("localhost", 9199)).env("FELIX_HEALTHPORT", "9199"));
    healthy(&cluster().liveness(json!({"httpGet": {"path": "/liveness", "port": 9099}})).env("FELIX_HEALTHHOST", "0.0.0.0"));
}

#[test]
fn a_misfit_that_keeps_pods_from_being_ready_is_an_error() {
    let world = cluster().env("CALICO_NETWORKING_BACKEND", "vxlan").not_ready("node-3").unhealthy("node-3", BIRD_REFUSES, 40);
    let case = finds(&world, &["error probe-misfit node-3"]);
    shows(case.only(), Source::Event, "node-3", "unable to connect to BIRDv4 socket");
}
