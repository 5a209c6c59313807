use super::*;

#[test]
fn pods_in_every_form() {
    let default = "NAME                READY   STATUS             RESTARTS      AGE\ncalico-node-p2x4d   0/1     CrashLoopBackOff   21 (2m ago)   70m\n";
    let wide = "NAMESPACE     NAME                READY   STATUS             RESTARTS   AGE   IP         NODE   NOMINATED NODE   READINESS GATES\n\
        kube-system   coredns-x           1/1     Running            0          1d    10.0.0.1   m1     <none>           <none>\n\
        kube-system   calico-node-p2x4d   0/1     CrashLoopBackOff   21         70m   10.0.0.7   w7     <none>           <none>\n";
    let squeezed = "NAME READY STATUS RESTARTS AGE IP NODE\ncalico-node-p2x4d 0/1 CrashLoopBackOff 21 (2m ago) 70m 10.0.0.7 w7\n";
    let bare = "kube-system   calico-node-p2x4d   0/1   CrashLoopBackOff   21   70m   10.0.0.7   w7\n";
    for (text, node) in [(default, None), (wide, Some("w7")), (squeezed, Some("w7")), (bare, Some("w7"))] {
        let (facts, _) = PODS.read_text(text);
        let pod = &facts.pods[0];
        assert_eq!(facts.pods.len(), 1);
        assert_eq!((pod.metadata.name.as_str(), pod.spec.node_name.as_deref()), ("calico-node-p2x4d", node), "{text}");
        let status = pod.calico_node_status().expect("a container");
        assert_eq!((status.restart_count, status.ready, pod.is_ready()), (21, false, Some(false)), "{text}");
        assert_eq!(status.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()), Some("CrashLoopBackOff"));
    }
}

#[test]
fn which_of_two_containers_is_not_ready_is_not_told() {
    let (facts, _) = PODS.read_text("NAME          READY   STATUS    RESTARTS   AGE\ncanal-abcde   1/2     Running   3          1d\n");
    assert!(facts.pods[0].status.container_statuses.is_empty());
    assert_eq!(facts.pods[0].is_ready(), Some(false));
}

#[test]
fn nodes_in_every_form() {
    let default =
        "NAME   STATUS                        ROLES    AGE   VERSION\nw1     NotReady,SchedulingDisabled   <none>   4d    v1.28.8\n";
    let wide = "NAME   STATUS     ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION      CONTAINER-RUNTIME\n\
        w1     NotReady   <none>   4d    v1.28.8   10.0.0.7      <none>        Ubuntu 22.04.4 LTS   5.15.0-91-generic   containerd://1.7.13\n";
    for (text, ip) in [(default, None), (wide, Some("10.0.0.7")), ("w1   NotReady   <none>   4d   v1.28.8\n", None)] {
        let (facts, _) = NODES.read_text(text);
        let node = &facts.nodes[0];
        assert_eq!((node.metadata.name.as_str(), node.addresses("InternalIP").next()), ("w1", ip), "{text}");
        assert!(node.metadata.tabular);
    }
}

#[test]
fn rows_of_kubectl_get_all_and_of_watch() {
    let text = "NAME                    READY   STATUS             RESTARTS   AGE\npod/calico-node-p2x4d   0/1     CrashLoopBackOff   21         70m\n\
        pod/calico-node-p2x4d   1/1     Running            22         71m\n";
    let (facts, summary) = PODS.read_text(text);
    assert_eq!((facts.pods.len(), facts.pods[0].is_ready()), (1, Some(true)));
    assert!(summary.ignored.is_some_and(|ignored| ignored.contains("1 row that a later row")));
    for (line, row) in [
        ("daemonset.apps/calico-node   3   3   2   3   2   <none>   4d", true),
        ("kube-system   calico-node   3   3   2   3   2   <none>   4d", true),
        ("calico-node is on 3 nodes", false),
    ] {
        assert_eq!(is_set_row(line), row, "{line}");
    }
}

#[test]
fn no_node_has_a_name_that_kubernetes_refuses() {
    let (facts, summary) =
        NODES.read_text("NAME     STATUS   ROLES    AGE   VERSION\nnode-1   Ready    <none>   4d    v1.28.8\nUbuntu   22.04   LTS\n");
    assert_eq!(facts.nodes.len(), 1);
    assert!(summary.ignored.is_some());
}
