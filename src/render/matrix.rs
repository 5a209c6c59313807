//! `autodetect` for people: verdict, nodes that change, methods; with `-o wide` the table of nodes and methods.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::matrix_advice as advice;
use super::matrix_cells::{self as cells, Form};
use super::matrix_methods as methods;
use super::style::{Style, Tone};
use super::table::{Cell, Table};
use crate::autodetect::{Group, Matrix, MethodKind, Origin, Preference, Verdict};
use crate::calico::method::Method;
use crate::render::header;
use crate::reports::autodetect::AutodetectResult;
use crate::text;

/// Columns of a page whose reader is no terminal.
const PAGE: usize = 80;

/// What each mark means.
const MARKS: [(Verdict, &str); 6] = [
    (Verdict::Right, "the node's own address"),
    (Verdict::Wrong, "another node's, or one that the others cannot reach"),
    (Verdict::Unchanged, "nothing is found, what is stored stays"),
    (Verdict::None, "nothing is found and nothing stored, so calico-node exits"),
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
}

pub fn write(look: &AutodetectResult, only: Option<&BTreeSet<String>>, shown: Shown, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let matrix = &look.matrix;
    let wanted = |place: &usize| only.is_none_or(|only| only.contains(&matrix.nodes[*place].name));
    let places: Vec<usize> = (0..matrix.nodes.len()).filter(wanted).collect();
    let rows: Vec<Group> = places.iter().map(|place| Group { nodes: vec![*place] }).collect();
    let names = names(matrix);
    let draw = |form| table(matrix, &names, &rows, shown, form);
    if shown.rows_only {
        return draw(if shown.wide { Form::Long } else { Form::Usual }).write(false, style, out);
    }
    let page = Style { width: style.width.or(Some(PAGE)), ..*style };
    if let Some(version) = matrix.version.filter(|version| Some(*version) != matrix.running) {
        writeln!(out, "{} as Calico {version} would do it", style.paint(Tone::Strong, "Asked:"))?;
    }
    if matrix.is_off() {
        return writeln!(out, "Calico configures no node addresses here: its backend is none, so there is nothing to detect.");
    }
    methods::verdict(look, only, &places, &page, out)?;
    methods::changes(look, &places, shown, out)?;
    writeln!(out)?;
    methods::table(look, &places).write(true, style, out)?;
    advice::write(look, shown, &page, out)?;
    if !shown.wide && !shown.all {
        return Ok(());
    }
    writeln!(out)?;
    header::write(&look.cluster, style, out)?;
    writeln!(out)?;
    let mut drawn = draw(if shown.wide { Form::Long } else { Form::Usual });
    if !shown.wide && style.width.is_some_and(|columns| drawn.width() > columns) {
        drawn = draw(Form::Short);
    }
    drawn.write(true, style, out)?;
    writeln!(out)?;
    legend(look, &names, style, out)
}

fn table(matrix: &Matrix, names: &[String], rows: &[Group], shown: Shown, form: Form) -> Table {
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
    for Group { nodes } in rows {
        let Some(place) = nodes.first().copied() else { continue };
        let node = &matrix.nodes[place];
        let several = nodes.len() > 1;
        let mut row =
            vec![if several { Cell::plain(format!("{} and {} more", node.name, nodes.len() - 1)) } else { Cell::plain(&node.name) }];
        if form != Form::Short {
            row.push(if several { Cell::none() } else { Cell::known(node.internal_ip.map(|ip| ip.to_string())) });
        }
        row.push(cells::stored(matrix, place, form, several));
        if shown.wide {
            row.push(Cell::known(node.source.map(advice::source)));
        }
        let of_column = matrix.columns.iter().filter_map(|column| column.cells.get(place));
        row.extend(of_column.map(|cell| cells::format_cell(cell, form, several)));
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
        let refused = column.refused.as_ref().map(|why| format!("  ({})", text::clean(why))).unwrap_or_default();
        let method = text::clean(&column.method);
        writeln!(
            out,
            "{}{:gap$}{method}{}",
            style.paint(Tone::Strong, name),
            "",
            style.paint(Tone::Bad, &refused),
            gap = widest + 3 - text::width(name)
        )?;
    }
    let marks: Vec<String> = MARKS
        .iter()
        .filter(|(verdict, _)| look.matrix.columns.iter().any(|column| column.count(*verdict) > 0))
        .map(|(verdict, means)| format!("{}: {means}", cells::word(*verdict).0))
        .collect();
    for line in text::wrap(&format!("{}.", marks.join("; ")), style.room(0)) {
        writeln!(out, "{}", style.paint(Tone::Aside, &line))?;
    }
    Ok(())
}
