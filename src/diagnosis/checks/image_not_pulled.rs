use crate::calico::events::EventKind;
use crate::calico::image_failure;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::{evidence, fixes};
use crate::finding::code::Code;
use crate::finding::{Finding, Severity, Source};
use crate::model::{NodeModel, NotRunning, PodState, phrases};
use crate::snapshot::objects::UNNAMED_INIT;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::ImageNotPulled,
        title: "An image of calico-node's pod cannot be pulled",
        means: "The kubelet cannot get the image of calico-node or of one of its init containers. Calico does not run on that node \
                until the image is there. Common causes: a wrong name or tag, a registry that does not answer or asks for \
                credentials, a rate limit, a proxy.",
        detected: "A container of the pod waits with ImagePullBackOff, ErrImagePull, InvalidImageName or ErrImageNeverPull. The \
                   newest event that names a reason is shown.",
        confirm: "kubectl describe pod -n NAMESPACE POD\n\
                  On the node: crictl pull IMAGE",
        fix: &[
            "- A wrong name or tag: correct the image in the DaemonSet.",
            "- Credentials: correct the imagePullSecrets.",
            "- A rate limit: wait, log in to the registry, or pull from a mirror (Calico's images are on quay.io too).",
            "- A registry that does not answer: correct the mirror or the proxy of the container runtime, or load the image on the \
             node.",
            "Under the tigera-operator, correct Installation instead: spec.registry, spec.imagePath and spec.imagePullSecrets.",
        ],
        restarts: "A change of the DaemonSet or of Installation restarts calico-node on every node, usually one at a time. Otherwise \
                   nothing restarts: the kubelet tries again automatically.",
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    view.nodes.iter().filter(|node| !found.is_explained(node.name)).filter_map(|node| finding(view, node)).collect()
}

fn finding(view: &Context, node: &NodeModel) -> Option<Finding> {
    let PodState::NotRunning(NotRunning::ImageNotPulled(status)) = view.pod_state(node) else { return None };
    let waiting = status.state.waiting.as_ref()?;
    let says = waiting.message.as_deref().map(|text| format!(": {}", text.trim())).unwrap_or_default();
    let of_pull = |fact: &EventKind| matches!(fact, EventKind::ImageFailed { .. });
    let told = node.events.iter().rev().filter(|told| of_pull(&told.kind));
    let telling = told.map(|told| told.event).find(|event| image_failure::cause(&event.message).is_some());
    let cause = telling.map_or(says.as_str(), |event| event.message.as_str());
    let why = image_failure::cause(cause).map(|cause| format!(", because {cause}")).unwrap_or_default();
    let message = format!(
        "calico-node does not run on {}: the image of {} cannot be pulled ({}){why}{says}",
        node.name,
        if status.name == UNNAMED_INIT { "an init container".to_owned() } else { format!("its container {}", status.name) },
        waiting.reason.as_deref().unwrap_or_default()
    );
    let mut shown = vec![phrases::container_state(node, status)];
    shown.extend(match telling {
        Some(event) => Some(node.evidence(Source::Event, format!("{} ({}×)", event.message.trim(), event.times()))),
        None => evidence::of_event(node, of_pull),
    });
    let nodes = vec![node.name.to_owned()];
    let fix = fixes::describe_pod(view, node, "Its events say why the image cannot be pulled");
    Some(Finding { code: Code::ImageNotPulled, severity: Severity::Error, nodes, message, evidence: shown, fix })
}
