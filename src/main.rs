#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    calico_fix::run()
}
