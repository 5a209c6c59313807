//! calicoctl's two tables: left-aligned since its move to go-pretty (2026), before that olekukonko/tablewriter v0.0.5.

use std::io::{self, Write};

use crate::text;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Headers to the left, nothing wrapped.
    #[default]
    New,
    /// Up to v3.32: headers centred, cells wrapped at 30.
    Old,
}

type Row = [String; 5];

const HEADERS: [&str; 5] = ["PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO"];
const MAX_CELL: usize = 30;

impl Layout {
    pub fn write(self, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
        let wrapped: Vec<[Vec<String>; 5]> = rows.iter().map(|row| row.each_ref().map(|cell| self.lines(cell))).collect();
        let mut widths = HEADERS.map(text::width);
        for (row, lines) in rows.iter().zip(&wrapped) {
            for ((width, cell), lines) in widths.iter_mut().zip(row).zip(lines) {
                // tablewriter keeps the full 30 for a cell that it wrapped into shorter lines.
                let whole = if self == Self::Old { text::width(cell).min(MAX_CELL) } else { 0 };
                *width = lines.iter().map(|line| text::width(line)).chain([*width, whole]).max().unwrap_or(0);
            }
        }
        let rule: String = widths.iter().map(|width| format!("+{}", "-".repeat(width + 2))).collect::<String>() + "+";
        writeln!(out, "{rule}")?;
        self.write_line(HEADERS.iter().zip(widths).map(|(header, width)| self.header(header, width)), out)?;
        writeln!(out, "{rule}")?;
        for lines in &wrapped {
            let height = lines.iter().map(Vec::len).max().unwrap_or(1);
            for at in 0..height {
                self.write_line(
                    lines.iter().zip(widths).map(|(cell, width)| self.cell(cell.get(at).map_or("", String::as_str), width)),
                    out,
                )?;
            }
        }
        writeln!(out, "{rule}")
    }

    fn write_line(self, cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
        for cell in cells {
            write!(out, "| {cell} ")?;
        }
        writeln!(out, "|")
    }

    fn lines(self, cell: &str) -> Vec<String> {
        match self {
            Self::New => vec![cell.to_owned()],
            Self::Old => wrap(cell, text::width(cell).min(MAX_CELL)),
        }
    }

    fn header(self, header: &str, width: usize) -> String {
        let gap = width - text::width(header);
        let left = if self == Self::Old { gap / 2 } else { 0 };
        format!("{:left$}{header}{:right$}", "", "", right = gap - left)
    }

    fn cell(self, cell: &str, width: usize) -> String {
        let gap = width.saturating_sub(text::width(cell));
        if self == Self::Old && is_decimal(cell) { format!("{:gap$}{cell}", "") } else { format!("{cell}{:gap$}", "") }
    }
}

/// tablewriter sets numbers to the right: `^-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?$`.
fn is_decimal(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let cell = cell.strip_prefix('-').unwrap_or(cell);
    let whole = match cell.split_once('.') {
        Some((whole, fraction)) if digits(fraction) => whole,
        Some(_) => return false,
        None => cell,
    };
    let mut groups = whole.split(',');
    let first = groups.next().is_some_and(digits);
    first && (digits(whole) || (whole.find(',').is_some_and(|at| at <= 3) && groups.all(|group| group.len() == 3 && digits(group))))
}

/// tablewriter's wrap.go: not the first break that fits but the one with the least ragged lines.
fn wrap(cell: &str, limit: usize) -> Vec<String> {
    const TOO_LONG: u64 = 100_000;
    let words: Vec<&str> = cell.split(' ').collect();
    let widths: Vec<usize> = words.iter().map(|word| text::width(word)).collect();
    let limit = widths.iter().copied().fold(limit, usize::max);
    let count = words.len();
    let (mut cost, mut next) = (vec![0_u64; count], vec![count; count]);
    let mut rest = 0;
    for from in (0..count).rev() {
        rest += widths[from] + usize::from(from + 1 < count);
        if rest <= limit {
            continue;
        }
        cost[from] = u64::from(u32::MAX >> 1);
        let mut line = 0;
        for to in from + 1..count {
            line += widths[to - 1] + usize::from(to > from + 1);
            let ragged = line.abs_diff(limit) as u64;
            let total = ragged * ragged + cost[to] + if line > limit { TOO_LONG } else { 0 };
            if total < cost[from] {
                (cost[from], next[from]) = (total, to);
            }
            // Far beyond the limit no break can be the cheapest, and the cell is untrusted: do not try them all.
            if line > limit * 4 + 1_000 {
                break;
            }
        }
    }
    let mut lines = Vec::new();
    let mut from = 0;
    while from < count {
        lines.push(words[from..next[from]].join(" "));
        from = next[from];
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_with_the_least_ragged_lines() {
        for (cell, lines) in [
            ("Established", &["Established"][..]),
            ("Active Socket: Connection refused", &["Active Socket: Connection", "refused"]),
            ("aaaa bb cc ddddd", &["aaaa", "bb cc", "ddddd"]),
            ("", &[""]),
        ] {
            let limit = if cell.starts_with("aaaa") { 6 } else { 30 };
            assert_eq!(wrap(cell, limit), lines, "{cell}");
        }
    }

    #[test]
    fn numbers_go_right() {
        for (cell, decimal) in [
            ("12", true),
            ("-1,234.5", true),
            ("1234567", true),
            ("1234,567", false),
            ("1)", false),
            ("", false),
            ("1.", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_decimal(cell), decimal, "{cell}");
        }
    }

    #[test]
    fn a_huge_cell_is_wrapped_in_reasonable_time() {
        assert!(wrap(&"a ".repeat(50_000), 30).len() > 1_000);
    }
}
