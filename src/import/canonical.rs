//! The YAML that `snapshot::save` writes, turned into JSON line by line.
//!
//! A reader of all of YAML takes ten times as long, which thousands of nodes make seconds. Whatever is not written as `save` writes it is
//! left to that reader: unsorted keys, which may be there twice, every other style, and text that YAML could take for something else.

use crate::snapshot::save::{is_escaped, is_plain};

/// `serde_json` reads 128.
const MAX_DEPTH: usize = 100;
/// A snapshot has some fifteen fields.
const MAX_ROOT_KEYS: usize = 64;

/// `None`: it is written in another way. JSON's lines are those of `text`.
pub(super) fn to_json(text: &str) -> Option<Vec<u8>> {
    let mut converter = Converter { json: Vec::with_capacity(text.len()), open: Vec::new(), root_keys: Vec::new(), awaits_value: true };
    for line in text.split('\n') {
        converter.line(line)?;
        converter.json.push(b'\n');
    }
    converter.finish()
}

struct Converter<'t> {
    json: Vec<u8>,
    open: Vec<Level<'t>>,
    root_keys: Vec<&'t str>,
    /// Behind a key or a dash, and at the very beginning.
    awaits_value: bool,
}

/// A mapping or a list that has not ended.
struct Level<'t> {
    column: usize,
    is_list: bool,
    is_empty: bool,
    last_key: &'t str,
}

impl<'t> Converter<'t> {
    fn line(&mut self, line: &'t str) -> Option<()> {
        let mut rest = line.trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with('#') {
            return Some(());
        }
        let mut column = line.len() - rest.len();
        let mut is_item = false;
        while let Some(item) = rest.strip_prefix("- ") {
            self.item(column)?;
            column += 2;
            rest = item;
            is_item = true;
        }
        match split_key(rest) {
            Some((key, "")) => self.key(column, key),
            Some((key, value)) => {
                self.key(column, key)?;
                self.leaf(value.strip_prefix(' ')?)
            }
            None if is_item => self.leaf(rest),
            None => None,
        }
    }

    /// A dash.
    fn item(&mut self, column: usize) -> Option<()> {
        if self.awaits_value {
            let parent = self.open.last()?;
            let is_here = if parent.is_list { parent.column + 2 == column } else { parent.column == column };
            self.begin(column, true, is_here)?;
        } else {
            self.close(|level| level.column > column);
        }
        self.next(column, true)
    }

    fn key(&mut self, column: usize, key: &'t str) -> Option<()> {
        if self.awaits_value {
            let is_here = self.open.last().map_or(column == 0, |parent| parent.column + 2 == column);
            self.begin(column, false, is_here)?;
        } else {
            self.close(|level| level.column > column || (level.column == column && level.is_list));
        }
        self.next(column, false)?;
        let level = self.open.last_mut()?;
        if column == 0 {
            if self.root_keys.contains(&key) || self.root_keys.len() >= MAX_ROOT_KEYS {
                return None;
            }
            self.root_keys.push(key);
        } else if std::mem::replace(&mut level.last_key, key) >= key {
            return None;
        }
        self.json.push(b'"');
        self.json.extend_from_slice(key.as_bytes());
        self.json.extend_from_slice(b"\":");
        Some(())
    }

    fn begin(&mut self, column: usize, is_list: bool, is_here: bool) -> Option<()> {
        if !is_here || self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.json.push(if is_list { b'[' } else { b'{' });
        self.open.push(Level { column, is_list, is_empty: true, last_key: "" });
        self.awaits_value = false;
        Some(())
    }

    /// Ends what is innermost, as long as that is `ended`.
    fn close(&mut self, ended: impl Fn(&Level) -> bool) {
        while let Some(level) = self.open.pop_if(|level| ended(level)) {
            self.json.push(if level.is_list { b']' } else { b'}' });
        }
    }

    /// Before an item or a field of the level at `column`.
    fn next(&mut self, column: usize, is_list: bool) -> Option<()> {
        let level = self.open.last_mut().filter(|level| level.column == column && level.is_list == is_list)?;
        if !std::mem::replace(&mut level.is_empty, false) {
            self.json.push(b',');
        }
        self.awaits_value = true;
        Some(())
    }

    fn leaf(&mut self, text: &str) -> Option<()> {
        match text {
            "null" | "true" | "false" | "[]" | "{}" => self.json.extend_from_slice(text.as_bytes()),
            _ if text.starts_with('"') => self.quoted(text)?,
            _ if is_plain(text) => {
                self.json.push(b'"');
                self.json.extend_from_slice(text.as_bytes());
                self.json.push(b'"');
            }
            _ if is_integer(text) => self.json.extend_from_slice(text.as_bytes()),
            _ => return None,
        }
        self.awaits_value = false;
        Some(())
    }

    /// The escapes are JSON's too, but for those with eight digits.
    fn quoted(&mut self, text: &str) -> Option<()> {
        let mut rest = text.strip_prefix('"')?.strip_suffix('"')?;
        self.json.push(b'"');
        while let Some(at) = rest.find(|c: char| c == '\\' || c == '"' || is_escaped(c)) {
            let (before, escape) = rest.split_at(at);
            self.json.extend_from_slice(before.as_bytes());
            let code = |digits: usize| char::from_u32(u32::from_str_radix(escape.get(2..2 + digits)?, 16).ok()?);
            let length = match escape.as_bytes() {
                [b'\\', b'"' | b'\\' | b'n' | b't' | b'r', ..] => 2,
                [b'\\', b'u', b'0'..=b'9' | b'a'..=b'f', ..] => code(4).map(|_| 6)?,
                [b'\\', b'U', b'0', ..] => {
                    let c = code(8).filter(|c| !matches!(c, '\0'..='\x1f' | '"' | '\\'))?;
                    self.json.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = escape.get(10..)?;
                    continue;
                }
                _ => return None,
            };
            self.json.extend_from_slice(escape.get(..length)?.as_bytes());
            rest = escape.get(length..)?;
        }
        self.json.extend_from_slice(rest.as_bytes());
        self.json.push(b'"');
        Some(())
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if self.awaits_value {
            return None;
        }
        self.close(|_| true);
        Some(self.json)
    }
}

/// The key without its quotes, and what follows the colon: nothing, or a blank and the value. A key with escapes is not taken: it may be
/// another's name, written differently.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let (key, after) = match text.strip_prefix('"') {
        Some(quoted) => {
            let (key, after) = quoted.split_once('"')?;
            let (true, after) = (!key.contains(|c: char| c == '\\' || is_escaped(c)), after.strip_prefix(':')?) else { return None };
            (key, after)
        }
        None => text.split_once(':').filter(|(key, _)| is_plain(key))?,
    };
    (after.is_empty() || after.starts_with(' ')).then_some((key, after))
}

/// As JSON has it, and not so large that readers differ.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let is_number = !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit);
    is_number && text != "-0" && (digits.len() == 1 || digits.first() != Some(&b'0'))
}

#[cfg(test)]
mod tests;
