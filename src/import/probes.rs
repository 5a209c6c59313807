//! The probes that somebody cut out of a DaemonSet: how much time a start is given.

use serde_json::{Map, Value};

use super::facts::{Summary, Text};
use super::formats::Format;
use super::resolve;
use crate::snapshot::objects::{CALICO_NODE, Container, Pod, Probe};

const KEYS: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

pub(super) const PROBES: Format = Format {
    name: "probes of a DaemonSet",
    better: "kubectl get daemonset calico-node -n NAMESPACE -o yaml",
    starts: |lines, _| {
        let is_field =
            |line: &&str| ["httpGet:", "exec:", "periodSeconds:", "failureThreshold:"].iter().any(|key| line.trim().starts_with(key));
        lines.first().is_some_and(|line| key_of(line).is_some()) && lines.iter().skip(1).take(8).any(is_field)
    },
    goes_on: |line| line.starts_with([' ', '\t']) || key_of(line).is_some(),
    interrupts: false,
    restarts: false,
    read: |block, facts| {
        let object: Map<String, Value> = serde_yaml::from_str(&block.text).map_err(|error| error.to_string())?;
        let mut read = Vec::new();
        let mut again = Vec::new();
        for key in KEYS {
            let Some(probe) = object.get(key) else { continue };
            let probe: Probe = serde_json::from_value(probe.clone()).map_err(|error| format!("{key}: {error}"))?;
            let slot = facts.probes.slot(key);
            if slot.is_some() {
                again.push(key);
            } else {
                *slot = Some(probe);
                read.push(key);
            }
        }
        let mut summary = Summary::new(read.join(", "));
        if !again.is_empty() {
            summary.ignored = Some(format!("another {} was read before", again.join(", ")));
        }
        Ok(summary)
    },
};

/// `livenessProbe:` in the first column.
fn key_of(line: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| line.trim_end().strip_suffix(':') == Some(key))
}

/// The first of each: what people write below is what they changed it to.
#[derive(Default)]
pub(super) struct CutProbes {
    liveness: Option<Probe>,
    readiness: Option<Probe>,
    startup: Option<Probe>,
}

impl CutProbes {
    /// What a probe asks tells whose it is.
    pub(super) fn are_calico_nodes(&self) -> bool {
        let asks = |probe: &Probe| {
            probe.exec.as_ref().is_some_and(|exec| exec.command.iter().any(|word| word.ends_with("/calico-node")))
                || probe
                    .http_get
                    .as_ref()
                    .and_then(|http| http.path.as_deref())
                    .is_some_and(|path| ["/liveness", "/readiness"].contains(&path))
        };
        [&self.liveness, &self.readiness, &self.startup].into_iter().flatten().any(asks)
    }

    fn slot(&mut self, key: &str) -> &mut Option<Probe> {
        match key {
            "livenessProbe" => &mut self.liveness,
            "readinessProbe" => &mut self.readiness,
            _ => &mut self.startup,
        }
    }

    /// Onto the pods that show none of their own, and the pods whose logs were read, where nothing else tells of them.
    pub(super) fn spread(&self, pods: &mut Vec<Pod>, texts: &[Text]) {
        if self.liveness.is_none() && self.startup.is_none() {
            return;
        }
        let named = |name: &str| pods.iter().any(|pod| pod.metadata.name == name);
        let logged: Vec<Pod> = texts
            .iter()
            .filter(|text| text.log.is_some())
            .filter_map(|text| pod_of(text).filter(|pod| !named(&pod.metadata.name)))
            .collect();
        for pod in logged {
            if pods.iter().all(|known| known.metadata.name != pod.metadata.name && known.spec.node_name != pod.spec.node_name) {
                pods.push(pod);
            }
        }
        for container in pods.iter_mut().filter_map(|pod| pod.spec.calico_node_mut()) {
            if container.liveness_probe.is_none() && container.startup_probe.is_none() {
                container.liveness_probe.clone_from(&self.liveness);
                container.startup_probe.clone_from(&self.startup);
                container.readiness_probe = container.readiness_probe.take().or_else(|| self.readiness.clone());
            }
        }
    }
}

/// The pod that a log's heading names, on the node that the log names.
fn pod_of(text: &Text) -> Option<Pod> {
    let name = text.heading.pod.clone()?;
    let node = text.names_node.clone().unwrap_or_else(|| resolve::node_of_pod(&name));
    let mut pod = Pod::default();
    pod.metadata.name = name;
    pod.metadata.namespace.clone_from(&text.heading.namespace);
    pod.metadata.tabular = true;
    pod.spec.node_name = Some(node);
    pod.spec.containers = vec![Container { name: CALICO_NODE.to_owned(), ..Container::default() }.into()];
    Some(pod)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::facts::Facts;
    use crate::import::page::Block;
    use crate::import::prompt::Heading;

    const PROBE: &str = "livenessProbe:\n  failureThreshold: 6\n  httpGet:\n    path: /liveness\n    port: 9099\n  initialDelaySeconds: 10\n  periodSeconds: 10\n";

    #[test]
    fn the_first_of_two_is_the_one_that_was_in_force() {
        let mut facts = Facts::default();
        for (text, read) in [(PROBE.to_owned(), "livenessProbe"), (PROBE.replace("failureThreshold: 6", "failureThreshold: 10"), "")] {
            let lines: Vec<&str> = text.lines().collect();
            assert!((PROBES.starts)(&lines, &Heading::default()) && lines.iter().all(|line| (PROBES.goes_on)(line)));
            let block = Block { line: 1, text, numbers: Vec::new(), heading: Heading::default(), format: None };
            assert_eq!((PROBES.read)(&block, &mut facts).expect("reads").read, read);
        }
        let mut pods = vec![Pod::default()];
        pods[0].spec.containers = vec![Container { name: CALICO_NODE.to_owned(), ..Container::default() }.into()];
        facts.probes.spread(&mut pods, &[]);
        let own = |pods: &[Pod]| pods[0].spec.containers[0].liveness_probe.as_ref().and_then(|probe| probe.failure_threshold);
        assert_eq!(own(&pods), Some(6));
        // a pod that shows its own keeps it
        pods[0].spec.calico_node_mut().and_then(|container| container.liveness_probe.as_mut()).expect("a probe").failure_threshold =
            Some(3);
        facts.probes.spread(&mut pods, &[]);
        assert_eq!(own(&pods), Some(3));
    }

    #[test]
    fn other_yaml_is_none() {
        for text in ["livenessProbe:\n", "livenessProbe: fails\nhttpGet:\n", "  livenessProbe:\n    exec:\n", "the livenessProbe:\n\nis\n"]
        {
            assert!(!(PROBES.starts)(&text.lines().collect::<Vec<_>>(), &Heading::default()), "{text}");
        }
    }
}
