use super::*;

const CONTAINERD: &str =
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"20d3feb0e9ed\": ";

fn why(reason: &str, message: &str) -> Option<&'static str> {
    Some(parse(reason, message)?.cause?.why)
}

#[test]
fn each_runtime_wraps_the_same_words() {
    let words = "error getting ClusterInformation: connection is unauthorized: Unauthorized";
    for message in [
        format!("{CONTAINERD}plugin type=\"calico\" failed (add): {words}"),
        format!("(combined from similar events): {CONTAINERD}plugin type=\"calico\" failed (add): {words}"),
        format!("{CONTAINERD}{words}"),
        format!(
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_web-1_shop_7f_0(ab): \
             error adding pod shop_web-1 to CNI network \"k8s-pod-network\": plugin type=\"calico\" failed (add): {words}"
        ),
        format!(
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_web-1_shop_7f_0(ab): \
             error adding pod shop_web-1 to CNI network \"k8s-pod-network\": {words}"
        ),
        format!(
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to set up sandbox container \"5d8c\" network for pod \
             \"web-1\": networkPlugin cni failed to set up pod \"web-1_shop\" network: {words}"
        ),
        format!(
            "Failed create pod sandbox: rpc error: code = Unknown desc = [failed to set up sandbox container \"5d8c\" network for pod \
             \"web-1\": networkPlugin cni failed to set up pod \"web-1_shop\" network: {words}, failed to clean up sandbox container \
             \"5d8c\" network for pod \"web-1\": networkPlugin cni failed to teardown pod \"web-1_shop\" network: {words}]"
        ),
    ] {
        let failure = parse("FailedCreatePodSandBox", &message).expect("a failure of Calico's plugin");
        assert_eq!(failure.text, words, "{message}");
        assert!(!failure.removes);
        assert_eq!(failure.is_combined, message.starts_with("(combined"));
        assert_eq!(failure.cause.map(|cause| cause.why), Some("the API server refuses the network plugin's token"));
    }
    let removal = format!(
        "error killing pod: failed to \"KillPodSandbox\" for \"7f\" with KillPodSandboxError: \"rpc error: code = Unknown desc = failed to \
         destroy network for sandbox \\\"ab\\\": plugin type=\\\"calico\\\" failed (delete): {words}\""
    );
    for message in [removal.replace("\\\"", "\""), removal] {
        let failure = parse("FailedKillPod", &message).expect("a failure of Calico's plugin");
        assert!(failure.removes && failure.cause.is_some());
        assert_eq!(failure.text, words, "{message}");
    }
}

#[test]
fn every_cause_is_found_by_a_sentence_of_its_own() {
    let get = "error getting ClusterInformation: Get \"https://10.96.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default\": ";
    let sentences = [
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted \
         /var/lib/calico/"
            .to_owned(),
        format!("{get}tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23"),
        format!("{get}x509: certificate signed by unknown authority"),
        "error getting ClusterInformation: connection is unauthorized: clusterinformations.crd.projectcalico.org \"default\" is forbidden: \
         User \"system:serviceaccount:kube-system:calico-cni-plugin\" cannot get resource \"clusterinformations\""
            .to_owned(),
        "Unauthorized".to_owned(),
        "Calico is currently not ready to process requests".to_owned(),
        "error getting ClusterInformation: resource does not exist: ClusterInformation(default) with error: the server could not find it"
            .to_owned(),
        format!("{get}proxyconnect tcp: dial tcp 10.77.40.15:3128: i/o timeout"),
        format!("{get}dial tcp 10.96.0.1:443: i/o timeout"),
        "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; Need to allocate an IPAM block but could not - \
         limit of 20 blocks reached for this node"
            .to_owned(),
        "no configured Calico pools for node node-2".to_owned(),
        "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.244.0.0/16]".to_owned(),
        "failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.254".to_owned(),
        "Max retries hit - excessive concurrent IPAM requests".to_owned(),
        "Address already assigned in block".to_owned(),
        "no podCidr for node node-2".to_owned(),
        "failed to find plugin \"calico\" in path [/opt/cni/bin]".to_owned(),
        "failed to find plugin \"loopback\" in path [/opt/cni/bin]".to_owned(),
        "failed to find plugin \"bridge\" in path [/opt/cni/bin]".to_owned(),
        "netplugin failed with no error message: signal: killed".to_owned(),
        "timed out waiting for endpoint status file '/var/run/calico/endpoint-status/x': context deadline exceeded".to_owned(),
        "error adding host side routes for interface: calia0b1, error: failed to add route file exists".to_owned(),
        "failed to read MTU file: open /var/lib/calico/mtu: no such file or directory".to_owned(),
        "Error received from AddNetwork gRPC call: connection error: dial unix /var/run/calico/cni-server.sock: connect: connection refused"
            .to_owned(),
    ];
    let found: Vec<_> = sentences
        .iter()
        .map(|words| {
            let failure = parse("FailedCreatePodSandBox", &format!("{CONTAINERD}plugin type=\"calico\" failed (add): {words}"));
            failure.and_then(|failure| failure.cause).unwrap_or_else(|| panic!("no cause: {words}"))
        })
        .collect();
    let same = found.iter().zip(causes::CAUSES).position(|(found, cause)| *found != cause);
    assert_eq!(same, None, "{:?}", same.map(|at| (&sentences[at], found[at])));
    assert_eq!(found.len(), causes::CAUSES.len());
}

#[test]
fn failures_of_others_are_not_calicos() {
    for words in [
        "plugin type=\"flannel\" failed (add): open /run/flannel/subnet.env: no such file or directory",
        "plugin type=\"cilium-cni\" failed (add): unable to connect to Cilium daemon: dial unix /var/run/cilium/cilium.sock",
        "plugin type=\"portmap\" failed (add): unable to create chain",
        "plugin type=\"bridge\" failed (add): failed to find plugin \"host-local\" in path [/usr/lib/cni]",
        "failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.254",
        "add cmd: failed to assign an IP address to container",
    ] {
        assert_eq!(parse("FailedCreatePodSandBox", &format!("{CONTAINERD}{words}")), None, "{words}");
    }
    // flannel, for a pod whose name is Calico's
    let message = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to set up sandbox container \"5d8c\" network for \
                   pod \"calico-kube-controllers-5b8d\": networkPlugin cni failed to set up pod \
                   \"calico-kube-controllers-5b8d_kube-system\" network: open /run/flannel/subnet.env: no such file or directory";
    assert_eq!(parse("FailedCreatePodSandBox", message), None);
    for (reason, message) in [
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image \"pause:3.9\"",
        ),
        ("BackOff", "Back-off restarting failed container"),
        ("FailedKillPod", "error killing pod: failed to \"KillContainer\": context deadline exceeded"),
    ] {
        assert_eq!(parse(reason, message), None);
    }
}

#[test]
fn brackets_of_the_plugins_own_stay() {
    let message = format!("{CONTAINERD}plugin type=\"calico\" failed (add): No IPs available in pools: [10.244.0.0/16]");
    assert!(parse("FailedCreatePodSandBox", &message).is_some_and(|failure| failure.text.ends_with("[10.244.0.0/16]")));
}

#[test]
fn an_unknown_sentence_of_calicos_plugin_is_quoted() {
    let message = format!("{CONTAINERD}plugin type=\"calico\" failed (add): failed to set \"eth0\" up: \u{1b}[31mno such device");
    let failure = parse("FailedCreatePodSandBox", &message).expect("a failure of Calico's plugin");
    assert_eq!((failure.text.as_str(), failure.cause), ("failed to set \"eth0\" up: no such device", None));
    assert_eq!(why("FailedCreatePodSandBox", &message), None);
}
