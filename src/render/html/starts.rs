//! The time each calico-node took to start, against the time its probes allow: bars on one scale.

use maud::{Markup, html};

use crate::render::findings::source;
use crate::render::html::untrusted::{Name, Untrusted};
use crate::render::nodes::taken;
use crate::reports::html_page::{HtmlPage, Start};
use crate::startup::measure::BudgetStatus;
use crate::startup::rows::{Distribution, NodeStart, RunPhaseRow, RunRow};
use crate::text;

/// Of those that start well only the slowest are seen at once.
const SLOWEST: usize = 3;
/// With fewer nodes than this nothing is folded away.
const LISTED: usize = 12;
/// Units of a bar's picture.
const WIDTH: f64 = 300.0;

pub(super) fn section(sheet: &HtmlPage) -> Option<Markup> {
    let rows: Vec<&Start> = sheet.starts.iter().filter(|start| start.row.start.is_some()).collect();
    let unknown = sheet.starts.len() - rows.len();
    let scale = Scale::of(&rows);
    let mut well = 0;
    let (open, folded): (Vec<&Start>, Vec<&Start>) = rows.iter().copied().partition(|start| {
        let row = &start.row;
        let good = row.standing == BudgetStatus::Within && row.findings.is_empty() && row.is_known_within();
        well += usize::from(good);
        !good || well <= SLOWEST || rows.len() <= LISTED
    });
    let body = html! {
        @if let Some(all) = sheet.distribution { p { (distribution(all)) } }
        (bars(&open, &scale))
        @if !folded.is_empty() { details { summary { (folded.len()) " more start within the startup limit" } (bars(&folded, &scale)) } }
        @for start in open.iter().filter(|start| start.row.standing == BudgetStatus::Killed) { (attempts(&start.row)) }
        @if unknown > 0 { p.aside { "Not measured: the start of " (text::count(unknown, "node")) ". Logs are read where there is a problem, and with " code { "--logs" } " everywhere." } }
    };
    (!rows.is_empty()).then_some(body)
}

fn distribution(all: Distribution) -> String {
    let time = |seconds: f64| if seconds < 1.0 { "less than 1s".to_owned() } else { text::seconds::whole(seconds) };
    match all.count {
        1 => format!("One start was measured: {}.", time(all.median)),
        count => format!(
            "{count} starts were measured. The fastest took {}, half of them at most {}, nine in ten at most {}, the slowest {}.",
            time(all.min),
            time(all.median),
            time(all.p90),
            time(all.max)
        ),
    }
}

/// One for all bars, so that they can be compared.
struct Scale(f64);

impl Scale {
    fn of(rows: &[&Start]) -> Self {
        let times = rows.iter().flat_map(|Start { row, .. }| [row.start.map(|start| start.seconds), row.budget_seconds.map(f64::from)]);
        Self(times.flatten().fold(1.0, f64::max) * 1.02)
    }

    fn at(&self, seconds: f64) -> String {
        format!("{:.1}", (seconds.max(0.0) / self.0).min(1.0) * WIDTH)
    }
}

fn bars(rows: &[&Start], scale: &Scale) -> Markup {
    html! {
        ul.bars {
            @for Start { row, source: from } in rows {
                li {
                    span.name { (Name(&row.name)) }
                    (bar(row, scale))
                    span.times {
                        @if let Some(start) = row.start { (taken(start)) }
                        " of " @match row.budget_seconds { Some(seconds) => { (seconds) "s" } None => "?" }
                        @if row.standing == BudgetStatus::Killed { " " strong.bad { "killed" } }
                        @if row.standing == BudgetStatus::Tight { " " strong.doubtful { "tight" } }
                        @if let Some(from) = from { " " span.source { (source(*from)) } }
                    }
                }
            }
        }
    }
}

/// The numbers stand beside it.
fn bar(row: &NodeStart, scale: &Scale) -> Markup {
    let class = match row.standing {
        BudgetStatus::Killed => "taken bad",
        BudgetStatus::Tight => "taken doubtful",
        BudgetStatus::Within => "taken good",
        BudgetStatus::Unknown => "taken",
    };
    html! {
        svg.bar viewBox="0 0 300 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.track width=(WIDTH) height="10" {}
            @if let Some(budget) = row.budget_seconds { rect.allowed width=(scale.at(f64::from(budget))) height="10" {} }
            @if let Some(start) = row.start {
                rect class=(class) y="2" width=(scale.at(start.seconds)) height="6" {}
                @if start.at_least { path.open d=(format!("M{} 5H{WIDTH}", scale.at(start.seconds))) {} }
            }
            @if let Some(budget) = row.budget_seconds { path.limit d=(format!("M{} 0V10", scale.at(f64::from(budget)))) {} }
        }
    }
}

/// Where the time of the newest attempt went whose log tells it.
fn attempts(row: &NodeStart) -> Markup {
    let told = row.attempts.iter().find(|attempt| !attempt.phases.is_empty());
    html! {
        @if let Some(attempt) = told {
            details open {
                summary { "Where the time went on " (Name(&row.name)) }
                (phases(attempt))
            }
        }
        @if let Some(cure) = &row.cure { p { (Name(&row.name)) ": " (Untrusted(cure)) "." } }
    }
}

fn phases(attempt: &RunRow) -> Markup {
    let time = |phase: &RunPhaseRow| format!("{}{}", if phase.at_least { "> " } else { "" }, text::seconds::precise(phase.seconds));
    html! {
        table.phases {
            caption { "Parts of that start" }
            thead { tr { th scope="col" { "PART" } th scope="col" { "TIME" } } }
            tbody { @for phase in &attempt.phases { tr { th scope="row" { (Untrusted(&phase.phase)) } td.number { (time(phase)) } } } }
        }
        @if let Some(last) = &attempt.last { p.aside { "Its last known line: " span.said { (Untrusted(last)) } } }
    }
}
