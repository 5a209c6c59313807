//! Help pages in kubectl's manner: usage first, then examples, then one line for each flag.
//!
//! `-h` and `--help` print the same page. Long texts and the other examples are in the man pages.

use std::fmt::Write;

use clap::builder::StyledStr;
use clap::builder::styling::Style;
use clap::{Arg, ArgAction, Command};

use super::examples;

/// Columns of a terminal that nobody has widened.
pub const WIDTH: usize = 80;
/// Lines of a page, so that little of it scrolls away.
pub const LINES: usize = 40;

/// The heading of kubectl's connection flags. They are printed by `options` only.
pub const CONNECTION: &str = "Connection";

const BOLD: Style = Style::new().bold();

/// Every verb, by what it is for.
pub const GROUPS: [(&str, &[&str]); 3] = [
    ("Diagnose", &["status", "debug-log", "explain", "can-i"]),
    ("Fix", &["autodetect", "probes", "apply", "undo"]),
    ("More", &["node", "completion", "man", "options", "version", "help"]),
];

const HOW_IT_CHANGES: &str = "\
Commands that make a change show a diff and ask first. They change one node,
verify it, then continue. If verification fails, they roll the change back.";

/// Gives the command and each command below it that `is_wanted` its page and its examples. `name` is what the program was called by.
pub fn add(command: Command, name: &str, is_wanted: &dyn Fn(&str) -> bool) -> Command {
    with_pages(command, name, name, is_wanted)
}

fn with_pages(command: Command, name: &str, spoken: &str, is_wanted: &dyn Fn(&str) -> bool) -> Command {
    let command = with_page(command, name, spoken);
    let below: Vec<String> = command.get_subcommands().map(Command::get_name).filter(|verb| is_wanted(verb)).map(str::to_owned).collect();
    below.into_iter().fold(command, |command, verb| {
        command.mut_subcommand(&verb, |below| with_pages(below, name, &format!("{spoken} {verb}"), is_wanted))
    })
}

fn with_page(command: Command, name: &str, spoken: &str) -> Command {
    let verb = spoken.strip_prefix(name).unwrap_or_default().trim_start();
    let listed = examples::examples(verb);
    let help = Arg::new("help").short('h').long("help").help("Print this help").action(ArgAction::Help);
    let text = page(&command, name, spoken, listed);
    let command = command.disable_help_flag(true).arg(help).override_help(StyledStr::from(text));
    // For the man page, which has room for all of them.
    let all: Vec<String> = listed.iter().map(|(what, line)| format!("  # {what}\n  {}", line.replace('%', name))).collect();
    command.before_help(all.join("\n\n"))
}

fn page(command: &Command, name: &str, spoken: &str, listed: &[(&str, &str)]) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let head = format!("{about}\n\n{}\n  {spoken}{}\n", heading("Usage"), usage(command));
    let mut body = String::new();
    if command.has_subcommands() && spoken == name {
        body += &groups(command);
        body += &format!("\n{HOW_IT_CHANGES}\n");
    } else if command.has_subcommands() {
        body += &format!("\n{}\n{}", heading("Commands"), rows(&verbs(command)));
    }
    for (title, args) in sections(command) {
        let args: Vec<_> = args.into_iter().map(|arg| (left(arg), short_help(arg))).collect();
        body += &format!("\n{}\n{}", heading(&title), rows(&args));
    }
    let foot = foot(name, spoken);
    let room = LINES.saturating_sub(head.lines().count() + body.lines().count() + foot.lines().count() + 2);
    head + &some(listed, name, room) + &body + &foot
}

fn foot(name: &str, spoken: &str) -> String {
    let page = spoken.replace(' ', "-");
    if spoken == name {
        return format!("\nUse \"{name} help COMMAND\" for one command.\nFor connection flags (--context, ...): {name} options\n");
    }
    format!("\nMore flags (--context, --color, ...): {name} options\nManual page: man {page}\n")
}

/// As many examples as there is room for.
fn some(listed: &[(&str, &str)], name: &str, room: usize) -> String {
    let mut text = String::new();
    for (what, line) in listed {
        let example = format!("  # {what}\n  {}\n", line.replace('%', name));
        if text.lines().count() + example.lines().count() > room {
            break;
        }
        text += &example;
    }
    if text.is_empty() { text } else { format!("\n{}\n{text}", heading("Examples")) }
}

fn heading(text: &str) -> String {
    format!("{BOLD}{text}:{BOLD:#}")
}

/// What follows the command's name.
pub fn usage(command: &Command) -> String {
    let mut usage = String::new();
    for arg in command.get_positionals() {
        let name = value(arg);
        let name = if arg.get_num_args().is_some_and(|count| count.max_values() > 1) { format!("{name}...") } else { name };
        usage += &if arg.is_required_set() { format!(" {name}") } else { format!(" [{name}]") };
    }
    if command.has_subcommands() {
        usage += " COMMAND";
    }
    usage + " [flags]"
}

fn verbs(command: &Command) -> Vec<(String, String)> {
    let row = |command: &Command| (command.get_name().to_owned(), command.get_about().map(ToString::to_string).unwrap_or_default());
    command.get_subcommands().filter(|command| !command.is_hide_set()).map(row).collect()
}

fn groups(command: &Command) -> String {
    let mut known = verbs(command);
    // clap's own, and not there until it builds the command.
    known.push(("help".to_owned(), "Show the help of a command".to_owned()));
    let width = known.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "\n{}", heading(title));
        for (name, about) in names.iter().filter_map(|name| known.iter().find(|(known, _)| known == name)) {
            let _ = writeln!(text, "  {name:width$}  {about}");
        }
    }
    text
}

/// Flags by their heading, without those that `options` prints.
fn sections(command: &Command) -> Vec<(String, Vec<&Arg>)> {
    let mut sections: Vec<(String, Vec<&Arg>)> = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_hide_short_help_set()) {
        let title = match arg.get_help_heading() {
            Some(CONNECTION) => continue,
            Some(title) => title,
            None if arg.is_positional() => "Arguments",
            None => "Flags",
        };
        match sections.iter_mut().find(|(known, _)| known == title) {
            Some((_, args)) => args.push(arg),
            None => sections.push((title.to_owned(), vec![arg])),
        }
    }
    sections
}

fn rows(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or_default();
    rows.iter().map(|(left, help)| format!("  {left:width$}  {help}\n")).collect()
}

fn value(arg: &Arg) -> String {
    let names: Vec<&str> = arg.get_value_names().unwrap_or_default().iter().map(|name| name.as_str()).collect();
    if names.is_empty() { arg.get_id().as_str().to_uppercase() } else { names.join(" ") }
}

fn left(arg: &Arg) -> String {
    let Some(long) = arg.get_long() else {
        return match arg.get_short() {
            Some(short) => format!("-{short} {}", value(arg)),
            None => value(arg),
        };
    };
    let short = arg.get_short().map_or("    ".to_owned(), |short| format!("-{short}, "));
    match (arg.get_action().takes_values(), arg.is_require_equals_set()) {
        (false, _) => format!("{short}--{long}"),
        (true, true) => format!("{short}--{long}[={}]", value(arg)),
        (true, false) => format!("{short}--{long} {}", value(arg)),
    }
}

fn short_help(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default = arg.get_default_values().first().filter(|_| arg.get_action().takes_values() && !arg.is_hide_default_value_set());
    default.map_or(help.clone(), |default| format!("{help} [default: {}]", default.to_string_lossy()))
}

/// The page of `options`: kubectl's connection flags, and the flags that most commands share.
pub fn options(command: &Command, name: &str) -> String {
    let mut shared: Vec<(String, String)> = Vec::new();
    for arg in command.get_subcommands().flat_map(Command::get_arguments).filter(|arg| arg.is_hide_short_help_set() && !arg.is_hide_set()) {
        let row = (left(arg), short_help(arg));
        if !shared.iter().any(|(left, _)| *left == row.0) {
            shared.push(row);
        }
    }
    let connection = command.get_arguments().filter(|arg| arg.get_help_heading() == Some(CONNECTION));
    let connection: Vec<_> = connection.map(|arg| (left(arg), short_help(arg))).collect();
    format!(
        "{}\n{}\n{}\n{}\nExample: {name} status --context NAME\n",
        heading("Connection, for every command"),
        rows(&connection),
        heading("Reading and output, for most commands"),
        rows(&shared),
    )
}
