//! What to type instead, for mistakes that clap alone cannot explain.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Words that people try, and what they mean by them; `PLUGIN` stands for the name it was called by.
const MEANT: [(&[&str], &str); 5] = [
    (
        &["fix", "repair", "heal", "patch", "set"],
        "Wrong node addresses are fixed with: PLUGIN autodetect. Starts that are killed with: PLUGIN probes. See which: PLUGIN status",
    ),
    (&["check", "diagnose", "doctor", "get", "list", "nodes", "health", "show"], "Diagnose with: PLUGIN status"),
    (&["rollback", "revert", "restore", "rollout"], "Roll back the last change with: PLUGIN undo"),
    (&["log", "logs", "debug"], "Explain why calico-node does not start with: PLUGIN debug-log"),
    (&["plan", "dry-run", "preview", "diff"], "Preview a change with: PLUGIN autodetect --dry-run, or PLUGIN probes --dry-run"),
];

const START: &str = "Start with: PLUGIN status";
const NODE_STATUS: &str = "Run: PLUGIN node status --node NAME";

/// A line that says what to type; `None` where clap's own words are enough.
pub fn hint(error: &clap::Error, plugin: &str) -> Option<String> {
    let text = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = word(error, ContextKind::InvalidSubcommand)?;
            let meant = MEANT.iter().find(|(words, _)| words.contains(&typed.as_str())).map(|(_, hint)| *hint);
            meant.or_else(|| error.get(ContextKind::SuggestedSubcommand).is_none().then_some(START))?.to_owned()
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            if error.to_string().contains(" node COMMAND ") { NODE_STATUS } else { START }.to_owned()
        }
        ErrorKind::UnknownArgument => {
            let typed = word(error, ContextKind::InvalidArg).filter(|typed| !typed.starts_with('-'))?;
            format!("To name a node, write: --node {typed}")
        }
        ErrorKind::MissingRequiredArgument if word(error, ContextKind::InvalidArg).is_some_and(|missing| missing == "<PLAN>") => {
            "Save a plan with: PLUGIN autodetect --out plan.yaml. Finish a change that was interrupted with: PLUGIN apply --resume"
                .to_owned()
        }
        _ => return None,
    };
    Some(text.replace("PLUGIN", plugin))
}

fn word(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        ContextValue::Strings(words) => words.first().cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Invocation, UsageError};
    use super::*;

    fn hint_for(typed: &str) -> Option<String> {
        let arguments = ["kubectl-calico_fix"].into_iter().chain(typed.split_whitespace()).map(Into::into);
        match Invocation::Plugin.parse(arguments) {
            Err(UsageError::Clap(error)) => hint(&error, "kubectl calico-fix"),
            other => panic!("{typed}: {other:?}"),
        }
    }

    #[test]
    fn a_tired_person_is_told_what_to_type() {
        for (typed, expected) in [
            ("fix", "kubectl calico-fix autodetect"),
            ("rollback", "kubectl calico-fix undo"),
            ("logs", "kubectl calico-fix debug-log"),
            ("doctor", "kubectl calico-fix status"),
            ("xyzzy", "Start with: kubectl calico-fix status"),
            ("-n kube-system", "Start with: kubectl calico-fix status"),
            ("node", "kubectl calico-fix node status"),
            ("debug-log node-3", "--node node-3"),
            ("apply", "kubectl calico-fix autodetect --out plan.yaml"),
        ] {
            let hint = hint_for(typed).unwrap_or_default();
            assert!(hint.contains(expected) && !hint.contains("PLUGIN"), "{typed}: {hint:?}");
        }
    }

    #[test]
    fn what_clap_explains_itself_gets_no_second_hint() {
        for typed in ["statsu", "status --al", "undo --dry-run=sever"] {
            assert_eq!(hint_for(typed), None, "{typed}");
        }
    }
}
