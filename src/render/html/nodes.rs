//! The nodes: those in trouble first, those that are well behind a fold where there are many.

use maud::{Markup, html};

use super::table::{Row, table};
use crate::finding::health::Health;
use crate::render::findings::source;
use crate::render::nodes::{COUNTED, Columns};
use crate::render::status::Shown;
use crate::render::table::Cell;
use crate::reports::html_page::{HtmlPage, RowSources};
use crate::text;

/// With more nodes than this those that are well are folded away.
const LISTED: usize = 20;

pub(super) fn section(sheet: &HtmlPage) -> Option<Markup> {
    let report = sheet.report;
    let columns = Columns::of(report, Shown { wide: true, ..Shown::default() });
    let headers: Vec<&str> = columns.headers().into_iter().chain(["READ FROM"]).collect();
    let usual = most_common(&sheet.read);
    let all = report.nodes.iter().zip(&sheet.read).map(|(node, read)| {
        let cells =
            columns.row(node).into_iter().chain([if usual == Some(read) { Cell::none() } else { Cell::plain(read_from(*read)) }]).collect();
        (columns.healths.health(node), cells)
    });
    let (headers, all) = without_empty(headers, all.collect());
    let rows = |wanted: &dyn Fn(Health) -> bool| {
        let wanted = all.iter().filter(|(health, _)| wanted(*health));
        let row = wanted.map(|(health, cells)| Row { class: (*health == Health::Faulty).then_some("culprit"), cells: cells.clone() });
        row.collect::<Vec<_>>()
    };
    let many = report.nodes.len() > LISTED;
    let open = rows(&|health| !many || COUNTED.iter().all(|(folded, ..)| *folded != health));
    let body = html! {
        @if !open.is_empty() { (table(&if many { "Nodes that are not well".to_owned() } else { text::count(open.len(), "node") }, &headers, open)) }
        @for (health, _, one, several) in COUNTED.iter().filter(|_| many) {
            @let these = rows(&|of| of == *health);
            @if !these.is_empty() {
                @let title = format!("{} {}", text::count(these.len(), "node"), if these.len() == 1 { one } else { several });
                details { summary { (title) } (table(&title, &headers, these)) }
            }
        }
        p.aside {
            "BGP: sessions established of those configured. START: time taken of time allowed; > was cut off, < is known from readiness only. "
            "READY and RESTARTS are those of the calico-node pod. A ? is not known, a - is not there. "
            @if let Some(usual) = usual { "Read from, where no row says otherwise: " (read_from(*usual)) "." }
        }
    };
    (!report.nodes.is_empty()).then_some(body)
}

type Rows = Vec<(Health, Vec<Cell>)>;

/// A column of which no node has anything is no column.
fn without_empty(headers: Vec<&str>, rows: Rows) -> (Vec<&str>, Rows) {
    let used = |at: usize| rows.iter().any(|(_, cells)| cells.get(at).is_some_and(|cell| cell.text() != Cell::none().text()));
    let used: Vec<bool> = (0..headers.len()).map(used).collect();
    let keep = |at: &usize| used.get(*at).copied().unwrap_or(true);
    let headers = headers.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, header)| header).collect();
    let kept = |cells: Vec<Cell>| cells.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, cell)| cell).collect();
    (headers, rows.into_iter().map(|(health, cells)| (health, kept(cells))).collect())
}

fn most_common(all: &[RowSources]) -> Option<&RowSources> {
    let times = |read: &RowSources| all.iter().filter(|other| *other == read).count();
    let mut kinds: Vec<&RowSources> = Vec::new();
    for read in all {
        if !kinds.contains(&read) {
            kinds.push(read);
        }
    }
    kinds.into_iter().max_by_key(|read| times(read))
}

fn read_from(read: RowSources) -> String {
    let parts = [("address", read.address), ("interface", read.interface), ("sessions", read.sessions)];
    let told: Vec<String> = parts.into_iter().filter_map(|(what, from)| Some(format!("{what}: {}", source(from?)))).collect();
    if told.is_empty() { "?".to_owned() } else { told.join(", ") }
}
