use crate::autodetect::{Cell, Node, Verdict};
use crate::calico::detect::DetectionResult;
use crate::calico::environment::method_variable;
use crate::calico::virtual_interfaces;
use crate::diagnosis::check::{Check, EarlierFindings};
use crate::diagnosis::context::Context;
use crate::diagnosis::explain::{EVERY_NODE, Explanation};
use crate::diagnosis::{evidence, fixes, next_start};
use crate::finding::code::Code;
use crate::finding::{Evidence, Finding, Severity, Source};
use crate::model::{NodeModel, phrases};
use crate::snapshot::family::Family;

pub(super) const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::RestartWouldChangeAddress,
        title: "The next start of calico-node would fail, or take a wrong address",
        means: "The node works now, but the next start of calico-node would break it. The configured method would find another \
                address, which is wrong or belongs to another node. Or the start would take longer than the probes of the DaemonSet \
                allow.\n\
                A reboot, an upgrade or a deleted pod is enough. From 3.15.2 calico-node also detects its address every 60s.",
        detected: "The configured method is tried on the node's interfaces as they are now. The rules are those of the running \
                   release, or of the release given with --calico-version. `autodetect` shows the same results.\n\
                   For the time: the round trip to the datastore, from the log of the newest start, is compared with the probes of \
                   the DaemonSet.",
        confirm: "kubectl calico-fix autodetect\n\
                  kubectl exec -n NAMESPACE POD -c calico-node -- ip addr",
        fix: &[
            "Do not restart calico-node on that node before the fix. Choose a method that is right on every node:",
            "  kubectl calico-fix autodetect",
            "If the time is too short, raise the startup limit:",
            "  kubectl calico-fix probes",
        ],
        restarts: EVERY_NODE,
    },
    run,
};

fn run(view: &Context, found: &EarlierFindings) -> Vec<Finding> {
    let mut findings = next_start::findings(view, found);
    if !view.install.detects_nothing() {
        let used = Family::ALL.into_iter().filter(|family| view.uses(*family));
        findings.extend(used.flat_map(|family| of_family(view, found, family)));
    }
    findings
}

fn of_family(view: &Context, found: &EarlierFindings, family: Family) -> Vec<Finding> {
    let matrix = view.matrix(family);
    let Some(current) = matrix.current() else { return Vec::new() };
    let rows = view.nodes.iter().zip(&matrix.nodes).zip(&current.cells);
    let fits = |row: &Node, cell: &Cell| row.judgement.verdict == Verdict::Right && cell.ends_right == Some(false);
    let findings = rows.filter(|((node, row), cell)| fits(row, cell) && !found.is_explained(node.name));
    findings.filter_map(|((node, row), cell)| finding(view, found, family, node, row, cell)).collect()
}

fn finding(view: &Context, found: &EarlierFindings, family: Family, node: &NodeModel, row: &Node, cell: &Cell) -> Option<Finding> {
    let stored = row.stored.as_deref()?;
    let holder = |address| view.holders(address).find(|other| other.name != node.name);
    let when = match view.install.upgrade() {
        Some(version) => format!("after an upgrade to {version}"),
        None => "at its next start".to_owned(),
    };
    let (would, shown_as) = match &cell.outcome {
        DetectionResult::Address(found) if holder(found.address).is_some() => {
            let other = holder(found.address).map_or("", |other| other.name);
            (format!("exit {when}: it would find {found}, which {other} has"), format!("find {found}"))
        }
        DetectionResult::Address(address) => {
            let interface = address.interface.as_deref().map(|name| {
                let kind = node.interfaces().into_iter().flatten().find(|one| one.name == name).and_then(|one| one.kind.as_deref());
                virtual_interfaces::describe(name, kind).map_or_else(|| name.to_owned(), |kind| format!("{name}, {}", phrases::made(kind)))
            });
            let uses = format!("use {address}{}", interface.map(|interface| format!(" ({interface})")).unwrap_or_default());
            (format!("{uses} {when}"), uses)
        }
        // One finding for the whole cluster says so already.
        DetectionResult::Exits { .. } if found.has(Code::MethodInvalid) => return None,
        DetectionResult::Exits { why } => (format!("exit {when} ({why})"), format!("exit ({why})")),
        DetectionResult::None { .. } | DetectionResult::Unknown { .. } => return None,
    };
    let message = format!("{} would {would}, expected {stored}. Do not restart calico-node there before the fix", node.name);
    let method = view.matrix(family).current().map(|column| column.method.clone()).unwrap_or_default();
    let mut shown: Vec<Evidence> = node.stored(family).map(|stored| evidence::of_address(node, family, stored)).unwrap_or_default();
    shown.extend(row.source.map(|source| node.evidence(source, format!("{method} would {shown_as}: {}", cell.reason))));
    if shown.is_empty() {
        let text = format!("{}={method}", method_variable(family));
        shown.push(Evidence { source: Source::DaemonSet, node: None, text });
    }
    let nodes = vec![node.name.to_owned()];
    let fix = fixes::guarded_change(view, family);
    Some(Finding { code: Code::RestartWouldChangeAddress, severity: Severity::Warning, nodes, message, evidence: shown, fix })
}
