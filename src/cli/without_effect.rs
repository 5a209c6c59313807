//! Flags that would have no effect next to another one: an error, because whoever typed them expects an effect.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::UsageError;

struct Rule {
    /// The flag that leaves the others without effect.
    flag: &'static str,
    refuses: fn(&Arg) -> bool,
    why: &'static str,
}

/// Flags that matter where files are read.
const WITH_FILES: [&str; 17] = [
    "all",
    "calico_version",
    "ceiling",
    "emit",
    "fail_on",
    "fix",
    "format",
    "ipv6",
    "layout",
    "method",
    "no_headers",
    "node",
    "output",
    "peers",
    "save",
    "selector",
    "set",
];
/// Of these, everywhere.
const ALWAYS: [&str; 5] = ["color", "from", "no_color", "redact", "strategy"];

const RULES: [Rule; 7] = [
    Rule { flag: "from", refuses: |arg| !is(arg, &WITH_FILES), why: "files are read, no cluster is contacted and nothing is changed" },
    Rule { flag: "file", refuses: |arg| !is(arg, &["all", "format", "output"]), why: "files are read and no cluster is contacted" },
    Rule { flag: "client", refuses: |arg| !is(arg, &["output"]), why: "no cluster is contacted" },
    Rule { flag: "manifest", refuses: |arg| !is(arg, &[]), why: "the roles are printed and no cluster is contacted" },
    Rule { flag: "emit", refuses: is_change, why: "the change is printed, not applied" },
    Rule { flag: "calico_version", refuses: is_change, why: "a preview of another release changes nothing" },
    Rule { flag: "no_change", refuses: is_change, why: "nothing is changed" },
];

fn is(arg: &Arg, ids: &[&str]) -> bool {
    ids.contains(&arg.get_id().as_str())
}

fn is_change(arg: &Arg) -> bool {
    arg.get_help_heading() == Some("Change") && !is(arg, &["emit", "ceiling"])
}

/// Refuses the first flag that makes others meaningless, with their names.
pub(super) fn check(command: &Command, matches: &ArgMatches) -> Result<(), UsageError> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, below)) = matches.subcommand() {
        let Some(next) = command.find_subcommand(name) else { return Ok(()) };
        (command, matches) = (next, below);
    }
    let typed: Vec<&Arg> = command.get_arguments().filter(|arg| is_typed(matches, arg)).collect();
    for rule in &RULES {
        let Some(given) = typed.iter().find(|arg| is(arg, &[rule.flag])) else { continue };
        let refused = typed.iter().filter(|arg| arg.get_id() != given.get_id() && !is(arg, &ALWAYS) && (rule.refuses)(arg));
        let names: Vec<String> = refused.map(|arg| spoken(arg)).collect();
        if let Some((last, others)) = names.split_last() {
            let listed = if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
            let has = if others.is_empty() { "has" } else { "have" };
            let given = spoken(given);
            return Err(UsageError::Message {
                message: format!("{listed} {has} no effect with {given}: {}", rule.why),
                hint: format!("Remove {listed}, or remove {given}."),
            });
        }
    }
    Ok(())
}

fn is_typed(matches: &ArgMatches, arg: &Arg) -> bool {
    let id = arg.get_id().as_str();
    matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
}

fn spoken(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| arg.get_id().to_string(), |long| format!("--{long}"))
}

#[cfg(test)]
mod tests {
    use super::super::Invocation;

    fn refusal(line: &str) -> Option<String> {
        let words = std::iter::once("kubectl-calico_fix").chain(line.split_whitespace()).map(Into::into);
        Invocation::Plugin.parse(words).err().map(|error| error.to_string())
    }

    #[test]
    fn what_has_no_effect_is_named() {
        for (line, expected) in [
            (
                "autodetect --from F --out P",
                "--out has no effect with --from: files are read, no cluster is contacted and nothing is changed",
            ),
            ("autodetect --from F --yes --context c", "--yes and --context have no effect with --from"),
            ("autodetect --from F --dry-run=server", "--dry-run has no effect with --from"),
            ("--context c autodetect --from F", "--context has no effect with --from"),
            ("probes --from F --no-wait --canary n", "--no-wait and --canary have no effect with --from"),
            ("probes --from F -n kube-system", "--namespace has no effect with --from"),
            ("debug-log --from F --attempts 3", "--attempts has no effect with --from"),
            ("debug-log --file F --kubeconfig k", "--kubeconfig has no effect with --file"),
            ("status --from F --daemonset d", "--daemonset has no effect with --from"),
            ("node status --from F --context c", "--context has no effect with --from"),
            ("version --client --server https://x", "--server has no effect with --client"),
            ("can-i --manifest view --as u", "--as has no effect with --manifest"),
            ("autodetect --emit helm --yes", "--yes has no effect with --emit: the change is printed, not applied"),
            ("autodetect --calico-version v3.31.0 --yes", "--yes has no effect with --calico-version"),
            ("debug-log --no-change --timeout 9m", "--timeout has no effect with --no-change"),
        ] {
            let said = refusal(line).unwrap_or_else(|| panic!("{line} was taken"));
            assert!(said.starts_with(expected), "{line}: {said}");
        }
    }

    #[test]
    fn what_has_an_effect_is_taken() {
        for line in [
            "status --from F --node n --peers --all -o json --no-color --fail-on error --save S --redact",
            "autodetect --from F --method first-found --ipv6 --emit helm",
            "autodetect --from F --calico-version v3.31.0 -l a=b --no-headers",
            "probes --from F --set startup.periodSeconds=2 --ceiling 10m -o yaml",
            "debug-log --file F --output out -o json --all",
            "version --client -o json",
            "can-i --manifest view,edit",
            "autodetect --emit helm --context c",
            "node status --from F --layout old --node n",
        ] {
            assert_eq!(refusal(line), None, "{line}");
        }
    }
}
