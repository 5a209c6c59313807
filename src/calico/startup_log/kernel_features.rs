//! What Felix's errors say that the node's kernel lacks.

/// Texts of iptables, ipset and netlink inside Felix's lines (felix/iptables, felix/ipsets, felix/dataplane/linux, felix/routerule, endpoint_mgr.go of 3.14 to 3.33).
const FEATURES: &[(&str, &str)] = &[
    ("BPF dataplane mode enabled but not supported", "the kernel is too old for the eBPF dataplane, so Felix falls back to iptables"),
    ("Couldn't load match `set'", "the kernel module xt_set is missing"),
    ("Couldn't load", "a kernel module of iptables is missing"),
    ("do you need to insmod?", "a kernel module of iptables is missing"),
    ("not supported by userspace", "the kernel's IP sets are newer than the ipset in the image"),
    ("read-only file system", "/proc/sys is read-only: the container is not privileged"),
    ("Operation not permitted", "the kernel refuses: the container is not privileged"),
    ("Kernel error received", "the kernel does not have the IP sets that Felix needs (modules ip_set and ip_set_hash_*)"),
    ("IPIP tunnel device", "the kernel module ipip is missing"),
    ("Wireguard is not supported", "the kernel module wireguard is missing, so traffic between nodes is not encrypted"),
    ("routing rules", "the kernel has no policy routing (CONFIG_IP_MULTIPLE_TABLES)"),
    ("tunnel device", "the kernel module vxlan is missing"),
];

/// What is missing, as a clause.
pub fn missing(text: &str) -> &'static str {
    FEATURES.iter().find(|(says, _)| text.contains(says)).map_or("the kernel lacks a module", |(_, what)| *what)
}

/// Felix says this once and does without for as long as it runs: the eBPF dataplane (felix/daemon, `applyBPFOverrides`) and WireGuard
/// (felix/wireguard, which logs it at most once in a while).
const FALLBACKS: [&str; 2] = ["BPF dataplane mode enabled but not supported", "Wireguard is not supported"];

/// What was asked for stays off, although nothing fails any more.
pub fn is_fallback(text: &str) -> bool {
    FALLBACKS.iter().any(|says| text.contains(says))
}
