//! What BIRD's client prints: sessions with their details, the state of the daemon.

use super::facts::Summary;
use super::formats::Format;
use super::texts::TextKind;
use crate::calico::bird::HEADINGS;
use crate::calico::session::has_calico_name;

pub(super) const BIRDCL: Format = Format {
    name: "birdcl show protocols",
    better: "birdcl show protocols; birdcl show status",
    starts: |lines, _| lines.first().is_some_and(|line| is_bird(line) || is_session_row(line)),
    goes_on: is_bird_output,
    interrupts: true,
    restarts: false,
    read: |block, facts| {
        let rows = block.text.lines().filter(|line| line.contains(" BGP ")).count();
        // somebody took the rows alone
        let headless = block.text.lines().next().is_some_and(is_session_row);
        let text = if headless { format!("{}\n{}", HEADINGS.join(" "), block.text) } else { block.text.clone() };
        facts.text(TextKind::Birdcl, block.line, text, block.heading.clone(), None);
        Ok(Summary::new(crate::text::count(rows, "BGP session")))
    },
};

/// `Mesh_10_0_0_2 BGP      master   up     2026-12-13  Established`
fn is_session_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(5).collect();
    match words.as_slice() {
        [name, "BGP", _, state, since] => {
            has_calico_name(name) && ["up", "start", "down"].contains(state) && since.starts_with(|c: char| c.is_ascii_digit())
        }
        _ => false,
    }
}

fn is_bird(line: &str) -> bool {
    let line = line.trim();
    let words = || line.split_whitespace().map(str::to_ascii_lowercase);
    (line.starts_with("BIRD ") && (line.ends_with(" ready.") || line.split_whitespace().count() == 2))
        || line.starts_with("0001 BIRD ")
        || line.starts_with("2002-")
        || line.contains("Unable to connect to server control socket")
        || words().eq(HEADINGS)
}

/// Rows, their details, the answers to `show status`: everything else ends what BIRD said.
pub(super) fn is_bird_output(line: &str) -> bool {
    const STATUS: [&str; 9] = [
        "Router ID is",
        "Hostname is",
        "Current server time",
        "Last reboot",
        "Last reconfig",
        "Daemon is",
        "Graceful restart",
        "Wait",
        "(rc ",
    ];
    const PROTOS: [&str; 12] = ["BGP", "Kernel", "Device", "Direct", "Static", "Pipe", "OSPF", "RIP", "RAdv", "BFD", "RPKI", "Babel"];
    let is_code = || {
        line.get(..4).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
            && matches!(line.as_bytes().get(4), Some(b' ' | b'-'))
    };
    line.trim().is_empty()
        || line.starts_with([' ', '\t'])
        || line.split_whitespace().nth(1).is_some_and(|proto| PROTOS.contains(&proto))
        || STATUS.iter().any(|start| line.starts_with(start))
        || is_code()
        || is_bird(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bird_says_ends() {
        for (line, is) in [
            ("Mesh_10_0_0_1 BGP      master   up     09:58:01    Established", true),
            ("  Preference:     100", true),
            ("1002-static1  Static   master   up     09:58:01", true),
            ("Router ID is 10.0.0.1", true),
            ("pod/calico-node-aaaaa", false),
            ("Thanks for any help!", false),
        ] {
            assert_eq!(is_bird_output(line), is, "{line}");
        }
    }
}
