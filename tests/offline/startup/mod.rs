//! How long a start takes, what cut it off, and what would give it time.

mod attempts;
mod canary_retry;
mod edges;
mod held_up;
mod looks;
mod proposals;
mod recorded;

use crate::build;
