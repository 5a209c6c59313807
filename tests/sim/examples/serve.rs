//! Serves one scenario until interrupted: `cargo run -p sim --example serve -- bridge-address 53`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "healthy".into());
    let count = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let world = sim::scenario::named(&name, count)
        .ok_or_else(|| format!("no scenario {name:?}; there are: {}", sim::scenario::NAMES.join(", ")))?;
    let running = sim::start(world);
    let mut out = std::io::stdout();
    writeln!(out, "export KUBECONFIG={}", running.kubeconfig().display())?;
    writeln!(out, "# {} on {}; contexts: admin viewer no-exec nobody certificate unknown; Ctrl-C ends it", name, running.url())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}
