//! `examples/incidents/`: what `status --save` sees of each incident, and of the same cluster once it is cured.
//!
//! The cluster is simulated (`tests/sim`), so the files are the same on every run.

use std::path::{Path, PathBuf};

use calico_fix::cli::connection::ConnectionFlags;
use calico_fix::cluster::{NoProgress, ReadOptions, connect, read_cluster};
use calico_fix::snapshot::{Snapshot, save};
use calico_fix::verb::Verb;

use crate::ROOT;

/// File and scenario.
pub const INCIDENTS: [(&str, &str); 4] = [
    ("bridge-address", "bridge-address"),
    ("bridge-address-healthy", "bridge-address-healed"),
    ("slow-start", "slow-start"),
    ("slow-start-healthy", "slow-start-healed"),
];
const NODES: usize = 53;

pub fn path(file: &str) -> PathBuf {
    Path::new(ROOT).join(format!("examples/incidents/{file}.yaml"))
}

/// Gathers a scenario as the plugin gathers a cluster.
pub async fn snapshot(scenario: &str) -> anyhow::Result<Snapshot> {
    let world = sim::scenario::named(scenario, NODES).ok_or_else(|| anyhow::anyhow!("there is no scenario {scenario}"))?;
    let now = world.store.now();
    let server = sim::Server::start(world).await?;
    let flags = ConnectionFlags { kubeconfig: Some(server.kubeconfig()), ..ConnectionFlags::default() };
    let connection = connect(&flags, Verb::Status).await?;
    // Many shells at once take longer to answer on a busy machine than they may in a cluster.
    let wanted = ReadOptions { max_concurrent: 4, exec_timeout: std::time::Duration::from_secs(120), ..ReadOptions::default() };
    let mut snapshot = read_cluster(&connection, &wanted, &NoProgress).await?;
    // The simulated server's port and the clock differ from run to run.
    snapshot.taken_at = now;
    snapshot.cluster.context = Some("example".into());
    snapshot.cluster.server = Some("https://kubernetes.example:6443".into());
    Ok(snapshot)
}

pub async fn write() -> anyhow::Result<()> {
    for (file, scenario) in INCIDENTS {
        let path = path(file);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        save::save_to(&snapshot(scenario).await?, &path)?;
    }
    Ok(())
}
