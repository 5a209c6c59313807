//! Reading logs: how fast the parser is, and what the program takes for a log of a gigabyte.

use std::io::Write;
use std::time::Instant;

use super::child::{self, mib, millis};
use calico_fix::calico::startup_log::{Attempts, Reader};

/// What is parsed again and again, and how much of it in all.
const PIECE: usize = 8 << 20;
const TOTAL: usize = 512 << 20;
/// What a read from a file or a connection brings.
const CHUNK: usize = 64 << 10;
const TIMES: usize = 3;
/// One log in a file, and the memory that it may take.
const FILE: usize = 1 << 30;
const MOST: u64 = 32 << 20;

pub(crate) fn run() -> anyhow::Result<()> {
    println!("reading logs (best of {TIMES})");
    println!("  {:<34}   {:>10}   {:>12}   {:>8}", "LOG", "SPEED", "LINES/S", "ATTEMPTS");
    for (what, head, line) in kinds() {
        let piece = piece(&line);
        let mut best = f64::INFINITY;
        let mut found = Attempts::default();
        for _ in 0..TIMES {
            let begin = Instant::now();
            found = parse(&head, &piece);
            best = best.min(begin.elapsed().as_secs_f64());
        }
        let (speed, lines) = (TOTAL as f64 / best / 1e6, found.lines as f64 / best / 1e6);
        println!("  {what:<34}   {speed:>5.0} MB/s   {lines:>8.1} M/s   {:>8}", found.attempts.len());
    }
    file()
}

fn file() -> anyhow::Result<()> {
    let (_, head, line) = kinds().swap_remove(0);
    let piece = piece(&line);
    let mut log = tempfile::NamedTempFile::new()?;
    log.write_all(head.as_bytes())?;
    for _ in 0..FILE / PIECE {
        log.write_all(&piece)?;
    }
    // It was killed a minute after it began.
    log.write_all(b"time=\"2018-10-31T07:48:14Z\" level=debug msg=\"Key not found error\" \n")?;
    let cost = child::cost(&mut child::plugin(&["debug-log", "--file", &log.path().display().to_string()]))?;
    println!("debug-log --file LOG of {}: {}, {}", mib(Some(FILE as u64)), millis(cost.time), mib(cost.peak));
    anyhow::ensure!(cost.code == Some(1), "it ended with {:?}", cost.code);
    anyhow::ensure!(cost.peak.is_none_or(|peak| peak <= MOST), "it took more than {}", mib(Some(MOST)));
    Ok(())
}

fn parse(head: &str, piece: &[u8]) -> Attempts {
    let mut reader = Reader::new(8);
    reader.push(head.as_bytes());
    for _ in 0..TOTAL / PIECE {
        piece.chunks(CHUNK).for_each(|chunk| reader.push(chunk));
    }
    reader.finish(true)
}

type Line = Box<dyn Fn(usize) -> String>;

fn kinds() -> Vec<(&'static str, String, Line)> {
    let logrus = "time=\"2018-10-31T07:47:16Z\" level=info msg=\"Early log level set to debug\" \nSkipping datastore connection test\n\
                  time=\"2018-10-31T07:47:17Z\" level=info msg=\"Node IPv4 changed, will check for conflicts\" \n";
    let bracketed = "2026-11-23 15:53:24.919 [INFO][9] startup/startup.go 427: Early log level set to debug\n";
    let started = format!("{bracketed}Calico node started successfully\n");
    let keys = ["ip_addr_v4", "network_v4", "ip_addr_v6", "network_v6", "as_num"];
    vec![
        (
            "DEBUG, etcd (2018)",
            logrus.to_owned(),
            Box::new(move |n| {
                let (node, key, second) = (n / 5, keys[n % 5], n / 5 % 60);
                format!("time=\"2018-10-31T07:47:{second:02}Z\" level=debug msg=\"Get Key: /calico/bgp/v1/host/node-{node}/{key}\" \n")
            }),
        ),
        (
            "DEBUG, Kubernetes, with timestamps",
            bracketed.to_owned(),
            Box::new(|n| {
                let at = format!("15:53:{:02}.{:03}", n / 1000 % 60, n % 1000);
                let text = match n % 3 {
                    0 => format!("k8s.go 652: Performing 'Get' for Node(node-{n}) "),
                    1 => "node.go 122: Received Get request on Node type".to_owned(),
                    _ => {
                        format!("customresource.go 226: Get custom Kubernetes resource Key=IPPool({n}) Resource=\"IPPools\" Revision=\"\"")
                    }
                };
                format!("2026-11-23T{at}919857Z 2026-11-23 {at} [DEBUG][9] startup/{text}\n")
            }),
        ),
        (
            "Felix at INFO, after the start",
            started,
            Box::new(|n| {
                let at = format!("15:53:{:02}.{:03}", n / 1000 % 60, n % 1000);
                format!(
                    "2026-11-23 {at} [INFO][81] felix/summary.go 100: Summarising {n} dataplane reconciliation loops over 1m2.3s: avg=10ms longest=30ms (resync-filter-v4,resync-mangle-v4)\n"
                )
            }),
        ),
    ]
}

fn piece(line: &Line) -> Vec<u8> {
    let mut piece = Vec::with_capacity(PIECE + 1024);
    for n in 0.. {
        piece.extend_from_slice(line(n).as_bytes());
        if piece.len() >= PIECE {
            break;
        }
    }
    let end = piece[..PIECE].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    piece.truncate(end);
    piece
}
