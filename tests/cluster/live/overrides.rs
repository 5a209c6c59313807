//! What the cluster's own definition lets an Installation set of probes.

use calico_fix::observed::Observed;
use calico_fix::snapshot::objects::ProbeOverrides;
use sim::{Effect, Fault};

use super::*;

#[tokio::test]
async fn the_definition_is_looked_at_and_not_the_release() {
    for (operator, all) in [(sim::Operator::V1_28, false), (sim::Operator::Master, true)] {
        let server = start(Scenario { operator, ..sim::scenario::operator(3) }).await;
        let expected = ProbeOverrides { liveness_probe: all, readiness_probe: all, startup_probe: all };
        assert_eq!(gathered(&server, "").await.resources.installation_probes, Observed::Seen(expected));
    }
}

#[tokio::test]
async fn without_an_installation_it_is_not_asked_for() {
    let server = start(sim::scenario::healthy(3)).await;
    assert_eq!(gathered(&server, "").await.resources.installation_probes, Observed::NotAsked);
    assert!(!server.requests().iter().any(|request| request.path.contains("customresourcedefinitions")));
}

#[tokio::test]
async fn a_refusal_and_a_broken_answer_are_said() {
    let server = start(sim::scenario::operator(3)).await;
    let snapshot = gathered(&server, "--context no-exec").await;
    let why = "cannot get customresourcedefinitions.apiextensions.k8s.io installations.operator.tigera.io at the cluster scope";
    assert_eq!(snapshot.resources.installation_probes, Observed::Forbidden(why.into()));
    let fault = Fault::always("/apis/apiextensions.k8s.io/", Effect::Status(500));
    let server = start(Scenario { faults: vec![fault], ..sim::scenario::operator(3) }).await;
    assert!(matches!(gathered(&server, "").await.resources.installation_probes, Observed::Failed(_)));
}
