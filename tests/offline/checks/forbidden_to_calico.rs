use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

const FORBIDDEN: &str = "[ERROR][9] startup/startup.go 3: Unable to list nodes error=nodes is forbidden: User \"system:serviceaccount:kube-system:calico-node\" cannot list resource \"nodes\" in API group \"\" at the cluster scope";

#[test]
fn forbidden() {
    let text = log(&["Early log level set to info", FORBIDDEN, END[0], END[1]]);
    let case = finds(&node_2_is_down().crash_loop("node-2", 4).previous("node-2", &text), &["error forbidden-to-calico node-2"]);
    shows(case.only(), Source::Log, "node-2", "cannot list resource");
    assert_eq!(case.command(), None);
    healthy(&cluster().log("node-2", &started(&[FORBIDDEN])));
}
