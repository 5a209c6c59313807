//! `status --from` and `autodetect --from` on snapshots of many nodes, from JSON and from YAML.

use std::path::Path;

use calico_fix::snapshot::{Snapshot, save};

use super::child::{self, median, mib, millis, seconds};
use super::large::{self, Peering};

const REFLECTED: [usize; 4] = [100, 1_000, 5_000, 10_000];
const MESHED: [usize; 3] = [50, 100, 200];
const TIMES: usize = 3;
/// What 5,000 nodes may take.
const MOST: u64 = 120 << 20;

pub(crate) fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    println!("--from FILE (median of {TIMES})");
    println!("  {:<34}   {:>10}   {:>10}   {:>10}   {:>10}   EXIT CODE", "COMMAND", "FILE", "TIME", "PROCESSOR", "MEMORY");
    for nodes in MESHED {
        let snapshot = large::snapshot(Peering::Mesh, nodes)?;
        measure("status", &format!("mesh-{nodes}.json"), &snapshot, folder.path())?;
    }
    for nodes in REFLECTED {
        let snapshot = large::snapshot(Peering::Reflectors, nodes)?;
        for (verb, form) in [("status", "json"), ("status", "yaml"), ("autodetect", "json")] {
            let peak = measure(verb, &format!("reflectors-{nodes}.{form}"), &snapshot, folder.path())?;
            let is_bounded = nodes > 5_000 || peak.is_none_or(|peak| peak <= MOST);
            anyhow::ensure!(is_bounded, "{verb} of {nodes} nodes took more than {}", mib(Some(MOST)));
        }
    }
    Ok(())
}

fn measure(verb: &str, name: &str, snapshot: &Snapshot, folder: &Path) -> anyhow::Result<Option<u64>> {
    let path = folder.join(name);
    save::save_to(snapshot, &path)?;
    let file = path.display().to_string();
    let cost = median(TIMES, || child::cost(&mut child::plugin(&[verb, "--from", &file])))?;
    let (size, code) = (std::fs::metadata(&path)?.len(), cost.code.unwrap_or(-1));
    let (size, time, used, peak) = (mib(Some(size)), millis(cost.time), seconds(cost.processor), mib(cost.peak));
    println!("  {:<34}   {size:>10}   {time:>10}   {used:>10}   {peak:>10}   {code}", format!("{verb} {name}"));
    Ok(cost.peak)
}
