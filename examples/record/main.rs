//! Records `docs/*.svg`: the plugin under kubectl in a terminal, healing a simulated cluster that lives.
//!
//! `cargo run --release --example record` renews all of them; what is shown is what was printed, with long waits cut short.

mod svg;
mod tape;

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use expectrl::Session;
use expectrl::process::NonBlocking;
use playground::{install, run_as_plugin};
use sim::{TestServer, scenario};
use tape::Tape;

const COLUMNS: u16 = 112;
const ROWS: u16 = 40;
const SPEED: f64 = 20.0;
/// Nothing that is waited for lasts longer in a recording.
const LONGEST_WAIT: f64 = 1.1;
const LONGEST_REDRAW: f64 = 0.03;
const QUESTION: &str = "(y/N):";

struct Recording {
    file: &'static str,
    title: &'static str,
    scenario: &'static str,
    nodes: usize,
    commands: &'static [&'static str],
}

const RECORDINGS: &[Recording] = &[
    Recording {
        file: "bridge-address",
        title: "kubectl calico-fix finds the node that uses the address of a container bridge, and fixes it",
        scenario: "bridge-address",
        nodes: 4,
        commands: &["status", "autodetect", "status"],
    },
    Recording {
        file: "slow-start",
        title: "kubectl calico-fix finds the node whose calico-node is killed while it starts, and fixes it",
        scenario: "slow-start",
        nodes: 4,
        commands: &["status", "probes", "status"],
    },
];

fn main() -> io::Result<ExitCode> {
    if let Some(code) = run_as_plugin() {
        return Ok(code);
    }
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for recording in RECORDINGS.iter().filter(|recording| wanted.is_empty() || wanted.iter().any(|name| name == recording.file)) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{}.svg", recording.file));
        std::fs::write(&path, svg::draw(&record(recording)?, recording.title))?;
        writeln!(io::stdout(), "{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn record(recording: &Recording) -> io::Result<Tape> {
    let mut world = scenario::named(recording.scenario, recording.nodes).ok_or_else(|| io::Error::other("no such scenario"))?;
    // Its answers carry the simulated time, so that ages and the times of a change agree.
    world.clock_skew = Some(jiff::SignedDuration::ZERO);
    let running = sim::start(world);
    let folder = running.kubeconfig().with_file_name("home");
    install(&folder)?;
    let mut tape = Tape::new(COLUMNS);
    let mut live = None;
    for command in recording.commands {
        tape.type_in(&format!("kubectl calico-fix {command}"));
        run(&running, &folder, command, &mut tape)?;
        tape.pause(2.2);
        // Until it was looked at the incident stands still.
        live.get_or_insert_with(|| running.live(SPEED));
    }
    tape.prompt();
    Ok(tape)
}

fn run(running: &TestServer, folder: &Path, command: &str, tape: &mut Tape) -> io::Result<()> {
    let program = if which::which("kubectl").is_ok() { "kubectl calico-fix" } else { "kubectl-calico_fix" };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    let mut shell = Command::new("sh");
    // A new terminal has another size for a moment.
    shell.arg("-c").arg(format!("until [ \"$(stty size)\" = '{ROWS} {COLUMNS}' ]; do sleep 0.02; done; exec {program} {command}"));
    shell.env("PATH", std::env::join_paths(paths).map_err(io::Error::other)?).env("KUBECONFIG", running.kubeconfig());
    shell.env("HOME", folder).env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("XDG_STATE_HOME");
    let mut terminal = Session::spawn(shell).map_err(io::Error::other)?;
    terminal.get_process_mut().set_window_size(COLUMNS, ROWS).map_err(io::Error::other)?;
    terminal.get_stream_mut().set_blocking(false)?;
    let (mut buffer, mut last) = ([0; 4096], Instant::now());
    loop {
        match terminal.get_stream_mut().read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                // A row that only draws itself anew goes by fast.
                let longest = if buffer[..count].contains(&b'\n') { LONGEST_WAIT } else { LONGEST_REDRAW };
                tape.wait(last.elapsed().as_secs_f64().min(longest));
                tape.print(&buffer[..count]);
                last = Instant::now();
                if tape.line().trim_end().ends_with(QUESTION) {
                    tape.pause(2.5);
                    terminal.get_stream_mut().write_all(b"y\n")?;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(5)),
            // Linux says so when the other end of a terminal is closed.
            Err(_) => return Ok(()),
        }
    }
}
