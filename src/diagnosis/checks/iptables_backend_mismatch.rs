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
        means: "The image has iptables in two forms, legacy and nft. Where Felix uses one and the node's tables were made with the other, or \
                hold rules that iptables cannot express (kube-proxy in nftables mode, firewalld), it cannot read or write them. \
                It panics and restarts, and is neither ready nor live until then.",
        detected: "The log of a node that is not Ready says \"iptables-…-save command failed\", \"Failed to program iptables, giving up\" or \
                   \"Failed to find iptables command\".",
        confirm: "kubectl logs -n NAMESPACE POD -c calico-node | grep -E 'backendMode|iptables'\nOn the node: iptables --version",
        fix: "Set the backend that the node uses: FELIX_IPTABLESBACKEND (or FelixConfiguration iptablesBackend) to Legacy or NFT; where \
              kube-proxy runs in nftables mode, nftablesMode from Calico 3.29 on. A node that changed its backend is clean after a reboot. \
              Where only ip6tables fails: FELIX_IPV6SUPPORT=false, or modprobe ip6_tables and ip6table_filter on the node.",
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
