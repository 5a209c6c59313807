//! A row and a column for each point, or for each group of points that are alike: for what no ring can show.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{Words, glyph};
use crate::finding::health::Health;
use crate::mesh::{Group, Mesh, State};

const SIDE: f64 = 460.0;

pub(super) fn draw(words: &Words, mesh: &Mesh, groups: &[Group]) -> Markup {
    // The worst are on top and to the left, where the eye begins.
    let mut order: Vec<&Group> = groups.iter().collect();
    order.sort_by_key(|group| (mesh.points[group.first()].health, group.first()));
    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    let cell = SIDE / order.len().max(1) as f64;
    let marked = order.iter().take_while(|group| mesh.points[group.first()].health == Health::Faulty).count();
    html! {
        svg.mesh.matrix viewBox=(format!("0 0 {SIDE} {SIDE}")) role="img" aria-labelledby=(words.labels()) {
            (words)
            rect.ground width=(SIDE) height=(SIDE) {}
            @for state in [State::Up, State::Unknown, State::Down] {
                path class=(format!("cell {}", glyph::stroke(state))) d=(cells(mesh, &order, state, cell)) {}
            }
            @if marked > 0 {
                @let edge = number(marked, cell);
                path.culprits d=(format!("M0 {edge}H{SIDE}M{edge} 0V{SIDE}")) {}
            }
        }
    }
}

/// Runs of equal cells are one rectangle: half a million cells would be no page.
fn cells(mesh: &Mesh, order: &[&Group], wanted: State, cell: f64) -> String {
    let mut path = String::new();
    for (row, of) in order.iter().enumerate() {
        let state =
            |column: usize| if row == column { of.among.unwrap_or_default() } else { mesh.state(of.first(), order[column].first()) };
        let mut column = 0;
        while column < order.len() {
            let run = (column..order.len()).take_while(|at| state(*at) == wanted).count();
            if run > 0 {
                let (x, y, wide, tall) = (number(column, cell), number(row, cell), number(run, cell), number(1, cell));
                let _ = write!(path, "M{x} {y}h{wide}v{tall}h-{wide}z");
            }
            column += run.max(1);
        }
    }
    path
}

fn number(cells: usize, cell: f64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    let at = cells as f64 * cell;
    format!("{at:.2}")
}
