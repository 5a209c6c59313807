use crate::autodetect::{Cell, Node, Verdict};
use crate::calico::detect::Outcome;
use crate::calico::environment::method_variable;
use crate::calico::family::Family;
use crate::calico::virtual_interfaces;
use crate::diagnosis::check::{Check, Found};
use crate::diagnosis::code::Code;
use crate::diagnosis::explain::Explanation;
use crate::diagnosis::report::{Evidence, Finding, Severity, Source};
use crate::diagnosis::view::{NodeView, View};
use crate::diagnosis::{evidence, remedy, wording};

pub const CHECK: Check = Check {
    explanation: Explanation {
        code: Code::RestartWouldChangeAddress,
        title: "calico-node would take a wrong address at its next start",
        means: "The node's address is right now, but the configured method would find another one, which is wrong, or none, so that \
                calico-node exits. A reboot, an upgrade or a deleted pod is enough. From 3.15.2 calico-node also looks again every 60 s.",
        detected: "What the configured method finds on the node's interfaces as they are now, with the rules of the release that runs, or of \
                   the release given with --calico-version. The same source as the table of `autodetect`.",
        confirm: "kubectl calico-fix autodetect\nkubectl exec -n NAMESPACE POD -c calico-node -- ip addr",
        fix: "Choose a method that is right on every node before anything restarts calico-node there: kubectl calico-fix autodetect.",
    },
    run,
};

fn run(view: &View, found: &Found) -> Vec<Finding> {
    if view.install.detects_nothing() {
        return Vec::new();
    }
    Family::ALL.into_iter().flat_map(|family| of_family(view, found, family)).collect()
}

fn of_family(view: &View, found: &Found, family: Family) -> Vec<Finding> {
    let matrix = view.matrix(family);
    let Some(current) = matrix.current() else { return Vec::new() };
    let rows = view.nodes.iter().zip(&matrix.nodes).zip(&current.cells);
    let fits = |row: &Node, cell: &Cell| row.judgement.verdict == Verdict::Right && cell.ends_right == Some(false);
    let findings = rows.filter(|((node, row), cell)| fits(row, cell) && !found.is_culprit(node.name));
    findings.filter_map(|((node, row), cell)| finding(view, found, family, node, row, cell)).collect()
}

fn finding(view: &View, found: &Found, family: Family, node: &NodeView, row: &Node, cell: &Cell) -> Option<Finding> {
    let stored = row.stored.as_deref()?;
    let would = match &cell.outcome {
        Outcome::Address(address) => {
            let interface = address.interface.as_deref().map(|name| {
                let kind = node.interfaces().into_iter().flatten().find(|one| one.name == name).and_then(|one| one.kind.as_deref());
                virtual_interfaces::describe(name, kind).map_or_else(|| name.to_owned(), |kind| format!("{name}, {}", wording::made(kind)))
            });
            format!("use {address}{}", interface.map(|interface| format!(" ({interface})")).unwrap_or_default())
        }
        // One finding for the whole cluster says so already.
        Outcome::Exits { .. } if found.has(Code::MethodInvalid) => return None,
        Outcome::Exits { why } => format!("exit ({why})"),
        Outcome::None { .. } | Outcome::Unknown { .. } => return None,
    };
    let when = match view.install.upgrade() {
        Some(version) => format!("after an upgrade to {version}"),
        None => "at its next start".to_owned(),
    };
    let message = format!("{} would {would} {when}, expected {stored}; do not restart calico-node there before that is changed", node.name);
    let method = view.matrix(family).current().map(|column| column.method.clone()).unwrap_or_default();
    let mut shown: Vec<Evidence> = node.stored(family).map(|stored| evidence::of_address(node, family, stored)).unwrap_or_default();
    shown.extend(row.source.map(|source| node.evidence(source, format!("{method} would {would}: {}", cell.reason))));
    if shown.is_empty() {
        let text = format!("{}={method}", method_variable(family));
        shown.push(Evidence { source: Source::DaemonSet, node: None, text });
    }
    let nodes = vec![node.name.to_owned()];
    let fix = remedy::guarded_change(view, family);
    Some(Finding { code: Code::RestartWouldChangeAddress, severity: Severity::Warning, nodes, message, evidence: shown, fix })
}
