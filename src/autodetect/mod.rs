//! Every autodetection method on every node, judged, and which method to choose. Pure.
//!
//! `host` and `address_facts` say what is known of a node's addresses; `judge` decides which of them is right.
//! `candidates` lists the methods; `matrix` runs each on each node: one `Column` a method, one `Cell` a node.
//! `recommend` chooses a method from the `Matrix`; a `Choice` lists what a method would change on each node.
//! `input` reads methods as a person types them.

mod address_facts;
mod candidates;
mod choice;
mod host;
pub mod input;
mod judge;
pub(crate) mod matrix;
mod recommend;

use crate::calico::address::Cidr;
use crate::calico::detect::DetectionResult;
use crate::calico::method::AddressSource;
use crate::calico::version::Version;
use crate::finding::Source;
use crate::snapshot::family::Family;

pub use choice::{Choice, Prediction};
pub(crate) use host::found_nothing;
pub use judge::{Ground, Judgement};
pub use matrix::matrix;
pub use recommend::{BestForGroup, MethodKind, ORDER, Preference, Recommendation, Rejected, recommend};

/// What is asked of the room.
#[derive(Clone, Debug)]
pub struct AutodetectOptions {
    pub family: Family,
    /// Methods to look at beside the current and the usual ones, as they would be set.
    pub methods: Vec<String>,
    /// Another release than the one that runs: an upgrade, foreseen.
    pub version: Option<Version>,
}

impl AutodetectOptions {
    pub fn new(family: Family) -> Self {
        Self { family, methods: Vec::new(), version: None }
    }
}

#[derive(Clone, Debug)]
pub struct Matrix {
    pub family: Family,
    /// The release that was asked about; `None` where it is not known.
    pub version: Option<Version>,
    pub running: Option<Version>,
    /// What the environment makes of detection now.
    pub gate: Option<AddressSource>,
    pub nodes: Vec<Node>,
    /// The current method first, then the usual ones, then those asked for.
    pub columns: Vec<Column>,
    /// Why addresses are not judged by InternalIPs alone.
    pub internal_ips_unreliable: Option<String>,
    /// The network that more than half of the stored addresses are in.
    pub common: Option<Cidr>,
    /// More than half of the stored addresses are not their node's InternalIP.
    pub mostly_apart: bool,
}

/// A row, without its cells.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: String,
    pub internal_ip: Option<std::net::IpAddr>,
    /// As it is stored now, with the prefix length where that is known.
    pub stored: Option<String>,
    pub stored_on: Option<String>,
    /// Of what is stored.
    pub judgement: Judgement,
    /// Why its InternalIP does not count.
    pub internal_ips_unreliable: Option<String>,
    /// Where its interfaces were read; `None`: they were not.
    pub source: Option<Source>,
    /// Why they were not.
    pub unseen: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Column {
    /// As it would be set; of the current one, as it is shown in the head of `status`.
    pub method: String,
    pub origin: Origin,
    /// Not for this release, whatever it would find.
    pub refused: Option<String>,
    /// A cell a node, in the nodes' order.
    pub cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// As configured now, with what `IP` makes of it.
    Current,
    /// Looked at in every cluster.
    Usual,
    /// Asked for.
    Asked,
}

#[derive(Clone, Debug)]
pub struct Cell {
    /// What the method finds, whatever becomes of it.
    pub outcome: DetectionResult,
    pub verdict: Verdict,
    pub reason: String,
    /// What is stored after a restart; `None` where nothing is, or that is not known.
    pub will_store: Option<String>,
    /// That what is stored after a restart is the right address.
    pub ends_right: Option<bool>,
}

impl Cell {
    /// The method looks for an address and finds none, so that the stored one stays.
    pub fn keeps_for_want_of_another(&self) -> bool {
        self.verdict == Verdict::Unchanged && matches!(self.outcome, DetectionResult::None { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The node's own address, which the others can reach.
    Right,
    /// Another node's too, or one that the others cannot reach.
    Wrong,
    /// Nothing is found or looked for; what is stored stays.
    Unchanged,
    /// Nothing is found and nothing is stored: calico-node exits.
    None,
    /// calico-node exits, whatever is stored.
    Exits,
    Unknown,
}

impl Matrix {
    pub fn current(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.origin == Origin::Current)
    }

    pub fn column(&self, method: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.method == method)
    }

    /// Nothing is detected in this cluster: canal, policy-only, backend none.
    pub fn is_off(&self) -> bool {
        matches!(self.gate, Some(AddressSource::Off))
    }
}

impl Column {
    /// Right, or left as it is and that is right, on every node.
    pub fn is_right_everywhere(&self) -> bool {
        !self.cells.is_empty() && self.cells.iter().all(|cell| cell.ends_right == Some(true))
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }
}
