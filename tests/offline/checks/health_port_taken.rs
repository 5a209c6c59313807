use super::starts::*;

const TAKEN: &str = "[ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use";

#[test]
fn another_program_holds_the_port() {
    named_by_log_line(TAKEN, "health-port-taken", "another program holds port 9099");
}
