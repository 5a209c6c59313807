//! What a check receives: the model, with the judgement of addresses that several checks share.

use std::ops::Deref;
use std::sync::OnceLock;

use crate::autodetect::{self, AutodetectOptions, Judgement, Matrix, Recommendation};
use crate::calico::version::Version;
use crate::diagnosis::unfinished_change::EndedChanges;
use crate::model::{ClusterModel, NodeModel};
use crate::parallel;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;
use crate::startup::measure::{Measurement, measure};

/// The model of a snapshot; the matrix of each family is computed at most once, and that of all methods only where one is sought.
pub(crate) struct Context<'a> {
    model: ClusterModel<'a>,
    current: [OnceLock<Matrix>; 2],
    candidates: [OnceLock<(Matrix, Recommendation)>; 2],
    measured: OnceLock<Vec<Measurement<'a>>>,
    /// Unfinished changes whose run is known to have ended.
    ended_changes: EndedChanges,
}

impl<'a> Context<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self::for_release(snapshot, None)
    }

    /// Judges addresses and probes by the rules of the release of a planned upgrade.
    pub(crate) fn for_release(snapshot: &'a Snapshot, upgrade: Option<Version>) -> Self {
        Self {
            model: ClusterModel::for_release(snapshot, upgrade),
            current: Default::default(),
            candidates: Default::default(),
            measured: OnceLock::new(),
            ended_changes: EndedChanges::new(),
        }
    }

    #[must_use]
    pub(crate) fn with_ended_changes(self, ended: &EndedChanges) -> Self {
        Self { ended_changes: ended.clone(), ..self }
    }

    pub(crate) fn ended_changes(&self) -> &EndedChanges {
        &self.ended_changes
    }

    fn options(&self, family: Family) -> AutodetectOptions {
        AutodetectOptions { version: self.model.install.upgrade(), ..AutodetectOptions::new(family) }
    }

    fn candidates(&self, family: Family) -> &(Matrix, Recommendation) {
        of_family(&self.candidates, family).get_or_init(|| {
            let matrix = autodetect::matrix::from_model(&self.model, &self.options(family));
            let recommendation = autodetect::recommend(&matrix);
            (matrix, recommendation)
        })
    }

    /// Each node's stored address, and the address that the configured method would choose, judged.
    pub(crate) fn matrix(&self, family: Family) -> &Matrix {
        of_family(&self.current, family).get_or_init(|| autodetect::matrix::current_only(&self.model, &self.options(family)))
    }

    /// The same with a column for each of the usual methods.
    pub(crate) fn matrix_of_all_methods(&self, family: Family) -> &Matrix {
        &self.candidates(family).0
    }

    /// The method to choose, and why.
    pub(crate) fn recommended(&self, family: Family) -> &Recommendation {
        &self.candidates(family).1
    }

    /// The starts of each node, in the order of `nodes`.
    pub(crate) fn measured(&self) -> &[Measurement<'a>] {
        self.measured.get_or_init(|| parallel::map(&self.model.nodes, |_, node| measure(&self.model, node)))
    }

    /// Of a node of this model.
    pub(crate) fn measurement(&self, node: &NodeModel) -> Option<&Measurement<'a>> {
        self.measured().get(node.index)
    }

    /// Judgement of the stored address of a node of this model. `None`: nothing is stored.
    pub(crate) fn judgement(&self, node: &NodeModel, family: Family) -> Option<&Judgement> {
        node.stored(family)?;
        Some(&self.matrix(family).nodes.get(node.index)?.judgement)
    }
}

fn of_family<T>([v4, v6]: &[T; 2], family: Family) -> &T {
    match family {
        Family::V4 => v4,
        Family::V6 => v6,
    }
}

impl<'a> Deref for Context<'a> {
    type Target = ClusterModel<'a>;

    fn deref(&self) -> &ClusterModel<'a> {
        &self.model
    }
}
