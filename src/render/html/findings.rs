//! The findings: what, where, the command, why it is thought so, and what it means.

use maud::{Markup, html};

use crate::diagnosis::explain::{self, Explanation};
use crate::finding::{Evidence, Finding, Gap, Severity};
use crate::render::findings::{kinds, source};
use crate::render::html::untrusted::{Command, Name, Untrusted};
use crate::text;

/// Rows of evidence of one kind that are seen at once, and that are kept.
const ALIKE: usize = 3;
const KEPT: usize = 200;
const NAMED: usize = 40;

pub(super) fn section(findings: &[Finding], all: bool) -> Option<Markup> {
    (!findings.is_empty()).then(|| html! { @for finding in findings { (one(finding, all)) } })
}

fn one(finding: &Finding, all: bool) -> Markup {
    let (class, word) = match finding.severity {
        Severity::Error => ("finding bad", "Error"),
        Severity::Warning => ("finding doubtful", "Warning"),
    };
    let explanation = explain::explanation_for(finding.code);
    html! {
        article class=(class) {
            h3 { span.badge { (word) } " " code.code { (finding.code) } }
            p.title { (explanation.title) }
            p.message { (Untrusted(&finding.message)) }
            @if finding.nodes.len() > 1 { p.aside { (text::count(finding.nodes.len(), "node")) ": " (nodes(&finding.nodes, all)) } }
            @if let Some(fix) = &finding.fix {
                div.fix {
                    h4 { @if fix.is_guarded() { "Fix" } @else { "Next step" } }
                    pre tabindex="0" { code { (Command(&fix.command)) } }
                    p { (Untrusted(&fix.why)) }
                    @if let Some(by_hand) = &fix.by_hand {
                        h4 { "By hand" }
                        pre tabindex="0" { code { (Command(&by_hand.command)) } }
                        p { "restarts " (Untrusted(&by_hand.restarts)) }
                    }
                }
            }
            h4 { "Evidence" }
            (evidence(&finding.evidence, all))
            (explained(explanation))
        }
    }
}

/// So many of a kind, then the rest of it behind a fold.
fn evidence(rows: &[Evidence], all: bool) -> Markup {
    let kept = if all { usize::MAX } else { KEPT };
    html! {
        ul.evidence {
            @for alike in kinds(rows) {
                @for row in alike.iter().take(ALIKE) { li { (row_of(row)) } }
                @if alike.len() > ALIKE {
                    li {
                        details {
                            summary { (alike.len() - ALIKE) " more like it" }
                            ul.evidence { @for row in alike.iter().skip(ALIKE).take(kept) { li { (row_of(row)) } } }
                            @if let Some(left @ 1..) = alike.len().checked_sub(ALIKE.saturating_add(kept)) {
                                p.aside { "and " (left) " more; " code { "--all" } " keeps them" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row_of(row: &Evidence) -> Markup {
    html! {
        div.row {
            span.source { (source(row.source)) } " "
            span { @if let Some(node) = &row.node { span.node { (Name(node)) } " " } span.said { (Untrusted(&row.text)) } }
        }
    }
}

fn explained(explanation: &Explanation) -> Markup {
    html! {
        details.explained {
            summary { "What it means, how to check and fix it, and what the fix restarts" }
            @for (heading, words) in explanation.sections() { h4 { (heading) } (prose(&words)) }
        }
    }
}

/// Lines of one kind stand together: commands, items of a list, paragraphs.
fn prose(words: &str) -> Markup {
    let kind = |line: &str| (line.starts_with("  "), line.starts_with("- "));
    let lines: Vec<&str> = words.lines().collect();
    html! {
        @for block in lines.chunk_by(|a, b| kind(a) == kind(b)) {
            @match block.first().map(|line| kind(line)) {
                Some((true, _)) => pre tabindex="0" { code { (block.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n")) } }
                Some((_, true)) => ul { @for line in block { li { (line.trim_start_matches("- ")) } } }
                _ => @for line in block { p { (line) } }
            }
        }
    }
}

fn nodes(names: &[String], all: bool) -> Markup {
    let shown = if all { names.len() } else { names.len().min(NAMED) };
    html! {
        @for (at, name) in names.iter().take(shown).enumerate() { @if at > 0 { ", " } (Name(name)) }
        @if shown < names.len() { " and " (names.len() - shown) " more" }
    }
}

pub(super) fn gap(gap: &Gap) -> Markup {
    html! {
        li {
            strong { (Untrusted(&gap.what)) }
            @if !gap.nodes.is_empty() { " of " (nodes(&gap.nodes, false)) }
            ": " (Untrusted(&gap.why))
            @if !gap.blocks_healthy { span.aside { " (not needed for the verdict)" } }
        }
    }
}
