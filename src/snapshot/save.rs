//! Writes a snapshot as YAML that every reader reads alike.
//!
//! `serde_yaml` leaves `on`, `y`, `1_000` unquoted, which YAML 1.1 (kubectl) reads as something else, and holds the whole text.
//! Here every text is quoted that is not plainly a word, and objects are written one by one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::Snapshot;
use crate::observed::Observed;

const HEADER: &str = "\
# What kubectl calico-fix saw of a cluster; read it with: kubectl calico-fix status --from FILE
# It holds no passwords, tokens or certificates, but names and addresses, unless it was written with --redact.
";

/// Words that YAML 1.1 takes for something else than text.
const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];
/// YAML allows 1,024 characters before the colon.
const MAX_SIMPLE_KEY: usize = 1_000;

pub fn to_yaml(snapshot: &Snapshot) -> io::Result<String> {
    let mut text = Vec::new();
    write(snapshot, &mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

/// How a file is written, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    json: bool,
    packed: bool,
}

impl Form {
    /// `.yaml`, `.yml`, and both with `.gz`; everything else is JSON, which is read five times faster.
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let packed = name.ends_with(".gz");
        Self { json: ![".yaml", ".yml"].iter().any(|end| name.strip_suffix(".gz").unwrap_or(&name).ends_with(end)), packed }
    }
}

fn write_as<W: Write>(snapshot: &Snapshot, form: Form, to: W) -> io::Result<W> {
    if !form.packed {
        return write_text(snapshot, form, to);
    }
    write_text(snapshot, form, flate2::write::GzEncoder::new(to, flate2::Compression::default()))?.finish()
}

fn write_text<W: Write>(snapshot: &Snapshot, form: Form, mut to: W) -> io::Result<W> {
    if form.json {
        serde_json::to_writer(&mut to, snapshot)?;
        to.write_all(b"\n")?;
    } else {
        write(snapshot, &mut to)?;
    }
    Ok(to)
}

/// Beside its place first, then renamed: a reader never sees half of it, and a failure leaves the old file.
pub fn save_to(snapshot: &Snapshot, path: &Path) -> io::Result<()> {
    let (file, beside) = Beside::create(path)?;
    let file = write_as(snapshot, Form::of(path), BufWriter::new(file))?.into_inner().map_err(io::IntoInnerError::into_error)?;
    beside.sync_and_rename(&file)
}

/// A text, in a file as `save_to` makes it. A symbolic link of that name is replaced, not followed.
pub fn save_text(text: &[u8], path: &Path) -> io::Result<()> {
    let (mut file, beside) = Beside::create(path)?;
    file.write_all(text)?;
    beside.sync_and_rename(&file)
}

/// A file that is not whole yet. It is removed when it never becomes so; where the program is killed, the next one removes it.
pub struct Beside {
    path: PathBuf,
    /// `None`: `path` is written to directly.
    beside: Option<PathBuf>,
}

impl Beside {
    /// A new file for what `path` will hold.
    pub fn create(path: &Path) -> io::Result<(fs::File, Self)> {
        if is_device(path) {
            return Ok((fs::OpenOptions::new().write(true).open(path)?, Self { path: path.to_owned(), beside: None }));
        }
        remove_leftovers(path);
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.tmp", std::process::id()));
        let beside = PathBuf::from(beside);
        let file = create(&beside)?;
        // The lock says that its owner lives. A file system without locks keeps leftovers, no more.
        let _ = file.try_lock();
        Ok((file, Self { path: path.to_owned(), beside: Some(beside) }))
    }

    pub fn rename(&self) -> io::Result<()> {
        self.beside.as_ref().map_or(Ok(()), |beside| fs::rename(beside, &self.path))
    }

    fn sync_and_rename(&self, file: &fs::File) -> io::Result<()> {
        if self.beside.is_some() {
            file.sync_all()?;
        }
        self.rename()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Renamed already where all went well.
        let _ = self.beside.as_ref().map(fs::remove_file);
    }
}

/// Where the links to standard output are; on Linux they lead to a file if it is redirected to one.
const DEVICES: [&str; 3] = ["/dev", "/dev/fd", "/proc/self/fd"];

/// A rename would take the device or the pipe away from everybody, where root runs the program.
fn is_device(path: &Path) -> bool {
    let is_special = |meta: fs::Metadata| !meta.is_file() && !meta.is_dir();
    let is_among_devices = path.parent().is_some_and(|folder| DEVICES.iter().any(|devices| folder == Path::new(devices)));
    fs::metadata(path).is_ok_and(is_special) || is_among_devices
}

/// `FILE.PID.tmp` of programs that were killed: nobody holds their lock.
fn remove_leftovers(path: &Path) {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { return };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_leftover = |found: &str| {
        let number = found.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.')).and_then(|rest| rest.strip_suffix(".tmp"));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|entry| is_leftover(&entry.file_name().to_string_lossy())) {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let unlocked = is_file && fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if unlocked {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A new file that only its owner can read.
fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub fn write(snapshot: &Snapshot, mut to: impl Write) -> io::Result<()> {
    let out = &mut to;
    // Taken apart by name, so that a new field cannot be forgotten.
    let Snapshot {
        api_version,
        kind,
        taken_at,
        origin,
        cluster,
        daemon_set,
        nodes,
        pods,
        programs,
        events,
        controller_revisions,
        config_maps,
        resources,
        inside,
        logs,
        sources,
    } = snapshot;
    out.write_all(HEADER.as_bytes())?;
    field(out, "apiVersion", api_version)?;
    field(out, "kind", kind)?;
    field(out, "takenAt", taken_at)?;
    field(out, "origin", origin)?;
    field(out, "cluster", cluster)?;
    field(out, "daemonSet", daemon_set)?;
    list(out, "nodes", nodes)?;
    list(out, "pods", pods)?;
    if !programs.is_empty() {
        field(out, "programs", programs)?;
    }
    list(out, "events", events)?;
    list(out, "controllerRevisions", controller_revisions)?;
    mapping(out, "configMaps", config_maps)?;
    field(out, "resources", resources)?;
    mapping(out, "inside", inside)?;
    mapping(out, "logs", logs)?;
    if sources.is_empty() { Ok(()) } else { field(out, "sources", sources) }
}

fn field<T: Serialize>(out: &mut impl Write, name: &str, value: &T) -> io::Result<()> {
    key(out, name)?;
    after_key(out, &serde_json::to_value(value)?, 0)
}

fn list<T: Serialize>(out: &mut impl Write, name: &str, list: &Observed<Vec<T>>) -> io::Result<()> {
    match list {
        Observed::Seen(items) if !items.is_empty() => {
            writeln!(out, "{name}:\n  seen:")?;
            items.iter().try_for_each(|item| {
                out.write_all(b"  - ")?;
                after_dash(out, &serde_json::to_value(item)?, 4)
            })
        }
        other => field(out, name, other),
    }
}

fn mapping<T: Serialize>(out: &mut impl Write, name: &str, map: &BTreeMap<String, T>) -> io::Result<()> {
    if map.is_empty() {
        return writeln!(out, "{name}: {{}}");
    }
    writeln!(out, "{name}:")?;
    map.iter().try_for_each(|(name, value)| {
        out.write_all(b"  ")?;
        long_key(out, name, 2)?;
        after_key(out, &serde_json::to_value(value)?, 2)
    })
}

fn indent(out: &mut impl Write, columns: usize) -> io::Result<()> {
    write!(out, "{:columns$}", "")
}

fn key(out: &mut impl Write, name: &str) -> io::Result<()> {
    out.write_all(scalar(name).as_bytes())?;
    out.write_all(b":")
}

pub(crate) fn long_key(out: &mut impl Write, name: &str, column: usize) -> io::Result<()> {
    let written = scalar(name);
    if written.len() <= MAX_SIMPLE_KEY {
        return write!(out, "{written}:");
    }
    writeln!(out, "? {written}")?;
    indent(out, column)?;
    out.write_all(b":")
}

/// The value of a key that begins at `column`, from behind the colon.
pub(crate) fn after_key(out: &mut impl Write, value: &Value, column: usize) -> io::Result<()> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.write_all(b"\n")?;
            for (name, value) in fields {
                indent(out, column + 2)?;
                long_key(out, name, column + 2)?;
                after_key(out, value, column + 2)?;
            }
            Ok(())
        }
        Value::Array(items) if !items.is_empty() => {
            out.write_all(b"\n")?;
            for item in items {
                indent(out, column)?;
                out.write_all(b"- ")?;
                after_dash(out, item, column + 2)?;
            }
            Ok(())
        }
        leaf => {
            out.write_all(b" ")?;
            write_leaf(out, leaf)
        }
    }
}

/// An item of a list, from behind the dash; what it holds begins at `column`.
pub(crate) fn after_dash(out: &mut impl Write, value: &Value, column: usize) -> io::Result<()> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (count, (name, value)) in fields.iter().enumerate() {
                if count > 0 {
                    indent(out, column)?;
                }
                long_key(out, name, column)?;
                after_key(out, value, column)?;
            }
            Ok(())
        }
        Value::Array(items) if !items.is_empty() => {
            for (count, item) in items.iter().enumerate() {
                if count > 0 {
                    indent(out, column)?;
                }
                out.write_all(b"- ")?;
                after_dash(out, item, column + 2)?;
            }
            Ok(())
        }
        leaf => write_leaf(out, leaf),
    }
}

pub(crate) fn write_leaf(out: &mut impl Write, leaf: &Value) -> io::Result<()> {
    match leaf {
        Value::Null => writeln!(out, "null"),
        Value::Bool(value) => writeln!(out, "{value}"),
        Value::Number(number) => writeln!(out, "{}", float_of_old(&number.to_string())),
        Value::String(text) => writeln!(out, "{}", scalar(text)),
        Value::Array(_) => writeln!(out, "[]"),
        Value::Object(_) => writeln!(out, "{{}}"),
    }
}

/// YAML 1.1 wants a point and a sign in `1e300`.
fn float_of_old(number: &str) -> String {
    match number.split_once('e') {
        Some((digits, exponent)) => {
            let point = if digits.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
            format!("{digits}{point}e{sign}{exponent}")
        }
        None => number.to_owned(),
    }
}

fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_unprintable(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if crate::text::is_unsafe(c) => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Line ends of YAML 1.1, the byte order mark, and what YAML does not call printable.
fn is_unprintable(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Characters that are never written as they are. Read on a terminal, a bidi override would show another text than is there.
pub(crate) fn is_escaped(c: char) -> bool {
    !(' '..='~').contains(&c) && (is_unprintable(c) || crate::text::is_unsafe(c))
}

/// A word that no version of YAML takes for anything but text.
pub(crate) fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests;
