//! What a finding means, for `explain`: each check carries its own text.

use super::checks;
use crate::finding::code::Code;

#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    pub code: Code,
    pub title: &'static str,
    pub means: &'static str,
    /// What was looked at, and when it fires.
    pub detected: &'static str,
    /// How to see it without this tool.
    pub confirm: &'static str,
    /// How to mend it by hand.
    pub fix: &'static str,
}

/// Every finding there is: causes before symptoms.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    Code::ALL.iter().map(|code| of(*code))
}

pub fn of(code: Code) -> &'static Explanation {
    &checks::of(code).explanation
}
