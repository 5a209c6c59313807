pub mod bird;
pub mod family;
pub mod inside;
pub mod interfaces;
pub mod routes;
pub mod session;
pub mod startup_log;
pub mod text;
