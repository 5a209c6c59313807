//! Nodes × methods.

use super::judge::{Ground, Judge, Judgement, NodeAddress, Setting};
use super::{AutodetectOptions, Cell, Column, Matrix, Node, Origin, Verdict, host};
use crate::autodetect::address_facts::AddressFacts;
use crate::autodetect::candidates;
use crate::calico::address::Cidr;
use crate::calico::detect::{self, AfterRestart, Detection, DetectionResult, Host};
use crate::calico::environment::MethodSetting;
use crate::calico::method::{AddressSource, Method};
use crate::calico::version::Version;
use crate::model::{ClusterModel, NodeModel};
use crate::parallel;
use crate::snapshot::Snapshot;
use crate::snapshot::family::Family;

pub fn matrix(snapshot: &Snapshot, ask: &AutodetectOptions) -> Matrix {
    from_model(&ClusterModel::new(snapshot), ask)
}

pub(crate) fn from_model(view: &ClusterModel, ask: &AutodetectOptions) -> Matrix {
    build(view, ask, true)
}

/// The column of the configured method alone: all that most checks need, and a fraction of the work.
pub(crate) fn current_only(view: &ClusterModel, ask: &AutodetectOptions) -> Matrix {
    build(view, ask, false)
}

fn build(view: &ClusterModel, ask: &AutodetectOptions, with_candidates: bool) -> Matrix {
    let family = ask.family;
    let running = view.install.version();
    let version = ask.version.or(running);
    let gate = view.install.gate(family);
    let standing = AddressFacts::new(view, family);
    let mut work = Work {
        hosts: parallel::map(&view.nodes, |_, node| host::from_node(view, node)),
        stored: stored(view, family),
        judged: Vec::new(),
        followed: None,
        setting: view.install.environment().map(|environment| environment.method(family)),
        standing: &standing,
        version,
    };
    let found = work.found_now(gate.as_ref());
    work.followed = work.followed(gate.as_ref(), &found);
    let (nodes, common) = work.nodes();
    work.judged = nodes.iter().zip(&work.stored).map(|(node, stored)| Some((stored.clone()??, node.judgement.clone()))).collect();
    let mut columns = vec![work.current(gate.as_ref(), found)];
    if with_candidates {
        work.add_candidates(ask, &mut columns);
    }
    let mostly_apart = common.mostly_apart;
    Matrix {
        family,
        version,
        running,
        gate,
        nodes,
        columns,
        internal_ips_unreliable: standing.internal_ips_unreliable().map(str::to_owned),
        common: common.network,
        mostly_apart,
    }
}

fn detects(gate: Option<&AddressSource>) -> bool {
    gate.is_some_and(|gate| gate.uses_method() == Some(true))
}

/// What is stored now; `None` where that is not known.
fn stored(view: &ClusterModel, family: Family) -> Vec<Option<Option<NodeAddress>>> {
    let told = view.snapshot.nodes.seen().is_some() && view.install.keeps_annotations();
    let of = |node: &NodeModel| match node.stored(family) {
        Some(stored) => Some(Some(NodeAddress {
            address: stored.address(),
            prefix_length: stored.cidr.map(|cidr| cidr.prefix_len()),
            interface: stored.held_by.as_ref().map(|held| held.interface.clone()),
        })),
        None => told.then_some(None),
    };
    view.nodes.iter().map(of).collect()
}

/// What the stored addresses have in common.
struct Common {
    network: Option<Cidr>,
    mostly_apart: bool,
}

/// What the configured method finds on each node, and why the release refuses it.
struct FoundNow {
    outcomes: Vec<DetectionResult>,
    refused: Option<String>,
}

struct Work<'w, 'v, 'a> {
    hosts: Vec<Host<'w>>,
    stored: Vec<Option<Option<NodeAddress>>>,
    /// The stored addresses, judged; empty until they are.
    judged: Vec<Option<(NodeAddress, Judgement)>>,
    followed: Option<String>,
    /// Of the configured method; `None` where the DaemonSet was not seen.
    setting: Option<MethodSetting>,
    standing: &'w AddressFacts<'v, 'a>,
    version: Option<Version>,
}

impl Work<'_, '_, '_> {
    fn view(&self) -> &ClusterModel<'_> {
        self.standing.view
    }

    /// The usual methods and those that were asked for, behind the configured one.
    fn add_candidates(&self, ask: &AutodetectOptions, columns: &mut Vec<Column>) {
        let gate = self.view().install.gate(self.standing.family);
        let current = columns.first().map(|column| column.method.clone()).filter(|_| detects(gate.as_ref()));
        let usual = candidates::default_candidates(self.standing).into_iter().map(|method| (method, Origin::Usual));
        for (method, origin) in usual.chain(ask.methods.iter().map(|method| (method.clone(), Origin::Asked))) {
            match columns.iter_mut().skip(1).find(|column| column.method == method) {
                Some(known) => known.origin = origin,
                None if current.as_ref() == Some(&method) && origin == Origin::Usual => {}
                None => columns.push(self.of_method(method, origin)),
            }
        }
    }

    fn of_method(&self, text: String, origin: Origin) -> Column {
        let method = Method::parse(&text);
        let find = Finder::new(&method, self.version);
        let outcomes = self.hosts.iter().map(|host| find.on(host, self.standing.family)).collect();
        // Whoever sets a method has it used, too.
        let cells = self.cells(outcomes, Some(&AddressSource::Detected), &vec![false; self.hosts.len()]);
        Column { refused: candidates::refused(&method, self.version), method: text, origin, cells }
    }

    fn found_now(&self, gate: Option<&AddressSource>) -> FoundNow {
        let family = self.standing.family;
        let unknown = |why: &str| vec![DetectionResult::Unknown { why: why.to_owned() }; self.hosts.len()];
        let field = |path: &str, node: &NodeModel| node.pod.and_then(|pod| pod.field(path));
        let hosts = || self.view().nodes.iter().zip(&self.hosts);
        let given = |text: &dyn Fn(&NodeModel) -> Option<String>| {
            let of = |(node, host): (&NodeModel, &Host)| match text(node) {
                Some(text) => detect::given(&text, self.version, host),
                None => DetectionResult::Unknown { why: "the pod's field that gives the address was not seen".to_owned() },
            };
            hosts().map(of).collect()
        };
        let mut refused = None;
        let outcomes: Vec<DetectionResult> = match (gate, &self.setting) {
            (Some(AddressSource::Literal { address }), _) => given(&|_| Some(address.clone())),
            (Some(AddressSource::FromField { path }), _) => given(&|node| field(path, node)),
            (None, _) | (_, None) => unknown("the DaemonSet was not seen"),
            (_, Some(MethodSetting::Known(method))) => {
                refused = candidates::refused(method, self.version).filter(|_| detects(gate));
                let find = Finder::new(method, self.version);
                self.hosts.iter().map(|host| find.on(host, family)).collect()
            }
            (_, Some(MethodSetting::PerNode(value))) => {
                let of = |(node, host): (&NodeModel, &Host)| match value.at(|path| field(path, node)) {
                    Some(text) => Finder::new(&Method::parse(&text), self.version).on(host, family),
                    None => DetectionResult::Unknown { why: "the pod's field that the method names was not seen".to_owned() },
                };
                hosts().map(of).collect()
            }
            (_, Some(MethodSetting::Unknown { why })) => unknown(why),
        };
        // Where the interfaces were not seen, the log of a start that gave up tells as much.
        let told = |(outcome, node): (DetectionResult, &NodeModel)| match outcome {
            DetectionResult::Unknown { .. } if host::found_nothing(node, family) => {
                DetectionResult::None { why: "its log says that no address was found".to_owned() }
            }
            outcome => outcome,
        };
        let outcomes = outcomes.into_iter().zip(&self.view().nodes).map(told).collect();
        FoundNow { outcomes, refused }
    }

    fn current(&self, gate: Option<&AddressSource>, found: FoundNow) -> Column {
        let method = self.view().install.shown_method(self.standing.family).unwrap_or_else(|| "?".to_owned());
        let lived = parallel::map(&self.view().nodes, |_, node| self.lives_with(node, gate));
        Column { method, origin: Origin::Current, refused: found.refused, cells: self.cells(found.outcomes, gate, &lived) }
    }

    /// The configured method, where somebody chose it and no node is known to have anything else than it finds: a decision, which an
    /// InternalIP does not outweigh.
    fn followed(&self, gate: Option<&AddressSource>, found: &FoundNow) -> Option<String> {
        let shown = self.view().install.shown_method(self.standing.family)?;
        let is_chosen = match (gate?, self.setting.as_ref()?) {
            (AddressSource::Kept, _) => return Some("IP=none".to_owned()),
            (AddressSource::Detected, MethodSetting::Known(method)) => {
                matches!(method, Method::CanReach { .. } | Method::Cidr { .. } | Method::Interface { .. })
            }
            (AddressSource::Detected, MethodSetting::PerNode(_)) => true,
            _ => false,
        };
        let agrees = |(outcome, stored): (&DetectionResult, &Option<Option<NodeAddress>>)| match (outcome.found(), stored) {
            (Some(found), Some(Some(stored))) => found.address == stored.address,
            _ => true,
        };
        (is_chosen && found.refused.is_none() && found.outcomes.iter().zip(&self.stored).all(agrees)).then_some(shown)
    }

    /// calico-node runs there with the method that is configured. It looks again every minute (`AUTODETECT_POLL_INTERVAL`; not in 3.14
    /// and 3.15.0–1), so what is stored is what it finds, or keeps where it finds nothing.
    fn lives_with(&self, node: &NodeModel, gate: Option<&AddressSource>) -> bool {
        let field = |path: &str| node.pod.and_then(|pod| pod.field(path));
        let configured = match &self.setting {
            Some(MethodSetting::Known(method)) => Some(method.clone()),
            Some(MethodSetting::PerNode(value)) => value.at(field).map(|text| Method::parse(&text)),
            _ => None,
        };
        let looks = self.version.is_some_and(|version| version.at_least(3, 15, 2)) && self.version == self.view().install.version();
        let started = node.container().is_some_and(|status| status.state.running.is_some() && status.started != Some(false));
        looks
            && started
            && !node.kubelet_is_silent()
            && matches!(gate, Some(AddressSource::Detected))
            && configured.is_some()
            && host::method_of_pod(self.view(), node, self.standing.family) == configured
    }

    /// What becomes of each outcome, judged beside the others.
    /// `lived` says where what is stored speaks for the method, if nothing better does.
    fn cells(&self, outcomes: Vec<DetectionResult>, gate: Option<&AddressSource>, lived: &[bool]) -> Vec<Cell> {
        let unknown = AddressSource::Unknown { why: "the DaemonSet was not seen".to_owned() };
        let gate = gate.unwrap_or(&unknown);
        let effect = |(outcome, stored): (&DetectionResult, &Option<Option<NodeAddress>>)| {
            detect::after_restart(gate, outcome, stored.as_ref().map(Option::is_some), self.standing.family)
        };
        let effects: Vec<AfterRestart> = outcomes.iter().zip(&self.stored).map(effect).collect();
        let held = effects.iter().zip(&self.stored).zip(lived);
        let held: Vec<Option<NodeAddress>> = held.map(|((effect, stored), lived)| after(effect, stored, *lived)).collect();
        let setting = Setting { followed: self.followed.as_deref(), stored: Some(&self.judged) };
        let judge = Judge::new(self.standing, &held, setting);
        let judged = parallel::map(&held, |node, held| Some(judge.judge(node, held.as_ref()?)));
        let all = outcomes.into_iter().zip(effects).zip(&held).zip(judged);
        all.map(|(((outcome, effect), held), judged)| {
            let (verdict, reason) = tell(&effect, held.as_ref(), judged.as_ref());
            let ends_right = judged.and_then(|judged| match judged.verdict {
                Verdict::Right => Some(true),
                Verdict::Wrong => Some(false),
                _ => None,
            });
            let ends_right = if matches!(verdict, Verdict::Exits | Verdict::None) { Some(false) } else { ends_right };
            Cell { outcome, verdict, reason, will_store: held.as_ref().map(shown), ends_right }
        })
        .collect()
    }

    fn nodes(&self) -> (Vec<Node>, Common) {
        let held: Vec<Option<NodeAddress>> = self.stored.iter().map(|stored| stored.clone().flatten()).collect();
        let judge = Judge::new(self.standing, &held, Setting { followed: self.followed.as_deref(), stored: None });
        let open = |verdict, reason: &str| Judgement { verdict, ground: Ground::Open, reason: reason.to_owned() };
        let node = |index: usize, view: &NodeModel| {
            let judgement = match (&self.stored[index], &held[index]) {
                (_, Some(held)) => judge.judge(index, held),
                (Some(None), None) => open(Verdict::None, "no address is stored"),
                (_, None) => open(Verdict::Unknown, "what is stored was not seen"),
            };
            let unseen = match &self.hosts[index].interfaces {
                detect::Interfaces::Unseen { why } => Some(why.clone()),
                _ => None,
            };
            Node {
                name: view.name.to_owned(),
                internal_ip: view.internal_ip(self.standing.family),
                internal_ips_unreliable: self.standing.internal[index].as_ref().err().cloned(),
                stored: held[index].as_ref().map(shown),
                stored_on: held[index].as_ref().and_then(|held| held.interface.clone()),
                judgement,
                source: host::source(&self.hosts[index]),
                unseen,
            }
        };
        let nodes = parallel::map(&self.view().nodes, node);
        (nodes, Common { network: judge.common_network(), mostly_apart: judge.is_mostly_apart() })
    }
}

fn shown(held: &NodeAddress) -> String {
    match held.prefix_length {
        Some(length) => format!("{}/{length}", held.address),
        None => held.address.to_string(),
    }
}

fn after(effect: &AfterRestart, stored: &Option<Option<NodeAddress>>, lived: bool) -> Option<NodeAddress> {
    match effect {
        AfterRestart::Stores(found) => {
            Some(NodeAddress { address: found.address, prefix_length: found.prefix_length, interface: found.interface.clone() })
        }
        AfterRestart::Keeps { .. } => stored.clone().flatten(),
        AfterRestart::Unknown { .. } if lived => stored.clone().flatten(),
        AfterRestart::NoAddress { .. } | AfterRestart::Exits { .. } | AfterRestart::Off | AfterRestart::Unknown { .. } => None,
    }
}

fn tell(effect: &AfterRestart, held: Option<&NodeAddress>, judged: Option<&Judgement>) -> (Verdict, String) {
    match (effect, held, judged) {
        (AfterRestart::Stores(_), _, Some(judged)) => (judged.verdict, judged.reason.clone()),
        (AfterRestart::Keeps { why }, Some(held), Some(Judgement { verdict, reason, .. })) => {
            let word = match verdict {
                Verdict::Right => "right",
                Verdict::Wrong => "wrong",
                _ => "not known to be right",
            };
            (Verdict::Unchanged, format!("{why}: it keeps {}, which is {word}: {reason}", shown(held)))
        }
        (AfterRestart::Keeps { why }, _, _) => (Verdict::Unchanged, format!("{why}, and none is stored")),
        (AfterRestart::Unknown { .. }, Some(held), Some(Judgement { verdict, reason, .. })) => {
            (*verdict, format!("{reason}; the calico-node that runs with this method found {} or kept it", shown(held)))
        }
        (AfterRestart::NoAddress { why }, _, _) => (Verdict::None, format!("{why}, and none is stored: calico-node exits")),
        (AfterRestart::Exits { why }, _, _) => (Verdict::Exits, format!("{why}: calico-node exits")),
        (AfterRestart::Off, _, _) => (Verdict::Unknown, "Calico configures no address here".to_owned()),
        (AfterRestart::Unknown { why }, _, _) => (Verdict::Unknown, why.clone()),
        (AfterRestart::Stores(_), _, None) => (Verdict::Unknown, "its next address is not known".to_owned()),
    }
}

/// A method, read once for all hosts; without a release all releases have to agree.
struct Finder<'m> {
    method: &'m Method,
    detection: Option<Detection<'m>>,
}

impl<'m> Finder<'m> {
    fn new(method: &'m Method, version: Option<Version>) -> Self {
        Self { method, detection: version.map(|version| Detection::new(method, version)) }
    }

    fn on(&self, host: &Host, family: Family) -> DetectionResult {
        match &self.detection {
            Some(detection) => detection.of(family, host),
            None => detect::detect_in_any_release(self.method, family, host),
        }
    }
}
