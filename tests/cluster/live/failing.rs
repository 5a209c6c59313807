//! No answer, no right, no Calico: what is said, and what to do next.

use calico_fix::observed::Observed;
use calico_fix::verb::Verb;
use sim::{Effect, Fault};
use tokio::io::AsyncWriteExt;

use super::*;

fn with(faults: Vec<Fault>) -> Scenario {
    Scenario { faults, ..sim::scenario::healthy(3) }
}

fn says(error: &GatherError, message: &str, hint: &str) {
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hint().is_some_and(|text| text.contains(hint)), "{error}: {:?}", error.hint());
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let server = start(with(vec![])).await;
    let error = refused(&server, "--server https://127.0.0.1:1").await;
    says(&error, "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?", "kubectl cluster-info");
}

#[tokio::test]
async fn a_name_that_nobody_knows() {
    let server = start(with(vec![])).await;
    let error = refused(&server, "--server https://no-such-host.invalid:6443 --request-timeout 20s").await;
    says(&error, "Unable to connect to the server: dial tcp: lookup no-such-host.invalid: no such host", "VPN");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_or_for_another_name() {
    let server = start(with(vec![])).await;
    let error = refused(&server, "--tls-server-name other.example.com").await;
    says(&error, "Unable to connect to the server: tls: failed to verify certificate: x509: ", "other.example.com");
    let line = format!("--server {} --token t", server.url());
    let connection = cluster::connect_from(&flags(&line), Verb::Status, &surroundings(&[])).await.expect("connects");
    let error = cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect_err("unknown authority");
    says(&error, "x509: certificate signed by unknown authority", "the system's certificate authorities");
    let line = format!("{line} --insecure-skip-tls-verify --token admin-token");
    let line = line.replacen("--token t ", "", 1);
    let connection = cluster::connect_from(&flags(&line), Verb::Status, &surroundings(&[])).await.expect("connects");
    cluster::read_cluster(&connection, &brief(), &NoProgress).await.expect("gathers without verifying");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let server = start(with(vec![])).await;
    let error = refused(&server, &format!("--server https://{address}")).await;
    says(&error, "http: server gave HTTP response to HTTPS client", "does not speak TLS");
}

#[tokio::test]
async fn credentials_that_are_not_accepted() {
    let server = start(with(vec![])).await;
    let error = refused(&server, "--context unknown").await;
    assert_eq!(error.to_string(), "error: You must be logged in to the server (Unauthorized)");
    says(&error, "Unauthorized", "the token");
}

#[tokio::test]
async fn rights_that_are_missing_altogether() {
    let server = start(with(vec![])).await;
    let error = refused(&server, "--context nobody").await;
    says(
        &error,
        r#"Error from server (Forbidden): daemonsets.apps is forbidden: User "nobody" cannot list resource"#,
        "kubectl-calico-fix-view",
    );
    says(&error, "daemonsets", "list daemonsets.apps at the cluster scope");
}

#[tokio::test]
async fn a_server_that_hangs_is_waited_for_as_long_as_asked() {
    let server = start(with(vec![Fault::always("/daemonsets", Effect::Hang)])).await;
    let error = refused(&server, "--request-timeout 300ms").await;
    says(&error, "no answer within 0.3s to: list daemonsets.apps at the cluster scope", "--request-timeout");
    let error = try_connect(&server, "--request-timeout five").await.expect_err("no duration");
    assert!(error.is_usage() && error.to_string().contains("invalid timeout value"), "{error}");
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for effect in [Effect::TooManyRequests { retry_after: 1 }, Effect::Status(503), Effect::Status(504), Effect::Reset] {
        let server = start(with(vec![Fault::times("/api/v1/nodes", 2, effect.clone())])).await;
        let snapshot = gathered(&server, "").await;
        assert_eq!(snapshot.nodes.seen().map(Vec::len), Some(3), "{effect:?}: {:?}", snapshot.nodes.why_not());
        let tries = server.requests().iter().filter(|request| request.path == "/api/v1/nodes").count();
        assert_eq!(tries, 3, "{effect:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_for_ever() {
    let server =
        start(with(vec![Fault::always("/api/v1/nodes", Effect::Status(503)), Fault::always("/ippools", Effect::Status(500))])).await;
    let snapshot = gathered(&server, "").await;
    assert!(matches!(&snapshot.nodes, Observed::Failed(why) if why.contains("currently unable")), "{:?}", snapshot.nodes);
    assert!(matches!(snapshot.resources.ip_pools, Observed::Failed(_)));
    let tries = |path: &str| server.requests().iter().filter(|request| request.path.ends_with(path)).count();
    assert_eq!((tries("/api/v1/nodes"), tries("/ippools")), (4, 1));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_empty_list() {
    for effect in [Effect::Truncated, Effect::Huge(80 << 20)] {
        let server = start(with(vec![Fault::always("/api/v1/nodes", effect.clone())])).await;
        let snapshot = gathered(&server, "").await;
        assert!(
            matches!(&snapshot.nodes, Observed::Failed(why) if why.contains("cannot be read")),
            "{effect:?}: {:?}",
            snapshot.nodes.why_not()
        );
        assert_eq!(snapshot.pods.seen().map(Vec::len), Some(3), "the rest is there");
    }
}

#[tokio::test]
async fn no_calico_and_too_many() {
    let error = refused(&start(sim::scenario::no_calico()).await, "").await;
    says(&error, "no DaemonSet with a container calico-node found in any namespace", "--daemonset NAME");
    let server = start(sim::scenario::two_calicos()).await;
    let error = refused(&server, "").await;
    says(&error, "calico-system/calico-node, kube-system/calico-node", "-n calico-system --daemonset calico-node");
    for wanted in [
        ReadOptions { namespace: Some("kube-system".into()), ..brief() },
        ReadOptions { namespace: Some("kube-system".into()), daemon_set: Some("calico-node".into()), ..brief() },
    ] {
        let snapshot = read_cluster(&server, "", &wanted).await.expect("chosen");
        let set = snapshot.daemon_set.seen().expect("seen");
        assert_eq!(set.metadata.namespace.as_deref(), Some("kube-system"));
        assert!(
            snapshot
                .pods
                .seen()
                .is_some_and(|pods| pods.len() == 3 && pods.iter().all(|pod| pod.metadata.namespace.as_deref() == Some("kube-system")))
        );
    }
    let wanted = ReadOptions { namespace: Some("kube-system".into()), daemon_set: Some("nope".into()), ..brief() };
    let error = read_cluster(&server, "", &wanted).await.expect_err("no such DaemonSet");
    assert_eq!(error.to_string(), "Error from server (NotFound): daemonsets.apps \"nope\" not found");
}
