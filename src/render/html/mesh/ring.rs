//! Points on a ring, and the sessions as chords.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use maud::{Markup, Render, html};

use super::Words;
use super::glyph::{self, number};
use crate::finding::health::Health;
use crate::mesh::{Kind, State};
use crate::render::html::untrusted::label;
use crate::text;

/// With more vertices than this only those that matter have their name beside them.
pub(super) const NAMED: usize = 16;
/// With more chords than this those that are down have no text of their own.
const TITLED: usize = 120;
const WIDTH: f64 = 480.0;
const MARGIN: f64 = 48.0;
/// Of a letter of a name.
const LETTER: f64 = 7.4;
/// Between the baselines of two lines.
const LINE: f64 = 14.0;

pub(super) struct Vertex {
    /// In full, for a pointer that rests on it.
    pub title: String,
    /// Beside it.
    pub lines: Vec<String>,
    pub health: Health,
    pub kind: Kind,
    pub members: usize,
    /// Its members see each other.
    pub among: bool,
}

struct Ring<'a> {
    vertices: &'a [Vertex],
    radius: f64,
    height: f64,
    /// The first culprit is on top, where its name has room.
    turned: usize,
}

pub(super) fn draw(words: &Words, vertices: &[Vertex], state: impl Fn(usize, usize) -> State) -> Markup {
    let ring = Ring::of(vertices);
    let links = |wanted: State| {
        let pairs = (0..vertices.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        pairs.filter(|(a, b)| state(*a, *b) == wanted).collect::<Vec<_>>()
    };
    let down = links(State::Down);
    html! {
        svg.mesh viewBox=(format!("0 0 {WIDTH} {}", ring.height)) role="img" aria-labelledby=(words.labels()) {
            (words)
            @for wanted in [State::Up, State::Unknown] {
                @let chords = links(wanted);
                @if !chords.is_empty() { path class=(chord(wanted, vertices.len())) d=(ring.chords(&chords)) {} }
            }
            @if down.len() > TITLED { path class=(chord(State::Down, vertices.len())) d=(ring.chords(&down)) {} }
            @else {
                @for (a, b) in &down {
                    path class=(chord(State::Down, vertices.len())) d=(ring.chords(&[(*a, *b)])) {
                        title { (vertices[*a].title) " – " (vertices[*b].title) ": not established" }
                    }
                }
            }
            @for (at, vertex) in vertices.iter().enumerate() {
                @let (x, y) = ring.place(at);
                g { title { (vertex.title) } (glyph::point(x, y, ring.size(vertex), vertex.health, vertex.kind, vertex.among)) }
            }
            @for label in ring.labels() { (label) }
        }
    }
}

/// Many chords are thin, or they would hide each other.
pub(super) fn chord(state: State, vertices: usize) -> String {
    let class = glyph::stroke(state);
    if vertices > NAMED { format!("{class} many") } else { class.to_owned() }
}

impl<'a> Ring<'a> {
    fn of(vertices: &'a [Vertex]) -> Self {
        let radius = match vertices.len() {
            0 | 1 => 0.0,
            2 => 80.0,
            few if few <= NAMED => 104.0,
            _ => 128.0,
        };
        let largest = vertices.iter().map(size).fold(0.0, f64::max);
        let lines = vertices.iter().map(|vertex| vertex.lines.len()).max().unwrap_or(0);
        #[allow(clippy::cast_precision_loss, reason = "a few lines")]
        let height = 2.0 * (radius + largest + MARGIN.min(20.0 + LINE * lines as f64));
        let turned = vertices.iter().position(|vertex| vertex.health == Health::Faulty).unwrap_or(0);
        Self { vertices, radius, height, turned }
    }

    fn size(&self, vertex: &Vertex) -> f64 {
        let room = if self.vertices.len() > NAMED { 4.0 } else { f64::MAX };
        size(vertex).min(room)
    }

    fn angle(&self, at: usize) -> f64 {
        let all = self.vertices.len().max(1);
        #[allow(clippy::cast_precision_loss, reason = "a few hundred at most")]
        let share = ((at + all - self.turned) % all) as f64 / all as f64;
        (share - 0.25) * TAU
    }

    fn place(&self, at: usize) -> (f64, f64) {
        let angle = self.angle(at);
        (WIDTH / 2.0 + self.radius * angle.cos(), self.height / 2.0 + self.radius * angle.sin())
    }

    fn chords(&self, pairs: &[(usize, usize)]) -> String {
        let mut path = String::new();
        for (a, b) in pairs {
            let ((x, y), (to_x, to_y)) = (self.place(*a), self.place(*b));
            let _ = write!(path, "M{} {}L{} {}", number(x), number(y), number(to_x), number(to_y));
        }
        path
    }

    /// The names that have room: the worst first, and none over another.
    fn labels(&self) -> Vec<Label> {
        let mut order: Vec<usize> = (0..self.vertices.len()).filter(|at| !self.vertices[*at].lines.is_empty()).collect();
        order.sort_by_key(|at| self.vertices[*at].health);
        let mut placed: Vec<Label> = Vec::new();
        for label in order.into_iter().map(|at| self.label(at)) {
            if placed.iter().all(|other| !label.meets(other)) {
                placed.push(label);
            }
        }
        placed
    }

    fn label(&self, at: usize) -> Label {
        let vertex = &self.vertices[at];
        let (centre, out) = ((WIDTH / 2.0, self.height / 2.0), self.radius + self.size(vertex) + 9.0);
        let (cosine, sine) = (self.angle(at).cos(), self.angle(at).sin());
        let (anchor, x, y) = match () {
            // One alone has its name below.
            () if self.radius == 0.0 => ("middle", centre.0, centre.1 + out),
            () if cosine > 0.25 => ("start", centre.0 + out * cosine, centre.1 + out * sine),
            () if cosine < -0.25 => ("end", centre.0 + out * cosine, centre.1 + out * sine),
            () => ("middle", centre.0 + out * cosine, centre.1 + out * sine),
        };
        let room = match anchor {
            "start" => WIDTH - x,
            "end" => x,
            _ => WIDTH,
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the picture's width")]
        let columns = (room / LETTER) as usize;
        let lines: Vec<String> = vertex.lines.iter().map(|line| label(line, columns)).collect();
        #[allow(clippy::cast_precision_loss, reason = "a few lines of a few dozen letters")]
        let (tall, wide) =
            (LINE * (lines.len() as f64 - 1.0), LETTER * lines.iter().map(|line| text::width(line)).max().unwrap_or(0) as f64);
        // Beside a point lines are centred on it, above it they end there, below they begin.
        let top = match anchor {
            "middle" if y < centre.1 => y - tall,
            "middle" => y + LINE - 6.0,
            _ => y + 4.0 - tall / 2.0,
        };
        let left = match anchor {
            "start" => x,
            "end" => x - wide,
            _ => x - wide / 2.0,
        };
        let culprit = vertex.health == Health::Faulty;
        Label { lines, anchor, class: if culprit { "name culprit" } else { "name" }, x, top, left, wide, tall }
    }
}

struct Label {
    lines: Vec<String>,
    anchor: &'static str,
    class: &'static str,
    x: f64,
    /// The first baseline.
    top: f64,
    left: f64,
    wide: f64,
    /// From the first baseline to the last.
    tall: f64,
}

impl Label {
    fn meets(&self, other: &Self) -> bool {
        let beside = self.left + self.wide < other.left || other.left + other.wide < self.left;
        let above = self.top + self.tall + LETTER < other.top || other.top + other.tall + LETTER < self.top;
        !beside && !above
    }
}

impl Render for Label {
    fn render(&self) -> Markup {
        html! {
            text class=(self.class) text-anchor=(self.anchor) x=(number(self.x)) y=(number(self.top)) {
                @for (row, line) in self.lines.iter().enumerate() {
                    tspan x=(number(self.x)) dy=(if row == 0 { 0.0 } else { LINE }) { (line) }
                }
            }
        }
    }
}

/// A disc grows with the number of those it stands for, slowly.
fn size(vertex: &Vertex) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "nodes of a cluster")]
    let members = vertex.members as f64;
    if vertex.members == 1 { 7.0 } else { (8.0 + 7.0 * members.log10()).min(30.0) }
}
