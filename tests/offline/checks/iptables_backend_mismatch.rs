use super::starts::*;

const IPTABLES: &str = "[WARNING][128] felix/table.go 765: iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr=\"\" table=\"filter\"";

#[test]
fn the_node_has_rules_of_the_other_backend() {
    named_by_log_line(IPTABLES, "iptables-backend-mismatch", "its backend does not suit the node's");
}

/// A kernel without IPv6: no matter of backends.
#[test]
fn only_ip6tables_fails() {
    for line in [
        "[PANIC][213] felix/table.go 557: ip6tables-save command failed after retries ipVersion=0x6 table=\"raw\"",
        "[WARNING][213] felix/table.go 551: ip6tables-legacy-save command failed error=exit status 3 ipVersion=0x6 table=\"nat\"",
    ] {
        named_by_log_line(line, "iptables-backend-mismatch", "the module ip6_tables is missing");
    }
}
