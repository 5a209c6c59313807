//! The top of the page: the verdict and the cluster.

use maud::{Markup, html};

use crate::finding::verdict::Verdict;

use crate::finding::Report;
use crate::render::headline::is_ready_known;
use crate::render::html::untrusted::{Name, Untrusted};
use crate::render::{header, summary_line};
use crate::text;

pub(super) fn title(report: &Report) -> String {
    let verdict = match report.verdict {
        Verdict::Healthy => "healthy",
        Verdict::Sick => "unhealthy",
        Verdict::Unknown => "unknown",
    };
    text::truncate(&text::clean(&format!("Calico{}: {verdict}, {}", of(report), report.taken_at)), 200).into_owned()
}

/// A file may name no cluster.
fn of(report: &Report) -> String {
    report.cluster.context.as_deref().or(report.cluster.server.as_deref()).map(|name| format!(" on {name}")).unwrap_or_default()
}

pub(super) fn time(report: &Report) -> Markup {
    html! { time datetime=(report.taken_at) { (text::utc(report.taken_at)) } }
}

pub(super) fn header(report: &Report) -> Markup {
    let (class, symbol, word) = match report.verdict {
        Verdict::Healthy => ("verdict good", "✓", "Healthy"),
        Verdict::Sick => ("verdict bad", "✕", "Unhealthy"),
        Verdict::Unknown => ("verdict doubtful", "?", "Unknown"),
    };
    html! {
        header {
            p.eyebrow { "kubectl calico-fix status · " (time(report)) }
            h1 { "Calico" (Name(&of(report))) }
            div class=(class) {
                span.symbol aria-hidden="true" { span { (symbol) } }
                div {
                    p.word { (word) }
                    p { (Untrusted(&summary_line::sentence(report))) }
                    @if let Some(gaps) = summary_line::gaps(report) { p.aside { (Untrusted(&gaps)) } }
                }
            }
            dl.facts {
                @for (term, value) in facts(report) {
                    @if let Some(value) = value { div { dt { (term) } dd { (Name(&value)) } } }
                }
            }
        }
    }
}

fn facts(report: &Report) -> [(&'static str, Option<String>); 10] {
    let cluster = &report.cluster;
    let known = |value: &Option<String>| Some(value.clone().unwrap_or_else(|| "?".to_owned()));
    [
        ("Context", cluster.context.clone()),
        ("Server", cluster.server.clone()),
        ("Kubernetes", cluster.kubernetes_version.clone()),
        ("Calico", Some(header::release(cluster))),
        ("DaemonSet", cluster.daemon_set.clone()),
        ("Backend", known(&cluster.backend)),
        ("Datastore", known(&cluster.datastore)),
        ("Address detection", cluster.autodetection_method.clone()),
        ("Owner", cluster.owner.clone()),
        (
            "Nodes ready",
            Some(if is_ready_known(cluster) { format!("{} of {}", cluster.nodes_ready, cluster.nodes) } else { "not known".to_owned() }),
        ),
    ]
}
