//! The terminal's tables, as HTML: the same cells, so that nothing is judged twice.

use maud::{Markup, html};

use crate::render::style::Tone;
use crate::render::table::Cell;

pub(super) struct Row {
    pub class: Option<&'static str>,
    /// The first is what the row is of.
    pub cells: Vec<Cell>,
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self { class: None, cells }
    }
}

/// May be wider than the page, and then scrolls in a box of its own, by keyboard too.
pub(super) fn table(caption: &str, headers: &[&str], rows: impl IntoIterator<Item = Row>) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for header in headers { th scope="col" { (header) } } } }
                tbody {
                    @for row in rows {
                        tr class=[row.class] {
                            @for (at, cell) in row.cells.iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell.text()) } } @else { td class=[class(cell)] { (cell.text()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn class(cell: &Cell) -> Option<&'static str> {
    match cell.tone() {
        Tone::Plain => None,
        Tone::Strong => Some("strong"),
        Tone::Good => Some("good"),
        Tone::Bad => Some("bad"),
        Tone::Doubtful => Some("doubtful"),
        Tone::Aside => Some("aside"),
    }
}
