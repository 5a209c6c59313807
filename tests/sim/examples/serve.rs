//! Serves one scenario until interrupted: `cargo run -p sim --example serve -- bridge-address 53`.
//!
//! With `playback` behind the number each answer is made once and played back from then on, to measure a client.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "healthy".into());
    let count = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let world = sim::scenario::named(&name, count)
        .ok_or_else(|| format!("no scenario {name:?}; there are: {}", sim::scenario::NAMES.join(", ")))?;
    let running = match arguments.next().as_deref() {
        None => sim::start(world),
        Some("playback") => sim::start_playback(world),
        Some(other) => return Err(format!("{other:?} is unknown; behind the number may stand \"playback\"").into()),
    };
    let mut out = std::io::stdout();
    writeln!(out, "export KUBECONFIG={}", running.kubeconfig().display())?;
    writeln!(out, "# {} on {}; contexts: admin viewer no-exec nobody certificate unknown; Ctrl-C ends it", name, running.url())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}
