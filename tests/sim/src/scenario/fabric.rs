//! Who peers with whom, and how each session stands: it follows from the addresses, as confd and BIRD make it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::host::Session;

/// What the others know of a node, and what is true of it.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub internal: Ipv4Addr,
    /// What Calico stored, and peers dial.
    pub stored: Ipv4Addr,
    pub running: bool,
    /// The address of a docker bridge on this host: dialling it reaches the host itself.
    pub bridge: Option<Ipv4Addr>,
    /// When the newest change to its sessions happened, as BIRD shows it.
    pub since: String,
    pub reflector: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    Mesh,
    /// Every node peers with the reflectors, the reflectors with each other.
    Reflectors,
}

#[derive(Debug)]
pub(crate) struct Fabric {
    pub topology: Topology,
    pub speakers: Vec<Speaker>,
}

impl Fabric {
    pub(crate) fn sessions(self: &Arc<Self>, of: usize) -> Vec<Session> {
        let me = &self.speakers[of];
        let peers = self.speakers.iter().enumerate().filter(|(at, peer)| *at != of && self.peers(me, peer));
        peers.map(|(_, peer)| self.session(me, peer)).collect()
    }

    fn peers(&self, one: &Speaker, other: &Speaker) -> bool {
        // confd leaves out a peer with the node's own address.
        one.stored != other.stored && (self.topology == Topology::Mesh || one.reflector || other.reflector)
    }

    fn session(&self, me: &Speaker, peer: &Speaker) -> Session {
        let prefix = if self.topology == Topology::Mesh { "Mesh" } else { "Global" };
        let name = format!("{prefix}_{}", peer.stored.to_string().replace('.', "_"));
        // A time of day is of today, so newer than any date.
        let since = std::cmp::max_by_key(&me.since, &peer.since, |since| (since.len() == "00:00:00".len(), since.as_str()));
        let right = |speaker: &Speaker| speaker.stored == speaker.internal;
        let (bgp, error) = if right(me) && right(peer) && me.running && peer.running {
            return Session::new(name, "up", since, "Established", "");
        } else if peer.stored.to_string() > me.stored.to_string() && self.topology == Topology::Mesh {
            // Calico makes the lexically smaller side dial (confd bgp_processor.go).
            ("Passive", "")
        } else if !right(me) {
            ("Connect", "")
        } else if me.bridge == Some(peer.stored) {
            ("Active", "Socket: Connection reset by peer")
        } else if !right(peer) {
            ("Active", "Socket: Network is unreachable")
        } else {
            ("Active", "Socket: Connection refused")
        };
        Session::new(name, "start", since, bgp, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(internal: [u8; 4], stored: [u8; 4]) -> Speaker {
        let (internal, stored) = (internal.into(), stored.into());
        Speaker { internal, stored, running: true, bridge: None, since: "15:16:48".into(), reflector: false }
    }

    /// Expected rows: `bird/s3a-*`, `real/v3.24.5/incident1-90s` and `bird/s3d-*` of the recordings.
    #[test]
    fn the_fault_has_the_faces_that_were_recorded() {
        let bridge = Ipv4Addr::new(172, 18, 0, 1);
        let rows = |network: [u8; 3], everywhere: bool| {
            let [a, b, c] = network;
            let mut speakers =
                vec![speaker([a, b, c, 11], [a, b, c, 11]), speaker([a, b, c, 12], [a, b, c, 12]), speaker([a, b, c, 13], bridge.octets())];
            for speaker in &mut speakers {
                speaker.bridge = (everywhere || speaker.stored == bridge).then_some(bridge);
            }
            let fabric = Arc::new(Fabric { topology: Topology::Mesh, speakers });
            let info = |of: usize, row: usize| fabric.sessions(of)[row].info.trim().to_string();
            [info(0, 0), info(0, 1), info(2, 0)]
        };
        assert_eq!(rows([10, 0, 0], false), ["Established", "Passive", "Connect"]);
        assert_eq!(rows([192, 168, 56], false), ["Established", "Active        Socket: Network is unreachable", "Passive"]);
        assert_eq!(rows([192, 168, 56], true), ["Established", "Active        Socket: Connection reset by peer", "Passive"]);
    }
}
