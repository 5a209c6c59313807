//! `kubectl describe` as a tree: what is indented below a line belongs to it.

/// Lines of one description; a pod with hundreds of variables has fewer.
const MAX_LINES: usize = 20_000;
const MAX_DEPTH: usize = 24;

#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    /// The whole line without its indentation.
    pub text: &'a str,
    pub children: Vec<Entry<'a>>,
}

impl<'a> Entry<'a> {
    /// Parses lines, each below the nearest line above with less indentation.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let mut open: Vec<(usize, Entry<'a>)> = vec![(0, Entry::default())];
        for (count, line) in text.lines().enumerate() {
            if count == MAX_LINES {
                return Err(format!("more than {MAX_LINES} lines"));
            }
            let inner = line.trim();
            if inner.is_empty() {
                continue;
            }
            let indent = line.len() - line.trim_start().len() + 1;
            while open.len() > 1 && open.last().is_some_and(|(depth, _)| *depth >= indent) {
                close(&mut open);
            }
            if open.len() > MAX_DEPTH {
                close(&mut open);
            }
            open.push((indent, Entry { text: inner, children: Vec::new() }));
        }
        while open.len() > 1 {
            close(&mut open);
        }
        Ok(open.pop().map(|(_, root)| root).unwrap_or_default())
    }

    /// What stands before the colon.
    pub(super) fn key(&self) -> &'a str {
        self.text.split_once(':').map_or(self.text, |(key, _)| key)
    }

    /// What stands behind the colon; `None` for `<none>`, `<unset>` and nothing.
    pub(super) fn value(&self) -> Option<&'a str> {
        let value = self.text.split_once(':')?.1.trim();
        (!matches!(value, "" | "<none>" | "<unset>" | "<nil>")).then_some(value)
    }

    pub(super) fn child(&self, key: &str) -> Option<&Entry<'a>> {
        self.children.iter().find(|child| child.key() == key)
    }

    /// The value of a child.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.child(key)?.value()
    }

    /// This line and all below it, in the text's order.
    pub(super) fn flatten(&self, into: &mut Vec<&'a str>) {
        into.push(self.text);
        self.children.iter().for_each(|child| child.flatten(into));
    }

    /// `Labels:  a=b` and the lines below, or one line for each.
    pub(super) fn pairs(&self, key: &str, separator: &str) -> serde_json::Map<String, serde_json::Value> {
        let Some(entry) = self.child(key) else { return serde_json::Map::new() };
        let lines = entry.value().into_iter().chain(entry.children.iter().map(|child| child.text));
        lines.filter_map(|line| line.split_once(separator)).map(|(key, value)| (key.trim().to_owned(), value.trim().into())).collect()
    }
}

fn close<'a>(open: &mut Vec<(usize, Entry<'a>)>) {
    if let (Some((_, entry)), Some((_, parent))) = (open.pop(), open.last_mut()) {
        parent.children.push(entry);
    }
}
