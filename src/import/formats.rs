//! The registry of formats: one line for each, with a cheap recognizer and one reader.

use super::facts::{Facts, Summary};
use super::page::Block;
use super::prompt::Heading;
use super::{birdcl, calicoctl, calicoctl_tables, describe, events, host, kubelet_log, logs, other_logs, probes, tables, tigera, yaml};

/// One format that people paste.
pub(super) struct Format {
    /// The command that prints it.
    pub name: &'static str,
    /// The command whose output says more, for where this one is not enough.
    pub better: &'static str,
    /// The next lines, the first of them to be judged, are the beginning of this format.
    pub starts: fn(&[&str], &Heading) -> bool,
    /// This line still belongs to what began before.
    pub goes_on: fn(&str) -> bool,
    /// Its beginning ends a block of another format.
    pub interrupts: bool,
    /// Its beginning ends a block of its own format.
    pub restarts: bool,
    pub read: fn(&Block, &mut Facts) -> Result<Summary, String>,
}

#[cfg(test)]
impl Format {
    /// Recognizes a pasted block and reads it.
    pub(super) fn read_text(&self, text: &str) -> (Facts, Summary) {
        let mut facts = Facts::default();
        let block = Block { line: 1, text: text.to_owned(), numbers: Vec::new(), heading: Heading::default(), format: None };
        let lines: Vec<&str> = text.lines().collect();
        assert!((self.starts)(&lines, &block.heading), "{text}");
        let summary = (self.read)(&block, &mut facts).expect("reads");
        (facts, summary)
    }
}

/// In the order in which they are tried.
pub(super) const FORMATS: [Format; 28] = [
    describe::POD,
    describe::NODE,
    describe::DAEMON_SET,
    tigera::DESCRIBED,
    tigera::TABLE,
    tables::PODS,
    tables::NODES,
    tables::DAEMON_SETS,
    events::EVENTS,
    events::OF_POD,
    kubelet_log::KUBELET,
    events::SENTENCE,
    calicoctl::NODE_STATUS,
    calicoctl::NODES_WIDE,
    calicoctl_tables::POOLS,
    calicoctl_tables::PEERS,
    calicoctl_tables::CONFIGURATIONS,
    birdcl::BIRDCL,
    host::ADDRESSES,
    host::BRIEF,
    host::IFCONFIG,
    host::ROUTE_GET,
    host::ROUTES,
    yaml::OBJECTS,
    probes::PROBES,
    other_logs::OTHER_LOG,
    logs::LOG,
    logs::ERROR,
];
