//! From values to `io::Write`. Nothing is decided here: what is shown was decided by the rooms below.
//!
//! One file for each page: `status`, `short`, `matrix`, `matrix_short`, `probes`, `timeline`, `change`, `can_i`, `explain`; `html` is the page of `-o html`.
//! `table` lays out columns, `lines` paragraphs and commands, `style` holds colours, `diff` shows an object before and after.
//! `pending_change` says on a page that the change itself follows. `fleet` has a line for each cluster, `changes` one for each change between two looks.
//! `notice` writes what goes to stderr: warnings and the lines of a rollout.
//! `data` writes JSON, YAML and names. `calicoctl` copies the layout of calicoctl.

pub mod calicoctl;
pub mod can_i;
pub mod change;
pub mod changes;
pub mod data;
pub mod diff;
pub mod explain;
mod findings;
pub mod fleet;
mod header;
pub mod headline;
pub mod html;
mod lines;
pub mod matrix;
mod matrix_advice;
mod matrix_cells;
mod matrix_methods;
pub mod matrix_short;
mod nodes;
pub mod notice;
mod peers;
pub mod pending_change;
pub mod probes;
pub mod short;
pub mod status;
pub mod style;
mod summary_line;
mod table;
pub mod timeline;
pub mod timeline_details;
