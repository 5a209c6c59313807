//! Logs of Calico's other programs: named, with their newest error, and not taken for calico-node's.

use std::collections::BTreeSet;

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;
use super::plugin_failures::PluginFailures;
use super::prompt::Heading;
use super::{event_pods, logs};
use crate::calico::startup_log::{is_calico_nodes_own, is_failure, other_program, plugin_error, program_of_pod};
use crate::snapshot::secrets::masked;
use crate::text::bounded::clean;

pub(super) const OTHER_LOG: Format = Format {
    name: "kubectl logs",
    better: "kubectl logs POD -n NAMESPACE -c calico-node --timestamps (and --previous)",
    starts: |lines, heading| {
        let is_log = |line: &&&str| logs::is_log_line(line) || other_program(line).is_some() || is_failure(line);
        let log = || lines.iter().take_while(is_log).take_while(|line| !is_calico_nodes_own(line));
        log().next().is_some() && (asked_for(heading).is_some() || log().any(|line| other_program(line).is_some()))
    },
    goes_on: |line| !is_calico_nodes_own(line),
    interrupts: false,
    restarts: false,
    read: |block, facts| {
        let failures = plugin_failures(block, facts)?;
        if failures.is_any() {
            return Ok(Summary::new(format!("{} of Calico's network plugin", crate::text::count(failures.kept, "failure"))));
        }
        let program = asked_for(&block.heading).or_else(|| block.text.lines().find_map(other_program)).unwrap_or("another program");
        let lines = crate::text::count(block.text.lines().count(), "line");
        let newest = newest_error(&block.text);
        let shown = newest.as_ref().map(|line| format!(". Its newest error: {line}")).unwrap_or_default();
        facts.program_errors.extend(newest.map(|line| (program, line)));
        let ignored = format!("this is the log of {program}, and only calico-node's is judged{shown}");
        Ok(Summary { ignored: Some(ignored), ..Summary::new(lines) })
    },
};

/// What the network plugin's own log says of pods that got no network, each error once.
fn plugin_failures(block: &Block, facts: &mut Facts) -> Result<PluginFailures, String> {
    let errors: BTreeSet<&str> = block.text.lines().filter_map(plugin_error).collect();
    let pod = event_pods::unnamed_pod(&facts.file, block.line);
    let node = block.heading.node.clone().or_else(|| block.heading.host.clone().filter(|_| !block.heading.is_remote()));
    let mut failures = PluginFailures::default();
    for error in errors {
        let message = format!("failed to setup network for sandbox: plugin type=\"calico\" failed (add): {error}");
        failures.take(facts, (None, &pod), node.as_deref(), ("FailedCreatePodSandBox", &message, None))?;
    }
    Ok(failures)
}

/// The program whose pod or workload a `kubectl logs` names.
fn asked_for(heading: &Heading) -> Option<&'static str> {
    const WITH_VALUE: [&str; 8] = ["-n", "--namespace", "-c", "--container", "--tail", "--since", "--context", "--kubeconfig"];
    let mut words = heading.command.split_whitespace().skip_while(|word| !["logs", "log"].contains(word)).skip(1);
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            let name = word.rsplit('/').next().unwrap_or(word);
            return program_of_pod(name).or_else(|| program_of_pod(&format!("{name}-")));
        }
    }
    None
}

/// What somebody who asks for help looks for in it.
fn newest_error(log: &str) -> Option<String> {
    const MAX_TEXT: usize = 300;
    let newest = log.lines().rev().map(str::trim_start).find(|line| is_failure(line));
    newest.map(|line| clean(&masked(line), MAX_TEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_log_a_command_asks_for() {
        for (command, program) in [
            ("kubectl -n calico-system logs -f calico-kube-controllers-5f9dc85578-l9kts", Some("calico-kube-controllers")),
            ("kubectl logs -n tigera-operator deployment/tigera-operator", Some("the Tigera operator")),
            ("kubectl logs calico-typha-749fb7c965-cdb7x -n calico-system", Some("Typha")),
            ("kubectl logs calico-node-bm4lf -n tigera-operator", None),
            ("kubectl get pods -n tigera-operator", None),
        ] {
            let heading = Heading { command: command.to_owned(), ..Heading::default() };
            assert_eq!(asked_for(&heading), program, "{command}");
        }
    }

    #[test]
    fn the_network_plugin_s_own_log_tells_of_pods() {
        let text = "2026-10-21 15:01:52.708 [ERROR][5201] plugin.go 579: Final result of CNI ADD was an error. error=error getting \
            ClusterInformation: connection is unauthorized: Unauthorized\n";
        let (facts, summary) = OTHER_LOG.read_text(&text.repeat(3));
        assert_eq!((facts.events.len(), summary.read.as_str()), (1, "1 failure of Calico's network plugin"));
        // what it removes, and what went well
        let other = "2026-10-21 15:01:52.708 [INFO][5201] cni-plugin/k8s.go 76: Extracted identifiers for CmdAddK8s\n";
        let (facts, summary) = OTHER_LOG.read_text(other);
        assert!(facts.events.is_empty() && summary.ignored.is_some());
    }

    #[test]
    fn it_is_named_with_its_newest_error() {
        let text = "2026-03-21 20:35:50.011 [INFO][1] typha/sync_server.go 847: Read goroutine finished\n\
            2026-03-21 20:35:50.012 [ERROR][1] typha/daemon.go 12: no answer\n\
            2026-03-21 20:35:50.013 [INFO][1] typha/sync_server.go 424: Accepted\n";
        let (facts, summary) = OTHER_LOG.read_text(text);
        assert!(facts.texts.is_empty(), "nobody's node is to blame");
        let ignored = summary.ignored.unwrap_or_default();
        assert!(ignored.starts_with("this is the log of Typha") && ignored.ends_with("typha/daemon.go 12: no answer"), "{ignored}");
    }
}
