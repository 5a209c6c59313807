//! What a program printed, as text.

use std::process::Output;

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|error| panic!("not UTF-8: {}", String::from_utf8_lossy(error.as_bytes())))
}

pub fn out(output: &Output) -> String {
    text(&output.stdout)
}

pub fn err(output: &Output) -> String {
    text(&output.stderr)
}

/// Exit code, standard output, standard error: what a failed assertion shows.
pub fn told(output: &Output) -> String {
    format!("{:?}\n{}{}", output.status.code(), String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
