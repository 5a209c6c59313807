//! `status -o html`: one self-contained page to send to somebody. No script, nothing from elsewhere; what the cluster said stays text.

mod findings;
mod head;
mod mesh;
mod nodes;
mod peers;
mod starts;
mod table;
mod unseen;
mod untrusted;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use sha2::{Digest, Sha256};

use crate::reports::html_page::HtmlPage;

const STYLE: &str = include_str!("page.css");

pub fn write(sheet: &HtmlPage, all: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", page(sheet, all).into_string())
}

fn page(sheet: &HtmlPage, all: bool) -> Markup {
    let report = sheet.report;
    let sections = [
        Section::new("findings", "Findings", findings::section(&report.findings, all)),
        Section::new("mesh", "Mesh", mesh::section(sheet)),
        Section::new("nodes", "Nodes", nodes::section(sheet)),
        Section::new("starts", "Starts", starts::section(sheet)),
        Section::new("sessions", "Sessions", peers::section(report)),
        Section::new("unseen", "Not seen", unseen::section(&report.unseen)),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                meta name="generator" content=(concat!("kubectl-calico-fix ", env!("CARGO_PKG_VERSION")));
                title { (head::title(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head::header(report))
                nav aria-label="On this page" {
                    ul { @for section in sections.iter().flatten() { li { a href={ "#" (section.id) } { (section.title) } } } }
                }
                main { @for section in sections.iter().flatten() { (section) } }
                footer {
                    p {
                        "Made by kubectl calico-fix " (env!("CARGO_PKG_VERSION")) ", out of what was seen at " (head::time(report)) ". "
                        "It names nodes and addresses; " code { "--redact" } " replaces them. No Secret was read."
                    }
                }
            }
        }
    }
}

/// Nothing may be loaded, run or sent; the one style is known by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

impl Section {
    fn new(id: &'static str, title: &'static str, body: Option<Markup>) -> Option<Self> {
        Some(Self { id, title, body: body? })
    }
}

impl Render for Section {
    fn render(&self) -> Markup {
        let heading = format!("{}-heading", self.id);
        html! { section id=(self.id) aria-labelledby=(heading) { h2 id=(heading) { (self.title) } (self.body) } }
    }
}
