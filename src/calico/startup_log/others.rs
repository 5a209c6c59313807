//! Logs of Calico's other programs, which people show beside calico-node's or take for it.

use super::line::{self, Level};
use super::patterns::SERVICES;

const CSI_DRIVER: &str = "Calico's CSI driver";

/// What people call them, and what their pods' names begin with.
const PODS: [(&str, &str); 5] = [
    ("calico-typha-", "Typha"),
    ("calico-kube-controllers-", "calico-kube-controllers"),
    ("calico-apiserver-", "calico-apiserver"),
    ("tigera-operator-", "the Tigera operator"),
    ("csi-node-driver-", CSI_DRIVER),
];

/// Messages of kube-controllers, whose lines name no program before 3.30 (`kube-controllers/cmd/kube-controllers/main.go`).
const KUBE_CONTROLLERS: [&str; 5] = [
    "Loaded configuration from environment config=",
    "Ensuring Calico datastore is initialized",
    "Failed to initialize datastore",
    "Getting initial config snapshot from datastore",
    "Failed to reach apiserver",
];

/// Messages of Typha, whose lines name no program in some releases (`typha/pkg/daemon/daemon.go`).
const TYPHA: [&str; 3] = ["Typha starting up", "Found typha environment variable: ", "Failed to get Typha endpoint from Kubernetes"];

/// What calls the program that writes /var/log/calico/cni/cni.log on each host.
const NETWORK_PLUGIN: &str = "Calico's network plugin";

/// Its messages, whose lines name no program before 3.16 (`cni-plugin/pkg/plugin/plugin.go`, `pkg/k8s/k8s.go`).
const PLUGIN: [&str; 4] = ["Final result of CNI ", "Extracted identifiers for CmdAddK8s", "Calico CNI ", "Populated endpoint"];

/// Loggers of the operator (tigera/operator, `pkg/controller`).
const OPERATOR_LOGGERS: [&str; 3] = ["controller_", "typha_autoscaler", "status_manager"];

/// What it says before those are set up (tigera/operator, `main.go`). Other programs write the same head of a line.
const OPERATOR: [&str; 5] = ["Version: v", "Go Version: ", "Go OS/Arch: ", "Active operator: ", "Get \"https://"];

/// Calico's program whose pod has this name; `None` for calico-node and whatever is not Calico's.
pub fn program_of_pod(name: &str) -> Option<&'static str> {
    PODS.iter().find(|(begins, _)| name.starts_with(begins)).map(|(_, program)| *program)
}

/// It is a pod of a program that calico-node or its users need.
pub fn is_watched(name: &str) -> bool {
    program_of_pod(name).is_some_and(|program| program != CSI_DRIVER)
}

/// Calico's program, other than calico-node, that wrote this line.
pub fn other_program(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    if is_operators(text) {
        return Some("the Tigera operator");
    }
    let line = line::parse(text);
    match line.component {
        Some("typha") => Some("Typha"),
        Some("cni-plugin") => Some(NETWORK_PLUGIN),
        Some("ipam") if begins_as(&line.message, &PLUGIN) => Some(NETWORK_PLUGIN),
        Some("kube-controllers") => Some("calico-kube-controllers"),
        Some(_) => None,
        None if line.level == Level::None => None,
        None => {
            let known = [(&TYPHA[..], "Typha"), (&KUBE_CONTROLLERS[..], "calico-kube-controllers"), (&PLUGIN[..], NETWORK_PLUGIN)];
            known.into_iter().find(|(says, _)| begins_as(&line.message, says)).map(|(_, program)| program)
        }
    }
}

fn begins_as(message: &str, known: &[&str]) -> bool {
    known.iter().any(|says| message.starts_with(says))
}

/// Why the network plugin could not set up a pod's network, in its own log.
pub fn plugin_error(text: &str) -> Option<&str> {
    text.split_once("Final result of CNI ADD was an error. error=").map(|(_, error)| error.trim())
}

/// calico-node alone has these programs in it.
pub fn is_calico_nodes_own(text: &str) -> bool {
    line::parse(text).component.is_some_and(|component| component == "startup" || component == "bird" || SERVICES.contains(&component))
}

/// Reports a fault.
pub fn is_failure(text: &str) -> bool {
    let by_zap = text.starts_with("{\"level\":\"error\"") || text.starts_with("{\"level\":\"fatal\"");
    by_zap || line::parse(text).level >= Level::Error
}

/// `2024/06/06 10:11:56 [INFO] Version: v1.29.0`, then zap's JSON.
fn is_operators(text: &str) -> bool {
    if text.starts_with("{\"level\":\"") {
        let logger = text.split_once("\"logger\":\"").map_or("", |(_, rest)| rest);
        return OPERATOR_LOGGERS.iter().any(|name| logger.starts_with(name));
    }
    let Some((head, message)) = text.split_at_checked(21) else { return false };
    let head = head.as_bytes();
    let marks = [(4, b'/'), (7, b'/'), (10, b' '), (13, b':'), (16, b':'), (19, b' '), (20, b'[')];
    let is_head = head.first().is_some_and(u8::is_ascii_digit) && marks.iter().all(|(at, mark)| head.get(*at) == Some(mark));
    is_head && message.split_once("] ").is_some_and(|(_, says)| begins_as(says, &OPERATOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_by_its_lines() {
        let operator = Some("the Tigera operator");
        for (text, program) in [
            ("2026-03-21 20:35:50.011 [INFO][1] typha/sync_server.go 847: Read goroutine finished", Some("Typha")),
            (
                "2026-01-29 13:26:09.882 [INFO][1] main.go 107: Loaded configuration from environment config=&config.Config{}",
                Some("calico-kube-controllers"),
            ),
            ("2026-10-23 20:05:04.046 [INFO][1] daemon.go 170: Typha starting up GOMAXPROCS=2", Some("Typha")),
            ("2026-01-29 13:26:09.882 [INFO][1] kube-controllers/main.go 107: x", Some("calico-kube-controllers")),
            ("2026/06/06 10:11:56 [ERROR] Get \"https://10.43.0.1:443/api?timeout=32s\": dial tcp: i/o timeout", operator),
            ("{\"level\":\"error\",\"ts\":1634287143.2,\"logger\":\"controller_installation\",\"msg\":\"x\"}", operator),
            ("2026-10-21 15:01:52.708 [ERROR][5201] plugin.go 579: Final result of CNI ADD was an error. error=x", Some(NETWORK_PLUGIN)),
            ("2026-10-21 15:01:52.708 [INFO][5201] cni-plugin/k8s.go 76: x", Some(NETWORK_PLUGIN)),
            ("2026-10-21 15:01:52.708 [INFO][1] ipam/migrate.go 65: checking host-local IPAM data dir dir existence...", None),
            // calico-node's, the etcd client's, somebody else's
            ("2026-03-21 20:35:50.011 [INFO][9] startup/startup.go 427: Early log level set to info", None),
            ("2026-03-21 20:35:50.011 [INFO][9] startup.go 427: Early log level set to info", None),
            ("2026-03-21 20:35:50.011 [WARNING][66] felix/sync_client.go 158: error connecting to typha endpoint", None),
            ("{\"level\":\"warn\",\"ts\":\"2026\",\"caller\":\"clientv3/retry.go\",\"msg\":\"retrying of unary invoker failed\"}", None),
            ("{\"level\":\"error\",\"logger\":\"cert-manager\",\"msg\":\"x\"}", None),
            ("{\"level\":\"error\",\"logger\":\"setup\",\"msg\":\"x\"}", None),
            ("2026/06/06 10:11:56 [error] 31#31: *1 connect() failed (111: Connection refused) while connecting to upstream", None),
            ("2026/06/06 10:11:56 [INFO] agent: Synced node info", None),
            ("2026/06/06 10:11:56 [INFO] Go Version: go1.17.8b7", operator),
            ("bird: Mesh_10_0_0_1: State changed to up", None),
            ("Calico node started successfully", None),
        ] {
            assert_eq!(other_program(text), program, "{text}");
        }
        assert_eq!(program_of_pod("calico-typha-749fb7c965-cdb7x"), Some("Typha"));
        assert_eq!(program_of_pod("calico-node-bm4lf"), None);
    }

    #[test]
    fn what_calico_node_alone_writes() {
        assert!(is_calico_nodes_own("2026-03-21 20:35:50.011 [INFO][66] felix/daemon.go 1: x") && is_calico_nodes_own("bird: x"));
        assert!(!is_calico_nodes_own("2026-03-21 20:35:50.011 [INFO][1] typha/sync_server.go 1: x"));
    }
}
