//! One run as plain data, chosen by its seed: the cluster, the command, and what disturbs it.

use std::fmt;

use crate::dice::Dice;

/// Everything that is decided before a run begins.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub seed: u64,
    pub setting: Setting,
    pub verb: Verb,
    /// Flags besides those of the verb.
    pub flags: Vec<&'static str>,
    pub disturbances: Vec<Disturbance>,
    /// After a kill or exit 5 the change is resumed before it is undone.
    pub resumes: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub scenario: &'static str,
    pub nodes: usize,
    /// The user's own strategy is OnDelete.
    pub on_delete: bool,
    pub max_unavailable: u32,
    /// New pods come beside the old ones, instead of after them.
    pub surges: bool,
    /// Seconds of each minute that the BGP sessions of the first node are down.
    pub flaps: u32,
    /// The kubelet of the second node is gone.
    pub dead_kubelet: bool,
    /// Seconds that the controllers are behind, at most.
    pub lag: u32,
    /// Seconds that the server's clock is ahead of the cluster's; the laptop's is days off in any case.
    pub skew: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `None`: what the command recommends.
    Autodetect(Option<&'static str>),
    /// A plan that is saved first.
    Apply(&'static str),
    Probes(Option<&'static str>),
    DebugLog,
    /// Of a change that was made before the faults begin.
    Undo(&'static str),
    /// Of a `debug-log` that was killed before.
    Restore,
    /// Of a change of the method that was killed before; `None`: of whatever is open.
    Resume(Option<&'static str>),
    CanI,
    Status,
}

/// The request of the command at which something happens; counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Request(u32),
    /// Only requests that write count.
    Write(u32),
}

#[derive(Clone, Debug)]
pub(crate) enum Disturbance {
    /// `kill -9` before or after the request is carried out.
    Kill {
        when: When,
        carried_out: bool,
    },
    /// A signal, and perhaps another one a moment later.
    Signal {
        when: When,
        name: &'static str,
        again: bool,
    },
    /// The API server is gone for this long.
    Outage {
        when: When,
        millis: u64,
    },
    Answer {
        when: When,
        answer: Answer,
    },
    Edit {
        when: When,
        edit: Edit,
    },
    /// The same or another command, at the same time.
    Second {
        when: When,
        verb: Verb,
    },
    /// A policy engine refuses every write of the target for this long.
    Policy {
        when: When,
        code: u16,
        millis: u64,
    },
    /// A GitOps controller: puts its own values back this long after each change, this often.
    Reverter {
        millis: u64,
        times: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Status(u16),
    TooMany,
    Reset,
    Truncated,
    Hang,
    Late,
}

/// What somebody else does to the same cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Another setting of the same object, which changes the template of a DaemonSet.
    OtherSetting,
    /// The same by server-side apply, as a GitOps controller writes.
    Applied,
    Label,
    Strategy,
    /// The same setting that this program changes.
    SameSetting,
    RecordRemoved,
    RecordForged,
    PodDeleted,
    Cordon,
}

const SCENARIOS: [&str; 12] = [
    "bridge-address",
    "bridge-address",
    "bridge-address-healed",
    "bridge-address6",
    "healthy",
    "slow-start",
    "slow-start-healed",
    "no-address",
    "vxlan",
    "far-reflectors",
    "operator-new",
    "operator-bridge-address",
];
const METHODS: [&str; 3] = ["kubernetes-internal-ip", "cidr=10.0.0.0/8", "can-reach=10.0.0.1"];
const BAD: &str = "interface=foo.*";
const PROBES: &str = "liveness.initialDelaySeconds=2,liveness.periodSeconds=1,liveness.failureThreshold=8";

impl Play {
    pub(crate) fn new(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let scenario = *dice.pick(&SCENARIOS);
        let operated = scenario.starts_with("operator");
        let setting = Setting {
            scenario,
            nodes: 3 + dice.below(2) as usize,
            on_delete: !operated && dice.percent(20),
            max_unavailable: 1 + dice.below(2),
            surges: !operated && dice.percent(10),
            flaps: if dice.percent(10) { 5 + dice.below(20) } else { 0 },
            dead_kubelet: dice.percent(12),
            lag: if dice.percent(50) { 0 } else { 1 + dice.below(20) },
            skew: *dice.pick(&[0, 0, 0, -90, 90]),
        };
        let verb = verb(dice, scenario);
        let mut flags = Vec::new();
        if dice.percent(60) {
            flags.push("--force");
        }
        if dice.percent(5) && matches!(verb, Verb::Autodetect(_) | Verb::Apply(_)) {
            flags.push("--no-rollback");
        }
        if dice.percent(8) {
            flags.push("--no-wait");
        }
        let count = dice.below(5);
        let disturbances = (0..count).map(|_| disturbance(dice, scenario)).collect();
        Self { seed, setting, verb, flags, disturbances, resumes: dice.percent(40) }
    }
}

/// Without `probes` alone where a start is slow: to stay up long enough takes minutes, however fast the cluster lives.
fn verb(dice: &mut Dice, scenario: &str) -> Verb {
    let operated = scenario.starts_with("operator");
    let method = *dice.pick(&METHODS);
    match dice.below(100) {
        0..20 => Verb::Autodetect(None),
        20..25 => Verb::Resume(Some(method)),
        25..40 => Verb::Autodetect(Some(method)),
        40..48 => Verb::Autodetect(Some(BAD)),
        48..60 => Verb::Apply(method),
        60..68 if !operated => Verb::Probes(Some(PROBES)),
        60..70 if scenario != "slow-start" => Verb::Probes(None),
        70..80 if !operated => Verb::DebugLog,
        80..85 if !operated => Verb::Restore,
        95..97 => Verb::CanI,
        97.. => Verb::Status,
        _ => Verb::Undo(method),
    }
}

fn when(dice: &mut Dice) -> When {
    if dice.percent(50) { When::Write(1 + dice.below(6)) } else { When::Request(1 + dice.below(120)) }
}

fn disturbance(dice: &mut Dice, scenario: &str) -> Disturbance {
    let when = when(dice);
    match dice.below(100) {
        0..15 => Disturbance::Kill { when, carried_out: dice.percent(50) },
        15..28 => Disturbance::Signal { when, name: dice.pick::<&str>(&["INT", "TERM", "HUP"]), again: dice.percent(25) },
        28..32 => Disturbance::Policy { when, code: *dice.pick(&[400, 403]), millis: *dice.pick(&[200, 1000, 60_000]) },
        32..40 => Disturbance::Outage { when, millis: 300 + u64::from(dice.below(3000)) },
        40..55 => {
            let answers =
                [Answer::Status(500), Answer::Status(503), Answer::TooMany, Answer::Reset, Answer::Truncated, Answer::Hang, Answer::Late];
            Disturbance::Answer { when, answer: *dice.pick(&answers) }
        }
        55..80 => Disturbance::Edit { when, edit: edit(dice, scenario.starts_with("operator")) },
        80..91 => Disturbance::Second { when, verb: self::verb(dice, scenario) },
        _ => Disturbance::Reverter { millis: 50 + u64::from(dice.below(1500)), times: *dice.pick(&[1, 2, 50]) },
    }
}

fn edit(dice: &mut Dice, operated: bool) -> Edit {
    let all = [
        Edit::OtherSetting,
        Edit::Applied,
        Edit::Label,
        Edit::SameSetting,
        Edit::RecordRemoved,
        Edit::RecordForged,
        Edit::PodDeleted,
        Edit::Cordon,
        Edit::Strategy,
    ];
    *dice.pick(if operated { &all[..8] } else { &all })
}

impl Verb {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Autodetect(_) => "autodetect",
            Self::Apply(_) | Self::Resume(_) => "apply",
            Self::CanI => "can-i",
            Self::Probes(_) => "probes",
            Self::DebugLog | Self::Restore => "debug-log",
            Self::Undo(_) => "undo",
            Self::Status => "status",
        }
    }

    /// The method that a change made by it must have set.
    pub(crate) fn method(self) -> Option<&'static str> {
        match self {
            Self::Autodetect(method) | Self::Resume(method) => method,
            Self::Apply(method) => Some(method),
            _ => None,
        }
    }

    /// Nothing is ever written by it.
    pub(crate) fn only_reads(self) -> bool {
        matches!(self, Self::Status | Self::CanI)
    }
}

impl fmt::Display for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  cluster  {:?}", self.setting)?;
        writeln!(f, "  command  {:?} {}", self.verb, self.flags.join(" "))?;
        self.disturbances.iter().try_for_each(|one| writeln!(f, "  fault    {one:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_run_and_every_verb_and_fault_comes_up() {
        assert_eq!(format!("{:?}", Play::new(5)), format!("{:?}", Play::new(5)));
        let all: String = (0..500).map(|seed| format!("{:?}", Play::new(seed))).collect();
        for word in [
            "Autodetect",
            "Apply",
            "Probes",
            "DebugLog",
            "Undo",
            "Restore",
            "Resume",
            "CanI",
            "Status",
            "--no-wait",
            "Policy",
            "Kill",
            "Signal",
            "Outage",
            "Answer",
            "Second",
            "Reverter",
        ] {
            assert!(all.contains(word), "{word}");
        }
        assert!((0..500).any(|seed| Play::new(seed).disturbances.is_empty()));
        assert!((0..500).any(|seed| Play::new(seed).disturbances.len() == 4));
    }
}
