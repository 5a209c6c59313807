use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::pods::*;

const REFUSED: &str = "bird: /etc/calico/confd/config/bird.cfg, line 96: Only internal neighbor can be RR client";
const CHECK: &str = r#"2026-11-23 16:50:12.290 [ERROR][70] confd/resource.go 288: Error from checkcmd "bird -p -c /etc/calico/confd/config/.bird.cfg123": "bird: /etc/calico/confd/config/.bird.cfg123, line 96: Only internal neighbor can be RR client\n" error=exit status 1"#;
const NOISE: [&str; 2] = [
    "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
    r#"2026-11-23 16:50:01.290 [ERROR][70] confd/resource.go 288: Error from checkcmd "bird6 -p -c /etc/calico/confd/config/.bird6.cfg1": "bird: /etc/calico/confd/config/.bird6.cfg1:2:1 Unable to open included file /etc/calico/confd/config/bird6_aggr.cfg: No such file or directory\n" error=exit status 1"#,
];

fn logged(lines: &[&str]) -> String {
    format!("{}{}\n", started(&[]), lines.join("\n"))
}

#[test]
fn bird_s_own_words() {
    for line in [REFUSED, CHECK] {
        let world = missed_by_its_peers().no_bird("node-2").log("node-2", &logged(&[NOISE[0], line]));
        let case = finds(&world, &["error bgp-configuration-refused node-2"]);
        assert!(case.only().message.ends_with(": Only internal neighbor can be RR client"), "{}", case.only().message);
        shows(case.only(), Source::Log, "node-2", "line 96");
    }
}

/// It runs on with the old configuration.
#[test]
fn a_ready_node_is_warned_of() {
    finds(&cluster().log("node-2", &logged(&[REFUSED])), &["warning bgp-configuration-refused node-2"]);
}

#[test]
fn the_noise_of_a_start_and_a_configuration_taken_since() {
    healthy(&cluster().log("node-2", &logged(&NOISE)));
    healthy(&cluster().log("node-2", &logged(&[REFUSED, "bird: Reconfigured"])));
    healthy(&cluster().without_bgp("vxlan").log("node-2", &logged(&[REFUSED])));
}
