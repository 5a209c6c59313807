//! The known causes: one table.

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CniStep {
    /// A new calico-node pod on that node writes the plugin's files again. Why.
    RestartCalicoNode(&'static str),
    /// calico-node's pod on that node tells more. Why.
    DescribeCalicoNode(&'static str),
    /// The pods of that node tell more. Why.
    ListPods(&'static str),
    /// A command that changes nothing, and why.
    Show(&'static [&'static str], &'static str),
}

#[derive(Debug, PartialEq, Eq)]
pub struct CniCause {
    /// The plugin's words hold each of these …
    holds: &'static [&'static str],
    /// … and one of these, where there are any.
    any: &'static [&'static str],
    /// A clause: `pods on node-2 get no network: …`.
    pub why: &'static str,
    pub step: CniStep,
    /// It is over once calico-node is ready there.
    pub ends_with_calico_node: bool,
    /// No other plugin says so.
    pub is_calicos_alone: bool,
    /// Where Calico writes it.
    pub source: &'static str,
}

impl CniCause {
    pub(super) fn explains(&self, words: &str) -> bool {
        self.holds.iter().all(|text| words.contains(text)) && (self.any.is_empty() || self.any.iter().any(|text| words.contains(text)))
    }

    const fn only_calicos(self) -> Self {
        Self { is_calicos_alone: true, ..self }
    }

    const fn until_ready(self) -> Self {
        Self { ends_with_calico_node: true, ..self }
    }
}

const fn cause(
    holds: &'static [&'static str],
    any: &'static [&'static str],
    why: &'static str,
    step: CniStep,
    source: &'static str,
) -> CniCause {
    CniCause { holds, any, why, step, ends_with_calico_node: false, is_calicos_alone: false, source }
}

const PLUGIN: &str = "cni-plugin/pkg/plugin/plugin.go";
const ERRORS: &str = "libcalico-go/lib/errors/errors.go";
const IPAM: &str = "libcalico-go/lib/ipam/ipam.go";
const FIND: &str = "pkg/invoke/find.go of containernetworking/cni";
const LINUX: &str = "cni-plugin/pkg/dataplane/linux/dataplane_linux.go";

/// A request to the API server failed on the way (net/http of Go).
const NO_ANSWER: &[&str] = &[
    "i/o timeout",
    "connection refused",
    "no route to host",
    "network is unreachable",
    "connection reset",
    "deadline exceeded",
    "handshake timeout",
    "Service Unavailable",
    "Client.Timeout",
    "EOF",
    "no such host",
];

const INFORMATION: CniStep = CniStep::Show(
    &["kubectl", "get", "clusterinformations.crd.projectcalico.org", "default", "-o", "yaml"],
    "Shows datastoreReady. While an upgrade or a migration runs it is false; calicoctl datastore migrate unlock sets it again",
);
const POOLS: CniStep = CniStep::Show(
    &["kubectl", "get", "ippools.crd.projectcalico.org", "-o", "yaml"],
    "Shows the IP pools. calicoctl ipam show --show-blocks tells how full they are, calicoctl ipam check finds addresses that nobody uses. \
     Then add a pool, or release those addresses",
);
const BLOCKS: CniStep = CniStep::Show(
    &["kubectl", "get", "ipamconfigs.crd.projectcalico.org", "-o", "yaml"],
    "Shows maxBlocksPerHost and strictAffinity, which limit the addresses of one node",
);
const NEW_KUBECONFIG: CniStep = CniStep::RestartCalicoNode(
    "install-cni writes the network plugin's kubeconfig (/etc/cni/net.d/calico-kubeconfig) with a new token and CA",
);

/// The first that fits: an exact sentence before a general one.
pub(super) const CAUSES: &[CniCause] = &[
    cause(
        &["/var/lib/calico/nodename"],
        &[],
        "the network plugin misses the file that calico-node writes when it starts",
        CniStep::DescribeCalicoNode("The file is there once calico-node has started and has mounted /var/lib/calico of the host"),
        PLUGIN,
    )
    .only_calicos()
    .until_ready(),
    cause(
        &["x509:", "expired"],
        &[],
        "the certificate of the API server has expired. Renew it",
        CniStep::ListPods("Shows what else of that node waits"),
        "crypto/x509 of Go",
    ),
    cause(&["x509:"], &[], "the network plugin does not trust the certificate of the API server", NEW_KUBECONFIG, "crypto/x509 of Go"),
    cause(
        &["is forbidden: User"],
        &[],
        "the network plugin's service account lacks rights. Apply the ClusterRoles of the Calico release that the image has",
        CniStep::Show(
            &["kubectl", "get", "clusterroles"],
            "Shows the ClusterRoles. The plugin's is calico-cni-plugin since v3.26, calico-node before",
        ),
        "k8s.io/apiserver",
    ),
    cause(
        &[],
        &["connection is unauthorized", "Unauthorized"],
        "the API server refuses the network plugin's token",
        NEW_KUBECONFIG,
        ERRORS,
    ),
    cause(
        &["Calico is currently not ready to process requests"],
        &[],
        "Calico's datastore is locked (datastoreReady is false)",
        INFORMATION,
        PLUGIN,
    )
    .only_calicos(),
    cause(
        &["resource does not exist: ClusterInformation"],
        &[],
        "Calico's datastore holds no ClusterInformation: no calico-node of this cluster has finished a start",
        INFORMATION,
        ERRORS,
    )
    .only_calicos()
    .until_ready(),
    cause(
        &["proxyconnect "],
        &[],
        "the network plugin asks an HTTP proxy for the API server. NO_PROXY of the container runtime must hold the Service network",
        CniStep::ListPods("Shows what else of that node waits. On the node, systemctl cat containerd (or crio, docker) shows the proxy"),
        "net/http of Go",
    ),
    cause(
        &["ClusterInformation"],
        NO_ANSWER,
        "the network plugin gets no answer from the API server",
        CniStep::ListPods(
            "Shows whether kube-proxy runs on that node. The plugin asks from the host, through the address of the Service kubernetes",
        ),
        PLUGIN,
    )
    .only_calicos(),
    cause(
        &[],
        &["per host block limit", "blocks reached for this node", "strict affinity enabled"],
        "the node has reached its limit of address blocks",
        BLOCKS,
        IPAM,
    )
    .only_calicos(),
    cause(
        &[],
        &["no configured Calico pools", "cannot find a qualified ippool", "does not exist, or is not enabled"],
        "no IP pool is enabled for these pods and this node",
        POOLS,
        IPAM,
    )
    .only_calicos(),
    cause(
        &[],
        // the third until v3.18 (cni-plugin/pkg/ipamplugin/ipam_plugin.go)
        &["requested IPv4 addresses", "requested IPv6 addresses", "IPAM allocated only", "No IPs available in pools"],
        "no free IP address is left for them",
        POOLS,
        IPAM,
    )
    .only_calicos(),
    cause(
        &["no IP addresses available in range set"],
        &[],
        "no free IP address is left in the node's podCIDR",
        CniStep::ListPods(
            "Shows the pods that have the addresses. Addresses of pods that are gone stay in /var/lib/cni/networks on the node",
        ),
        "plugins/ipam/host-local of containernetworking/plugins",
    ),
    cause(&["excessive concurrent IPAM requests"], &[], "too many requests for IP addresses at once. They are tried again", POOLS, IPAM)
        .only_calicos(),
    cause(
        &["Address already assigned in block"],
        &[],
        "the address that the pod asks for is in use",
        POOLS,
        "libcalico-go/lib/ipam/ipam_block.go",
    )
    .only_calicos(),
    cause(
        &["no podCidr for node"],
        &[],
        "the node has no podCIDR. kube-controller-manager needs --allocate-node-cidrs",
        CniStep::Show(
            &["kubectl", "get", "nodes", "-o", "custom-columns=NAME:.metadata.name,PODCIDR:.spec.podCIDR"],
            "Shows the podCIDR of each node",
        ),
        "cni-plugin/pkg/k8s/k8s.go",
    )
    .only_calicos(),
    cause(
        &["failed to find plugin \"calico"],
        &[],
        "the network plugin is not installed on the node",
        CniStep::RestartCalicoNode("install-cni copies the network plugin to the node"),
        FIND,
    )
    .only_calicos(),
    cause(
        &["failed to find plugin \""],
        // what calico/cni has in /opt/cni/bin beside Calico's own (cni-plugin/Makefile)
        &["\"loopback\"", "\"portmap\"", "\"bandwidth\"", "\"host-local\"", "\"tuning\""],
        "a program that install-cni copies to the node is missing there, or the container runtime looks in another directory",
        CniStep::RestartCalicoNode(
            "install-cni copies loopback, portmap and the other programs to the node again. If that does not help, compare the directory \
             that the error names with the volume cni-bin-dir of the DaemonSet",
        ),
        FIND,
    )
    .only_calicos()
    .until_ready(),
    cause(
        &["failed to find plugin \"", " in path ["],
        &[],
        "the container runtime uses a network configuration that is not Calico's, and its program is missing",
        CniStep::ListPods(
            "Shows what else of that node waits. On the node, ls /etc/cni/net.d shows the configurations: the runtime takes the first by \
             name, and Calico's is 10-calico.conflist",
        ),
        FIND,
    )
    .only_calicos(),
    cause(
        &["netplugin failed"],
        &[],
        "the network plugin was killed or crashed",
        CniStep::ListPods(
            "Shows the load of that node. The host's kernel log tells of memory, /var/log/calico/cni/cni.log what the plugin did",
        ),
        "pkg/invoke/raw_exec.go of containernetworking/cni",
    ),
    cause(
        &["timed out waiting for endpoint status file"],
        &[],
        "Felix has not set up the pod's policy in time",
        CniStep::DescribeCalicoNode("Felix in calico-node is slow or does not run"),
        "cni-plugin/pkg/wait/wait.go",
    )
    .only_calicos(),
    cause(
        &["error adding host side routes"],
        &[],
        "the pod's address is still routed to another pod's interface",
        CniStep::ListPods("Shows the pods and their addresses. On the node, ip route shows the interface that has the address"),
        LINUX,
    )
    .only_calicos(),
    cause(
        &["failed to read MTU file"],
        &[],
        "the network plugin misses the file with the MTU that calico-node writes",
        CniStep::DescribeCalicoNode("Felix in calico-node writes the file"),
        PLUGIN,
    )
    .only_calicos()
    .until_ready(),
    cause(
        &[],
        &["AddNetwork gRPC", "gRPC call", "dial unix"],
        "the dataplane's agent on that node does not answer",
        CniStep::ListPods("Shows whether the agent, as calico-vpp-node, runs on that node"),
        "cni-plugin/pkg/dataplane/grpc/grpc_dataplane.go",
    )
    .until_ready(),
];
