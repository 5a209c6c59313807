//! How a point and a session look, and the legend: by shape and stroke as much as by colour.

use maud::{Markup, html};

use super::ring::chord;
use crate::finding::health::Health;
use crate::mesh::{Kind, Mesh, State};

pub(super) fn stroke(state: State) -> &'static str {
    match state {
        State::Up => "link up",
        State::Down => "link down",
        State::Unknown => "link unknown",
        State::None => "link",
    }
}

fn look(health: Health, kind: Kind) -> &'static str {
    match (kind, health) {
        (Kind::Outside, _) => "point outside",
        (Kind::Orphan, _) => "point orphan",
        (Kind::Node, Health::Faulty) => "point culprit",
        (Kind::Node, Health::Sick) => "point sick",
        (Kind::Node, Health::Affected) => "point affected",
        (Kind::Node, Health::Unknown) => "point unseen",
        (Kind::Node, Health::Healthy) => "point healthy",
    }
}

/// A culprit is a diamond, a peer outside a square, a node a disc.
pub(super) fn point(x: f64, y: f64, radius: f64, health: Health, kind: Kind, among: bool) -> Markup {
    let class = if among { format!("{} among", look(health, kind)) } else { look(health, kind).to_owned() };
    match (kind, health) {
        (Kind::Outside | Kind::Orphan, _) => html! {
            rect class=(class) x=(number(x - radius)) y=(number(y - radius)) width=(number(2.0 * radius)) height=(number(2.0 * radius)) {}
        },
        (Kind::Node, Health::Faulty) => {
            let (r, r2) = (radius * 1.35, radius * 2.0 * 1.35);
            html! { path class=(class) d=(format!("M{} {}l{r:.1} {r:.1}l-{r:.1} {r:.1}l-{r:.1} -{r:.1}z", number(x), number(y + r - r2))) {} }
        }
        (Kind::Node, _) => html! { circle class=(class) cx=(number(x)) cy=(number(y)) r=(number(radius)) {} },
    }
}

pub(super) fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// Only what the picture of so many vertices has; a matrix draws no points.
pub(super) fn legend(mesh: &Mesh, vertices: usize, points: bool) -> Markup {
    let lines = [(State::Up, "session established"), (State::Down, "not established"), (State::Unknown, "not known")];
    let healths = [
        (Health::Faulty, "named by a finding"),
        (Health::Sick, "unhealthy"),
        (Health::Affected, "healthy, missing sessions"),
        (Health::Unknown, "not fully checked"),
        (Health::Healthy, "healthy"),
    ];
    let kinds = [(Kind::Outside, "peer outside the cluster"), (Kind::Orphan, "no node has this address")];
    let has = |kind, health: Option<Health>| {
        points && mesh.points.iter().any(|point| point.kind == kind && health.is_none_or(|of| of == point.health))
    };
    html! {
        ul.legend {
            @for (state, words) in lines.into_iter().filter(|(state, _)| mesh.count(*state) > 0) {
                li { svg viewBox="0 0 28 12" aria-hidden="true" focusable="false" { path class=(chord(state, vertices)) d="M1 6H27" {} } (words) }
            }
            @for (health, words) in healths.into_iter().filter(|(health, _)| has(Kind::Node, Some(*health))) {
                li { svg.dot viewBox="0 0 14 14" aria-hidden="true" focusable="false" { (point(7.0, 7.0, 4.5, health, Kind::Node, false)) } (words) }
            }
            @for (kind, words) in kinds.into_iter().filter(|(kind, _)| has(*kind, None)) {
                li { svg.dot viewBox="0 0 14 14" aria-hidden="true" focusable="false" { (point(7.0, 7.0, 4.5, Health::Healthy, kind, false)) } (words) }
            }
        }
    }
}
