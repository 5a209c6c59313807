//! How long a start takes, what cut it off, and what would give it time.

mod again;
mod attempts;
mod held_up;
mod proposals;
mod recorded;

use crate::build;
