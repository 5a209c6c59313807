//! YAML and JSON within a page: whole objects, and the probe that somebody cut out of a DaemonSet.

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::prompt::Heading;

pub(super) const OBJECTS: Format = Format {
    name: "kubectl get -o yaml",
    better: "kubectl get nodes,daemonsets,pods,events -A -o yaml",
    starts: |lines, _| {
        let first = lines.first().copied().unwrap_or_default();
        let object = |line: &&str| line.starts_with("apiVersion:") || line.starts_with("kind:");
        // of a list the kind stands at the end
        let is_list = lines.get(1).is_some_and(|line| line.starts_with("items:"));
        (object(&first) && (is_list || lines.iter().take(6).filter(|line| object(line)).count() > 1))
            || (first.trim() == "---" && lines.get(1).is_some_and(object))
            || (first.trim_start().starts_with('{')
                && lines.iter().take(8).any(|line| line.contains("\"apiVersion\"") || line.contains("\"kind\"")))
    },
    // nothing in an object begins in the first column but keys, items and braces
    goes_on: |line| {
        line.is_empty()
            || line.starts_with([' ', '-', '}', ']', '#'])
            || line.split_once(':').is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    },
    interrupts: false,
    restarts: false,
    read: |block, facts| {
        let count = read(&block.text, &block.heading, facts)?;
        Ok(Summary::new(crate::text::count(count, "object")))
    },
};

/// An empty list may say no more than `List`: what was asked for tells of what.
fn read(text: &str, heading: &Heading, facts: &mut Facts) -> Result<usize, String> {
    let asked = heading.command.split_whitespace().skip_while(|word| *word != "get").nth(1);
    let file = asked.map_or_else(|| facts.file.clone(), str::to_owned);
    let before = facts.objects.taken;
    if text.trim_start().starts_with(['{', '[']) {
        super::documents::json(&mut facts.objects, &file, text)?;
    } else {
        super::documents::yaml(&mut facts.objects, &file, text)?;
    }
    match facts.objects.problem.take() {
        Some(problem) => Err(problem),
        None => Ok(facts.objects.taken - before),
    }
}
