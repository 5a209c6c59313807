//! How long a rollout waits, and how often it tries again.

use std::time::Duration;

/// How long an API server may be unreachable: it may be reached through the very network that is being repaired.
pub(super) const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(600);
/// Between two tries of a request that reached no server.
pub(super) const RETRY_PAUSE: Duration = Duration::from_secs(1);
pub(super) const FIRST_WRITE_TRIES: u32 = 5;

/// Between two polls: at most a tenth of the time is spent asking, within these bounds.
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// For requests that are slow and repeated.
const QUIET_ALLOWANCE: Duration = Duration::from_secs(60);

/// How long nothing may be heard of a run that goes on. One node may take the timeout, and the verification of the cluster takes it once more;
/// or the API server is away.
pub(super) fn longest_silence(timeout: Duration) -> Duration {
    (2 * timeout).max(UNREACHABLE_TIMEOUT) + QUIET_ALLOWANCE
}

/// For a pod to be created, and an image to be pulled.
pub(super) const POD_CREATION_ALLOWANCE: Duration = Duration::from_secs(60);
/// The operator follows within a second (0.1 s was seen); a minute is a busy API server, more is an operator that does not run.
pub(super) const OPERATOR_TIMEOUT: Duration = Duration::from_secs(60);

/// Nodes read at the same time, of those that have a new pod and are not verified.
pub(super) const CONCURRENT_NODES: usize = 8;
/// Logs read for the closing table only.
pub(super) const MAX_LOGS: usize = 50;
/// Polls for the reason of a restart: events are written seconds after the status that they belong to.
pub(super) const MAX_POLLS: u32 = 12;
/// Update conflicts tolerated in a row on one node before they count as a failure.
pub(super) const MAX_UPDATE_CONFLICTS: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a second run takes over from one that still waits for the API server.
    #[test]
    fn a_run_that_waits_is_not_taken_for_one_that_has_ended() {
        for timeout in [5, 300, 3600].map(Duration::from_secs) {
            assert!(longest_silence(timeout) > UNREACHABLE_TIMEOUT && longest_silence(timeout) > 2 * timeout, "{timeout:?}");
        }
    }
}
