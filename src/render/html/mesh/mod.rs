//! The mesh as a picture, and the same in words and as a table.

mod glyph;
mod matrix;
mod ring;

use maud::{Markup, Render, html};

use super::table::{Row, table};
use crate::finding::health::Health;
use crate::mesh::{Group, Kind, Mesh, State};
use crate::render::style::Tone;
use crate::render::table::Cell;
use crate::reports::html_page::HtmlPage;
use crate::text;
use ring::Vertex;

/// More points than this are drawn as groups of those that are alike.
const POINTS: usize = 64;
/// More groups than this are drawn as a matrix, and more than that not at all.
const GROUPS: usize = 24;
const CELLS: usize = 600;
/// Rows of the table.
const ROWS: usize = 100;

pub(super) fn section(sheet: &HtmlPage) -> Option<Markup> {
    if sheet.meshes.is_empty() {
        let backend = sheet.report.cluster.backend.as_deref().filter(|backend| matches!(*backend, "vxlan" | "none"))?;
        return Some(html! { p { "There are no BGP sessions: the backend is " (backend) "." } });
    }
    let several = sheet.meshes.len() > 1;
    Some(html! { @for mesh in &sheet.meshes { (one(mesh, several)) } })
}

fn one(mesh: &Mesh, several: bool) -> Markup {
    let groups = mesh.groups();
    let says = summary(mesh);
    html! {
        @if several { h3 { "IPv" (mesh.family.number()) } }
        p.lead { (says) }
        @if mesh.count(State::Up) + mesh.count(State::Down) > 0 {
            figure {
                @let words = Words::of(mesh, &says);
                @let vertices = groups.len();
                @if mesh.points.len() <= POINTS {
                    (ring::draw(&words, &points(mesh), |a, b| mesh.state(a, b)))
                    figcaption { (glyph::legend(mesh, mesh.points.len(), true)) }
                } @else if vertices <= GROUPS {
                    (ring::draw(&words, &bubbles(mesh, &groups), |a, b| mesh.state(groups[a].first(), groups[b].first())))
                    figcaption { (glyph::legend(mesh, vertices, true)) }
                } @else if vertices <= CELLS {
                    (matrix::draw(&words, mesh, &groups))
                    figcaption {
                        p.aside { "A row and a column for each node, or each of several that are alike. Above and left of the lines: those that findings name." }
                        (glyph::legend(mesh, vertices, false))
                    }
                } @else { p.aside { "There are too many different views of the mesh for a picture." } }
            }
            details { summary { "The same as a table" } (as_table(mesh, &groups)) }
        }
    }
}

/// What a picture says to those who do not see it.
struct Words<'a> {
    /// Of this picture among those of the page.
    id: String,
    title: String,
    says: &'a str,
}

impl<'a> Words<'a> {
    fn of(mesh: &Mesh, says: &'a str) -> Self {
        let family = mesh.family.number();
        Self { id: format!("mesh{family}"), title: format!("Who has an IPv{family} BGP session with whom"), says }
    }

    fn labels(&self) -> String {
        format!("{0}-title {0}-says", self.id)
    }
}

impl Render for Words<'_> {
    fn render(&self) -> Markup {
        html! {
            title id={ (self.id) "-title" } { (self.title) }
            desc id={ (self.id) "-says" } { (self.says) }
        }
    }
}

/// What the picture comes to.
fn summary(mesh: &Mesh) -> String {
    let (up, down, unknown) = (mesh.count(State::Up), mesh.count(State::Down), mesh.count(State::Unknown));
    if up + down == 0 {
        return "No BGP session was seen.".to_owned();
    }
    let mut says = format!("{up} of {} established, each counted once.", text::count(up + down + unknown, "BGP session"));
    if down > 0 {
        let with = mesh.common(State::Down).map(|at| format!("{} with {}", if down > 1 { ", all" } else { ", it is" }, name(mesh, at)));
        says += &format!(" {down} not established{}.", with.unwrap_or_default());
    }
    if unknown > 0 {
        says += &format!(" {unknown} not known: neither end could be asked.");
    }
    says
}

fn name(mesh: &Mesh, at: usize) -> String {
    let Some(point) = mesh.points.get(at) else { return String::new() };
    let name = text::truncate(&text::clean(&point.name), 253).into_owned();
    match point.kind {
        Kind::Node => name,
        Kind::Outside => format!("{name} (not a node)"),
        Kind::Orphan => format!("{name} (no node has this address)"),
    }
}

fn points(mesh: &Mesh) -> Vec<Vertex> {
    let all = mesh.points.len();
    let vertex = |(at, point): (usize, &crate::mesh::Point)| Vertex {
        title: name(mesh, at),
        lines: if all <= ring::NAMED || point.health <= Health::Sick || point.kind != Kind::Node {
            vec![point.name.clone()]
        } else {
            Vec::new()
        },
        health: point.health,
        kind: point.kind,
        members: 1,
        among: false,
    };
    mesh.points.iter().enumerate().map(vertex).collect()
}

fn bubbles(mesh: &Mesh, groups: &[Group]) -> Vec<Vertex> {
    groups.iter().map(|group| bubble(mesh, group)).collect()
}

fn bubble(mesh: &Mesh, group: &Group) -> Vertex {
    let first = &mesh.points[group.first()];
    let mut lines = match group.members.len() {
        1 => vec![first.name.clone()],
        several => vec![text::count(several, if first.kind == Kind::Node { "node" } else { "peer" })],
    };
    lines.extend(group.among.map(among).map(str::to_owned));
    let (title, among) = (who(mesh, group), group.among == Some(State::Up));
    Vertex { title, lines, health: first.health, kind: first.kind, members: group.members.len(), among }
}

fn among(state: State) -> &'static str {
    match state {
        State::Up => "see each other",
        State::Down => "do not see each other",
        State::None => "no sessions among them",
        State::Unknown => "could not be asked",
    }
}

/// `node-1`, `499 nodes: node-1, node-2, node-3 and 496 more`
fn who(mesh: &Mesh, group: &Group) -> String {
    match group.members.as_slice() {
        [one] => name(mesh, *one),
        several => format!("{}: {}", text::count(several.len(), "node"), names(mesh, several.iter().copied())),
    }
}

fn names(mesh: &Mesh, points: impl Iterator<Item = usize>) -> String {
    let names: Vec<String> = points.map(|at| name(mesh, at)).collect();
    text::list(&names, 3)
}

fn as_table(mesh: &Mesh, groups: &[Group]) -> Markup {
    let row = |group: &Group| {
        let with = |wanted| mesh.around(group.first()).filter(move |(_, state)| *state == wanted).map(|(other, _)| other);
        let down = with(State::Down).count();
        let number = |number: usize, tone| Cell::new(if number > 0 { tone } else { Tone::Plain }, number.to_string());
        Row {
            class: (mesh.points[group.first()].health == Health::Faulty).then_some("culprit"),
            cells: vec![
                Cell::plain(who(mesh, group)),
                number(with(State::Up).count(), Tone::Plain),
                number(down, Tone::Bad),
                number(with(State::Unknown).count(), Tone::Doubtful),
                if down > 0 { Cell::plain(names(mesh, with(State::Down))) } else { Cell::none() },
            ],
        }
    };
    html! {
        (table("BGP sessions of each node, or of each of several that are alike", &["WHO", "UP", "DOWN", "NOT KNOWN", "DOWN WITH"],
            groups.iter().take(ROWS).map(row)))
        @if groups.len() > ROWS { p.aside { "and " (groups.len() - ROWS) " more" } }
    }
}
