//! Under the operator: from the Installation to the DaemonSet that is made from it.

use std::time::Instant;

use serde_json::Value;

use super::canary::generation;
use super::timeouts::OPERATOR_TIMEOUT;
use super::write::{PausableTimeout, Rollout, RolloutError};
use crate::snapshot::objects::DaemonSet;
use crate::text;

impl Rollout<'_> {
    /// The DaemonSet as the change has made it: at once, or through the operator.
    pub(super) async fn reaches_daemon_set(&mut self, written: &Value) -> Result<DaemonSet, RolloutError> {
        if !self.target.is_installation() {
            return self.wait_until_observed(generation(written)).await;
        }
        if self.is_resumed {
            return self.accepted_by_operator(written).await;
        }
        let before = self.before.daemon_set.seen().and_then(|set| set.metadata.generation).unwrap_or(0);
        self.followed_by_operator(written, before).await
    }

    /// Waits until the operator reports no problem with the Installation.
    pub(super) async fn accepted_by_operator(&mut self, written: &Value) -> Result<DaemonSet, RolloutError> {
        let mut clock = PausableTimeout::new(OPERATOR_TIMEOUT.min(self.timeout));
        loop {
            let begun = Instant::now();
            clock.skip_elapsed();
            let installation = self.read().await?;
            let Some(why) = refused(&installation, generation(written)) else { return self.daemon_set().await };
            self.progress.waiting(&format!("waiting for the operator: {why}"));
            self.poll_interval(begun).await?;
            if clock.is_expired() {
                return Err(RolloutError::Failed(format!("the operator still reports: {why}")));
            }
        }
    }

    /// `before` is the DaemonSet's generation before the write.
    pub(super) async fn followed_by_operator(&mut self, written: &Value, before: i64) -> Result<DaemonSet, RolloutError> {
        let wanted = generation(written);
        let mut clock = PausableTimeout::new(OPERATOR_TIMEOUT.min(self.timeout));
        loop {
            let begun = Instant::now();
            clock.skip_elapsed();
            let installation = self.read().await?;
            if let Some(why) = refused(&installation, wanted) {
                return Err(RolloutError::Failed(format!("the operator rejects the change: {why}")));
            }
            let set = self.daemon_set().await?;
            if set.metadata.generation.is_some_and(|generation| generation > before) {
                return self.wait_until_observed(set.metadata.generation.unwrap_or(0)).await;
            }
            self.progress.waiting("waiting for the operator");
            self.poll_interval(begun).await?;
            if clock.is_expired() {
                let why = "the operator has not changed the DaemonSet: does it run? See: kubectl get tigerastatus calico -o yaml";
                return Err(RolloutError::Failed(why.to_owned()));
            }
        }
    }
}

/// Degraded, said of this very generation or a later one; an older operator does not say of which.
fn refused(installation: &Value, wanted: i64) -> Option<String> {
    let conditions = installation.pointer("/status/conditions")?.as_array()?;
    let bad = conditions.iter().find(|condition| condition["type"] == "Degraded" && condition["status"] == "True")?;
    if bad["observedGeneration"].as_i64().is_some_and(|observed| observed < wanted) {
        return None;
    }
    let why = bad["message"].as_str().filter(|text| !text.is_empty()).or(bad["reason"].as_str())?;
    Some(text::truncate(&text::clean(why), 300).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_said_of_this_generation_counts() {
        let status = |generation: Value, status: &str| {
            json!({"status": {"conditions": [
                {"type": "Ready", "status": "True"},
                {"type": "Degraded", "status": status, "reason": "InvalidConfigurationError", "message": "no", "observedGeneration": generation},
            ]}})
        };
        for (installation, expected) in [
            (status(json!(4), "True"), Some("no")),
            (status(json!(5), "True"), Some("no")),
            (status(json!(null), "True"), Some("no")),
            (status(json!(3), "True"), None),
            (status(json!(4), "False"), None),
            (json!({}), None),
        ] {
            assert_eq!(refused(&installation, 4).as_deref(), expected);
        }
    }
}
