use super::starts::*;

const IPTABLES: &str = "[WARNING][128] felix/table.go 765: iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr=\"\" table=\"filter\"";

#[test]
fn the_node_has_rules_of_the_other_backend() {
    named_by_log_line(IPTABLES, "iptables-backend-mismatch", "its backend does not suit the node's");
}
