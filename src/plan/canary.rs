//! The canary: which node is changed and verified first.

use crate::edit::target::Target;
use crate::model::{ClusterModel, NodeModel};

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanaryChoice {
    /// The node that has the fault which the change cures.
    Default,
    None,
    Node(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--canary {0}: no node of that name runs calico-node")]
pub struct NoSuchNode(pub String);

/// The node with the greatest `rank`, of equals the first: `fault_rank` in `from_autodetect.rs`; for probes the first node of the proposal,
/// ordered by `by_danger` in `startup/rows.rs`. Nodes whose kubelet does not answer take no part. `None` also under the operator, which
/// takes no OnDelete: no node can be changed alone there.
pub fn choose<R: PartialOrd>(
    asked: &CanaryChoice,
    target: &Target,
    view: &ClusterModel,
    rank: impl Fn(&NodeModel) -> R,
) -> Result<Option<String>, NoSuchNode> {
    match asked {
        CanaryChoice::None => Ok(None),
        _ if target.is_installation() => Ok(None),
        CanaryChoice::Node(name) => match view.node(name).filter(|node| node.pod.is_some()) {
            Some(_) => Ok(Some(name.clone())),
            None => Err(NoSuchNode(name.clone())),
        },
        CanaryChoice::Default => {
            let mut best: Option<(&str, R)> = None;
            for node in view.nodes.iter().filter(|node| node.pod.is_some() && node.kubelet_ready() != Some(false)) {
                let rank = rank(node);
                if best.as_ref().is_none_or(|(_, other)| rank > *other) {
                    best = Some((node.name, rank));
                }
            }
            Ok(best.map(|(name, _)| name.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::observed::Observed;
    use crate::snapshot::{Origin, Snapshot};

    fn snapshot() -> Snapshot {
        let node =
            |name: &str, ready: &str| json!({"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready}]}});
        let pod = |name: &str| json!({"metadata": {"name": format!("pod-{name}")}, "spec": {"nodeName": name}});
        let mut snapshot = Snapshot::empty(Origin::Live, jiff::Timestamp::UNIX_EPOCH);
        let nodes = json!([node("a", "True"), node("b", "True"), node("dead", "False"), node("without", "True")]);
        snapshot.nodes = Observed::Seen(serde_json::from_value(nodes).expect("nodes"));
        snapshot.pods = Observed::Seen(serde_json::from_value(json!([pod("a"), pod("b"), pod("dead")])).expect("pods"));
        snapshot
    }

    fn daemon_set() -> Target {
        Target::DaemonSet { namespace: "kube-system".into(), name: "calico-node".into() }
    }

    #[test]
    fn the_highest_rank_of_the_nodes_that_take_part() {
        let snapshot = snapshot();
        let view = ClusterModel::new(&snapshot);
        let first = |asked: &CanaryChoice, target: &Target, wanted: &str| choose(asked, target, &view, |node| node.name == wanted);
        let installation = Target::Installation { name: "default".into() };
        for (asked, target, wanted, expected) in [
            (CanaryChoice::Default, &daemon_set(), "b", Ok(Some("b"))),
            (CanaryChoice::Default, &daemon_set(), "none", Ok(Some("a"))),
            (CanaryChoice::Default, &daemon_set(), "dead", Ok(Some("a"))),
            (CanaryChoice::Default, &installation, "b", Ok(None)),
            (CanaryChoice::None, &daemon_set(), "b", Ok(None)),
            (CanaryChoice::Node("a".into()), &daemon_set(), "b", Ok(Some("a"))),
            (CanaryChoice::Node("without".into()), &daemon_set(), "b", Err(NoSuchNode("without".into()))),
            (CanaryChoice::Node("x".into()), &daemon_set(), "b", Err(NoSuchNode("x".into()))),
        ] {
            assert_eq!(first(&asked, target, wanted), expected.map(|name| name.map(str::to_owned)), "{asked:?} {wanted}");
        }
    }
}
