//! What DEBUG and a few INFO lines add to the marks of an attempt.

use jiff::Timestamp;

use super::MAX_TEXT;
use super::line::{Level, Line};
use super::patterns;
use super::requests::Requests;
use crate::snapshot::inspection::{ListedInterface, StartupLog};
use crate::snapshot::secrets::masked;
use crate::text::bounded::clean;

const MAX_INTERFACES: usize = 64;
const MAX_ADDRESSES: usize = 16;
const MAX_NAME: usize = 253;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    pub node: Option<String>,
    pub version: Option<String>,
    /// CALICO_STARTUP_LOGLEVEL, as the log itself says it.
    pub level: Option<String>,
    /// `kubernetes`, `etcdv3`, `etcdv2`
    pub datastore: Option<String>,
    /// Of the host, those that detection looked at, in its order.
    pub interfaces: Vec<SeenInterface>,
    pub requests: Requests,
    pub came_up: CameUp,
    /// The last line before the start.
    pub last: Option<LastLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenInterface {
    pub name: String,
    pub addresses: Vec<String>,
}

/// What comes up once start-up is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CameUp {
    pub bird: Option<Timestamp>,
    /// Felix says that it is ready.
    pub felix: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastLine {
    pub at: Option<Timestamp>,
    pub text: String,
}

/// A message that begins so tells this.
type Tells = fn(&mut Details, &str);

const TELLING: &[(&str, Tells)] = &[
    ("Early log level set to ", |details, rest| details.level = word(rest)),
    ("Starting node ", |details, rest| {
        if let Some((node, version)) = rest.split_once(" with version ") {
            (details.node, details.version) = (word(node), word(version));
        }
    }),
    ("Determined node name: ", |details, rest| details.node = word(rest)),
    ("Using node name: ", |details, rest| details.node = word(rest)),
    ("Building new node resource Name=", |details, rest| details.node = word(rest)),
    ("Using datastore type '", |details, rest| details.datastore = word(rest)),
    ("Querying interface addresses Interface=", Details::interface),
    ("Found valid IP address and network CIDR=", |details, rest| {
        if let (Some(interface), Some(address)) = (details.interfaces.last_mut(), word(rest)) {
            interface.add(address);
        }
    }),
];

fn word(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?.trim_matches(['"', '\'', ',']);
    (!word.is_empty()).then(|| clean(word, MAX_NAME))
}

impl Details {
    /// What the marks alone tell, where the log itself is not at hand.
    pub fn of_marks(log: &StartupLog) -> Self {
        let mut details = Self::default();
        log.marks.iter().for_each(|mark| details.tell(&mark.text));
        details
    }

    /// Of a line before the start.
    pub(super) fn take(&mut self, line: &Line<'_>, at: Option<Timestamp>, checking: bool) {
        self.tell(&line.message);
        self.requests.take(&line.message, at, checking);
    }

    fn tell(&mut self, message: &str) {
        // Most lines begin otherwise.
        if !message.starts_with(['E', 'S', 'D', 'U', 'B', 'Q', 'F']) {
            return;
        }
        if let Some((rest, tell)) = TELLING.iter().find_map(|(begins, tell)| Some((message.strip_prefix(begins)?, tell))) {
            tell(self, rest);
        }
    }

    /// Of a line after the start.
    pub(super) fn take_later(&mut self, line: &Line<'_>, at: Option<Timestamp>) {
        let message = line.message.as_ref();
        if line.component == Some("bird") {
            if self.came_up.bird.is_none() && message.ends_with(": Started") {
                self.came_up.bird = at;
            }
        } else if self.came_up.felix.is_none() && line.level == Level::Info && patterns::says_ready(message) {
            self.came_up.felix = at;
        }
    }

    fn interface(&mut self, rest: &str) {
        let Some(name) = word(rest) else { return };
        // IPv6 and each method look at them anew.
        if let Some(known) = self.interfaces.iter().position(|interface| interface.name == name) {
            let known = self.interfaces.remove(known);
            self.interfaces.push(known);
        } else if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(SeenInterface { name, addresses: Vec::new() });
        }
    }

    pub(super) fn set_last(&mut self, text: &str, at: Option<Timestamp>) {
        let text = clean(&masked(text), MAX_TEXT);
        self.last = (!text.is_empty()).then_some(LastLine { at, text });
    }
}

impl Details {
    /// As a snapshot keeps them: all, or none.
    pub(super) fn listed(&self) -> Vec<ListedInterface> {
        let cut = self.interfaces.len() >= MAX_INTERFACES || self.interfaces.iter().any(|one| one.addresses.len() >= MAX_ADDRESSES);
        let all = self.interfaces.iter().filter(|_| !cut);
        all.map(|one| ListedInterface { name: one.name.clone(), addresses: one.addresses.clone() }).collect()
    }
}

impl SeenInterface {
    fn add(&mut self, address: String) {
        if self.addresses.len() < MAX_ADDRESSES && !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }
}
