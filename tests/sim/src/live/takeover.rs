//! The mesh as hosts, Nodes, pods and BGP configuration describe it when a cluster begins to live.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::is_ours;
use super::report::ADDRESS;
use crate::calico::bird::{Mesh, Speaker};
use crate::calico::network::{Network, Prefix};
use crate::controller::Cache;
use crate::host::Host;

fn prefix(text: &str) -> Option<Prefix> {
    let (address, length) = text.split_once('/')?;
    Some(Prefix { address: address.parse().ok()?, length: length.parse().ok()? })
}

pub fn mesh(cache: &Cache, hosts: &[Arc<Host>], now: Timestamp) -> Mesh {
    let pods: HashMap<&str, _> =
        cache.objects("Pod").filter(|pod| is_ours(pod)).filter_map(|pod| Some((pod["spec"]["nodeName"].as_str()?, pod))).collect();
    let speaker = |host: &Arc<Host>| {
        let node = cache.object("Node", "", &host.node);
        let pod = pods.get(host.node.as_str());
        let running = pod.and_then(|pod| pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"].as_str()?.parse().ok());
        Speaker {
            node: host.node.clone(),
            network: Arc::new(network(host)),
            stored: node.and_then(|node| node["metadata"]["annotations"][ADDRESS].as_str()).and_then(prefix),
            changed: running.unwrap_or(now),
            started: running.filter(|_| host.bird.is_some()).map(|since| since + SignedDuration::from_secs(3)),
            recovered: false,
            reflector: node.is_some_and(|node| node["metadata"]["labels"]["route-reflector"] == "true"),
        }
    };
    let speakers: Vec<_> = hosts.iter().map(speaker).collect();
    let full = cache.objects("BGPConfiguration").all(|found| found["spec"]["nodeToNodeMeshEnabled"] != false);
    let shared = shared(hosts, &speakers);
    let mut mesh = Mesh::new(speakers, &shared, full);
    mesh.note_recovered(now);
    mesh
}

fn network(host: &Host) -> Network {
    Network { node: Some(vec![("InternalIP".into(), host.internal.to_string())]), ..host.network() }
}

/// The networks that hosts have their own addresses in.
fn shared(hosts: &[Arc<Host>], speakers: &[Speaker]) -> Vec<Prefix> {
    let own = |(host, speaker): (&Arc<Host>, &Speaker)| {
        let mut addresses = speaker.network.addresses().map(|(_, address)| address.prefix);
        addresses.find(|prefix| prefix.address == host.internal).map(Prefix::network)
    };
    let mut shared: Vec<Prefix> = Vec::new();
    for network in hosts.iter().zip(speakers).filter_map(own) {
        if !shared.contains(&network) {
            shared.push(network);
        }
    }
    shared
}

/// A host has other interfaces or routes now.
pub fn renew(mesh: &mut Mesh, hosts: &[Arc<Host>], place: usize) {
    mesh.speakers[place].network = Arc::new(network(&hosts[place]));
    let shared = shared(hosts, &mesh.speakers);
    mesh.renew(&shared);
}
