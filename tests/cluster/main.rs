//! The program and its rooms on a simulated cluster; the real kubectl judges the simulation where it is on PATH.

#![cfg(unix)]

mod access;
mod change;
mod debug_log;
mod healing;
mod kubectl;
mod live;
mod matrix;
mod probes;

const PLUGIN: &str = env!("CARGO_BIN_EXE_kubectl-calico_fix");
