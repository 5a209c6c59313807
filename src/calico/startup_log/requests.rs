//! What start-up asks of its datastore, as DEBUG tells it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

/// More nodes than any cluster of Calico's has: what comes above is not counted.
const MAX_NODES: usize = 50_000;

struct Wording {
    begins: &'static str,
    what: What,
    /// Where it is written, and by which releases.
    #[allow(dead_code, reason = "for the next addition")]
    source: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Read,
    Write,
    /// Of a list that came: no request, but a node's name.
    Listed,
}

const ETCD: &str = "libcalico-go/lib/backend/etcd/etcd.go and model/node.go, 2.x to 3.0";
const ETCD3: &str = "libcalico-go/lib/backend/etcdv3/etcdv3.go, 3.0 and later";
const KUBERNETES: &str = "libcalico-go/lib/backend/k8s/k8s.go, 3.x";

const WORDINGS: &[Wording] = &[
    Wording { begins: "Get Key: ", what: What::Read, source: ETCD },
    Wording { begins: "Get Node key from ", what: What::Listed, source: ETCD },
    Wording { begins: "Processing Get request", what: What::Read, source: ETCD3 },
    Wording { begins: "Processing List request", what: What::Read, source: ETCD3 },
    Wording { begins: "Processing ", what: What::Write, source: ETCD3 },
    Wording { begins: "Performing 'Get'", what: What::Read, source: KUBERNETES },
    Wording { begins: "Performing 'List'", what: What::Read, source: KUBERNETES },
    Wording { begins: "Performing '", what: What::Write, source: KUBERNETES },
];

/// The requests of one attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    pub reads: u64,
    pub writes: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Those of the conflict check, where it reads the nodes one by one.
    pub check: NodeReads,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeReads {
    pub began: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub reads: u64,
    /// Nodes that the datastore has.
    pub listed: Names,
    /// Nodes whose data was asked for, the last one perhaps not to its end.
    pub read: Names,
    /// Whose data was asked for last.
    pub node: Option<String>,
    /// Reads of that node so far.
    pub of_node: u64,
    /// Seconds of the longest pause between two reads.
    pub longest_pause: f64,
}

/// Distinct names, counted in bounded memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    seen: HashSet<u64>,
}

impl Names {
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    fn add(&mut self, name: &str) {
        if self.seen.len() < MAX_NODES {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            self.seen.insert(hasher.finish());
        }
    }
}

impl Requests {
    /// `checking`: the conflict check has begun and not ended.
    pub fn take(&mut self, message: &str, at: Option<Timestamp>, checking: bool) {
        if !message.starts_with(['G', 'P']) {
            return;
        }
        let Some(wording) = WORDINGS.iter().find(|wording| message.starts_with(wording.begins)) else { return };
        let node = || host(message);
        match wording.what {
            What::Listed => {
                if let Some(node) = node() {
                    self.check.listed.add(node);
                }
                return;
            }
            What::Read => self.reads += 1,
            What::Write => self.writes += 1,
        }
        self.first = self.first.or(at);
        self.last = at.or(self.last);
        if checking
            && wording.what == What::Read
            && let Some(node) = node()
        {
            self.check.take(node, at);
        }
    }

    pub fn count(&self) -> u64 {
        self.reads + self.writes
    }
}

impl NodeReads {
    fn take(&mut self, node: &str, at: Option<Timestamp>) {
        self.began = self.began.or(at);
        if let (Some(last), Some(at)) = (self.last, at) {
            self.longest_pause = self.longest_pause.max(at.duration_since(last).as_secs_f64());
        }
        self.last = at.or(self.last);
        self.reads += 1;
        if self.node.as_deref() == Some(node) {
            self.of_node += 1;
            return;
        }
        self.of_node = 1;
        self.read.add(node);
        match &mut self.node {
            Some(kept) => {
                kept.clear();
                kept.push_str(node);
            }
            none => *none = Some(node.to_owned()),
        }
    }

    /// Nodes that were read to their end.
    pub fn finished(&self) -> usize {
        self.read.count().saturating_sub(1)
    }

    /// Reads that one node takes, out of those that were read to their end.
    pub fn each(&self) -> Option<f64> {
        let finished = self.finished();
        (finished > 0).then(|| self.reads.saturating_sub(self.of_node) as f64 / finished as f64)
    }
}

/// `N` of `… /calico/bgp/v1/host/N/ip_addr_v4` and `… /calico/v1/host/N/metadata`.
fn host(message: &str) -> Option<&str> {
    const BEFORE: &str = "/host/";
    let rest = &message[memchr::memmem::find(message.as_bytes(), BEFORE.as_bytes())? + BEFORE.len()..];
    let end = memchr::memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &[&str]) -> Requests {
        let mut requests = Requests::default();
        for (second, line) in lines.iter().enumerate() {
            requests.take(line, Timestamp::from_second(second as i64).ok(), second > 0);
        }
        requests
    }

    #[test]
    fn reads_are_counted_by_node() {
        let requests = taken(&[
            "Get Key: /calico/v1/host/me/metadata",
            "Get Node key from /calico/v1/host/a/metadata",
            "Get Node key from /calico/v1/host/b/metadata",
            "Key not found error",
            "Get Key: /calico/bgp/v1/host/a/ip_addr_v4",
            "Get Key: /calico/v1/host/a/orchestrator_refs",
            "Get Key: /calico/bgp/v1/host/b/ip_addr_v4",
        ]);
        assert_eq!(
            (requests.reads, requests.writes, requests.first, requests.last.map(Timestamp::as_second)),
            (4, 0, Timestamp::from_second(0).ok(), Some(6))
        );
        let check = &requests.check;
        assert_eq!((check.reads, check.listed.count(), check.read.count(), check.finished(), check.each()), (3, 2, 2, 1, Some(2.0)));
        assert_eq!((check.node.as_deref(), check.of_node), (Some("b"), 1));
    }

    #[test]
    fn the_other_datastores_requests() {
        let requests = taken(&[
            "Performing 'Get' for Node(foo)",
            "Performing 'List' for IPPool model.ResourceListOptions",
            "Performing 'Update' for &{Key:Node(node-2)}",
            "Processing Get request model-etcdKey=x",
            "Processing Apply request model-etcdKey=x",
            "Performing nothing",
        ]);
        assert_eq!((requests.reads, requests.writes), (3, 2));
        assert_eq!(requests.check, NodeReads::default());
    }
}
