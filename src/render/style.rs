//! When colour is used, by kubectl's rules, and how wide a line may be.

use std::io::IsTerminal;

/// What a piece of text says, not how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Strong,
    Good,
    Bad,
    Doubtful,
    Aside,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorWhen {
    #[default]
    Auto,
    Always,
    Never,
}

/// How to write to one stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub colour: bool,
    /// Columns of the terminal; a pipe or file has no width, so that its lines stay whole for `grep`.
    pub width: Option<usize>,
    /// Names are not shortened to fit the width: `-o wide`.
    pub full_names: bool,
}

impl Style {
    pub fn of_stdout(when: ColorWhen) -> Self {
        Self::decide(when, std::io::stdout().is_terminal(), |name| std::env::var_os(name), terminal_columns())
    }

    pub fn of_stderr(when: ColorWhen) -> Self {
        Self::decide(when, std::io::stderr().is_terminal(), |name| std::env::var_os(name), terminal_columns())
    }

    /// kubectl (cli-runtime printers/terminal.go): a terminal, TERM is not `dumb`, and NO_COLOR is not set at all, be it to nothing.
    fn decide(when: ColorWhen, terminal: bool, variable: impl Fn(&str) -> Option<std::ffi::OsString>, columns: Option<usize>) -> Self {
        let allowed = || terminal && variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|term| term != "dumb");
        let colour = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => allowed(),
        };
        Self { colour, width: columns.filter(|_| terminal), full_names: false }
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        use anstyle::{AnsiColor, Style as Ansi};
        let style = match tone {
            Tone::Plain => Ansi::new(),
            Tone::Strong => Ansi::new().bold(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Doubtful => AnsiColor::Yellow.on_default(),
            Tone::Aside => Ansi::new().dimmed(),
        };
        if self.colour && !text.is_empty() && !style.is_plain() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The columns left for text that is indented by this many, never too few to read.
    pub fn room(&self, indent: usize) -> usize {
        self.width.map_or(usize::MAX, |columns| columns.saturating_sub(indent).max(20))
    }
}

/// Rows of the terminal, where there is one.
pub fn terminal_rows() -> Option<usize> {
    terminal_size::terminal_size().map(|(_, terminal_size::Height(rows))| usize::from(rows))
}

fn terminal_columns() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_as_kubectl_has_it() {
        let with = |when, terminal, set: &'static [(&'static str, &'static str)]| {
            Style::decide(when, terminal, |name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()), Some(80)).colour
        };
        use ColorWhen::*;
        for (when, terminal, set, colour) in [
            (Auto, true, &[("TERM", "xterm")][..], true),
            (Auto, true, &[], true),
            (Auto, false, &[], false),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], false),
            (Always, false, &[("NO_COLOR", "1")], true),
            (Never, true, &[], false),
        ] {
            assert_eq!(with(when, terminal, set), colour, "{when:?} {terminal} {set:?}");
        }
    }

    #[test]
    fn a_pipe_has_no_width() {
        let style = |terminal| Style::decide(ColorWhen::Auto, terminal, |_| None, Some(80));
        assert_eq!(style(true).width, Some(80));
        assert_eq!(style(false).width, None);
    }

    #[test]
    fn plain_without_colour() {
        assert_eq!(Style::default().paint(Tone::Bad, "x"), "x");
        assert_eq!(Style { colour: true, ..Style::default() }.paint(Tone::Doubtful, "x"), "\u{1b}[33mx\u{1b}[0m");
    }
}
