//! One answer to a shell: `value<TAB>description` line by line, and last `:N`, cobra's ShellCompDirective, as kubectl reads it.

use std::ffi::OsString;
use std::io::Write;

use clap::FromArgMatches;
use clap_complete::CompletionCandidate;
use clap_complete::engine::complete;

use super::values;
use crate::cli::Invocation;
use crate::cli::connection::ConnectionFlags;
use crate::exit::{Failure, Outcome};
use crate::streams::Streams;
use crate::text;

const NO_SPACE: u8 = 2;
const NO_FILES: u8 = 4;

/// What a candidate stands for, where a value is joined to its flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `--context=admin`
    Word,
    /// `admin`: cobra's scripts, kubectl's among them, put the flag before it themselves.
    Value,
}

/// The words behind the program's name, the last as far as it is typed.
pub struct Question {
    name: Invocation,
    words: Vec<OsString>,
    form: Form,
}

impl Question {
    pub fn new(name: Invocation, words: &[OsString], form: Form) -> Self {
        let words = if words.is_empty() { vec![OsString::new()] } else { words.to_vec() };
        Self { name, words, form }
    }

    /// What stands before every candidate and is not told.
    fn flag(&self) -> &str {
        let typed = self.last();
        match typed.find('=').filter(|_| self.form == Form::Value && typed.starts_with('-')) {
            Some(at) => &typed[..=at],
            None => "",
        }
    }

    fn last(&self) -> &str {
        self.words.last().and_then(|word| word.to_str()).unwrap_or_default()
    }
}

/// Never prints an error: if a value cannot be completed, the answer has no candidates.
pub fn answer(question: &Question, streams: &mut Streams) -> Result<Outcome, Failure> {
    let found = candidates(question);
    let files = found.iter().any(|candidate| candidate.get_value().to_string_lossy().ends_with(values::FILES));
    if files {
        writeln!(streams.out, ":0")?;
        return Ok(Outcome::Done);
    }
    let found = wanted(found, question.last());
    let mut directive = NO_FILES;
    if !found.is_empty() && found.iter().all(|candidate| candidate.get_value().to_string_lossy().ends_with('=')) {
        directive |= NO_SPACE;
    }
    for candidate in found {
        let help = candidate.get_help().map(|help| help.to_string()).unwrap_or_default();
        let value = candidate.get_value().to_string_lossy();
        let value = value.strip_prefix(question.flag()).unwrap_or(&value);
        match help.lines().next().map(text::clean).filter(|line| !line.is_empty()) {
            Some(line) => writeln!(streams.out, "{value}\t{line}")?,
            None => writeln!(streams.out, "{value}")?,
        }
    }
    writeln!(streams.out, ":{directive}")?;
    Ok(Outcome::Done)
}

fn candidates(question: &Question) -> Vec<CompletionCandidate> {
    let Question { name, words, .. } = question;
    let all: Vec<OsString> = [&[name.program().into()], words.as_slice()].concat();
    let index = words.len();
    let before = all.get(..index).unwrap_or_default();
    let mut command = values::attach(name.command(), &connection(*name, before));
    complete(&mut command, all, index, None).unwrap_or_default()
}

/// The flags typed so far choose the cluster whose names are offered.
fn connection(name: Invocation, typed: &[OsString]) -> ConnectionFlags {
    let matches = name.command().ignore_errors(true).try_get_matches_from(typed);
    matches.ok().and_then(|matches| ConnectionFlags::from_arg_matches(&matches).ok()).unwrap_or_default()
}

/// Before a dash is typed only words, where there are any, else the command's own flags; short flags only behind a single dash.
fn wanted(mut found: Vec<CompletionCandidate>, typed: &str) -> Vec<CompletionCandidate> {
    let is_flag = |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with('-');
    let is_short = |candidate: &CompletionCandidate| is_flag(candidate) && !candidate.get_value().to_string_lossy().starts_with("--");
    let of_connection = |candidate: &CompletionCandidate| candidate.get_tag().is_some_and(|tag| tag.to_string() == "Connection");
    if typed.is_empty() {
        let words = found.iter().any(|candidate| !is_flag(candidate));
        found.retain(|candidate| !is_flag(candidate) || (!words && !of_connection(candidate)));
    }
    if typed != "-" {
        found.retain(|candidate| !is_short(candidate));
    }
    found
}
