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
              kube-proxy runs in nftables mode, nftablesMode from Calico 3.29 on. A node that changed its backend is clean after a reboot.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    log_line_finding::finding(view, found, Code::IptablesBackendMismatch, LogEventKind::IptablesFailed, |nodes, lines| {
        let says = |text: &str| lines.iter().any(|mark| mark.text.contains(text));
        let why = match () {
            () if says("xtables lock") => "another program holds the lock of iptables",
            () if says("save command failed") || says("Failed to find iptables command") => "its backend does not suit the node's",
            () => "its backend may not suit the node's",
        };
        format!("Felix on {nodes} cannot read or write the node's iptables: {why}")
    })
}
