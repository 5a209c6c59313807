//! One line of a container's log, with what the kubelet, the runtime or kubectl puts before it. What a collector puts there is taken off in
//! `import/carried.rs`.

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::{memchr, memchr2};

use super::stamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// A bare line says none.
    None,
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
}

const LEVELS: [(&str, Level); 8] = [
    ("TRACE", Level::Debug),
    ("DEBUG", Level::Debug),
    ("INFO", Level::Info),
    ("WARNING", Level::Warning),
    ("WARN", Level::Warning),
    ("ERROR", Level::Error),
    ("FATAL", Level::Fatal),
    ("PANIC", Level::Fatal),
];

#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// The kubelet's time where it gave one, else the line's own, taken as UTC.
    pub at: Option<Timestamp>,
    pub level: Level,
    /// `startup` of `startup/startup.go 427:`; older releases name no component.
    pub component: Option<&'a str>,
    pub message: Cow<'a, str>,
    /// The container runtime cut it: the next entry goes on with it.
    pub goes_on: bool,
}

impl Line<'_> {
    pub(super) fn kept(&self) -> Line<'static> {
        // Only lines of programs without a name are kept.
        Line { component: None, message: Cow::Owned(self.message.clone().into_owned()), ..*self }
    }
}

pub(super) fn parse(text: &str) -> Line<'_> {
    let carried = strip_runtime_prefix(text.trim_end());
    let rest = prefixed(carried.text);
    let mut line =
        bracketed(rest).or_else(|| logrus(rest)).or_else(|| klog(rest)).or_else(|| etcd_client(rest)).unwrap_or_else(|| bare(rest));
    line.at = carried.at.or(line.at);
    line.goes_on = carried.goes_on;
    line
}

/// A line of Docker's `json-file`: what is inside, as `parse` takes it.
pub(super) fn of_docker(text: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Entry<'a> {
        log: String,
        time: &'a str,
    }
    if !text.starts_with("{\"log\":") {
        return None;
    }
    let entry: Entry = serde_json::from_str(text.trim_end()).ok()?;
    let (flag, line) = entry.log.strip_suffix('\n').map_or(("P", entry.log.as_str()), |line| ("F", line));
    Some(format!("{} stdout {flag} {}", entry.time, line.replace('\n', " ")))
}

/// `[pod/calico-node-x7k2p/calico-node] `, as `kubectl logs --prefix` has it.
fn prefixed(text: &str) -> &str {
    if !text.starts_with("[pod/") {
        return text;
    }
    text.split_once("] ").map_or(text, |(_, rest)| rest)
}

/// Before and after the first such byte, which is ASCII.
fn split_at(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr(byte, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

struct Carried<'a> {
    at: Option<Timestamp>,
    text: &'a str,
    goes_on: bool,
}

/// What the kubelet (`--timestamps`) or the container runtime's file (`… stdout F `) puts before a line.
fn strip_runtime_prefix(text: &str) -> Carried<'_> {
    let none = Carried { at: None, text, goes_on: false };
    let Some((word, rest)) = Some(text).filter(|text| text.starts_with(|c: char| c.is_ascii_digit())).and_then(|text| split_at(text, b' '))
    else {
        return none;
    };
    // svlogd, which writes /var/log/calico: `2016-06-15_07:05:27.75862`, in UTC
    let by_svlogd = || stamp::instant(&format!("{}T{}Z", word.get(..10)?, word.get(10..)?.strip_prefix('_')?));
    let at = Some(word).filter(|word| word.len() >= 20).and_then(|word| stamp::instant(word).or_else(by_svlogd));
    let Some(at) = at else { return none };
    let stream = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "));
    match stream.map(|line| line.split_once(' ').unwrap_or((line, ""))) {
        Some((flag @ ("F" | "P"), text)) => Carried { at: Some(at), text, goes_on: flag == "P" },
        _ => Carried { at: Some(at), text: rest, goes_on: false },
    }
}

/// `2024-01-02 03:04:05.678 [INFO][9] startup/startup.go 425: message`, also where somebody has cut the time off.
fn bracketed(text: &str) -> Option<Line<'_>> {
    if let Some(text) = text.strip_prefix('[') {
        let (level, rest) = level_and_rest(text)?;
        let (component, message) = source(rest.strip_prefix('[').and_then(|rest| split_at(rest, b']'))?.1.trim_start());
        component?;
        return Some(Line { at: None, level, component, message: Cow::Borrowed(message), goes_on: false });
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let open = memchr(b'[', text.as_bytes())?;
    let stamp = text[..open].strip_suffix(' ').filter(|stamp| stamp.bytes().filter(|byte| *byte == b' ').count() == 1)?;
    let (level, rest) = level_and_rest(&text[open + 1..])?;
    let rest = match rest.strip_prefix('[').and_then(|rest| split_at(rest, b']')) {
        Some((_process, rest)) => rest,
        None => rest,
    };
    let (component, message) = source(rest.trim_start());
    let at = stamp::civil(stamp);
    Some(Line { at, level, component, message: Cow::Borrowed(message), goes_on: false })
}

/// Of `INFO][9] startup/…`, behind the first bracket.
fn level_and_rest(text: &str) -> Option<(Level, &str)> {
    let (level, rest) = split_at(text, b']')?;
    Some((level_of(level)?, rest))
}

fn level_of(name: &str) -> Option<Level> {
    LEVELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
}

/// Splits `startup/startup.go 425: ` off.
fn source(text: &str) -> (Option<&str>, &str) {
    let split = || {
        let (file, rest) = split_at(text, b' ')?;
        let (number, rest) = split_at(rest, b':')?;
        let message = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
        // The CNI installer of 3.2x writes `cni-installer/<nil> <nil>: `.
        let known =
            (file.ends_with(".go") && number.bytes().all(|byte| byte.is_ascii_digit())) || (file.ends_with("/<nil>") && number == "<nil>");
        known.then_some((split_at(file, b'/').map(|(component, _)| component), message))
    };
    split().unwrap_or((None, text))
}

/// `time="…" level=info msg="…" Key=value`, as Calico wrote until 2018 and its health check still does.
fn logrus(text: &str) -> Option<Line<'_>> {
    let (time, rest) = split_at(text.strip_prefix("time=\"")?, b'"')?;
    let (level, rest) = split_at(rest.strip_prefix(" level=")?, b' ')?;
    let rest = rest.strip_prefix("msg=")?;
    let message = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted),
        None => Cow::Borrowed(rest),
    };
    Some(Line { at: stamp::instant(time), level: level_of(level).unwrap_or(Level::None), component: None, message, goes_on: false })
}

/// Takes the quotes off the message and leaves the fields behind it.
fn unquote(quoted: &str) -> Cow<'_, str> {
    if let Some(message) = quoted.strip_suffix('"').filter(|message| memchr2(b'\\', b'"', message.as_bytes()).is_none()) {
        return Cow::Borrowed(message);
    }
    let mut out = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            '"' => break,
            c => out.push(c),
        }
    }
    out.push_str(chars.as_str().trim_end());
    Cow::Owned(out)
}

/// `W1123 15:16:45.204551      79 client_config.go:617] message`, which names no year.
fn klog(text: &str) -> Option<Line<'_>> {
    let (head, message) = text.split_once("] ")?;
    let mut words = head.split_whitespace();
    let (stamp, time) = (words.next()?, words.next()?);
    let level = match stamp.chars().next()? {
        'I' => Level::Info,
        'W' => Level::Warning,
        'E' => Level::Error,
        'F' => Level::Fatal,
        _ => return None,
    };
    let known = stamp.len() == 5 && stamp[1..].bytes().all(|byte| byte.is_ascii_digit()) && time.matches(':').count() == 2;
    known.then_some(Line { at: None, level, component: Some("klog"), message: Cow::Borrowed(message), goes_on: false })
}

/// `{"level":"warn","ts":"…","caller":"clientv3/…","msg":"…","error":"…"}`, as the client of etcd writes it among calico-node's lines.
fn etcd_client(text: &str) -> Option<Line<'_>> {
    #[derive(serde::Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        ts: Cow<'a, str>,
        #[serde(borrow)]
        msg: Cow<'a, str>,
        #[serde(borrow, default)]
        error: Cow<'a, str>,
    }
    if !text.starts_with("{\"level\":") || !text.contains("\"caller\":\"") || !text.contains("client") {
        return None;
    }
    let entry: Entry<'_> =
        serde_json::from_str(text.trim_end()).ok().filter(|entry: &Entry<'_>| entry.msg.starts_with("retrying of unary invoker"))?;
    // of the chain of reasons the last one tells
    let message = Cow::Owned(format!("{} error={}", entry.msg, entry.error.rsplit("latest connection error: ").next().unwrap_or_default()));
    Some(Line { at: stamp::instant(&entry.ts), level: Level::None, component: None, message, goes_on: false })
}

/// How Go's runtime begins the last words of a program, and how OpenSSL ends one whose FIPS files are missing in the image.
const LAST_WORDS: [&str; 7] = ["panic: ", "fatal error: ", "SIGABRT: ", "SIGSEGV: ", "SIGBUS: ", "SIGILL: ", "crypto/fips/fips.c:"];

fn bare(text: &str) -> Line<'_> {
    let crashed = LAST_WORDS.iter().any(|begin| text.starts_with(begin));
    // somebody has cut time and level off
    if let (Some(component), message) = source(text)
        && (component == "startup" || super::patterns::SERVICES.contains(&component))
    {
        let fails = ["Failed to ", "Unable to ", "Error "].iter().any(|begin| message.starts_with(begin));
        let level = if fails { Level::Error } else { Level::None };
        return Line { at: None, level, component: Some(component), message: Cow::Borrowed(message), goes_on: false };
    }
    let component = (text.starts_with("bird: ") || text.starts_with("bird6: ")).then_some("bird");
    Line { at: None, level: if crashed { Level::Fatal } else { Level::None }, component, message: Cow::Borrowed(text), goes_on: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (text, at, level, component, message) in [
            (
                "2026-11-23 15:51:41.274 [INFO][9] startup/startup.go 427: Early log level set to info",
                "2026-11-23T15:51:41.274Z",
                Level::Info,
                Some("startup"),
                "Early log level set to info",
            ),
            (
                "2026-11-23T15:51:41.274788682Z 2026-11-23 15:51:41.001 [ERROR][9] startup/startup.go 201: No",
                "2026-11-23T15:51:41.274788682Z",
                Level::Error,
                Some("startup"),
                "No",
            ),
            (
                "2026-11-23T16:51:41.5+01:00 stdout F 2026-11-23 15:51:41.001 [FATAL][9] felix/x.go 2: No",
                "2026-11-23T15:51:41.5Z",
                Level::Fatal,
                Some("felix"),
                "No",
            ),
            ("2026-11-23T15:51:41.5Z stderr P", "2026-11-23T15:51:41.5Z", Level::None, None, ""),
            (
                "[pod/calico-node-x/calico-node] 2026-11-23 15:51:41.274 [INFO][9] a/b.go 1: No",
                "2026-11-23T15:51:41.274Z",
                Level::Info,
                Some("a"),
                "No",
            ),
            ("2019-04-10 11:25:07.651 [WARNING][8] startup.go 252: Early", "2019-04-10T11:25:07.651Z", Level::Warning, None, "Early"),
            ("2019-04-10 11:25:07.651 [DEBUG] no file", "2019-04-10T11:25:07.651Z", Level::Debug, None, "no file"),
            (
                "2026-11-20 08:27:00.681 [FATAL][1] cni-installer/<nil> <nil>: Unable to create token",
                "2026-11-20T08:27:00.681Z",
                Level::Fatal,
                Some("cni-installer"),
                "Unable to create token",
            ),
            (
                "time=\"2018-10-31T07:47:17Z\" level=debug msg=\"Check \\\"it\\\"\" CIDR=10.12.13.33/24 ",
                "2018-10-31T07:47:17Z",
                Level::Debug,
                None,
                "Check \"it\" CIDR=10.12.13.33/24",
            ),
            ("2026-11-23T16:05:55Z Calico node failed to start", "2026-11-23T16:05:55Z", Level::None, None, "Calico node failed to start"),
        ] {
            let line = parse(text);
            assert_eq!(line.at.map(|at| at.to_string()).as_deref(), Some(at), "{text}");
            assert_eq!((line.level, line.component, line.message.as_ref()), (level, component, message), "{text}");
        }
    }

    #[test]
    fn docker_s_json_holds_a_line() {
        let entry = r#"{"log":"2026-11-23 15:51:41.274 [INFO][9] startup/startup.go 1: say \"it\"\n","stream":"stdout","time":"2026-11-23T15:51:41.275Z"}"#;
        let inside = of_docker(entry).expect("an entry");
        let line = parse(&inside);
        assert_eq!((line.message.as_ref(), line.goes_on, line.component), ("say \"it\"", false, Some("startup")));
        assert_eq!(line.at.map(|at| at.to_string()).as_deref(), Some("2026-11-23T15:51:41.275Z"));
        let cut = of_docker(r#"{"log":"half","stream":"stdout","time":"2026-11-23T15:51:41.275Z"}"#).expect("an entry");
        assert!(parse(&cut).goes_on);
        for none in ["", "{}", "{\"log\":1}", "plain {\"log\":\"x\"}"] {
            assert_eq!(of_docker(none), None, "{none}");
        }
    }

    #[test]
    fn lines_without_a_time() {
        for (text, level, component, message) in [
            ("Skipping datastore connection test", Level::None, None, "Skipping datastore connection test"),
            ("bird: Mesh_10_0_0_2: Started", Level::None, Some("bird"), "bird: Mesh_10_0_0_2: Started"),
            ("W1123 15:16:45.204551      79 client_config.go:617] Neither", Level::Warning, Some("klog"), "Neither"),
            ("panic: runtime error", Level::Fatal, None, "panic: runtime error"),
            ("SIGABRT: abort", Level::Fatal, None, "SIGABRT: abort"),
            ("[WARNING][9] startup/utils.go 49: Terminating", Level::Warning, Some("startup"), "Terminating"),
            ("[WARNING][9] no file", Level::None, None, "[WARNING][9] no file"),
            ("[INFO] startup/utils.go 49: no process", Level::None, None, "[INFO] startup/utils.go 49: no process"),
            ("", Level::None, None, ""),
            ("é [] ] [", Level::None, None, "é [] ] ["),
        ] {
            let line = parse(text);
            assert_eq!((line.at, line.level, line.component, line.message.as_ref()), (None, level, component, message), "{text}");
        }
    }
}
