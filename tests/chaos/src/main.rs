//! Random changes under random faults, each on a simulated cluster of its own, and what must hold afterwards.
//!
//! `cargo run --release -p chaos -- --runs 1000 --seed 1`. Every choice of a run follows from its seed; a failure prints the command that
//! repeats it. When a request is struck depends on the machine too, so a failure may take a few repetitions.

#![cfg(unix)]

mod arguments;
mod cluster;
mod dice;
mod disturbed;
mod history;
mod invariants;
#[cfg(test)]
mod invariants_tests;
mod observe;
mod others;
mod play;
mod plugin;
mod report;
mod run;
mod stage;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use play::Play;
use plugin::Asked;

fn main() -> io::Result<ExitCode> {
    let Some(asked) = Asked::read(std::env::args().skip(1)) else {
        writeln!(io::stderr(), "{}", plugin::USAGE)?;
        return Ok(ExitCode::from(2));
    };
    let plugin = asked.plugin()?;
    let next = AtomicU64::new(0);
    let tally: Mutex<Tally> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..asked.jobs {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= asked.runs {
                        return;
                    }
                    let play = Play::new(asked.seed + number);
                    let result = run::run(&play, &plugin);
                    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                    let _ = tally.count(&play, result, asked.verbose);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.sum_up(asked.runs)?;
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of all runs.
#[derive(Default)]
struct Tally {
    failed: u64,
    commands: u64,
    codes: BTreeMap<String, u64>,
    broken: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn count(&mut self, play: &Play, result: io::Result<history::History>, verbose: bool) -> io::Result<()> {
        let out = &mut io::stdout().lock();
        let history = match result {
            Ok(history) => history,
            Err(error) => {
                self.failed += 1;
                return writeln!(out, "seed {}: the run itself failed: {error}\n{play}", play.seed);
            }
        };
        for command in &history.commands {
            self.commands += 1;
            let code = command.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
            *self.codes.entry(code).or_default() += 1;
        }
        let violations = invariants::violations(&history);
        for (name, _) in &violations {
            *self.broken.entry(name).or_default() += 1;
        }
        self.failed += u64::from(!violations.is_empty());
        if verbose || !violations.is_empty() {
            report::write(play, &history, &violations, out)?;
        }
        Ok(())
    }

    fn sum_up(&self, runs: u64) -> io::Result<()> {
        let out = &mut io::stdout().lock();
        let codes: Vec<String> = self.codes.iter().map(|(code, count)| format!("{code}: {count}")).collect();
        writeln!(out, "{runs} runs, {} commands (exit codes {}), {} runs failed", self.commands, codes.join(", "), self.failed)?;
        self.broken.iter().try_for_each(|(name, count)| writeln!(out, "  {count} times broken: {name}"))
    }
}
