//! Which cluster, which Calico.

use std::borrow::Cow;
use std::io::{self, Write};

use super::lines::paragraph;
use super::style::Style;
use crate::finding::ClusterSummary;
use crate::text;

/// Which cluster and which Calico; the state of its nodes is in the first line.
pub(super) fn write_details(cluster: &ClusterSummary, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if let Some(place) = place(cluster) {
        line("Cluster:", &place, style, out)?;
    }
    line("Calico:", &calico(cluster), style, out)?;
    if let Some(method) = &cluster.autodetection_method {
        line("Method:", &text::clean(method), style, out)?;
    }
    if let Some(owner) = &cluster.owner {
        line("Owner:", &text::clean(owner), style, out)?;
    }
    Ok(())
}

fn line(label: &str, value: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    paragraph(0, &format!("{label:11}"), value, style, out)
}

/// A file may name no cluster at all.
fn place(cluster: &ClusterSummary) -> Option<String> {
    let mut parts = Vec::new();
    match (&cluster.context, &cluster.server) {
        (Some(context), Some(server)) => parts.push(format!("{context} ({server})")),
        (Some(only), None) | (None, Some(only)) => parts.push(only.clone()),
        (None, None) => {}
    }
    if let Some(version) = &cluster.kubernetes_version {
        parts.push(format!("Kubernetes {version}"));
    }
    (!parts.is_empty()).then(|| text::clean(&parts.join(", ")).into_owned())
}

fn calico(cluster: &ClusterSummary) -> String {
    let mut parts =
        vec![release(cluster), format!("backend {}", known(&cluster.backend)), format!("datastore {}", known(&cluster.datastore))];
    if cluster.daemon_set.is_some() {
        parts.push(format!("DaemonSet {}", known(&cluster.daemon_set)));
    }
    parts.join(", ")
}

/// `v3.24.5, manifest`
pub(super) fn release(cluster: &ClusterSummary) -> String {
    let version = if cluster.calico_version.is_some() { known(&cluster.calico_version) } else { "version ?".into() };
    match &cluster.flavour {
        Some(flavour) => format!("{version}, {}", text::clean(flavour)),
        None => version.into_owned(),
    }
}

fn known(value: &Option<String>) -> Cow<'_, str> {
    value.as_deref().map_or(Cow::Borrowed("?"), text::clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_a_question_mark() {
        let mut out = Vec::new();
        write_details(&ClusterSummary::default(), &Style::default(), &mut out).expect("writes");
        assert_eq!(String::from_utf8(out).expect("text"), "Calico:    version ?, backend ?, datastore ?\n");
    }
}
