//! The four timing fields that every probe has, in a DaemonSet and in an Installation, and how they are set by hand.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calico::probe::{Budget, ProbeKind};
use crate::snapshot::objects::Probe;

/// Fields of a probe to be set; the others stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProbeTiming {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_delay_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimingField {
    InitialDelay,
    Period,
    Timeout,
    FailureThreshold,
}

/// Name, least and most. The least is the API's (pkg/apis/core/validation); more than the most is a slip of the keyboard.
const FIELDS: [(TimingField, &str, u32, u32); 4] = [
    (TimingField::InitialDelay, "initialDelaySeconds", 0, 86_400),
    (TimingField::Period, "periodSeconds", 1, 86_400),
    (TimingField::Timeout, "timeoutSeconds", 1, 86_400),
    (TimingField::FailureThreshold, "failureThreshold", 1, 10_000),
];

const PROBES: [ProbeKind; 3] = [ProbeKind::Startup, ProbeKind::Liveness, ProbeKind::Readiness];

impl ProbeTiming {
    fn field(&mut self, field: TimingField) -> &mut Option<u32> {
        match field {
            TimingField::InitialDelay => &mut self.initial_delay_seconds,
            TimingField::Period => &mut self.period_seconds,
            TimingField::Timeout => &mut self.timeout_seconds,
            TimingField::FailureThreshold => &mut self.failure_threshold,
        }
    }

    pub fn set(&mut self, field: TimingField, value: u32) {
        *self.field(field) = Some(value);
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These where they are given, else the other's.
    pub fn or(self, other: Self) -> Self {
        Self {
            initial_delay_seconds: self.initial_delay_seconds.or(other.initial_delay_seconds),
            period_seconds: self.period_seconds.or(other.period_seconds),
            timeout_seconds: self.timeout_seconds.or(other.timeout_seconds),
            failure_threshold: self.failure_threshold.or(other.failure_threshold),
        }
    }

    /// A probe's timing once these are set.
    pub fn on(self, probe: Option<&Probe>) -> Budget {
        let mut changed = probe.cloned().unwrap_or_default();
        let number = |value: Option<u32>| value.and_then(|value| i32::try_from(value).ok());
        changed.initial_delay_seconds = number(self.initial_delay_seconds).or(changed.initial_delay_seconds);
        changed.period_seconds = number(self.period_seconds).or(changed.period_seconds);
        changed.timeout_seconds = number(self.timeout_seconds).or(changed.timeout_seconds);
        changed.failure_threshold = number(self.failure_threshold).or(changed.failure_threshold);
        Budget::of(&changed)
    }
}

/// `liveness.failureThreshold=10`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSetting {
    pub probe: ProbeKind,
    pub field: TimingField,
    pub value: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeSettingError {
    #[error("{given:?} is not a setting: write PROBE.FIELD=NUMBER, for example liveness.failureThreshold=10")]
    Shape { given: String },
    #[error("{given:?} is not a probe of calico-node: startup, liveness or readiness")]
    Probe { given: String },
    #[error("a {probe} probe has no timing field {given:?}: it has {}", FIELDS.map(|(_, name, ..)| name).join(", "))]
    TimingField { probe: &'static str, given: String },
    #[error("{name} must be a whole number from {least} to {most}, not {given:?}")]
    Range { name: String, given: String, least: u32, most: u32 },
    #[error("{name} is set twice")]
    Twice { name: String },
}

pub fn word(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startup",
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
    }
}

impl ProbeSetting {
    /// `startup.initialDelaySeconds` and all the others.
    pub fn names() -> impl Iterator<Item = String> {
        PROBES.into_iter().flat_map(|kind| FIELDS.iter().map(move |(_, name, ..)| format!("{}.{name}", word(kind))))
    }
}

impl FromStr for ProbeSetting {
    type Err = ProbeSettingError;

    fn from_str(given: &str) -> Result<Self, ProbeSettingError> {
        let shape = || ProbeSettingError::Shape { given: given.to_owned() };
        let (name, value) = given.split_once('=').ok_or_else(shape)?;
        let (probe, field) = name.split_once('.').ok_or_else(shape)?;
        let kind = PROBES.into_iter().find(|kind| probe == word(*kind) || probe == kind.field());
        let kind = kind.ok_or_else(|| ProbeSettingError::Probe { given: probe.to_owned() })?;
        let found = FIELDS.iter().find(|(_, known, ..)| *known == field);
        let (field, name, least, most) =
            found.copied().ok_or_else(|| ProbeSettingError::TimingField { probe: word(kind), given: field.to_owned() })?;
        let number = value.parse().ok().filter(|number| (least..=most).contains(number));
        let value = number.ok_or_else(|| ProbeSettingError::Range {
            name: format!("{}.{name}", word(kind)),
            given: value.to_owned(),
            least,
            most,
        })?;
        Ok(Self { probe: kind, field, value })
    }
}

impl fmt::Display for ProbeSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FIELDS.iter().find(|(field, ..)| *field == self.field).map_or("", |(_, name, ..)| name);
        write!(f, "{}.{name}={}", word(self.probe), self.value)
    }
}

/// What was asked for once must not be asked for otherwise in the same breath.
pub fn without_contradiction(settings: &[ProbeSetting]) -> Result<(), ProbeSettingError> {
    for (at, setting) in settings.iter().enumerate() {
        if settings.iter().take(at).any(|earlier| (earlier.probe, earlier.field) == (setting.probe, setting.field)) {
            let name = setting.to_string();
            return Err(ProbeSettingError::Twice { name: name.split('=').next().unwrap_or_default().to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_what_is_none() {
        for good in
            ["liveness.failureThreshold=10", "startup.periodSeconds=2", "readiness.timeoutSeconds=1", "liveness.initialDelaySeconds=0"]
        {
            assert_eq!(good.parse::<ProbeSetting>().expect(good).to_string(), good);
        }
        assert_eq!(
            "livenessProbe.periodSeconds=5".parse::<ProbeSetting>().expect("the field's name").to_string(),
            "liveness.periodSeconds=5"
        );
        for (bad, says) in [
            ("liveness.periodSeconds=0", "liveness.periodSeconds must be a whole number from 1 to 86400, not \"0\""),
            ("liveness.failureThreshold=-1", "liveness.failureThreshold must be a whole number from 1 to 10000, not \"-1\""),
            ("startup.timeoutSeconds=10s", "startup.timeoutSeconds must be a whole number from 1 to 86400, not \"10s\""),
            (
                "startup.initialDelaySeconds=99999999999",
                "startup.initialDelaySeconds must be a whole number from 0 to 86400, not \"99999999999\"",
            ),
            (
                "liveness.delay=10",
                "a liveness probe has no timing field \"delay\": it has initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold",
            ),
            ("live.periodSeconds=10", "\"live\" is not a probe of calico-node: startup, liveness or readiness"),
            (
                "periodSeconds=10",
                "\"periodSeconds=10\" is not a setting: write PROBE.FIELD=NUMBER, for example liveness.failureThreshold=10",
            ),
            ("", "\"\" is not a setting: write PROBE.FIELD=NUMBER, for example liveness.failureThreshold=10"),
        ] {
            assert_eq!(bad.parse::<ProbeSetting>().expect_err(bad).to_string(), says);
        }
        let twice: Vec<ProbeSetting> =
            ["startup.periodSeconds=2", "startup.periodSeconds=3"].iter().map(|text| text.parse().expect("good")).collect();
        assert_eq!(without_contradiction(&twice).expect_err("twice").to_string(), "startup.periodSeconds is set twice");
        assert_eq!(without_contradiction(&twice[1..]), Ok(()));
    }
}
