#![no_main]

use calico_fix::calico::startup_log;
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::startup::log_source::LogSource;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let cut = log.first().map_or(1, |byte| usize::from(*byte).max(1));
    let read = |size: usize| {
        let mut reader = startup_log::Reader::new(5);
        log.chunks(size).for_each(|chunk| reader.push(chunk));
        reader.finish(true)
    };
    let found = read(cut);
    assert!(found == read(usize::MAX) && found.attempts.len() <= 5);
    let _ = explain_logs(&[LogSource::from_file(String::new(), found)], None);
    let log = startup_log::digest(log, true);
    assert!(log.marks.len() <= startup_log::MAX_MARKS);
    for mark in &log.marks {
        assert!(!mark.text.chars().any(char::is_control));
        let _ = startup_log::detection(mark).map(|found| found.cidr());
    }
    let exited = matches!(startup_log::outcome(&log), startup_log::Outcome::Exited { .. });
    assert!(exited || startup_log::exit_reason(&log).is_none());
    let _ = (startup_log::started_after(&log), startup_log::last_phase(&log));
});
