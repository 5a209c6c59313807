//! What a finding means, for `explain`: each check carries its own text.

use super::checks;
use crate::finding::code::Code;

/// A line that begins with two blanks is a command, one that begins with `- ` is an item of a list; any other is a paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    pub code: Code,
    pub title: &'static str,
    pub means: &'static str,
    /// What was looked at, and when it fires.
    pub detected: &'static str,
    /// Commands that show it without this tool.
    pub confirm: &'static str,
    /// This plugin's command first, where it has one.
    pub fix: &'static [&'static str],
    /// What the fix restarts.
    pub restarts: &'static str,
}

/// A change of the DaemonSet.
pub(super) const EVERY_NODE: &str = "calico-node on every node, usually one at a time. Other pods keep running. Their traffic may pause for a \
                                     second or two while calico-node on their node restarts.";
/// A deleted pod.
pub(super) const ONE_NODE: &str = "calico-node on that node only. Other pods keep running.";

/// How an autodetection method is set.
pub(super) const SET_METHOD: &str = "Compare the methods on every node. The plugin recommends one, and asks before it sets it:\n  \
     kubectl calico-fix autodetect\n\
     By hand, set one of these methods:\n\
     - kubernetes-internal-ip: the InternalIP of the Node (from Calico 3.22.4 and 3.23.2)\n\
     - can-reach=ADDRESS: the address that the node uses to reach ADDRESS\n\
     - cidr=NETWORK: an address in NETWORK (from Calico 3.16.0)\n\
     - interface=REGEX: an address of an interface whose name matches\n  \
     kubectl set env daemonset/calico-node -n NAMESPACE -c calico-node IP_AUTODETECTION_METHOD=METHOD\n\
     IPv6 has IP6_AUTODETECTION_METHOD. The tigera-operator reverts this command. Set spec.calicoNetwork.nodeAddressAutodetectionV4 in \
     Installation instead.";

/// How a start gets more time.
pub(super) const GIVE_TIME: &str = "Compare startup times with the probes. The plugin recommends a startup limit, and asks before it sets it:\n  \
     kubectl calico-fix probes\n\
     By hand, add a startupProbe with the handler of the liveness probe. A start may take failureThreshold times periodSeconds. Without \
     startup probes (Kubernetes before 1.18), set initialDelaySeconds 60 and failureThreshold 10 on the liveness probe.\n\
     Under the tigera-operator, probes are set in Installation, spec.calicoNodeDaemonSet, from operator 1.43 on. An older operator has no \
     setting for probes, and it reverts edits of the DaemonSet.";

impl Explanation {
    /// Headings and texts, in the order in which they are read.
    pub fn sections(&self) -> [(&'static str, String); 5] {
        let commands: Vec<String> = self.confirm.lines().map(|line| format!("  {line}")).collect();
        [
            ("What it means", self.means.to_owned()),
            ("How it is detected", self.detected.to_owned()),
            ("How to check", commands.join("\n")),
            ("How to fix it", self.fix.join("\n")),
            ("What the fix restarts", self.restarts.to_owned()),
        ]
    }
}

/// Every finding there is: causes before symptoms.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    Code::ALL.iter().map(|code| explanation_for(*code))
}

pub fn explanation_for(code: Code) -> &'static Explanation {
    &checks::check_for(code).explanation
}
