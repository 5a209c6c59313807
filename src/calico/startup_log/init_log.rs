//! The log of an init container of calico-node: which program wrote it, and the lines that say why it ended.

use std::io::BufRead;

use super::MAX_TEXT;
use super::line::{self, Level, Line};
use super::split::{Splitter, drain};
use crate::snapshot::inspection::{LogEvent, LogEventKind, StartupLog};
use crate::snapshot::secrets::masked;
use crate::text::bounded::clean;

/// ERROR and FATAL lines that are kept, the newest.
const KEPT: usize = 12;

struct Program {
    container: &'static str,
    /// The component in front of a line; empty where that release names none.
    component: &'static str,
    /// The message begins with this.
    begins: &'static str,
}

const fn by_component(container: &'static str, component: &'static str) -> Program {
    Program { container, component, begins: "" }
}

const fn by_message(container: &'static str, begins: &'static str) -> Program {
    Program { container, component: "", begins }
}

/// cni-plugin/pkg/install/install.go, cni-plugin/pkg/upgrade/migrate.go and node/cmd/calico-node/main.go of 3.8 to 3.33.
const PROGRAMS: [Program; 11] = [
    by_component("install-cni", "cni-installer"),
    by_component("upgrade-ipam", "ipam"),
    by_component("mount-bpffs", "init-best-effort"),
    by_component("ebpf-bootstrap", "init"),
    by_component("hostpath-init", "hostpath-init"),
    by_message("install-cni", "Running as a Kubernetes pod"),
    by_message("install-cni", "Installed /host/opt/cni/bin"),
    by_message("install-cni", "Unable to create token for CNI kubeconfig"),
    by_message("install-cni", "CNI plugin version: "),
    by_message("upgrade-ipam", "migrating from host-local to calico-ipam"),
    by_message("upgrade-ipam", "checking host-local IPAM data dir"),
];

/// The init container whose program can have written this line.
pub(super) fn container_of(line: &Line<'_>) -> Option<&'static str> {
    let component = line.component.unwrap_or_default();
    let wrote = |program: &&Program| match program.component {
        "" => component.is_empty() && line.message.starts_with(program.begins),
        known => known == component,
    };
    PROGRAMS.iter().find(wrote).map(|program| program.container)
}

/// The lines of one run that say why it ended.
#[derive(Default)]
pub(super) struct InitDigest {
    log: StartupLog,
    last: Option<LogEvent>,
}

impl InitDigest {
    pub(super) fn take(&mut self, line: &Line<'_>) {
        let log = &mut self.log;
        log.lines += 1;
        if line.at.is_some() {
            log.first = log.first.or(line.at);
            log.last = line.at;
        }
        if line.message.trim().is_empty() {
            return;
        }
        if line.message.starts_with(SUCCEEDS) {
            log.marks.clear();
        }
        let at = line.at.or(log.last);
        let mark = |kind| LogEvent { at, kind, text: clean(&masked(&line.message), MAX_TEXT), times: 1 };
        match line.level {
            Level::Fatal => keep(&mut log.marks, mark(LogEventKind::Fatal)),
            Level::Error => keep(&mut log.marks, mark(LogEventKind::InitError)),
            Level::None | Level::Debug | Level::Info | Level::Warning => {}
        }
        self.last = Some(mark(LogEventKind::InitLastLine));
    }

    pub(super) fn finish(self, complete: bool) -> StartupLog {
        let mut log = StartupLog { complete, ..self.log };
        if log.marks.is_empty() {
            log.marks.extend(self.last);
        }
        log
    }
}

/// Why an init container's run ended, out of its log.
pub fn digest_init(reader: impl BufRead, complete: bool) -> StartupLog {
    let mut digest = InitDigest::default();
    let mut take = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let inner = line::of_docker(&text);
        digest.take(&line::parse(inner.as_deref().unwrap_or(&text)));
    };
    let mut splitter = Splitter::default();
    let whole = drain(reader, |chunk| splitter.push(chunk, &mut take)).is_ok();
    splitter.finish(&mut take);
    digest.finish(complete && whole)
}

fn keep(marks: &mut Vec<LogEvent>, mark: LogEvent) {
    match marks.last_mut() {
        Some(last) if last.text == mark.text => (last.kind, last.times) = (mark.kind, last.times.saturating_add(1)),
        _ => marks.push(mark),
    }
    if marks.len() > KEPT {
        marks.remove(0);
    }
}

/// What upgrade-ipam says each second, without end (`cni-plugin/pkg/ipamplugin/ipam_plugin.go`).
const RETRIES: &str = "failed to migrate ipam, retrying";

/// The end of that, whatever it said before.
const SUCCEEDS: &str = "migration from host-local to calico-ipam complete";

/// The newest of these lines says that the program has failed, or that it tries the same without end.
pub fn is_stuck(log: &StartupLog) -> bool {
    log.marks.last().is_some_and(|mark| mark.kind == LogEventKind::Fatal || mark.text.starts_with(RETRIES))
}

/// Why an init container fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitFailure {
    ApiUnreachable,
    Forbidden,
    Unauthorized,
    NotWritable,
    NoSpace,
    CrdMissing,
    MountFailed,
    OutOfMemory,
    AddressOutsidePools,
    AddressTaken,
    Other,
}

/// Texts of Kubernetes' API, Go and the kernel, in the order in which they are believed.
const FAILURES: &[(&str, InitFailure)] = &[
    ("OOMKilled", InitFailure::OutOfMemory),
    ("forbidden: User", InitFailure::Forbidden),
    ("is forbidden", InitFailure::Forbidden),
    ("Unauthorized", InitFailure::Unauthorized),
    ("connection is unauthorized", InitFailure::Unauthorized),
    ("i/o timeout", InitFailure::ApiUnreachable),
    ("timed out", InitFailure::ApiUnreachable),
    ("connection refused", InitFailure::ApiUnreachable),
    ("no route to host", InitFailure::ApiUnreachable),
    ("network is unreachable", InitFailure::ApiUnreachable),
    ("TLS handshake timeout", InitFailure::ApiUnreachable),
    ("Client.Timeout exceeded", InitFailure::ApiUnreachable),
    ("context deadline exceeded", InitFailure::ApiUnreachable),
    ("no such host", InitFailure::ApiUnreachable),
    ("x509: ", InitFailure::ApiUnreachable),
    ("No space left on device", InitFailure::NoSpace),
    ("no space left on device", InitFailure::NoSpace),
    ("Failed to mount", InitFailure::MountFailed),
    ("failed to mount", InitFailure::MountFailed),
    ("Read-only file system", InitFailure::NotWritable),
    ("read-only file system", InitFailure::NotWritable),
    ("ermission denied", InitFailure::NotWritable),
    ("found no writeable directory", InitFailure::NotWritable),
    ("ext file busy", InitFailure::NotWritable),
    ("peration not permitted", InitFailure::NotWritable),
    ("could not find the requested resource", InitFailure::CrdMissing),
    ("no matches for kind", InitFailure::CrdMissing),
    // upgrade-ipam takes over what host-local left (libcalico-go/lib/ipam/ipam.go, ipam_block.go)
    ("is not in a configured pool", InitFailure::AddressOutsidePools),
    ("ddress already assigned in block", InitFailure::AddressTaken),
];

impl InitFailure {
    /// By the texts of the failing run, newest last.
    pub fn in_texts<'a>(texts: impl DoubleEndedIterator<Item = &'a str>) -> Self {
        let known = |text: &str| FAILURES.iter().find(|(says, _)| text.contains(says)).map(|(_, failure)| *failure);
        texts.rev().find_map(known).unwrap_or(Self::Other)
    }

    /// A clause: why it fails.
    pub fn phrase(self) -> Option<&'static str> {
        Some(match self {
            Self::ApiUnreachable => "it cannot reach the API server",
            Self::Forbidden => "its service account lacks a permission",
            Self::Unauthorized => "the API server does not accept its credentials (Unauthorized)",
            Self::NotWritable => "it cannot write a file on the host",
            Self::NoSpace => "the disk is full",
            Self::CrdMissing => "a CustomResourceDefinition of this release is missing",
            Self::MountFailed => "it cannot mount a file system",
            Self::OutOfMemory => "it ran out of memory (OOMKilled)",
            Self::AddressOutsidePools => {
                "another network plugin left addresses in /var/lib/cni/networks on the node, and no IP pool contains them"
            }
            Self::AddressTaken => {
                "another network plugin left addresses in /var/lib/cni/networks on the node, and Calico has assigned one of them already"
            }
            Self::Other => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_by_its_lines() {
        for (text, container) in [
            ("2026-11-20 08:27:00.681 [INFO][1] cni-installer/<nil> <nil>: Running as a Kubernetes pod", Some("install-cni")),
            ("time=\"2022-01-01T00:00:00Z\" level=info msg=\"Running as a Kubernetes pod\" source=\"install.go:140\"", Some("install-cni")),
            ("2026-11-20 08:27:00.681 [INFO][1] ipam/migrate.go 57: checking", Some("upgrade-ipam")),
            ("2026-11-20 08:27:00.681 [ERROR][1] init/calico-init_linux.go 53: Failed to mount BPF filesystem.", Some("ebpf-bootstrap")),
            ("2026-11-20 08:27:00.681 [INFO][9] startup/startup.go 427: Early log level set to info", None),
            ("2026-11-20 08:27:00.681 [INFO][9] tunnel-ip-allocator/ipam.go 427: Assigned", None),
        ] {
            assert_eq!(container_of(&line::parse(text)), container, "{text}");
        }
    }

    #[test]
    fn a_program_that_tries_without_end_is_stuck_until_it_succeeds() {
        let outside = "2026-06-05 06:10:31.155 [ERROR][1] ipam_plugin.go 93: failed to migrate ipam, retrying... error=failed to get add IPIP \
            tunnel addr 10.244.0.1: The provided IP address 10.244.0.1 is not in a configured pool\n node=\"kube-1\"\n";
        let digest = digest_init(outside.repeat(3).as_bytes(), true);
        assert!(is_stuck(&digest), "{digest:?}");
        let texts = || digest.marks.iter().map(|mark| mark.text.as_str());
        assert_eq!(InitFailure::in_texts(texts()), InitFailure::AddressOutsidePools);
        let done =
            "2026-06-05 06:10:33.155 [INFO][1] ipam_plugin.go 98: migration from host-local to calico-ipam complete node=\"kube-1\"\n";
        assert!(!is_stuck(&digest_init(format!("{outside}{done}").as_bytes(), true)));
    }

    #[test]
    fn the_reason_is_the_newest_known_text() {
        for (log, kind, failure) in [
            (
                "2026-11-20 08:27:30.004 [FATAL][1] cni-installer/<nil> <nil>: Unable to create token error=Post \"https://10.96.0.1:443/x/token\": dial tcp 10.96.0.1:443: i/o timeout\n",
                LogEventKind::Fatal,
                InitFailure::ApiUnreachable,
            ),
            (
                "a\ncp: cannot create regular file '/host/opt/cni/bin/calico': Read-only file system\n",
                LogEventKind::InitLastLine,
                InitFailure::NotWritable,
            ),
            (
                "2026-11-20 08:27:30.004 [ERROR][1] cni-installer/<nil> <nil>: Unable to create token error=Unauthorized\n",
                LogEventKind::InitError,
                InitFailure::Unauthorized,
            ),
            ("something else\n", LogEventKind::InitLastLine, InitFailure::Other),
        ] {
            let digest = digest_init(log.as_bytes(), true);
            assert_eq!(digest.marks.last().map(|mark| mark.kind), Some(kind), "{log}");
            assert_eq!(InitFailure::in_texts(digest.marks.iter().map(|mark| mark.text.as_str())), failure, "{log}");
        }
        assert!(digest_init(&b""[..], true).marks.is_empty());
    }
}
