//! The mesh as hosts, Nodes, pods and BGP configuration describe it when a cluster begins to live.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::is_ours;
use super::report::annotation;
use crate::calico::bird::{Mesh, Speaker};
use crate::calico::network::{Family, Network, Prefix};
use crate::controller::Cache;
use crate::host::Host;

fn prefix(text: &str) -> Option<Prefix> {
    let (address, length) = text.split_once('/')?;
    Some(Prefix { address: address.parse().ok()?, length: length.parse().ok()? })
}

/// Of one family.
pub(super) fn mesh(cache: &Cache, hosts: &[Arc<Host>], now: Timestamp, family: Family) -> Mesh {
    let pods: HashMap<&str, _> =
        cache.objects("Pod").filter(|pod| is_ours(pod)).filter_map(|pod| Some((pod["spec"]["nodeName"].as_str()?, pod))).collect();
    let speaker = |host: &Arc<Host>| {
        let node = cache.object("Node", "", &host.node);
        let pod = pods.get(host.node.as_str());
        let running = pod.and_then(|pod| pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"].as_str()?.parse().ok());
        Speaker {
            node: host.node.clone(),
            network: Arc::new(network(host)),
            stored: node.and_then(|node| node["metadata"]["annotations"][annotation(family)].as_str()).and_then(prefix),
            changed: running.unwrap_or(now),
            started: running.filter(|_| host.bird.is_some()).map(|since| since + SignedDuration::from_secs(3)),
            recovered: false,
            reflector: node.is_some_and(|node| node["metadata"]["labels"]["route-reflector"] == "true"),
            flapping: host.flapping,
        }
    };
    let speakers: Vec<_> = hosts.iter().map(speaker).collect();
    let full = cache.objects("BGPConfiguration").all(|found| found["spec"]["nodeToNodeMeshEnabled"] != false);
    let shared = shared(hosts, &speakers, family);
    let mut mesh = Mesh::new(speakers, &shared, full);
    mesh.note_recovered(now);
    mesh
}

fn network(host: &Host) -> Network {
    let own = host.internals().into_iter().map(|address| ("InternalIP".into(), address.to_string()));
    Network { node: Some(own.collect()), ..host.network() }
}

/// The networks that hosts have their own addresses in.
fn shared(hosts: &[Arc<Host>], speakers: &[Speaker], family: Family) -> Vec<Prefix> {
    let own = |(host, speaker): (&Arc<Host>, &Speaker)| {
        let mut addresses = speaker.network.addresses().map(|(_, address)| address.prefix);
        let internal = host.internals().into_iter().find(|address| Family::of(*address) == family)?;
        addresses.find(|prefix| prefix.address == internal).map(Prefix::network)
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
pub(super) fn renew(mesh: &mut Mesh, hosts: &[Arc<Host>], place: usize, family: Family) {
    mesh.speakers[place].network = Arc::new(network(&hosts[place]));
    mesh.speakers[place].flapping = hosts[place].flapping;
    let shared = shared(hosts, &mesh.speakers, family);
    mesh.renew(&shared);
}
