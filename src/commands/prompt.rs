//! Asks questions at the terminal. No other code reads from it.

use std::io::{self, IsTerminal};

use dialoguer::Input;
use dialoguer::theme::SimpleTheme;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Ctrl-C, which the terminal gives to whoever reads it.
    Interrupted,
    /// Nobody can be asked.
    NoTerminal,
}

/// As `kubectl delete -i` asks: everything but y or yes means no (kubectl pkg/cmd/util/helpers.go).
pub(super) fn confirm() -> io::Result<Answer> {
    ask("Do you want to continue?")
}

/// A person can be asked. Where the page goes into a pager, the pager reads the terminal.
pub(super) fn can_ask() -> bool {
    not_a_terminal().is_none()
}

/// The stream because of which nobody can be asked.
pub(super) fn not_a_terminal() -> Option<&'static str> {
    let streams = [("stdin", io::stdin().is_terminal()), ("stdout", io::stdout().is_terminal()), ("stderr", io::stderr().is_terminal())];
    streams.into_iter().find_map(|(name, is_terminal)| (!is_terminal).then_some(name))
}

pub(super) fn ask(question: &str) -> io::Result<Answer> {
    if !can_ask() {
        return Ok(Answer::NoTerminal);
    }
    let input = Input::<String>::with_theme(&SimpleTheme).with_prompt(format!("{question} (y/N)")).allow_empty(true);
    match input.interact_text() {
        Ok(text) => Ok(read(&text)),
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Answer::No),
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(Answer::Interrupted),
        Err(dialoguer::Error::IO(error)) => Err(error),
    }
}

fn read(text: &str) -> Answer {
    if matches!(text.trim().to_ascii_lowercase().as_str(), "y" | "yes") { Answer::Yes } else { Answer::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (text, expected) in [
            ("y", Answer::Yes),
            ("Y", Answer::Yes),
            ("yes\n", Answer::Yes),
            ("", Answer::No),
            ("n", Answer::No),
            ("yy", Answer::No),
            ("ye", Answer::No),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }
}
