//! A log that a collector carried, sorted by the pods it names while it is read.

use std::collections::BTreeMap;

use super::carried::{self, Carried, Csv};
use super::logs::is_newest_first;
use super::texts::INIT_CONTAINERS;
use crate::calico::startup_log::{Attempts, Reader};
use crate::snapshot::objects::CALICO_NODE;

/// Attempts that are kept of one log, the newest.
pub const ATTEMPTS: usize = 20;
/// A longer line is handed on in pieces, as it came.
const MAX_LINE: usize = 1 << 20;
/// Pods of one file; lines of more go to the first.
const MAX_PODS: usize = 500;
/// Lines of a store of logs that are held, as it may show the newest first. More are read in the order they have.
const MAX_HELD: usize = 64 << 20;

/// What one pod's calico-node wrote.
#[derive(Debug, PartialEq)]
pub struct PodLog {
    pub pod: Option<String>,
    pub host: Option<String>,
    pub attempts: Attempts,
}

/// Pod, host, and the container where it is an init container.
type Origin = (Option<String>, Option<String>, Option<String>);

#[derive(Default)]
pub(super) struct PodLogs {
    pending: Vec<u8>,
    begun: bool,
    csv: Option<Csv>,
    readers: BTreeMap<Origin, Reader>,
    /// Lines out of CSV or JSON, and their size.
    held: BTreeMap<Origin, Vec<String>>,
    held_bytes: usize,
}

impl PodLogs {
    pub(super) fn push(&mut self, mut chunk: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            let (line, rest) = chunk.split_at(end + 1);
            chunk = rest;
            if self.pending.is_empty() {
                self.line(line);
            } else {
                self.pending.extend_from_slice(line);
                let whole = std::mem::take(&mut self.pending);
                self.line(&whole);
            }
        }
        self.pending.extend_from_slice(chunk);
        if self.pending.len() > MAX_LINE {
            let piece = std::mem::take(&mut self.pending);
            self.reader((None, None, None)).push(&piece);
        }
    }

    fn line(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        let first = !self.begun && !text.trim().is_empty();
        self.begun |= first;
        if first && !super::logs::is_log_line(text) {
            self.csv = Csv::header(text);
            if self.csv.is_some() {
                return;
            }
        }
        let Some(Carried { pod, container, host, text: inner }) = (match &self.csv {
            Some(csv) => csv.row(text),
            None => Some(carried::strip(text)),
        }) else {
            return;
        };
        let container = container.filter(|container| container != CALICO_NODE);
        if container.as_deref().is_some_and(|container| !INIT_CONTAINERS.contains(&container)) {
            return;
        }
        let origin = (pod, host, container);
        match inner {
            std::borrow::Cow::Borrowed(inner) if inner.len() == text.len() => self.reader(origin).push(line),
            inner => {
                self.held_bytes += inner.len();
                self.held.entry(origin).or_default().push(inner.into_owned());
                if self.held_bytes > MAX_HELD {
                    self.release();
                }
            }
        }
    }

    fn reader(&mut self, origin: Origin) -> &mut Reader {
        let origin = if self.readers.len() >= MAX_PODS && !self.readers.contains_key(&origin) { (None, None, None) } else { origin };
        self.readers.entry(origin).or_insert_with(|| Reader::new(ATTEMPTS))
    }

    fn release(&mut self) {
        self.held_bytes = 0;
        for (origin, mut lines) in std::mem::take(&mut self.held) {
            if is_newest_first(&lines) {
                lines.reverse();
            }
            let reader = self.reader(origin);
            for line in lines {
                reader.push(line.as_bytes());
                reader.push(b"\n");
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<PodLog> {
        let last = std::mem::take(&mut self.pending);
        if !last.is_empty() {
            self.line(&last);
        }
        self.release();
        self.readers.into_iter().map(|((pod, host, _), reader)| PodLog { pod, host, attempts: reader.finish(true) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<PodLog> {
        let mut logs = PodLogs::default();
        text.as_bytes().chunks(7).for_each(|chunk| logs.push(chunk));
        logs.finish()
    }

    const LINES: [&str; 3] = [
        "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: Early log level set to info",
        "2026-05-12 05:18:34.200 [INFO][9] startup/startup.go 201: Using autodetected IPv4 address on interface eth0: 10.0.0.7/24",
        "2026-05-12 05:18:35.200 [INFO][9] startup/startup.go 201: Calico node started successfully",
    ];

    #[test]
    fn whatever_carried_it_the_log_is_the_same() {
        let plain = read(&LINES.map(|line| format!("{line}\n")).concat());
        let csv =
            format!("time,pod,message\n{}", LINES.iter().rev().map(|line| format!("1,calico-node-aaaaa,\"{line}\"\n")).collect::<String>());
        let json = LINES.map(|line| format!("{{\"line\":\"{line}\",\"labels\":{{\"pod\":\"calico-node-aaaaa\"}}}}\n")).concat();
        for (name, text) in [
            ("stern", LINES.map(|line| format!("calico-node-aaaaa calico-node {line}\n")).concat()),
            ("prefix", LINES.map(|line| format!("[pod/calico-node-aaaaa/calico-node] {line}\n")).concat()),
            ("journald", LINES.map(|line| format!("May 12 05:18:33 node-3 calico-node[12]: {line}\n")).concat()),
            ("csv", csv),
            ("json", json),
            ("Windows", LINES.map(|line| format!("{line}\r\n")).concat()),
        ] {
            let found = read(&text);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].attempts, plain[0].attempts, "{name}");
            assert!(name == "Windows" || found[0].pod.is_some() || found[0].host.is_some(), "{name}");
        }
    }

    #[test]
    fn several_pods_are_several_logs() {
        let text: String = ["calico-node-aaaaa", "calico-node-bbbbb"]
            .iter()
            .flat_map(|pod| LINES.map(|line| format!("{pod} calico-node {line}\n")))
            .collect();
        let pods: Vec<_> = read(&text).into_iter().map(|log| (log.pod, log.attempts.lines)).collect();
        assert_eq!(pods, [(Some("calico-node-aaaaa".to_owned()), 3), (Some("calico-node-bbbbb".to_owned()), 3)]);
        let others = LINES.map(|line| format!("calico-node-aaaaa kube-flannel {line}\n")).concat();
        assert!(read(&others).is_empty(), "another container's");
    }
}
