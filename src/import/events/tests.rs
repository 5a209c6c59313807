use super::*;

#[test]
fn tables_of_every_release() {
    let message = "Readiness probe failed:  BGP not established with 10.0.0.1";
    for (header, row) in [
        (
            "LAST SEEN   TYPE      REASON      OBJECT                  MESSAGE",
            format!("5m          Warning   Unhealthy   pod/calico-node-p2x4d   {message}"),
        ),
        (
            "NAMESPACE     LAST SEEN   TYPE      REASON      OBJECT                  MESSAGE",
            format!("kube-system   5m          Warning   Unhealthy   pod/calico-node-p2x4d   {message}"),
        ),
        (
            "LAST SEEN   TYPE      REASON      OBJECT                  SUBOBJECT                      SOURCE            MESSAGE   FIRST SEEN   COUNT   NAME",
            format!(
                "5m          Warning   Unhealthy   pod/calico-node-p2x4d   spec.containers{{calico-node}}   kubelet, node-3   {message}   70m          134     calico-node-p2x4d.17f"
            ),
        ),
        (
            "LAST SEEN   FIRST SEEN   COUNT     NAME                                 KIND      SUBOBJECT                      TYPE      REASON      SOURCE            MESSAGE",
            format!(
                "5m          70m          134       calico-node-p2x4d.155ea1b0b3f12345   Pod       spec.containers{{calico-node}}   Warning   Unhealthy   kubelet, node-3   {message}"
            ),
        ),
        ("", format!("5m          Warning   Unhealthy   pod/calico-node-p2x4d   {message}")),
    ] {
        let (facts, _) = EVENTS.read_text(format!("{header}\n{row}\n").trim_start());
        let event = &facts.events[0];
        assert_eq!(event.times(), if row.contains("134") { 134 } else { 1 }, "{header}");
        assert_eq!(
            (event.involved_object.name.as_str(), event.reason.as_str(), event.message.as_str()),
            ("calico-node-p2x4d", "Unhealthy", message),
            "{header}"
        );
    }
}

#[test]
fn events_of_others_are_counted() {
    let text = "LAST SEEN   TYPE      REASON      OBJECT                  MESSAGE\n\
        5m          Warning   Unhealthy   pod/calico-node-p2x4d   Readiness probe failed:  BGP not established with 10.0.0.1\n\
        5m          Normal    Pulled      pod/coredns-x           Container image present\n";
    let (facts, summary) = EVENTS.read_text(text);
    assert_eq!(facts.events.len(), 1);
    assert_eq!(summary.ignored.as_deref(), Some("1 row about other objects"));
}

#[test]
fn the_end_of_a_description() {
    let rows = "  Type     Reason     Age                From               Message\n  ----     ------     ----               ----               -------\n  \
        Normal   Scheduled  70m                default-scheduler  Successfully assigned kube-system/calico-node-p2x4d to node-3\n  \
        Warning  Unhealthy  3m (x134 over 69m)  kubelet            Readiness probe failed: calico/node is not ready\nBIRD is not ready: BGP not established with 10.0.0.1\n";
    for text in [rows.to_owned(), format!("Events:\n{rows}")] {
        let (facts, summary) = OF_POD.read_text(&text);
        assert_eq!(summary.node.as_deref(), Some("node-3"));
        assert_eq!((facts.event_pods[0].metadata.name.as_str(), facts.events.len()), ("calico-node-p2x4d", 2));
        assert!(facts.events[1].message.contains("BGP not established"), "{:?}", facts.events);
        assert_eq!(facts.events[1].times(), 134);
    }
    let (facts, summary) =
        OF_POD.read_text("Warning  Unhealthy  10s (x5 over 50s)  kubelet, node-3  Readiness probe failed: calico/node is not ready\n");
    assert_eq!((facts.event_pods.len(), summary.node.as_deref()), (1, Some("node-3")));
    let (facts, summary) = OF_POD.read_text("Warning  BackOff  10s (x5 over 50s)  kubelet  Back-off restarting failed container\n");
    assert!(facts.event_pods.is_empty() && summary.ignored.is_some());
}

#[test]
fn a_table_copied_out_of_rancher() {
    let text = "kube-system | Normal | Created | canal-wg6pv | Created container calico-node | 5 minutes ago\n\
        -- | -- | -- | -- | -- | --\n\
        kube-system | Warning | Unhealthy | canal-wg6pv | Readiness probe failed: HTTP probe failed with statuscode: 503 | 2 minutes ago\n";
    let (facts, _) = EVENTS.read_text(text);
    let event = &facts.events[1];
    assert_eq!((event.involved_object.name.as_str(), event.reason.as_str()), ("canal-wg6pv", "Unhealthy"));
    assert_eq!(event.message, "Readiness probe failed: HTTP probe failed with statuscode: 503");
    assert_eq!(event.involved_object.namespace.as_deref(), Some("kube-system"));
    for line in ["a | b | c", "| Warning | of what | is to come |", "Normal | x"] {
        assert!(barred(line).is_none(), "{line}");
    }
}
