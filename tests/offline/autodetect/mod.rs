//! What each method would pick, whether that is right, and what is recommended: cluster by cluster.

mod families;
mod hosts;
mod recorded;
mod releases;
mod unseen;

use std::collections::BTreeMap;

use calico_fix::autodetect::{AutodetectOptions, Matrix, Recommendation, Verdict, matrix, recommend};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::inspection::RouteLookup;

use crate::build::{self, World};

struct Judged {
    matrix: Matrix,
    recommendation: Recommendation,
}

fn ask(methods: &[&str]) -> AutodetectOptions {
    AutodetectOptions { methods: methods.iter().map(|&method| method.to_owned()).collect(), ..AutodetectOptions::new(Family::V4) }
}

fn judge(snapshot: &Snapshot, ask: &AutodetectOptions) -> Judged {
    let matrix = matrix(snapshot, ask);
    for column in &matrix.columns {
        assert_eq!(column.cells.len(), matrix.nodes.len(), "{}", column.method);
        assert!(column.cells.iter().all(|cell| !cell.reason.is_empty()), "{}", column.method);
    }
    let recommendation = recommend(&matrix);
    assert_eq!(recommendation.others.len(), matrix.columns.len() - usize::from(recommendation.method.is_some()), "each is spoken of once");
    Judged { matrix, recommendation }
}

fn of(world: &World) -> Judged {
    judge(&world.snapshot(), &ask(&[]))
}

impl Judged {
    /// `right wrong right`, in the nodes' order.
    fn verdicts(&self, method: &str) -> String {
        let column = self.matrix.column(method).unwrap_or_else(|| panic!("{method} is none of {:?}", self.methods()));
        column.cells.iter().map(|cell| word(cell.verdict)).collect::<Vec<_>>().join(" ")
    }

    fn stored(&self) -> String {
        self.matrix.nodes.iter().map(|node| word(node.judgement.verdict)).collect::<Vec<_>>().join(" ")
    }

    /// Beside the current one.
    fn methods(&self) -> Vec<&str> {
        self.matrix.columns[1..].iter().map(|column| column.method.as_str()).collect()
    }

    fn reason(&self, method: &str, node: usize) -> &str {
        &self.matrix.column(method).expect("a column").cells[node - 1].reason
    }

    fn recommended(&self) -> Option<&str> {
        self.recommendation.method.as_deref()
    }

    fn why_not(&self, method: &str) -> &str {
        &self.recommendation.others.iter().find(|other| other.method == method).expect("another method").why
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right",
        Verdict::Wrong => "wrong",
        Verdict::Unchanged => "unchanged",
        Verdict::None => "none",
        Verdict::Exits => "exits",
        Verdict::Unknown => "unknown",
    }
}

/// The API server's address, and that each node sends from this one of its addresses to it.
fn reaching(snapshot: &mut Snapshot, api: &str, sources: &[&str]) {
    snapshot.cluster.api_addresses = Observed::Seen(vec![api.parse().expect("an address")]);
    for (inside, source) in snapshot.inside.values_mut().zip(sources) {
        let Observed::Seen(inside) = inside else { continue };
        let reach = RouteLookup {
            source: source.parse().ok(),
            device: None,
            unreachable: source.is_empty().then(|| "Network is unreachable".into()),
        };
        inside.route_lookups = BTreeMap::from([(api.to_owned(), Observed::Seen(reach))]);
    }
}
