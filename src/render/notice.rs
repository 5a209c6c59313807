//! Messages on stderr: warnings, and what happens in a rollout.

use std::io::{self, Write};

use super::style::{ColorWhen, Style, Tone};
use crate::text;

/// Columns by which the further lines of a message are indented.
const FURTHER: usize = 2;

/// A message without a colour, for the terminal that stderr is.
pub fn plain(message: &str, err: &mut dyn Write) -> io::Result<()> {
    write(Tone::Plain, message, &Style::of_stderr(ColorWhen::Never), err)
}

/// One message, broken between words where the terminal is narrow. Commands and names stay whole, so that they can be copied.
pub fn write(tone: Tone, message: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let message = text::clean(message);
    if text::width(&message) <= style.room(0) {
        return writeln!(out, "{}", style.paint(tone, &message));
    }
    let mut indent = message.len() - message.trim_start().len();
    for line in text::wrap(&message, style.room(indent + FURTHER)) {
        writeln!(out, "{:indent$}{}", "", style.paint(tone, &line))?;
        indent = indent.max(FURTHER);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_breaks_between_words() {
        let printed = |columns| {
            let mut out = Vec::new();
            let style = Style { width: columns, ..Style::default() };
            write(Tone::Plain, "daemonset.apps/calico-node patched: the other\nnodes follow", &style, &mut out).expect("writes");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(printed(None), "daemonset.apps/calico-node patched: the other nodes follow\n");
        assert_eq!(printed(Some(68)), "daemonset.apps/calico-node patched: the other nodes follow\n");
        assert_eq!(printed(Some(48)), "daemonset.apps/calico-node patched: the other\n  nodes follow\n");
    }

    #[test]
    fn blanks_of_a_line_that_fits_stay_and_a_command_is_whole() {
        let printed = |message: &str| {
            let mut out = Vec::new();
            write(Tone::Plain, message, &Style { width: Some(40), ..Style::default() }, &mut out).expect("writes");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(printed("09:34:02Z  waiting: UNHEALTHY"), "09:34:02Z  waiting: UNHEALTHY\n");
        assert_eq!(printed("  nodes.yaml: kubectl get nodes -o yaml"), "  nodes.yaml: kubectl get nodes -o yaml\n");
        assert_eq!(
            printed("Finish a change with: kubectl calico-fix apply --resume"),
            "Finish a change with:\n  kubectl calico-fix apply --resume\n"
        );
    }
}
