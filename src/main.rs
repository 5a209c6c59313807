fn main() -> std::process::ExitCode {
    calico_fix::run()
}
