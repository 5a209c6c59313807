pub mod bird;
pub mod family;
pub mod session;
pub mod text;
