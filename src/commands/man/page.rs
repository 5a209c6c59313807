//! Manual pages in man(7): all flags with their long texts, all examples, exit codes, environment and files.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::cli::environment_docs::{FILES, VARIABLES};
use crate::cli::help;
use crate::exit::CODES;

/// Date of the last change to the texts. A build date would change every page with every release.
const DATE: &str = "2026-11-24";
/// Columns of a line of the source.
const WIDTH: usize = 78;

/// A page for the command and one for each command below it: file name and text.
pub fn pages(command: &Command) -> Vec<(String, String)> {
    let mut below: Vec<&Command> =
        command.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help").collect();
    below.sort_by_key(|command| command.get_display_order());
    let mut all = vec![(format!("{}.1", title(command)), Page::of(command, &below))];
    all.extend(below.into_iter().flat_map(pages));
    all
}

fn title(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-")
}

/// The command as it is typed.
fn spoken(command: &Command) -> &str {
    command.get_bin_name().unwrap_or_else(|| command.get_name())
}

struct Page(String);

impl Page {
    fn of(command: &Command, below: &[&Command]) -> String {
        let mut page = Self(String::new());
        let title = title(command);
        page.line(&format!(".TH {} 1 {DATE} \"kubectl calico\\-fix\" \"User Commands\"", escape(&title.to_uppercase())));
        // People search for flags and field names: do not hyphenate them.
        page.line(".nr HY 0");
        page.line(".hy 0");
        page.line(".ad l");
        page.section("NAME");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        page.text(&format!("{title} - {}", about.trim_end_matches('.')));
        page.section("SYNOPSIS");
        page.usage(command);
        page.examples(command);
        if let Some(text) = command.get_long_about().map(ToString::to_string) {
            page.section("DESCRIPTION");
            // The first paragraph is in NAME.
            page.paragraphs(text.split_once("\n\n").map_or(&text, |(_, rest)| rest));
        }
        if !below.is_empty() {
            page.section("COMMANDS");
            for command in below {
                page.item(
                    &format!("\\fB{}\\fR(1)", escape(&self::title(command))),
                    &command.get_about().map(ToString::to_string).unwrap_or_default(),
                );
            }
        }
        page.options(command);
        match title.strip_prefix("kubectl-").unwrap_or(&title) {
            "calico-fix" => page.surroundings(),
            _ => page.points_to(if title.starts_with("kubectl-") { "kubectl-calico-fix" } else { "calico-fix" }),
        }
        page.0
    }

    fn line(&mut self, line: &str) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn section(&mut self, name: &str) {
        self.line(&format!(".SH {name}"));
    }

    fn text(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace().map(escape) {
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
                self.line(&std::mem::take(&mut line));
            }
            // roff takes such a line for a macro.
            line += if !line.is_empty() {
                " "
            } else if word.starts_with(['.', '\'']) {
                "\\&"
            } else {
                ""
            };
            line += &word;
        }
        if !line.is_empty() {
            self.line(&line);
        }
    }

    fn paragraphs(&mut self, text: &str) {
        for (number, paragraph) in text.split("\n\n").enumerate() {
            if number > 0 {
                self.line(".PP");
            }
            self.text(paragraph);
        }
    }

    fn usage(&mut self, command: &Command) {
        self.line(&format!("\\fB{}\\fR", escape(spoken(command))));
        self.line(&escape(help::usage(command).trim_start()));
    }

    /// Each example is a comment, then the lines to type.
    fn examples(&mut self, command: &Command) {
        let Some(text) = command.get_before_help().map(ToString::to_string) else { return };
        self.section("EXAMPLES");
        for (number, example) in text.trim_start_matches("Examples:\n").split("\n\n").enumerate() {
            let mut lines = example.lines().map(str::trim_start);
            if number > 0 {
                self.line(".PP");
            }
            self.text(lines.next().unwrap_or_default().trim_start_matches("# "));
            self.line(".RS 4");
            self.line(".EX");
            lines.for_each(|line| self.line(&escape(line)));
            self.line(".EE");
            self.line(".RE");
        }
    }

    fn options(&mut self, command: &Command) {
        let shown = |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version";
        let mut headings: Vec<&str> = Vec::new();
        for arg in command.get_arguments().filter(shown) {
            let heading = heading(arg);
            if !headings.contains(&heading) {
                headings.push(heading);
            }
        }
        headings.sort_by_key(|heading| ["ARGUMENTS", "OPTIONS"].iter().position(|first| first == heading).unwrap_or(usize::MAX));
        for name in headings {
            self.section(&name.to_uppercase());
            for arg in command.get_arguments().filter(shown).filter(|arg| heading(arg) == name) {
                self.item(&flag(arg), &meaning(arg));
                self.possible(arg);
            }
        }
    }

    /// Values that have an explanation.
    fn possible(&mut self, arg: &Arg) {
        let values = arg.get_possible_values();
        if !values.iter().any(|value| value.get_help().is_some()) {
            return;
        }
        self.line(".RS");
        for value in values {
            let help = value.get_help().map(ToString::to_string).unwrap_or_else(|| "\u{2014}".to_owned());
            self.item(&format!("\\fB{}\\fR", escape(value.get_name())), &help);
        }
        self.line(".RE");
    }

    fn item(&mut self, head: &str, text: &str) {
        self.line(".TP");
        self.line(head);
        self.text(text);
    }

    fn points_to(&mut self, overview: &str) {
        self.section("EXIT STATUS");
        self.text(&format!("The same for every command: see {overview}(1)."));
        self.section("SEE ALSO");
        self.line(&format!("\\fB{}\\fR(1)", escape(overview)));
    }

    fn surroundings(&mut self) {
        self.section("EXIT STATUS");
        for (code, meaning) in CODES {
            self.item(&format!("\\fB{code}\\fR"), meaning);
        }
        self.line(".PP");
        self.text("Through kubectl on Windows every code but 0 arrives as 1.");
        self.section("ENVIRONMENT");
        for (name, meaning) in VARIABLES {
            self.item(&format!("\\fB{}\\fR", escape(name)), meaning);
        }
        self.section("FILES");
        for (path, meaning) in FILES {
            self.item(&format!("\\fI{}\\fR", escape(path)), meaning);
        }
        self.section("SEE ALSO");
        self.line("\\fBkubectl\\fR(1)");
    }
}

fn heading(arg: &Arg) -> &str {
    arg.get_help_heading().unwrap_or(if arg.is_positional() { "ARGUMENTS" } else { "OPTIONS" })
}

fn flag(arg: &Arg) -> String {
    let names: Vec<&str> = arg.get_value_names().unwrap_or_default().iter().map(|name| name.as_str()).collect();
    let value = escape(&names.join(" "));
    if arg.is_positional() {
        let dots = if arg.get_num_args().is_some_and(|number| number.max_values() > 1) { " ..." } else { "" };
        return format!("\\fI{value}\\fR{dots}");
    }
    let short = arg.get_short().map(|short| format!("\\fB\\-{short}\\fR"));
    let long = arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", escape(long)));
    let head = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    match (arg.get_action().takes_values(), arg.is_require_equals_set()) {
        (false, _) => head,
        (true, true) => format!("{head}[=\\fI{value}\\fR]"),
        (true, false) => format!("{head} \\fI{value}\\fR"),
    }
}

/// The long help, with possible values and the default in brackets.
fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    if !values.is_empty()
        && values.iter().all(|value| value.get_help().is_none())
        && arg.get_action().takes_values()
        && !arg.is_hide_possible_values_set()
    {
        text += &format!(" [possible values: {}]", values.iter().map(|value| value.get_name()).collect::<Vec<_>>().join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() && !arg.is_hide_default_value_set() {
        text += &format!(" [default: {}]", defaults.join(","));
    }
    text
}

/// Escapes what roff would interpret, or print as a typographic sign.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            '\u{2026}' => escaped.push_str("..."),
            other => escaped.push(other),
        }
    }
    escaped
}
