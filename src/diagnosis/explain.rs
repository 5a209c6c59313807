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
    /// How to fix it by hand.
    pub fix: &'static str,
}

/// Every finding there is: causes before symptoms.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    Code::ALL.iter().map(|code| explanation_for(*code))
}

pub fn explanation_for(code: Code) -> &'static Explanation {
    &checks::check_for(code).explanation
}
