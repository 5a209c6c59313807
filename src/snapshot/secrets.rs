//! The only masker: what must never be kept or shown, in objects, in running text and in logs.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde_json::Value;

mod shapes;

use crate::text::bounded::find_ignoring_case;
use shapes::{long_keys, shaped_tokens};

pub const MASK: &str = "(masked)";

/// Variables of calico-node whose values are kept, because a check or a proposal reads them. Every other value is masked:
/// people put credentials into variables of any name.
const READ_VARIABLES: [(&str, &str); 17] = [
    ("IP", "whether and how the IPv4 address is detected"),
    ("IP6", "whether and how the IPv6 address is detected"),
    ("NODEIP", "kubespray's address, used in other values as $(NODEIP)"),
    ("NODENAME", "the name under which calico-node stores its address"),
    ("IP_AUTODETECTION_METHOD", "the IPv4 method"),
    ("IP6_AUTODETECTION_METHOD", "the IPv6 method"),
    ("CLUSTER_TYPE", "how Calico was installed"),
    ("CALICO_NETWORKING_BACKEND", "whether BGP is used at all"),
    ("CALICO_STARTUP_LOGLEVEL", "whether the start is logged at DEBUG"),
    ("CALICO_DATASTORE_TYPE", "an older name of DATASTORE_TYPE"),
    ("DATASTORE_TYPE", "whether start-up reads etcd or the API server"),
    ("ETCD_ENDPOINTS", "an etcd datastore, where DATASTORE_TYPE is not set"),
    ("FELIX_HEALTHENABLED", "whether Felix answers its probe"),
    ("FELIX_HEALTHHOST", "where Felix answers its probe"),
    ("FELIX_HEALTHPORT", "the port at which Felix answers its probe"),
    ("KUBERNETES_SERVICE_HOST", "the API server that calico-node uses"),
    ("KUBERNETES_SERVICE_PORT", "its port"),
];

/// Whether the value of this environment variable is kept.
pub fn is_read_variable(name: &str) -> bool {
    READ_VARIABLES.iter().any(|(read, _)| *read == name)
}

/// Parts of names whose values are secrets, in variables, fields, flags and log lines.
const KEYS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "authorization",
    "bearer",
    "apikey",
    "api-key",
    "api_key",
    "credential",
    "privatekey",
    "private_key",
    "access_key",
];

/// The letters with which `KEYS` begin, and those that come next, in either case.
const FIRST_LETTERS: [bool; 256] = letters(0);
const SECOND_LETTERS: [bool; 256] = letters(1);

#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and refuses an index that is out of bounds")]
const fn letters(place: usize) -> [bool; 256] {
    let mut letters = [false; 256];
    let mut at = 0;
    while at < KEYS.len() {
        let letter = KEYS[at].as_bytes()[place];
        letters[letter as usize] = true;
        letters[letter.to_ascii_uppercase() as usize] = true;
        at += 1;
    }
    letters
}

/// Variables of this kind name a file, not a secret.
const PLACES: [&str; 3] = ["file", "path", "dir"];

/// Whether the name of a variable, a ConfigMap key or a flag says that its value is a secret.
pub fn is_secret_variable(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (has_key(&name) || name.contains("key")) && !PLACES.iter().any(|place| name.ends_with(place))
}

/// Whether a field of a custom resource could hold a secret or lead to one.
fn is_secret_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    has_key(&name) || name.contains("cert") || name.ends_with("key")
}

/// Masks the secrets in every text of a tree; fields named like secrets lose their values whole.
pub fn mask_tree(value: &mut Value) {
    match value {
        Value::String(text) => mask_text(text),
        Value::Array(items) => {
            mask_flags(items.iter_mut().filter_map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            }));
            items.iter_mut().for_each(mask_tree);
        }
        Value::Object(fields) => {
            let names_secret = fields.get("name").and_then(Value::as_str).is_some_and(is_secret_variable);
            for (name, field) in fields {
                if is_secret_field(name) || (names_secret && name == "value") {
                    *field = Value::String(MASK.into());
                } else {
                    mask_tree(field);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `["--password", "x"]`: the value is an argument of its own.
fn mask_flags<'a>(arguments: impl Iterator<Item = &'a mut String>) {
    let mut is_value = false;
    for text in arguments {
        if is_value && !text.starts_with('-') {
            *text = MASK.into();
            is_value = false;
        } else {
            is_value = text.starts_with('-') && !text.contains('=') && is_secret_variable(text);
        }
    }
}

/// Masks a command line, argument by argument.
pub fn mask_arguments(arguments: &mut [String]) {
    mask_flags(arguments.iter_mut());
    arguments.iter_mut().for_each(mask_text);
}

/// In every `env` list of a tree, masks the values that are not read.
pub fn mask_environments(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask_environments),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(variables) if name == "env" => variables.iter_mut().for_each(mask_variable),
                    field => mask_environments(field),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn mask_variable(variable: &mut Value) {
    let is_read = variable.get("name").and_then(Value::as_str).is_some_and(is_read_variable);
    if let Some(value) = variable.get_mut("value").filter(|value| !is_read && value.as_str() != Some("")) {
        *value = Value::String(MASK.into());
    }
}

/// Masks every text below the fields of `tree` that are not in `read`.
pub fn mask_unread(tree: &mut Value, read: &[&str]) {
    fn whole(value: &mut Value) {
        match value {
            Value::String(text) => *text = MASK.into(),
            Value::Array(items) => items.iter_mut().for_each(whole),
            Value::Object(fields) => fields.values_mut().for_each(whole),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let Value::Object(fields) = tree else { return };
    fields.iter_mut().filter(|(name, _)| !read.contains(&name.as_str())).for_each(|(_, field)| whole(field));
}

/// Masks the secrets in running text: certificates, credentials in URLs, named values, tokens of known shape, long keys.
pub fn mask_text(text: &mut String) {
    if let Cow::Owned(masked) = masked(text) {
        *text = masked;
    }
}

/// As `mask_text`. Borrowed where nothing had to be masked.
pub fn masked(text: &str) -> Cow<'_, str> {
    const MASKS: [fn(&str) -> Cow<'_, str>; 5] = [certificates, url_credentials, named_values, shaped_tokens, long_keys];
    let mut current = Cow::Borrowed(text);
    if text.len() < shapes::SHORTEST && !announces(text) {
        return current;
    }
    for mask in MASKS {
        let next = match mask(&current) {
            Cow::Owned(next) if next != current => next,
            _ => continue,
        };
        current = Cow::Owned(next);
    }
    current
}

/// The URL without user and password.
pub fn without_userinfo(url: &str) -> String {
    let Some(scheme) = url.find("://").map(|at| at + "://".len()) else { return url.to_owned() };
    let (head, rest) = url.split_at(scheme);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{head}{}", rest.get(at + 1..).unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// Masks a log line by line: certificates and keys go over many.
#[derive(Default)]
pub struct LineMasker {
    /// Lines so far of a block whose end has not come.
    inside: usize,
}

/// A block that is longer was cut, and its end will not come.
const LONGEST_BLOCK: usize = 400;

impl LineMasker {
    pub fn line(&mut self, text: &str) -> String {
        if self.inside > 0 {
            let Some((_, after)) = text.split_once("-----END ") else {
                self.inside = if self.inside < LONGEST_BLOCK { self.inside + 1 } else { 0 };
                return MASK.to_owned();
            };
            self.inside = 0;
            return masked(after.split_once("-----").map_or("", |(_, after)| after)).into_owned();
        }
        let open = text.rfind("-----BEGIN ").filter(|begin| !text[*begin..].contains("-----END "));
        self.inside = usize::from(open.is_some());
        masked(text).into_owned()
    }
}

/// `-----BEGIN … -----END …-----`, or to the end where it was cut.
fn certificates(text: &str) -> Cow<'_, str> {
    static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-----BEGIN "));
    if BEGIN.find(text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        out.push_str(&rest[..begin]);
        out.push_str(MASK);
        rest = rest[begin..].find("-----END ").map_or("", |end| {
            let tail = &rest[begin + end + "-----END ".len()..];
            tail.find("-----").map_or("", |close| &tail[close + 5..])
        });
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `https://user:password@host` keeps the host.
fn url_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains('@') || !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = after.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#' | ',')).unwrap_or(after.len());
        rest = match after[..authority].rfind('@') {
            Some(end) => {
                out.push_str(MASK);
                &after[end..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `Key=value`, `"key": "value"`, `Authorization: Bearer value`, `--password value`
fn named_values(text: &str) -> Cow<'_, str> {
    if !announces(text) || !has_key(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(KEYS.iter().fold(text.to_owned(), |text, key| named_value(&text, key)))
}

/// Whether anything could announce a secret: between a name and its value stands one of these, and one in each certificate and URL.
fn announces(text: &str) -> bool {
    memchr::memchr3(b':', b'=', b' ', text.as_bytes()).is_some()
}

/// Whether any of `KEYS` stands in a text: most texts are through after one pass.
fn has_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts =
        |at: usize| KEYS.iter().any(|key| bytes.get(at..at + key.len()).is_some_and(|found| found.eq_ignore_ascii_case(key.as_bytes())));
    let is_in = |letters: &[bool; 256], letter: u8| letters.get(usize::from(letter)).is_some_and(|is_in| *is_in);
    let mut pairs = bytes.iter().zip(bytes.iter().skip(1)).enumerate();
    pairs.any(|(at, (first, second))| is_in(&FIRST_LETTERS, *first) && is_in(&SECOND_LETTERS, *second) && starts(at))
}

fn named_value(text: &str, key: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_ignoring_case(rest, key) {
        let (before, after) = rest.split_at(at + key.len());
        out.push_str(before);
        let value = value_start(&out, key, after);
        out.push_str(&after[..value]);
        rest = &after[value..];
        let length = match rest.find(['"', '\'']).filter(|_| out.ends_with(['"', '\''])) {
            Some(end) => rest[..end].trim_end_matches('\\').len(),
            None => value_length(rest),
        };
        if value > 0 && length > 0 && !rest.starts_with(MASK) {
            out.push_str(MASK);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

/// How Go's errors begin: `cannot get a token: dial tcp …` names no secret.
const PROSE: [&str; 22] = [
    "dial",
    "read",
    "write",
    "open",
    "stat",
    "lookup",
    "context",
    "connection",
    "unexpected",
    "unauthorized",
    "Unauthorized",
    "invalid",
    "expired",
    "failed",
    "cannot",
    "could",
    "not",
    "no",
    "the",
    "Get",
    "Post",
    "x509:",
];

/// Where the value begins behind a key; 0 when the key is only a word in a sentence or a part of a path.
fn value_start(before: &str, key: &str, after: &str) -> usize {
    let name = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(after.len());
    let quotes = |text: &str| text.len() - text.trim_start_matches(['"', '\'', '\\']).len();
    let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
    // The whole name, of which the key may be a part: `K8sAPIToken`, `--etcd-password`.
    let head = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let word = &before[head.len()..];
    let closing = quotes(&after[name..]);
    // A quote that closes a longer text: `Get "https://10.0.0.1/token": dial tcp …`.
    if closing > 0 && !head.ends_with(['"', '\'']) {
        return 0;
    }
    if head.ends_with('/') {
        return 0;
    }
    let mut at = name + closing;
    let gap = blanks(&after[at..]);
    match after[at + gap..].chars().next() {
        Some(':' | '=') => at += gap + 1,
        // An argument of its own behind a flag, or the word behind `Bearer`.
        _ if gap > 0 && (key == "bearer" || word.starts_with("--")) => return at + gap + quotes(&after[at + gap..]),
        _ => return 0,
    }
    let blank = blanks(&after[at..]);
    at += blank;
    let value = &after[at..];
    let first = value.split_whitespace().next().unwrap_or_default();
    if blank > 0 && closing == 0 && PROSE.contains(&first) {
        return 0;
    }
    at + quotes(value)
}

fn value_length(rest: &str) -> usize {
    let word = |text: &str| {
        text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ',' | ';' | '&' | '}' | ']' | ')')).unwrap_or(text.len())
    };
    let first = word(rest);
    let scheme = rest[..first].eq_ignore_ascii_case("bearer") || rest[..first].eq_ignore_ascii_case("basic");
    match rest[first..].strip_prefix(' ') {
        Some(value) if scheme => first + 1 + word(value),
        _ => first,
    }
}

#[cfg(test)]
mod tests;
