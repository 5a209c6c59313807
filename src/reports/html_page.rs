//! A report with what a page to send shows beside it: the mesh, the starts, and where each row was read.

use crate::diagnosis::Scope;
use crate::finding::{Report, Source};
use crate::mesh::{self, Mesh};
use crate::model::{self, ClusterModel, NodeModel};
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::startup::measure::{Measurement, measure};
use crate::startup::rows as starts;
use crate::startup::rows::{Distribution, NodeStart};

pub struct HtmlPage<'a> {
    pub report: &'a Report,
    pub meshes: Vec<Mesh>,
    /// Those in danger first, then the slowest.
    pub starts: Vec<Start>,
    pub distribution: Option<Distribution>,
    /// Of each row of the report, in its order.
    pub read: Vec<RowSources>,
}

pub struct Start {
    pub row: NodeStart,
    /// Where its time was read.
    pub source: Option<Source>,
}

/// Where the parts of a row were read; `None` is *not seen*. Ready and restarts are the pod's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSources {
    pub address: Option<Source>,
    pub interface: Option<Source>,
    pub sessions: Option<Source>,
}

/// Of a snapshot, and of the report that `diagnose` made of it in the same scope.
pub fn sheet<'a>(snapshot: &Snapshot, report: &'a Report, scope: &Scope) -> HtmlPage<'a> {
    let view = ClusterModel::new(snapshot);
    let shown = || report.nodes.iter().filter_map(|row| Some((row, view.node(&row.name)?)));
    let mut measured: Vec<Measurement> = shown().map(|(_, node)| measure(&view, node)).collect();
    let read = shown().map(|(_, node)| read(node)).collect();
    measured.sort_by(starts::by_danger);
    let codes = |name: &str| report.nodes.iter().find(|row| row.name == name).map(|row| row.findings.clone()).unwrap_or_default();
    let start = |measured: &Measurement| Start { row: starts::node_start(&view, measured, codes(measured.node)), source: source(measured) };
    let starts = measured.iter().map(start).collect();
    HtmlPage { meshes: mesh::build(&view, scope, report), starts, distribution: starts::distribution(&measured), read, report }
}

fn read(node: &NodeModel) -> RowSources {
    let stored = node.stored(Family::V4).or(node.stored(Family::V6));
    RowSources {
        address: stored.map(|stored| stored.source),
        interface: stored.and_then(|stored| Some(stored.held_by.as_ref()?.source)),
        sessions: Family::ALL.into_iter().find_map(|family| model::peerings(node, family)).map(|(source, _)| source),
    }
}

/// A bound is of the pod's own times; what was measured is of a log.
fn source(measured: &Measurement) -> Option<Source> {
    let start = measured.start?;
    let logged = measured.runs.iter().any(|attempt| attempt.start == Some(start) && attempt.log.is_some());
    Some(if logged && !start.at_most { Source::Log } else { Source::Pod })
}
