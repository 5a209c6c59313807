//! What calico-node does on a host: which address it picks, how it starts, who it peers with.

pub mod agent;
pub mod bird;
pub mod detect;
mod go_regex;
pub mod network;
pub mod release;
mod route;
pub mod start;
