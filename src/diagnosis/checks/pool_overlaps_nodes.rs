use std::net::IpAddr;

use crate::calico::address::{self, Cidr};
use crate::calico::tunnel_addresses::{TUNNELS, block_of, is_enabled};
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;
use crate::snapshot::objects::Custom;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::PoolOverlapsNodes,
        title: "An IP pool contains the nodes' own addresses",
        means: "Calico gives pods addresses from a network that machines use too. All pods stay Ready, but:\n\
                - A pod may get the address of a machine.\n\
                - Traffic from pods to machines of that network outside the cluster is not translated (no NAT), so no answer comes \
                back.\n\
                - A node whose block contains another node's address attracts the traffic for that node.",
        detected: "The cidr of an enabled IPPool contains the stored address of a node, and a tunnel address from that pool shows \
                   that Calico's IPAM uses it. It is an error if a node's block contains another node's address, otherwise a warning.",
        confirm: "kubectl get ippools.crd.projectcalico.org -o yaml | grep cidr\n\
                  kubectl get nodes -o wide",
        fix: &[
            "Move the pods to another pool:",
            "- Create a second IPPool in a network that no machine uses, inside the cluster's pod CIDR.",
            "- Disable the first pool.",
            "- Recreate the pods.",
            "- Delete the first pool.",
            "A new cluster is quicker to install again, with another pod CIDR.",
        ],
        restarts: "Every pod that has an address from the first pool must be recreated. calico-node does not restart.",
    },
    run,
};

fn run(view: &Context, _: &EarlierFindings) -> Vec<Finding> {
    view.snapshot.resources.ip_pools.seen().into_iter().flatten().filter_map(|pool| finding(view, pool)).collect()
}

fn finding(view: &Context, pool: &Custom) -> Option<Finding> {
    let cidr = address::parse(pool.spec.get("cidr")?.as_str()?).filter(|_| is_enabled(pool))?;
    let family = Family::from_address(cidr.addr());
    let tunnels: Vec<(&NodeModel, IpAddr)> =
        view.nodes.iter().flat_map(|node| tunnels(node).map(move |tunnel| (node, tunnel))).filter(|(_, one)| cidr.contains(one)).collect();
    let inside: Vec<(&NodeModel, IpAddr)> = view
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.stored(family)?.address())))
        // its own tunnel's, taken for its address, is another matter
        .filter(|(node, address)| cidr.contains(address) && !self::tunnels(node).any(|tunnel| tunnel == *address))
        .collect();
    if tunnels.is_empty() || inside.is_empty() {
        return None;
    }
    let name = format!("the IP pool {} ({})", pool.metadata.name, cidr.trunc());
    let mut evidence: Vec<_> =
        inside.iter().map(|(node, address)| node.evidence(Source::Annotation, format!("{address} is in {}", cidr.trunc()))).collect();
    let captured = tunnels.iter().find_map(|(node, tunnel)| {
        let block = block_of(pool, *tunnel)?;
        let taken = inside.iter().find(|(other, address)| other.name != node.name && block.contains(address))?;
        Some((*node, block, taken))
    });
    let nodes = inside.iter().map(|(node, _)| node.name.to_owned()).collect::<Vec<_>>();
    let (severity, message) = match captured {
        Some((node, block, (other, address))) => {
            evidence.insert(0, node.evidence(Source::Annotation, format!("its tunnel address is in the block {block}")));
            (Severity::Error, about_block(&name, node, block, other, *address))
        }
        None => (
            Severity::Warning,
            format!("{name} contains the addresses of {}, expected a network that no machine has", phrases::list(&nodes)),
        ),
    };
    Some(Finding { code: Code::PoolOverlapsNodes, severity, nodes, message, evidence, fix: None })
}

fn about_block(pool: &str, node: &NodeModel, block: Cidr, other: &NodeModel, address: IpAddr) -> String {
    format!(
        "{} has the block {block} of {pool}, which contains the address {address} of {}: other nodes send what is for {} to {}",
        node.name, other.name, other.name, node.name
    )
}

/// Addresses that Calico's IPAM gave the node's tunnels.
fn tunnels<'n>(node: &'n NodeModel) -> impl Iterator<Item = IpAddr> + use<'n> {
    TUNNELS.iter().filter_map(|(annotation, _)| node.tunnel_address(annotation))
}
