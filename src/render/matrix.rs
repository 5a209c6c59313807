//! `autodetect` for people: verdict, nodes that change, methods; with `-o wide` the table of nodes and methods.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::lines::{painted, paragraph};
use super::matrix_advice as advice;
use super::matrix_cells::{self as cells, Form};
use super::matrix_methods as methods;
use super::pending_change::PendingChange;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::autodetect::{Matrix, MethodKind, Origin, Preference, Verdict};
use crate::calico::method::Method;
use crate::render::header;
use crate::reports::autodetect::AutodetectResult;
use crate::text;

/// What each mark means.
const MARKS: [(Verdict, &str); 6] = [
    (Verdict::Right, "the node's own address"),
    (Verdict::Wrong, "duplicate, or unreachable from other nodes"),
    (Verdict::Unchanged, "nothing is found, so the stored address stays"),
    (Verdict::None, "nothing is found and nothing is stored, so calico-node exits"),
    (Verdict::Exits, "calico-node exits, whatever is stored"),
    (Verdict::Unknown, "not known"),
];

#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// More columns, prefix lengths, and every node.
    pub wide: bool,
    /// Every node.
    pub all: bool,
    /// The table's rows and nothing else, for scripts.
    pub rows_only: bool,
    /// The reader named the first node, or wants none.
    pub own_canary: bool,
    /// What this run does with the change that it proposes.
    pub pending: Option<PendingChange>,
}

pub fn write(look: &AutodetectResult, only: Option<&BTreeSet<String>>, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let matrix = &look.matrix;
    let wanted = |place: &usize| only.is_none_or(|only| only.contains(&matrix.nodes[*place].name));
    let places: Vec<usize> = (0..matrix.nodes.len()).filter(wanted).collect();
    let names = names(matrix);
    let draw = |form| table(matrix, &names, &places, shown, form);
    if shown.rows_only {
        return draw(if shown.wide { Form::Long } else { Form::Usual }).write(false, style, out);
    }
    let style = &Style { full_names: shown.wide, ..*style };
    methods::verdict(look, only, &places, style, out)?;
    if let Some(version) = matrix.version.filter(|version| Some(*version) != matrix.running) {
        writeln!(out, "{} as Calico {version} detects addresses", style.paint(Tone::Strong, "Preview:"))?;
    }
    if matrix.is_off() {
        return Ok(());
    }
    methods::changes(look, &places, shown, style, out)?;
    advice::write(look, shown, style, out)?;
    writeln!(out)?;
    methods::table(look, &places, style).write(true, style, out)?;
    advice::others(look, shown, style, out)?;
    writeln!(out)?;
    header::write_details(&look.cluster, style, out)?;
    if !shown.wide && !shown.all {
        return Ok(());
    }
    writeln!(out)?;
    let mut drawn = draw(if shown.wide { Form::Long } else { Form::Usual });
    if !shown.wide && style.width.is_some_and(|columns| drawn.width() > columns) {
        drawn = draw(Form::Short);
    }
    if !shown.wide {
        drawn.fit(style, &[]);
    }
    drawn.write(true, style, out)?;
    writeln!(out)?;
    legend(look, &names, style, out)
}

fn table(matrix: &Matrix, names: &[String], places: &[usize], shown: Shown, form: Form) -> Table {
    let mut headers = vec!["NODE".to_owned()];
    if form != Form::Short {
        headers.push("INTERNAL-IP".to_owned());
    }
    headers.push("STORED".to_owned());
    if shown.wide {
        headers.push("SEEN-BY".to_owned());
    }
    headers.extend(names.iter().cloned());
    let mut table = Table::new(headers);
    for place in places.iter().copied() {
        let node = &matrix.nodes[place];
        let mut row = vec![Cell::plain(&node.name)];
        if form != Form::Short {
            row.push(Cell::known(node.internal_ip.map(|ip| ip.to_string())));
        }
        row.push(cells::stored(matrix, place, form));
        if shown.wide {
            row.push(Cell::known(node.source.map(advice::source)));
        }
        let of_column = matrix.columns.iter().filter_map(|column| column.cells.get(place));
        row.extend(of_column.map(|cell| cells::format_cell(cell, form)));
        table.push(row);
    }
    table
}

/// Short ones: methods themselves may be long, and their letters' case matters.
fn names(matrix: &Matrix) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for column in &matrix.columns {
        let sort = Preference::of(&Method::parse(&column.method)).map(|preference| preference.sort);
        let name = match (column.origin, sort) {
            (Origin::Current, _) => "CURRENT",
            (_, Some(MethodKind::InternalIp)) => "KUBERNETES",
            (_, Some(MethodKind::CanReach)) => "CAN-REACH",
            (_, Some(MethodKind::Cidr)) => "CIDR",
            (_, Some(MethodKind::Interface)) => "INTERFACE",
            (_, Some(MethodKind::SkipInterface)) => "SKIP-INTERFACE",
            (_, Some(MethodKind::FirstFound)) => "FIRST-FOUND",
            (_, None) => "METHOD",
        };
        let same = names.iter().filter(|known| known.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()) == name).count();
        names.push(if same == 0 { name.to_owned() } else { format!("{name}-{}", same + 1) });
    }
    names
}

/// Which method each column is, and what its marks mean.
fn legend(look: &AutodetectResult, names: &[String], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let widest = names.iter().map(|name| text::width(name)).max().unwrap_or_default();
    for (name, column) in names.iter().zip(&look.matrix.columns) {
        let refused = column.refused.as_ref().map(|why| format!("  ({why})")).unwrap_or_default();
        paragraph(0, &format!("{name:width$}", width = widest + 3), &format!("{}{refused}", column.method), style, out)?;
    }
    let marks: Vec<String> = MARKS
        .iter()
        .filter(|(verdict, _)| look.matrix.columns.iter().any(|column| column.count(*verdict) > 0))
        .map(|(verdict, means)| format!("{}: {means}", cells::word(*verdict).0))
        .collect();
    painted(0, "", &format!("{}.", marks.join("; ")), Tone::Aside, style, out)
}
