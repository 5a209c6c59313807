use super::build::*;
use super::judge::*;
use super::starts::*;

const LINES: [(&str, &str); 8] = [
    (
        "[WARNING][136] felix/endpoint_mgr.go 492: Failed to configure interface, will retry error=open /proc/sys/net/ipv4/conf/cali0/rp_filter: read-only file system",
        "/proc/sys is read-only",
    ),
    (
        "[WARNING][75] felix/table.go 1321: Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput=\"iptables-restore v1.8.4 (legacy): Couldn't load match `set':No such file or directory\"",
        "xt_set is missing",
    ),
    (
        "[ERROR][75] felix/ipsets.go 569: Bad return code from 'ipset list'. error=exit status 1 family=\"inet\" stderr=\"ipset v7.1: Kernel error received: Invalid argument\"",
        "does not have the IP sets",
    ),
    (
        "[ERROR][75] felix/ipsets.go 569: Bad return code from 'ipset list'. error=exit status 1 stderr=\"ipset v7.1: Kernel error received: Operation not permitted\"",
        "not privileged",
    ),
    (
        "[ERROR][75] felix/ipsets.go 570: Bad return code from 'ipset list'. stderr=\"ipset v7.1: Kernel and userspace incompatible: settype hash:ip,port with revision 6 not supported by userspace.\"",
        "newer than the ipset in the image",
    ),
    ("[WARNING][75] felix/ipip_mgr.go 111: Failed to add IPIP tunnel device error=exit status 1", "ipip is missing"),
    (
        "[WARNING][75] felix/vxlan_mgr.go 622: Failed to configure VXLAN tunnel device, retrying... error=operation not supported",
        "vxlan is missing",
    ),
    ("[ERROR][75] felix/route_rule.go 248: Failed to list routing rules, retrying... error=operation not supported", "no policy routing"),
];

/// Felix does without and says so once.
const FALLBACKS: [(&str, &str); 2] = [
    ("[INFO][75] felix/wireguard.go 667: Wireguard is not supported ipVersion=0x4", "wireguard is missing"),
    (
        "[ERROR][75] felix/daemon.go 354: BPF dataplane mode enabled but not supported by the kernel.  Disabling BPF mode.",
        "too old for the eBPF",
    ),
];

#[test]
fn what_felix_says_that_the_kernel_lacks() {
    for (line, phrase) in LINES {
        let world = cluster().not_ready("node-2").unhealthy("node-2", REFUSED, 20).log("node-2", &started(&[line]));
        let case = finds(&world, &["error kernel-feature-missing node-2"]);
        assert!(case.only().message.contains(phrase), "{}", case.only().message);
        // the twin: said once while the module was loaded, and Ready now
        healthy(&cluster().log("node-2", &started(&[line])));
        // a node that is Ready, and says it again and again
        let again = started(&[line, line, line]);
        let case = finds(&cluster().log("node-2", &again), &["warning kernel-feature-missing node-2"]);
        no_delay(&case);
    }
}

/// It is Ready, and what was asked for stays off until it restarts, however much it logs afterwards.
#[test]
fn what_felix_does_without() {
    for (line, phrase) in FALLBACKS {
        let down = cluster().not_ready("node-2").unhealthy("node-2", REFUSED, 20).log("node-2", &started(&[line]));
        finds(&down, &["error kernel-feature-missing node-2"]);
        let long_ago =
            started(&[line]) + "2026-11-23 16:58:00.000 [INFO][75] felix/summary.go 100: Summarising 9 dataplane reconciliation loops\n";
        for log in [started(&[line]), long_ago] {
            let case = finds(&cluster().log("node-2", &log), &["warning kernel-feature-missing node-2"]);
            assert!(case.only().message.contains(phrase), "{}", case.only().message);
            no_delay(&case);
        }
    }
    let fits = "[INFO][75] felix/daemon.go 350: BPF enabled, starting BPF endpoint manager and map manager.";
    healthy(&cluster().log("node-2", &started(&[fits])));
}

/// Other errors of the same programs.
#[test]
fn errors_that_say_nothing_of_the_kernel() {
    for line in [
        "[WARNING][75] felix/vxlan_mgr.go 622: Failed to configure VXLAN tunnel device, retrying... error=no parent interface found",
        "[WARNING][75] felix/table.go 1321: Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput=\"Another app is currently holding the xtables lock\"",
    ] {
        healthy(&cluster().log("node-2", &started(&[line, line, line])));
    }
}
