use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;

fn with_row(info: &str) -> World {
    cluster().bird("node-3", &format!("10.0.0.1 Established | 10.0.0.2 Established | my_own_peer {info}"))
}

#[test]
fn it_is_mentioned_when_down() {
    healthy(&with_row("Established"));
    for info in ["Active", "Active Socket: Connection refused", "-"] {
        let case = finds(&with_row(info), &["warning bgp-foreign-session-down node-3"]);
        assert_eq!(case.only().message, "BGP session my_own_peer on node-3, not configured by Calico, is not established");
        shows(case.only(), Source::Birdcl, "node-3", "my_own_peer BGP master");
    }
}
