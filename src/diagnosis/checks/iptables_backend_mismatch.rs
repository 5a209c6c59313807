use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::log_line_finding;
use crate::finding::Finding;
use crate::finding::code::Code;
use crate::snapshot::inspection::LogEventKind;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::IptablesBackendMismatch,
        title: "Felix cannot work with the node's iptables",
        means: "The image has iptables in two forms, legacy and nft. Felix uses one form, and the rules on the node were made with \
                the other. Or the rules cannot be expressed in iptables, as with kube-proxy in nftables mode and firewalld. Felix \
                cannot read or write such rules. It panics and restarts, and it is neither ready nor live.",
        detected: "The log of a node that is not Ready says \"iptables-…-save command failed\", \"Failed to program iptables, giving \
                   up\" or \"Failed to find iptables command\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -E 'backendMode|iptables'\n\
                  On the node: iptables --version",
        fix: &[
            "- Set the form that the node uses, Legacy or NFT: FELIX_IPTABLESBACKEND in calico-node's environment, or iptablesBackend \
             in FelixConfiguration.",
            "- kube-proxy runs in nftables mode: set nftablesMode in FelixConfiguration (from Calico 3.29).",
            "- The node changed its form: reboot it, so that no old rules are left.",
            "- Only ip6tables fails: set FELIX_IPV6SUPPORT=false, or load ip6_tables and ip6table_filter on the node with modprobe.",
        ],
        restarts: "A variable restarts calico-node on every node, usually one at a time. FelixConfiguration restarts Felix on every \
                   node at about the same time.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::finding(view, found, Code::IptablesBackendMismatch, LogEventKind::IptablesFailed, |nodes, lines| {
        let says = |text: &str| lines.iter().any(|mark| mark.text.contains(text));
        let is_v6 = |text: &str| text.contains("ipVersion=0x6") || text.starts_with("ip6tables");
        if !lines.is_empty() && lines.iter().all(|mark| is_v6(&mark.text)) {
            return format!(
                "Felix on {nodes} cannot read or write the node's ip6tables, while iptables of IPv4 works: IPv6 is off in the node's kernel, \
                 or the module ip6_tables is missing"
            );
        }
        let why = match () {
            () if says("xtables lock") => "another program holds the lock of iptables",
            () if says("save command failed") || says("Failed to find iptables command") => "its backend does not suit the node's",
            () => "its backend may not suit the node's",
        };
        format!("Felix on {nodes} cannot read or write the node's iptables: {why}")
    })
}
