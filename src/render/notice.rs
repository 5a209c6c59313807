//! Messages on stderr: warnings, and what happens in a rollout.

use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::text;

/// Columns by which the further lines of a message are indented.
const FURTHER: usize = 2;

/// One message, broken between words where the terminal is narrow. Commands and names stay whole, so that they can be copied.
pub fn write(tone: Tone, message: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let message = text::clean(message);
    let mut start = "";
    for line in text::wrap(&message, style.room(FURTHER)) {
        writeln!(out, "{start}{}", style.paint(tone, &line))?;
        start = "  ";
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
        assert_eq!(printed(Some(48)), "daemonset.apps/calico-node patched: the other\n  nodes follow\n");
    }
}
