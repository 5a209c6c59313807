//! Which rights each command takes, and what a user's rights come to. Pure.

pub mod needs;
pub mod report;
