//! Documents: one file for each kind of report that is printed or written as JSON and YAML.
//!
//! `probes` measures a snapshot and proposes a change; its document is `probes_document`.
//! `startup_log` explains logs; `startup_log_findings` are its findings.
//! A document joins what other rooms found. `render` prints it.
//! No document is read back to decide anything.

pub mod autodetect;
pub mod autodetect_document;
pub mod changes;
pub mod fleet;
pub mod html_page;
pub mod probes;
pub mod probes_document;
pub mod startup_log;
mod startup_log_findings;
