//! Values -> `io::Write`. Nothing is decided here: what is shown was decided in `diagnosis`.

pub mod calicoctl;
pub mod can_i;
pub mod change;
pub mod data;
pub mod diff;
pub mod explain;
mod findings;
mod header;
pub mod html;
pub mod matrix;
mod matrix_advice;
mod matrix_cells;
mod matrix_methods;
mod nodes;
mod peers;
pub mod probes;
pub mod status;
pub mod style;
mod summary_line;
mod table;
pub mod timeline;
pub mod timeline_details;
