//! `status --from` and `autodetect --from` on snapshots of 100, 1,000 and 5,000 nodes.

use calico_fix::snapshot::save;

use super::child::{self, median, mib, millis};
use super::large;

const SIZES: [usize; 3] = [100, 1_000, 5_000];
const TIMES: usize = 3;
/// What the largest may take.
const MOST: u64 = 150 << 20;

pub fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    for verb in ["status", "autodetect"] {
        println!("{verb} --from FILE (median of {TIMES})");
        println!("  {:>5}   {:>10}   {:>10}   {:>10}   {:>10}", "NODES", "FILE", "TIME", "MEMORY", "EXIT CODE");
        for nodes in SIZES {
            let path = folder.path().join(format!("{nodes}.yaml"));
            save::save_to(&large::snapshot(nodes)?, &path)?;
            let file = path.display().to_string();
            let cost = median(TIMES, || child::cost(&mut child::plugin(&[verb, "--from", &file])))?;
            let (size, code) = (std::fs::metadata(&path)?.len(), cost.code.unwrap_or(-1));
            println!("  {nodes:>5}   {:>10}   {:>10}   {:>10}   {code:>10}", mib(Some(size)), millis(cost.time), mib(cost.peak));
            anyhow::ensure!(cost.peak.is_none_or(|peak| peak <= MOST), "{verb} of {nodes} nodes took more than {}", mib(Some(MOST)));
        }
    }
    Ok(())
}
