//! What the texts told, until all of them are read: objects in part, and texts that wait for their node.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::objects::Objects;
use super::probes::CutProbes;
use super::prompt::Heading;
use super::texts::{LogFacts, TextKind};
use crate::snapshot::objects::{CALICO_NODE, DaemonSet, Event, Node, Pod};
use crate::snapshot::{from_tree, trim};

/// Objects of one sort that texts may tell of.
const MAX_OBJECTS: usize = 20_000;

/// What a reader made of its block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub read: String,
    pub ignored: Option<String>,
    /// The node that it tells of.
    pub node: Option<String>,
}

impl Summary {
    pub(super) fn new(read: impl Into<String>) -> Self {
        Self { read: read.into(), ..Self::default() }
    }

    pub(super) fn of_node(self, node: impl Into<String>) -> Self {
        Self { node: Some(node.into()), ..self }
    }

    /// Rows that are not Calico's are counted, not named.
    pub(super) fn ignoring(self, count: usize, what: &str) -> Self {
        let ignored = (count > 0).then(|| format!("{} {what}", crate::text::count(count, "row")));
        Self { ignored: ignored.or(self.ignored), ..self }
    }

    pub(super) fn also_ignoring(self, what: String) -> Self {
        let ignored = self.ignored.map_or(what.clone(), |ignored| format!("{ignored}; {what}"));
        Self { ignored: Some(ignored), ..self }
    }
}

/// A text that waits until all nodes are known.
pub(super) struct Text {
    pub file: String,
    pub line: usize,
    pub kind: TextKind,
    /// Empty for a log: of that only what was found in it is held.
    pub text: String,
    pub log: Option<Box<LogFacts>>,
    pub heading: Heading,
    /// The node that the text itself names.
    pub names_node: Option<String>,
    /// Its line among the sources.
    pub source: usize,
    /// Cut out of a page, not a file of its own.
    pub is_part: bool,
}

#[derive(Default)]
pub(super) struct Facts {
    pub objects: Objects,
    /// Told by text: an object of the same name that was read whole counts before these.
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    /// Of which nothing but events tell.
    pub event_pods: Vec<Pod>,
    /// The newest error in the log of each of Calico's other programs.
    pub program_errors: BTreeMap<&'static str, String>,
    pub daemon_sets: Vec<DaemonSet>,
    pub events: Vec<Event>,
    pub texts: Vec<Text>,
    pub probes: CutProbes,
    /// The newest moment at which a text was printed, where one tells it.
    pub now: Option<Timestamp>,
    /// Of the block that is read now.
    pub file: String,
    pub source: usize,
}

impl Facts {
    /// A kubelet's warning about a pod, by its namespace and name.
    pub(super) fn told_warning(
        &mut self,
        (namespace, name): (Option<&str>, &str),
        node: Option<&str>,
        (reason, message): (&str, &str),
        times: i32,
    ) -> Result<(), String> {
        let involved = json!({"kind": "Pod", "name": name, "namespace": namespace});
        self.told(
            "Event",
            &json!({"metadata": {"namespace": namespace}, "involvedObject": involved, "type": "Warning", "reason": reason,
                "message": message, "count": times, "source": {"component": "kubelet", "host": node}}),
        )
    }

    /// An object in Kubernetes' own shape, put together from a text.
    pub(super) fn told(&mut self, kind: &str, object: &Value) -> Result<(), String> {
        let told = self.nodes.len() + self.pods.len() + self.events.len() + self.daemon_sets.len();
        if told >= MAX_OBJECTS {
            return Err(format!("more than {MAX_OBJECTS} objects"));
        }
        let unreadable = |error: String| format!("{kind}: {error}");
        match kind {
            "Node" => {
                let mut node: Node = from_tree(object).map_err(unreadable)?;
                trim::node(&mut node);
                self.nodes.push(node);
            }
            "Pod" => {
                let mut pod: Pod = from_tree(object).map_err(unreadable)?;
                trim::pod(&mut pod);
                self.pods.push(pod);
            }
            "DaemonSet" => {
                let mut set: DaemonSet = from_tree(object).map_err(unreadable)?;
                trim::daemon_set(&mut set);
                if set.spec.template.spec.containers.iter().any(|container| container.name == CALICO_NODE) {
                    self.daemon_sets.push(set);
                }
            }
            _ => {
                let mut event: Event = from_tree(object).map_err(unreadable)?;
                trim::event(&mut event);
                self.events.push(event);
            }
        }
        Ok(())
    }

    /// A pod of another program of Calico's, in Kubernetes' own shape.
    pub(super) fn told_program(&mut self, object: &Value) -> Result<(), String> {
        if self.objects.programs.len() >= MAX_OBJECTS {
            return Err(format!("more than {MAX_OBJECTS} objects"));
        }
        let mut pod: Pod = from_tree(object).map_err(|error| format!("Pod: {error}"))?;
        trim::pod(&mut pod);
        self.objects.programs.push(pod);
        Ok(())
    }

    /// A pod in Kubernetes' own shape, as its events show it.
    pub(super) fn told_by_events(&mut self, object: &Value) -> Result<(), String> {
        if self.event_pods.len() >= MAX_OBJECTS {
            return Err(format!("more than {MAX_OBJECTS} objects"));
        }
        let mut pod: Pod = from_tree(object).map_err(|error| format!("Pod: {error}"))?;
        trim::pod(&mut pod);
        self.event_pods.push(pod);
        Ok(())
    }

    /// A text of one node, whose name may only be known at the end.
    pub(super) fn text(&mut self, kind: TextKind, line: usize, text: String, heading: Heading, names_node: Option<String>) {
        let (file, source) = (self.file.clone(), self.source);
        let log = matches!(kind, TextKind::Log { .. }).then(|| Box::new(LogFacts::read(&file, heading.container.as_deref(), &text)));
        let text = if log.is_some() { String::new() } else { text };
        self.texts.push(Text { file, line, kind, text, log, heading, names_node, source, is_part: true });
    }
}
