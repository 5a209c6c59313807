//! Files that people already have, read into a snapshot: ours, `kubectl get` output, diagnostics archives, and pasted texts.
//!
//! `source` takes files, folders and archives apart, `page` takes texts apart, `formats` lists what can be recognised.
//! Readers put whole objects into `Objects` and what texts tell into `Facts`; `assemble` and `resolve` make the snapshot of both.
//! Every file and block is listed among the snapshot's sources: what it was taken for, and what was left out.

mod assemble;
mod birdcl;
mod calicoctl;
mod calicoctl_tables;
mod canonical;
mod carried;
mod describe;
mod documents;
mod error;
mod event_pods;
mod events;
mod facts;
mod fences;
mod foreign;
mod formats;
mod host;
mod join;
mod kubelet_log;
mod label;
pub mod log;
mod logs;
mod objects;
mod other_logs;
mod other_pods;
mod ours;
mod page;
mod plain;
mod plugin_failures;
mod pod_logs;
mod probes;
mod prompt;
mod resolve;
mod source;
mod tables;
mod texts;
mod tigera;
mod transcode;
mod tree;
mod wraps;
mod yaml;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

pub use error::ImportError;
use facts::{Facts, Summary, Text};
use jiff::Timestamp;
use prompt::Heading;
use resolve::{Known, Unnamed};
use source::Piece;
use texts::{LogFacts, TextKind};

use crate::calico::startup_log;
use crate::input_source::{InputSource, SourceBlock};
use crate::observed::Observed;
use crate::snapshot::{Origin, Snapshot, trim};

/// Blocks that are listed; more are counted.
const MAX_SOURCES: usize = 5_000;

/// The files to read, and the node for texts that do not name theirs.
#[derive(Clone, Debug, Default)]
pub struct Inputs<'a> {
    /// `FILE`, `FILE=NODE`, or `-`.
    pub files: &'a [PathBuf],
    pub node: Option<&'a str>,
}

#[derive(Default)]
struct Loaded {
    snapshot: Option<(String, Snapshot)>,
    facts: Facts,
    sources: Vec<InputSource>,
    /// `FILE=NODE`, by file.
    given: BTreeMap<String, String>,
    diags: bool,
    pieces: usize,
}

/// Reads all files into one snapshot; `-` is `stdin`. What they do not hold stays not asked.
pub fn load(files: &[PathBuf], stdin: &mut dyn Read) -> Result<Snapshot, ImportError> {
    read(&Inputs { files, node: None }, stdin)
}

/// As `load`, with a name for texts of a node that nothing else names.
pub fn read(inputs: &Inputs<'_>, stdin: &mut dyn Read) -> Result<Snapshot, ImportError> {
    if inputs.files.is_empty() {
        return Err(ImportError::Nothing);
    }
    let mut loaded = Loaded::default();
    for input in inputs.files {
        let (path, node) = source::split_node(input);
        if let Some(node) = node {
            loaded.given.insert(source::name(&path), node);
        }
        source::read(&path, stdin, &mut |piece| loaded.take(piece))?;
    }
    loaded.finish(inputs.node)
}

impl Loaded {
    fn take(&mut self, piece: Piece<'_>) -> Result<(), ImportError> {
        let Piece { file, bytes, rest, named } = piece;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.diags |= file.contains("calico-diagnostics-") || file.contains("cluster/kubernetes/");
        if let Some(version) = ours::version(&bytes) {
            let snapshot = ours::read(&file, &bytes, rest.unwrap_or(&mut std::io::empty()), &version)?;
            if self.snapshot.is_some() || self.pieces > 0 {
                return Err(ImportError::NotAlone { file });
            }
            self.snapshot = Some((file, snapshot));
            return Ok(());
        }
        let understood = match decode(&bytes) {
            Some(text) => self.take_text(&file, &text, named)?,
            None => {
                self.note(&file, None, "unknown", Summary { ignored: Some("it is not text".to_owned()), ..Summary::default() });
                false
            }
        };
        if named && !understood {
            let mut seen: Vec<String> =
                self.sources.iter().filter(|source| source.file == file && source.line.is_some()).map(ToString::to_string).collect();
            let looks_like = foreign::looks_like(&bytes);
            if seen.is_empty() && looks_like.is_none() {
                seen.extend(foreign::first_line(&bytes));
            }
            return Err(ImportError::Unknown { file, looks_like, seen });
        }
        self.pieces += usize::from(understood);
        if let (true, Some((first, _))) = (understood, &self.snapshot) {
            return Err(ImportError::NotAlone { file: first.clone() });
        }
        Ok(())
    }

    fn take_text(&mut self, file: &str, text: &str, named: bool) -> Result<bool, ImportError> {
        let is_ours = |kind: &TextKind| !matches!(kind, TextKind::Log { .. }) || !logs::is_anothers(text);
        let kind = texts::kind(file, text).filter(is_ours);
        if let Some(other) = logs::others(file).filter(|_| matches!(kind, Some(TextKind::Log { .. }))) {
            self.note(file, None, logs::LOG.name, Summary { ignored: Some(other), ..Summary::default() });
            return Ok(false);
        }
        if let Some(kind) = kind {
            self.take_whole(file, kind, text);
            return Ok(true);
        }
        let extension = file.rsplit('.').next().unwrap_or_default();
        let may_be_objects = named || ["json", "yaml", "yml"].contains(&extension);
        if may_be_objects && documents::is_objects(text) {
            return self.take_objects(file, text, named);
        }
        self.take_page(file, text)
    }

    /// A file of one text, as this program's own recordings and archives have them.
    fn take_whole(&mut self, file: &str, kind: TextKind, text: &str) {
        let read = crate::text::count(text.lines().count(), "line");
        let source = self.note(file, None, kind.command(), Summary::new(read));
        let heading = Heading::default();
        let log = matches!(kind, TextKind::Log { .. }).then(|| Box::new(LogFacts::read(file, None, text)));
        self.facts.texts.push(Text {
            file: file.into(),
            line: 1,
            kind,
            text: if log.is_some() { String::new() } else { text.into() },
            log,
            heading,
            names_node: None,
            source,
            is_part: false,
        });
    }

    fn take_objects(&mut self, file: &str, text: &str, named: bool) -> Result<bool, ImportError> {
        // of a document that cannot be read to its end nothing is kept
        let before = std::mem::take(&mut self.facts.objects);
        let objects = &mut self.facts.objects;
        let is_json = text.trim_start().starts_with(['{', '[']);
        let read = if is_json { documents::json(objects, file, text) } else { documents::yaml(objects, file, text) };
        let problem = objects.problem.take();
        let passed: Vec<String> = std::mem::take(&mut objects.passed).into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let count = objects.taken;
        match (read, problem) {
            (Ok(_), Some(problem)) => Err(ImportError::Syntax { file: file.into(), problem }),
            (Ok(understood), None) => {
                self.facts.objects = before.and(std::mem::take(&mut self.facts.objects));
                let ignored = (!passed.is_empty()).then(|| format!("{} (not Calico's, or not looked at)", passed.join(", ")));
                self.note(file, None, "kubectl get -o yaml|json", Summary { ignored, ..Summary::new(crate::text::count(count, "object")) });
                Ok(understood)
            }
            // Beside other files a list in JSON or a scalar in YAML is somebody else's.
            (Err(problem), _) if !named && !text.contains("apiVersion") => {
                self.facts.objects = before;
                self.note(
                    file,
                    None,
                    "unknown",
                    Summary { ignored: Some(crate::text::bounded::clean(&problem, 200)), ..Summary::default() },
                );
                Ok(false)
            }
            (Err(problem), _) => {
                self.facts.objects = before;
                // it may only begin with an object
                let noted = self.sources.len();
                if self.take_page(file, text)? && self.sources.iter().skip(noted).any(|source| source.ignored.is_none()) {
                    return Ok(true);
                }
                Err(ImportError::Syntax { file: file.into(), problem })
            }
        }
    }

    /// A text with one output or several; a block that cannot be read does not spoil the others.
    fn take_page(&mut self, file: &str, text: &str) -> Result<bool, ImportError> {
        let (text, cut) = page::window(text);
        if let Some(cut) = cut {
            self.note(file, None, "text beyond the limit", Summary { ignored: Some(cut), ..Summary::default() });
        }
        let text = plain::plain(text);
        let page = page::split(&text);
        let mut understood = false;
        for block in &page.blocks {
            let Some(format) = block.format else { continue };
            let source = self.note(file, Some(block.line), format.name, Summary::default());
            (self.facts.file, self.facts.source) = (file.to_owned(), source);
            if let Some(other) = logs::others(file).filter(|_| format.name == logs::LOG.name) {
                self.fill_in(source, Summary { ignored: Some(other), ..Summary::default() }, format.name);
                continue;
            }
            let summary = match (format.read)(block, &mut self.facts) {
                Ok(summary) => {
                    understood |= !summary.read.is_empty();
                    summary
                }
                Err(problem) => Summary { ignored: Some(crate::text::bounded::clean(&problem, 200)), ..Summary::default() },
            };
            self.fill_in(source, summary, format.better);
            if let Some(source) = self.sources.get_mut(source) {
                source.block = SourceBlock::new(block.numbers.iter().copied().zip(block.text.lines()));
            }
        }
        let rest = page.left_out;
        if page.blocks.is_empty() {
            self.note(file, None, "unknown", Summary { ignored: Some("no format that is known".to_owned()), ..Summary::default() });
        } else if page.prose > 0 || rest > 0 {
            let why = if rest > 0 {
                format!("{} after the first {} blocks", crate::text::count(rest, "line"), page::MAX_BLOCKS)
            } else {
                format!("{} between them", crate::text::count(page.prose, "line"))
            };
            self.note(file, None, "text around the blocks", Summary { ignored: Some(why), ..Summary::default() });
        }
        Ok(understood)
    }

    /// Lists a source; the index is that of the list.
    fn note(&mut self, file: &str, line: Option<usize>, format: &str, summary: Summary) -> usize {
        if self.sources.len() < MAX_SOURCES {
            let Summary { read, ignored, node } = summary;
            let (file, format) = (crate::text::bounded::clean(file, 300), format.to_owned());
            self.sources.push(InputSource { file, line, format, node, read, more: None, ignored, block: SourceBlock::default() });
            return self.sources.len() - 1;
        }
        usize::MAX
    }

    fn fill_in(&mut self, source: usize, summary: Summary, better: &str) {
        if let Some(source) = self.sources.get_mut(source) {
            source.read = summary.read;
            source.node = summary.node;
            source.ignored = summary.ignored;
            source.more = (source.format != better).then(|| better.to_owned());
        }
    }

    fn finish(self, default: Option<&str>) -> Result<Snapshot, ImportError> {
        let Self { snapshot, mut facts, mut sources, given, diags, .. } = self;
        if let Some((_, snapshot)) = snapshot {
            return Ok(snapshot);
        }
        let origin = if diags { Origin::Diags } else { Origin::Files };
        let now = facts.now;
        let errors = std::mem::take(&mut facts.program_errors);
        let (objects, mut texts) = assemble::merge(facts, default)?;
        // whole files before parts of pages
        texts.sort_by_key(|text| text.is_part);
        let mut snapshot = assemble::snapshot(objects, origin)?;
        let mut unnamed = Unnamed::default();
        for text in &texts {
            let node = Known { snapshot: &snapshot, given: &given, default }.node_of(text, &mut unnamed);
            let (node, problem) = match node {
                Ok(node) => match add_text(&mut snapshot, text, &node) {
                    Ok(()) => (Some(node), None),
                    Err(problem) => (Some(node), Some(problem)),
                },
                Err(why) => (None, Some(why)),
            };
            let Some(source) = sources.get_mut(text.source) else { continue };
            source.node = source.node.take().or(node);
            if let Some(problem) = problem {
                source.ignored = Some(crate::text::bounded::clean(&problem, 300));
            }
        }
        join::place_by_peers(&mut snapshot);
        for program in &mut snapshot.programs {
            program.newest_error = startup_log::program_of_pod(&program.pod.metadata.name).and_then(|name| errors.get(name)).cloned();
        }
        let has_cluster = snapshot.nodes.seen().is_some_and(|nodes| !nodes.is_empty())
            || snapshot.daemon_set.seen().is_some()
            || !snapshot.programs.is_empty()
            || snapshot.pods.seen().is_some_and(|pods| !pods.is_empty())
            || snapshot.resources.tigera_statuses.seen().is_some_and(|statuses| !statuses.is_empty())
            || snapshot.events.seen().is_some_and(|events| events.iter().any(other_pods::is_of_other_pod));
        if !has_cluster && snapshot.inside.is_empty() && snapshot.logs.is_empty() {
            return Err(ImportError::NoCluster { seen: sources.iter().map(ToString::to_string).collect() });
        }
        snapshot.taken_at = assemble::newest_time(&snapshot).max(now.unwrap_or(Timestamp::UNIX_EPOCH));
        trim::forget_heartbeats(&mut snapshot);
        snapshot.sources = sources;
        Ok(snapshot)
    }
}

fn add_text(snapshot: &mut Snapshot, text: &Text, node: &str) -> Result<(), String> {
    let of_init = text.heading.container.as_deref().is_some_and(|name| texts::init_container_in_name(name).is_some());
    if text.is_part && !of_init && is_known(snapshot, text.kind, node) {
        return Err(format!("another answer of {} was read before", text.kind.command()));
    }
    if let (TextKind::Log { previous }, Some(facts)) = (text.kind, &text.log) {
        texts::add_log(snapshot.logs.entry(node.to_owned()).or_default(), &text.file, previous, facts);
        return Ok(());
    }
    let mut inside = snapshot.inside.remove(node).and_then(Observed::into_seen).unwrap_or_default();
    let read = texts::read_inside(text.kind, &text.text, &text.heading, &mut inside);
    trim::inside(&mut inside);
    snapshot.inside.insert(node.to_owned(), Observed::Seen(inside));
    read
}

/// The same was read already, from a whole file or an earlier block.
fn is_known(snapshot: &Snapshot, kind: TextKind, node: &str) -> bool {
    let inside = snapshot.inside.get(node).and_then(Observed::seen);
    match kind {
        TextKind::Log { previous } => {
            snapshot.logs.get(node).is_some_and(|logs| if previous { &logs.previous } else { &logs.current }.is_answered())
        }
        TextKind::Interfaces | TextKind::Ifconfig | TextKind::Brief => inside.is_some_and(|inside| inside.interfaces.is_answered()),
        _ => false,
    }
}

/// Text in UTF-8, or UTF-16 as PowerShell's `>` writes it; `None` for what is no text.
fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    const ENOUGH: usize = 64 << 10;
    let wide = |pair: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(move |two| pair([two[0], two[1]]));
        Some(Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect::<String>()))
    };
    match bytes {
        [0xff, 0xfe, ..] => return wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => return wide(u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // A log may hold anything, a program or a picture holds zeros.
    let head = &bytes[..bytes.len().min(ENOUGH)];
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    (zeros * 100 <= head.len()).then(|| String::from_utf8_lossy(bytes))
}
