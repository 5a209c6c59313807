//! Files that people already have, read into a snapshot: ours, `kubectl get` output, `calicoctl cluster diags`, texts beside them.

mod assemble;
mod error;
pub mod log;
mod objects;
mod ours;
mod source;
mod texts;
mod tree;

use std::io::Read;
use std::path::PathBuf;

use serde::de::DeserializeSeed;

pub use error::ImportError;
use objects::Objects;
use source::Piece;
use texts::TextKind;
use tree::Budget;

use crate::observed::Observed;
use crate::snapshot::{Origin, Snapshot, trim};

/// A text that waits until all nodes are known.
struct Text {
    file: String,
    kind: TextKind,
    text: String,
}

#[derive(Default)]
struct Loaded {
    snapshot: Option<(String, Snapshot)>,
    objects: Objects,
    texts: Vec<Text>,
    diags: bool,
    pieces: usize,
}

/// Reads all `inputs` into one snapshot; `-` is `stdin`. What they do not hold stays not asked.
pub fn load(inputs: &[PathBuf], stdin: &mut dyn Read) -> Result<Snapshot, ImportError> {
    if inputs.is_empty() {
        return Err(ImportError::Nothing);
    }
    let mut loaded = Loaded::default();
    for input in inputs {
        source::read(input, stdin, &mut |piece| loaded.take(piece))?;
    }
    loaded.finish()
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
        let understood = match std::str::from_utf8(&bytes) {
            Ok(text) => self.take_text(&file, text, named)?,
            Err(_) => match String::from_utf8_lossy(&bytes) {
                // A log may hold anything; objects are always UTF-8.
                text if matches!(texts::kind(&file, &text), Some(TextKind::Log { .. })) => self.take_text(&file, &text, named)?,
                _ => false,
            },
        };
        if named && !understood {
            return Err(ImportError::Unknown { file });
        }
        self.pieces += usize::from(understood);
        if let (true, Some((first, _))) = (understood, &self.snapshot) {
            return Err(ImportError::NotAlone { file: first.clone() });
        }
        Ok(())
    }

    fn take_text(&mut self, file: &str, text: &str, named: bool) -> Result<bool, ImportError> {
        if let Some(kind) = texts::kind(file, text) {
            self.texts.push(Text { file: file.into(), kind, text: text.into() });
            return Ok(true);
        }
        let extension = file.rsplit('.').next().unwrap_or_default();
        let is_json = text.trim_start().starts_with(['{', '[']);
        // What is no object by its name is tried only where the user pointed at it.
        if !named && !["json", "yaml", "yml"].contains(&extension) {
            return Ok(false);
        }
        let read = if is_json { self.take_json(file, text) } else { self.take_yaml(file, text) };
        match read {
            Ok(understood) => match self.objects.problem.take() {
                Some(problem) => Err(ImportError::Syntax { file: file.into(), problem }),
                None => Ok(understood),
            },
            // Beside other files a list in JSON or a scalar in YAML is somebody else's.
            Err(_) if !named && !text.contains("apiVersion") => Ok(false),
            Err(problem) => Err(ImportError::Syntax { file: file.into(), problem }),
        }
    }

    fn take_json(&mut self, file: &str, text: &str) -> Result<bool, String> {
        let mut understood = false;
        // `kubectl get` for one kind after the other gives documents one after the other.
        let mut documents = serde_json::Deserializer::from_str(text);
        loop {
            understood |= self.document(file, &Budget::of(text), &mut documents).map_err(|error| error.to_string())?;
            if documents.end().is_ok() {
                return Ok(understood);
            }
        }
    }

    fn take_yaml(&mut self, file: &str, text: &str) -> Result<bool, String> {
        let mut understood = false;
        let budget = Budget::of(text);
        for document in serde_yaml::Deserializer::from_str(text) {
            understood |= self.document(file, &budget, document).map_err(|error| error.to_string())?;
        }
        Ok(understood)
    }

    fn document<'de, D: serde::Deserializer<'de>>(&mut self, file: &str, budget: &Budget, document: D) -> Result<bool, D::Error> {
        let mut count = 0;
        let objects = &mut self.objects;
        let rest = tree::Document {
            budget,
            take: &mut |object| {
                count += 1;
                objects.take(object);
            },
        }
        .deserialize(document)?;
        if count == 0 && rest.contains_key("items") {
            let kind = rest.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
            let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty()).or_else(|| objects::kind_by_name(file));
            objects.saw_empty_list(kind.unwrap_or_default());
        }
        Ok(count > 0 || rest.contains_key("items") || rest.is_empty())
    }

    fn finish(self) -> Result<Snapshot, ImportError> {
        if let Some((_, snapshot)) = self.snapshot {
            return Ok(snapshot);
        }
        let origin = if self.diags { Origin::Diags } else { Origin::Files };
        let mut snapshot = assemble::snapshot(self.objects, origin)?;
        for text in &self.texts {
            add_text(&mut snapshot, text)?;
        }
        let has_cluster = snapshot.nodes.seen().is_some_and(|nodes| !nodes.is_empty())
            || snapshot.daemon_set.seen().is_some()
            || snapshot.pods.seen().is_some_and(|pods| !pods.is_empty());
        if !has_cluster && snapshot.inside.is_empty() {
            return Err(ImportError::NoCluster);
        }
        snapshot.taken_at = assemble::newest_time(&snapshot);
        Ok(snapshot)
    }
}

fn add_text(snapshot: &mut Snapshot, Text { file, kind, text }: &Text) -> Result<(), ImportError> {
    let nodes = snapshot.nodes.seen().into_iter().flatten().map(|node| (node.metadata.name.as_str(), node.metadata.name.as_str()));
    let pods =
        snapshot.pods.seen().into_iter().flatten().filter_map(|pod| Some((pod.metadata.name.as_str(), pod.spec.node_name.as_deref()?)));
    let node = match texts::node_of(file, nodes.chain(pods)) {
        Some(node) => node.to_owned(),
        // Without any node to go by, the file's name up to the first dot is one.
        None if snapshot.nodes.seen().is_none() => {
            file.rsplit(['/', '\\', ':']).next().and_then(|name| name.split('.').next()).unwrap_or(file).to_owned()
        }
        None => return Ok(()),
    };
    if let TextKind::Log { previous } = kind {
        texts::add_log(snapshot.logs.entry(node).or_default(), file, *previous, text);
        return Ok(());
    }
    let mut inside = snapshot.inside.remove(&node).and_then(Observed::into_seen).unwrap_or_default();
    let read = texts::read_inside(*kind, text, &mut inside);
    trim::inside(&mut inside);
    snapshot.inside.insert(node, Observed::Seen(inside));
    read.map_err(|problem| ImportError::Syntax { file: file.clone(), problem })
}
