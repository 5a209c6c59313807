//! For programs: JSON, YAML and names.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::finding::Report;
use crate::snapshot::save;
use crate::text;

pub fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, SafeJson(PrettyFormatter::with_indent(b"    ")));
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    writeln!(out)
}

pub fn yaml(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = out;
    match serde_json::to_value(value)? {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            save::long_key(&mut out, name, 0)?;
            save::after_key(&mut out, value, 0)
        }),
        Value::Array(items) if !items.is_empty() => items.iter().try_for_each(|item| {
            out.write_all(b"- ")?;
            save::after_dash(&mut out, item, 2)
        }),
        leaf => save::write_leaf(&mut out, &leaf),
    }
}

/// The nodes that have findings, as `kubectl get -o name` has them.
pub fn names(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let listed = report.nodes.iter().filter(|node| !node.findings.is_empty()).map(|node| &node.name);
    let mut written = std::collections::HashSet::new();
    for name in listed.chain(report.findings.iter().flat_map(|finding| &finding.nodes)) {
        if written.insert(name) {
            writeln!(out, "node/{}", text::clean(name))?;
        }
    }
    Ok(())
}

/// kubectl's indent, and no character that a terminal would obey: JSON can hold U+009B as it is, a terminal takes it for an escape.
struct SafeJson<'a>(PrettyFormatter<'a>);

impl Formatter for SafeJson<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut units = [0; 2];
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| text::is_unsafe(*c)) {
            out.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in c.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[plain..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
