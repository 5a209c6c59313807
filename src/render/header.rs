//! The head: which cluster, which Calico.

use std::borrow::Cow;
use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::finding::ClusterSummary;
use crate::text;

pub fn write(cluster: &ClusterSummary, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    write_details(cluster, style, out)?;
    line("Nodes:", &format!("{} of {} ready", cluster.nodes_ready, cluster.nodes), style, out)
}

/// Which cluster and which Calico, without the state of its nodes.
pub fn write_details(cluster: &ClusterSummary, style: &Style, out: &mut dyn Write) -> io::Result<()> {
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
    let gap = 11 - label.len();
    let mut start = format!("{}{:gap$}", style.paint(Tone::Strong, label), "");
    for words in text::wrap(value, style.room(11)) {
        writeln!(out, "{start}{words}")?;
        start = " ".repeat(11);
    }
    Ok(())
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
        write(&ClusterSummary::default(), &Style::default(), &mut out).expect("writes");
        assert_eq!(String::from_utf8(out).expect("text"), "Calico:    version ?, backend ?, datastore ?\nNodes:     0 of 0 ready\n");
    }
}
