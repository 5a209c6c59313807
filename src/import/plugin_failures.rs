//! Failures of Calico's network plugin for pods of other programs, as rows of events tell them.

use super::describe::Age;
use super::event_pods::STILL;
use super::facts::{Facts, Summary};
use crate::calico::cni_failure;

/// How many there were.
#[derive(Default)]
pub(super) struct PluginFailures {
    pub kept: usize,
    /// Older than what is repeated.
    old: usize,
}

impl PluginFailures {
    /// One row about a pod by its namespace and name; `false` where it tells of no such failure.
    pub(super) fn take(
        &mut self,
        facts: &mut Facts,
        (namespace, name): (Option<&str>, &str),
        node: Option<&str>,
        (reason, message, age): (&str, &str, Option<&Age>),
    ) -> Result<bool, String> {
        if cni_failure::parse(reason, message).is_none() {
            return Ok(false);
        }
        if age.is_some_and(|age| age.last > STILL) {
            self.old += 1;
            return Ok(true);
        }
        self.kept += 1;
        facts.told_warning((namespace, name), node, (reason, message), age.map_or(1, |age| age.times))?;
        Ok(true)
    }

    pub(super) fn is_any(&self) -> bool {
        self.kept + self.old > 0
    }

    /// Names those that were left out.
    pub(super) fn with_old(&self, summary: Summary) -> Summary {
        match self.old {
            0 => summary,
            old => summary.also_ignoring(format!("{} of the network plugin older than 10 min", crate::text::count(old, "failure"))),
        }
    }
}
