use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::calico::tunnel_addresses::{POOL_TUNNELS, PoolTunnel, TUNNELS, wireguard_address, wireguard_key};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{Explanation, ONE_NODE};
use crate::diagnosis::fixes;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::TunnelAddressWrong,
        title: "A node's tunnel is down, or its address is missing or another node's too",
        means: "IP-in-IP, VXLAN and WireGuard give each node's tunnel interface an address from an IP pool.\n\
                - No address: other nodes have no VXLAN endpoint for the node, and what its host sends to pods has no source address.\n\
                - Two nodes with one address: each may get the other's traffic.\n\
                - The interface is down: no traffic passes between its pods and other nodes.\n\
                All pods stay Ready.",
        detected: "The annotations projectcalico.org/IPv4IPIPTunnelAddr, IPv4VXLANTunnelAddr and IPv6VXLANTunnelAddr show the same \
                   address on two nodes. Or a node that an enabled IP pool of that mode selects has none, and other nodes have one.\n\
                   If the node's interfaces were read: tunl0, vxlan.calico, vxlan-v6.calico, wireguard.cali or wg-v6.cali is down, or \
                   lacks the address.\n\
                   Not reported if IP pools could not be read, or if no node has such an address, as with another plugin's IPAM.",
        confirm: "kubectl get nodes -o yaml | grep TunnelAddr\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip addr show",
        fix: &[
            "Address missing or used twice: restart calico-node on that node. At its start it keeps an address that IPAM has for it, \
             and takes a new one otherwise:",
            "  kubectl delete pod -n NAMESPACE POD",
            "If that does not help, look in its log for errors of the tunnel address allocator. Check that the IP pools have free \
             addresses.",
            "Interface down: Felix brings it up and sets its address every few seconds. If it does not stay up, another program \
             manages it. Make NetworkManager and systemd-networkd ignore cali*, tunl*, vxlan.calico and wireguard.cali. Then look in \
             the log for Felix's errors about that interface.",
            "A VXLAN interface with wrong settings can be deleted on the node. Felix creates it again:",
            "  ip link delete vxlan.calico",
        ],
        restarts: ONE_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    if !view.install.keeps_annotations() {
        return Vec::new();
    }
    let findings = POOL_TUNNELS.iter().flat_map(|tunnel| [shared(view, tunnel), lacking(view, tunnel)].concat());
    let out_of_order = view.nodes.iter().flat_map(|node| TUNNELS.iter().filter_map(|tunnel| out_of_order(view, node, *tunnel)));
    findings.chain(out_of_order).filter(|finding| !finding.nodes.iter().any(|node| found.is_explained(node))).collect()
}

fn shared(view: &Context, tunnel: &PoolTunnel) -> Vec<Finding> {
    let mut holders: BTreeMap<IpAddr, Vec<&NodeModel>> = BTreeMap::new();
    for node in view.nodes.iter().filter(|node| !node.kubelet_is_silent()) {
        if let Some(address) = node.tunnel_address(tunnel.annotation) {
            holders.entry(address).or_default().push(node);
        }
    }
    holders.retain(|_, nodes| nodes.len() > 1);
    holders.into_iter().map(|(address, nodes)| about_shared(view, tunnel, address, &nodes)).collect()
}

fn about_shared(view: &Context, tunnel: &PoolTunnel, address: IpAddr, nodes: &[&NodeModel]) -> Finding {
    let names: Vec<String> = nodes.iter().map(|node| node.name.to_owned()).collect();
    // IPAM has it for one of them, which keeps it; the newer one is less likely to be that one.
    let newest = nodes.iter().max_by_key(|node| node.node.and_then(|node| node.metadata.creation_timestamp));
    let fix =
        newest.and_then(|node| fixes::restart_pod(view, node, "It takes another tunnel address if IPAM has this one for another node"));
    Finding {
        code: Code::TunnelAddressWrong,
        severity: Severity::Error,
        message: format!("{} have the same {} tunnel address {address}, expected one each", phrases::list(&names), tunnel.name),
        nodes: names,
        evidence: nodes.iter().map(|node| node.evidence(Source::Annotation, format!("{}: {address}", tunnel.annotation))).collect(),
        fix,
    }
}

fn lacking(view: &Context, tunnel: &PoolTunnel) -> Vec<Finding> {
    let Some(pools) = view.snapshot.resources.ip_pools.seen() else { return Vec::new() };
    // Without a single one another IPAM gives the addresses.
    if !view.nodes.iter().any(|node| node.tunnel_address(tunnel.annotation).is_some()) {
        return Vec::new();
    }
    let lacks = |node: &&NodeModel| {
        node.node.is_some_and(|own| !own.metadata.tabular)
            && node.tunnel_address(tunnel.annotation).is_none()
            && (node.ready() == Some(true) || view.is_settled(node))
            && !node.kubelet_is_silent()
            && pools.iter().any(|pool| tunnel.is_fed_by(pool, &view.calico_labels(node)))
    };
    view.nodes.iter().filter(lacks).map(|node| about_lacking(view, tunnel, node)).collect()
}

fn about_lacking(view: &Context, tunnel: &PoolTunnel, node: &NodeModel) -> Finding {
    let mut evidence = vec![node.evidence(Source::Annotation, format!("{}: none", tunnel.annotation))];
    let interface = node.seen_interfaces().find(|one| one.name == tunnel.interface);
    if let Some(interface) = interface.filter(|one| one.addresses.is_empty()) {
        evidence.push(node.evidence(Source::Interfaces, format!("{} has no address", interface.name)));
    }
    Finding {
        code: Code::TunnelAddressWrong,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message: format!(
            "{} has no {} tunnel address, expected one for {}: an IP pool selects the node, and other nodes have one",
            node.name, tunnel.name, tunnel.interface
        ),
        evidence,
        fix: fixes::restart_pod(view, node, "The next start assigns the tunnel address again"),
    }
}

/// A tunnel's interface that was seen, and is down or lacks the address that the node has for it.
fn out_of_order(view: &Context, node: &NodeModel, (annotation, name): (&str, &str)) -> Option<Finding> {
    let address = node.tunnel_address(annotation)?;
    let interface = node.seen_interfaces().find(|one| one.name == name)?;
    let settled = node.ready() == Some(true) || view.is_settled(node);
    if !settled || node.kubelet_is_silent() || !is_in_use(view, node, annotation) {
        return None;
    }
    let family = Family::from_address(address);
    let has = |one: &Interface| one.addresses.iter().any(|held| Family::from_address(held.address) == family);
    // a list of one family only shows no address of the other
    let lists_family = node.seen_interfaces().any(|one| one.name != name && has(one));
    // IP-in-IP has no broadcast: what has is another device of that name
    if name == TUNNELS[0].1 && interface.flags.iter().any(|flag| flag == "BROADCAST") {
        return None;
    }
    // flags that were not seen are no flags
    let is_down = !interface.flags.is_empty() && interface.flags.iter().all(|flag| flag != "UP");
    let seen = match () {
        () if is_down => format!("{name} is down"),
        () if !lists_family => return None,
        () if !has(interface) => format!("{name} has no {family} address, expected {address}"),
        () if interface.addresses.iter().all(|held| held.address != address) => format!("{name} does not have {address}"),
        () => return None,
    };
    let shown = if is_down { format!("{name} is not up: flags {}", interface.flags.join(",")) } else { seen.clone() };
    Some(Finding {
        code: Code::TunnelAddressWrong,
        severity: Severity::Error,
        nodes: vec![node.name.to_owned()],
        message: format!("{seen} on {}: its pods and those of other nodes do not reach each other through this tunnel", node.name),
        evidence: vec![node.evidence(Source::Interfaces, shown), node.evidence(Source::Annotation, format!("{annotation}: {address}"))],
        fix: None,
    })
}

/// An IP pool of that mode selects the node, or its WireGuard key is announced. Pools that were not read may do so.
fn is_in_use(view: &Context, node: &NodeModel, annotation: &str) -> bool {
    if let Some(tunnel) = POOL_TUNNELS.iter().find(|tunnel| tunnel.annotation == annotation) {
        let pools = view.snapshot.resources.ip_pools.seen();
        return pools.is_none_or(|pools| pools.iter().any(|pool| tunnel.is_fed_by(pool, &view.calico_labels(node))));
    }
    let family = Family::ALL.into_iter().find(|family| wireguard_address(*family) == annotation);
    let key = family.and_then(|family| node.node?.metadata.annotations.get(wireguard_key(family)));
    key.is_some_and(|key| !key.is_empty())
}
