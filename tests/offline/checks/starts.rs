//! Log lines, probes and broken starts that the tests of several checks share.

use calico_fix::finding::Source;
use serde_json::{Value, json};

use super::build::*;
use super::judge::*;

pub(super) const REFUSED: &str = "Readiness probe failed: calico/node is not ready: felix is not ready: Get \"http://localhost:9099/readiness\": dial tcp 127.0.0.1:9099: connect: connection refused\n";

pub(super) const USAGE: &str =
    "[INFO][81] felix/usagerep.go 94: Failed to report usage/get deprecation warnings. error=context deadline exceeded";

pub(super) const END: [&str; 2] = ["[WARNING][9] startup/utils.go 49: Terminating", "Calico node failed to start"];

/// node-2's container was killed two hours after its start, and the one that runs now is not Ready.
pub(super) fn killed_while_running() -> World {
    cluster().not_ready("node-2").restarted("node-2", 2, 137, 7200, 400).event("node-2", "Killing", KILLED, 2, 401)
}

pub(super) fn cpu(mut world: World, request: Option<&str>, limit: Option<&str>) -> World {
    let resources = &mut world.container().resources;
    let of = |value: Option<&str>| value.map(|value| ("cpu".to_owned(), value.to_owned())).into_iter().collect();
    (resources.requests, resources.limits) = (of(request), of(limit));
    world
}

/// No finding proposes to wait longer.
pub(super) fn no_delay(case: &Case) {
    let commands = case.report.findings.iter().filter_map(|finding| finding.fix.as_ref()).map(by_hand);
    for command in commands {
        assert!(!["startupProbe", "initialDelaySeconds", "failureThreshold"].iter().any(|field| command.contains(field)), "{command}");
    }
}

/// node-2 does not come up; its peers miss it.
pub(super) fn node_2_is_down() -> World {
    cluster()
        .no_bird("node-2")
        .not_ready("node-2")
        .bird("node-1", "10.0.0.2 Passive | 10.0.0.3 Established")
        .bird("node-3", "10.0.0.2 Active Socket: Connection refused | 10.0.0.1 Established")
}

pub(super) fn exec(flags: &[&str], timeout: Option<i32>) -> Value {
    let mut command = vec!["/bin/calico-node"];
    command.extend(flags);
    let mut probe = json!({"exec": {"command": command}, "failureThreshold": 6});
    if let Some(timeout) = timeout {
        probe["timeoutSeconds"] = json!(timeout);
    }
    probe
}

pub(super) fn http(host: &str, port: i64) -> Value {
    json!({"httpGet": {"host": host, "path": "/liveness", "port": port}, "timeoutSeconds": 1})
}

/// A line in node-2's log names the fault; the same line in the log of a Ready node is no fault.
pub(super) fn named_by_log_line(line: &str, code: &str, phrase: &str) {
    // Felix does not answer, so the liveness probe kills it over and over: no slow start.
    let world = cluster()
        .not_ready("node-2")
        .restarted("node-2", 4, 137, 70, 100)
        .killed("node-2", 4)
        .unhealthy("node-2", REFUSED, 20)
        .log("node-2", &started(&[line]))
        .previous("node-2", &started(&[line]));
    let case = finds(&world, &[&format!("error {code} node-2")]);
    assert!(case.only().message.contains(phrase), "{}", case.only().message);
    shows(case.only(), Source::Log, "node-2", line.split(": ").nth(1).expect("a message"));
    no_delay(&case);
    // The twin: the same line long ago, and Ready now.
    healthy(&cluster().log("node-2", &started(&[line])));
}
