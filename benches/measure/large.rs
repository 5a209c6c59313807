//! Snapshots of clusters too large to exec into one simulated node after the other.
//!
//! Objects come through the API as always; what exec would have printed is taken from the simulated hosts and parsed here.

use anyhow::Context;
use calico_fix::calico::{bird, interfaces, routes};
use calico_fix::cli::connection::ConnectionFlags;
use calico_fix::cluster::{LogSelection, NoProgress, ReadOptions, connect, read_cluster};
use calico_fix::observed::Observed;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::family::Family;
use calico_fix::snapshot::inspection::{Bird, NodeInspection};
use calico_fix::verb::Verb;

/// Who peers with whom.
#[derive(Clone, Copy)]
pub(crate) enum Peering {
    /// Each node with every other: sessions grow with the square of the nodes.
    Mesh,
    /// Each node with three route reflectors.
    Reflectors,
}

pub(crate) fn snapshot(peering: Peering, nodes: usize) -> anyhow::Result<Snapshot> {
    tokio::runtime::Runtime::new()?.block_on(gathered(peering, nodes))
}

async fn gathered(peering: Peering, nodes: usize) -> anyhow::Result<Snapshot> {
    let world = match peering {
        Peering::Mesh => sim::scenario::healthy(nodes),
        Peering::Reflectors => sim::scenario::far_reflectors(nodes),
    };
    let inside = world
        .hosts
        .iter()
        .map(|(node, host)| Ok((node.clone(), Observed::Seen(evaluate(&host.says())?))))
        .collect::<anyhow::Result<_>>()?;
    let now = world.store.now();
    let server = sim::Server::start(world).await?;
    let flags = ConnectionFlags { kubeconfig: Some(server.kubeconfig()), ..ConnectionFlags::default() };
    let wanted = ReadOptions { exec: false, logs: LogSelection::None, ..ReadOptions::default() };
    let mut snapshot = read_cluster(&connect(&flags, Verb::Status).await?, &wanted, &NoProgress).await?;
    snapshot.taken_at = now;
    snapshot.cluster.exec_skipped = false;
    snapshot.inside = inside;
    Ok(snapshot)
}

fn evaluate(says: &[(String, String)]) -> anyhow::Result<NodeInspection> {
    let text = |name: &str| says.iter().find(|(file, _)| file == name).map(|(_, text)| text.as_str()).with_context(|| name.to_owned());
    let daemon = |name: &str| -> anyhow::Result<Observed<Bird>> {
        Ok(Observed::Seen(bird::parse(text(&format!("{name}.protocols"))?, text(&format!("{name}.status"))?)?))
    };
    Ok(NodeInspection {
        bird4: daemon("bird")?,
        bird6: daemon("bird6")?,
        interfaces: Observed::Seen(interfaces::parse(text("addr.json")?)?),
        routes: Observed::Seen(routes::parse(text("route.json")?, Family::V4)?),
        ..NodeInspection::default()
    })
}
