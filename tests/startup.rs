//! How long a start takes, what cut it off, and what would give it time.

#[path = "startup/again.rs"]
mod again;
#[path = "startup/attempts.rs"]
mod attempts;
#[path = "checks/build.rs"]
#[allow(dead_code, reason = "shared with the checks")]
mod build;
#[path = "startup/edges.rs"]
mod edges;
#[path = "startup/held_up.rs"]
mod held_up;
#[path = "startup/looks.rs"]
mod looks;
#[path = "checks/objects.rs"]
mod objects;
#[path = "startup/proposals.rs"]
mod proposals;
#[path = "startup/recorded.rs"]
mod recorded;
