//! What may be typed.

pub mod connection;
