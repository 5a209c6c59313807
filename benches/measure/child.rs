//! Runs a program and tells how long it took, how much of a processor, and how much memory it had at most.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const PLUGIN: &str = env!("CARGO_BIN_EXE_kubectl-calico_fix");

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// Of all processors; `None` where the system does not tell. What else runs on the machine changes it little.
    pub(crate) processor: Option<Duration>,
    /// `None` where the system does not tell.
    pub(crate) peak: Option<u64>,
    pub(crate) code: Option<i32>,
}

pub(crate) fn plugin(arguments: &[&str]) -> Command {
    let mut command = Command::new(PLUGIN);
    command.args(arguments).env_remove("KUBECONFIG");
    command
}

/// One run; what it prints is thrown away.
pub(crate) fn cost(command: &mut Command) -> anyhow::Result<Cost> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let watch = std::thread::spawn({
        let id = child.id();
        move || watch(id)
    });
    let status = child.wait()?;
    let time = start.elapsed();
    let (peak, processor) = watch.join().unwrap_or_default();
    Ok(Cost { time, processor, peak, code: status.code() })
}

/// The kernel keeps both itself, so reading them now and then misses only what is added at the very end. Each look takes time of the
/// processors that are measured, so they become rarer.
fn watch(id: u32) -> (Option<u64>, Option<Duration>) {
    const SHARE: u32 = 20;
    let start = Instant::now();
    let (mut peak, mut processor) = (None, None);
    while let Some(now) = high_water(id) {
        peak = Some(now);
        processor = used(id).or(processor);
        std::thread::sleep((start.elapsed() / SHARE).clamp(Duration::from_millis(1), Duration::from_millis(20)));
    }
    (peak, processor)
}

/// In steps of 10 ms: user and system time, fields 14 and 15 of `stat`, counted behind the name in brackets.
fn used(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// Bytes.
fn high_water(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The median of `times` runs, and the highest peak.
pub(crate) fn median(times: usize, mut run: impl FnMut() -> anyhow::Result<Cost>) -> anyhow::Result<Cost> {
    Ok(middle(&(0..times).map(|_| run()).collect::<Result<Vec<_>, _>>()?))
}

/// The run that took neither long nor short, with the highest peak of all.
pub(crate) fn middle(costs: &[Cost]) -> Cost {
    let mut costs = costs.to_vec();
    costs.sort_by_key(|cost| cost.time);
    let peak = costs.iter().filter_map(|cost| cost.peak).max();
    let middle = costs.get(costs.len() / 2).copied().unwrap_or_default();
    Cost { peak, ..middle }
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

pub(crate) fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "?".into(), |time| format!("{:.2} s", time.as_secs_f64()))
}

pub(crate) fn mib(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".into(), |bytes| format!("{:.1} MiB", bytes as f64 / 1024.0 / 1024.0))
}
