//! How parts of calico-node end that run only after the start.

/// Of node/pkg/allocateip in older releases, and of libcalico-go/lib/ipam. Other errors of IPAM are told in their own words.
const NO_TUNNEL_ADDRESS: &str =
    "IPAM has no address for the node's tunnel: the IP pools are full, or each of their blocks belongs to another node";

/// FATAL and panic texts with a known meaning: felix/dataplane, felix/ipsets, node/pkg/allocateip of 3.8 to 3.33.
const ENDS: &[(&str, &str)] = &[
    ("RPF check", "the kernel's rp_filter is loose"),
    ("Failed to update IP sets after multiple retries", "Felix cannot program IP sets"),
    ("Failed to configure BPF devices", "Felix cannot set up the devices of the eBPF dataplane"),
    ("failed to attach connect-time load balancer", "Felix cannot attach the connect-time load balancer of the eBPF dataplane"),
    ("error creating bpf maps", "Felix cannot create its eBPF maps"),
    ("Failed to create BPF endpoint manager", "Felix cannot start the eBPF dataplane"),
    ("Failed to wait for driver to exit", "Felix's dataplane driver does not end"),
    ("pools are likely exhausted", NO_TUNNEL_ADDRESS),
    ("No IPs available in pools", NO_TUNNEL_ADDRESS),
    ("No more free affine blocks and strict affinity enabled", NO_TUNNEL_ADDRESS),
    ("Unable to detect host MTU", "Felix cannot find the host's MTU"),
    ("mark bits", "the iptables mark mask leaves too few bits for Felix"),
];

/// Errors that end a start: libcalico-go/lib/backend/k8s/resources/node.go.
const START_ENDS: &[(&str, &str)] = &[
    (
        "Create is not supported on Node(",
        "its name for the node is not a Node's of Kubernetes (NODENAME must be the Node's name, as from spec.nodeName)",
    ),
    (
        "error with field Metadata.Name",
        "its name for the node cannot be the name of a Node (check NODENAME, and on the host /var/lib/calico/nodename and hostname)",
    ),
    (
        "could not initialize etcdv3 client: open ",
        "it cannot open a certificate file of its etcd datastore (ETCD_CERT_FILE, ETCD_KEY_FILE and ETCD_CA_CERT_FILE name them)",
    ),
];

/// What an error of the start-up program means, after which it gives up.
pub(super) fn known_start_end(text: &str) -> Option<&'static str> {
    START_ENDS.iter().chain(ENDS).find(|(says, _)| text.contains(says)).map(|(_, why)| *why)
}

/// What this FATAL line or panic means.
pub fn known_end(text: &str) -> Option<&'static str> {
    ENDS.iter().find(|(says, _)| text.contains(says)).map(|(_, why)| *why)
}
