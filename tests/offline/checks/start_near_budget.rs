use serde_json::json;

use super::build::*;
use super::judge::*;

#[test]
fn a_start_that_nearly_was_killed() {
    let log = |seconds: u32| {
        let begin = "2026-11-23T16:00:11.000Z 2026-11-23 16:00:11.000 [INFO][9] startup/startup.go 427: Early log level set to info\n";
        format!("{begin}2026-11-23T16:01:{:02}.000Z Calico node started successfully\n", seconds - 50)
    };
    let world = |seconds: u32| cluster().age("node-2", 3590).log("node-2", &log(seconds));
    let case = finds(&world(65), &["warning start-near-budget node-2"]);
    assert!(case.only().message.contains("node-2 took 65s of 70s"), "{}", case.only().message);
    assert!(case.command().is_some_and(|command| command.contains("startupProbe")));
    healthy(&world(52));
    // With more time allowed the same start is none to worry about.
    let probe = json!({"exec": {"command": ["/bin/calico-node", "-felix-live"]}, "initialDelaySeconds": 60, "failureThreshold": 10,
        "timeoutSeconds": 10});
    healthy(&world(65).liveness(probe));
}
