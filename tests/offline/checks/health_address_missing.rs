use super::starts::*;

const NO_LOCALHOST: &str = "[ERROR][81] felix/health.go 1: Health endpoint failed, trying to restart it... error=listen tcp: lookup localhost on 10.96.0.10:53: no such host";

#[test]
fn localhost_has_no_address() {
    named_by_log_line(NO_LOCALHOST, "health-address-missing", "at localhost");
}
