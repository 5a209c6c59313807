use crate::calico::tunnel_addresses::wireguard_key;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::model::NodeModel;
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::RoutesNotInstalled,
        title: "The kernel of a node refuses routes that BIRD learned",
        means: "The BGP sessions are up and the pods are Ready, but BIRD cannot put routes to other nodes' pods into the node's routing \
                table. Pods on this node do not reach pods on other nodes.",
        detected: "BIRD's log says \"Netlink: Network is down\", \"File exists\" or \"Network is unreachable\" again and again up to \
                   its end. A few such lines while the network changes do not count. Nodes with WireGuard are left out, because there \
                   Felix makes the routes.",
        confirm: "On the node: ip route\n\
                  On the node: ip link show tunl0\n\
                  kubectl logs -n NAMESPACE POD -c calico-node | grep Netlink",
        fix: &[
            "BIRD's words say why:",
            "- Network is down: the tunnel's interface is down. Run `ip link set tunl0 up` on the node. Make NetworkManager and \
             systemd-networkd ignore cali* and tunl*.",
            "- File exists: another program, or the network's own configuration, has routes to the same networks. Compare `ip route` \
             with that of a sound node.",
            "- Network is unreachable: the next hop is on no network of the node. Use an encapsulation (ipipMode or vxlanMode \
             CrossSubnet or Always) in the IP pool if the nodes are in several networks.",
        ],
        restarts: "Nothing. BIRD tries again every two seconds.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = log_line_finding::after_start(view, found, Code::RoutesNotInstalled);
    findings.retain(|finding| !finding.nodes.iter().filter_map(|name| view.node(name)).any(has_wireguard));
    findings
}

fn has_wireguard(node: &NodeModel) -> bool {
    let announces = |family| node.node.is_some_and(|node| node.metadata.annotations.contains_key(wireguard_key(family)));
    Family::ALL.into_iter().any(announces)
}
