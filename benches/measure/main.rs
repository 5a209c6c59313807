//! What it costs: starting, judging snapshots of many nodes, reading logs, and asking a live cluster. `docs/performance.md` says how to read it.
//!
//! `cargo bench -- start diagnose log live` runs the parts that are named, or all.

#![allow(clippy::disallowed_macros, reason = "what was measured is for whoever started it")]

mod child;
mod diagnose;
mod large;
mod live;
mod log;
mod start;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    if runs("start") {
        start::run()?;
    }
    if runs("diagnose") {
        diagnose::run()?;
    }
    if runs("log") {
        log::run()?;
    }
    if runs("live") {
        live::run()?;
    }
    Ok(())
}
