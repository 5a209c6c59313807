//! Any bytes, cut anywhere: the same answer, in bounded memory.

use calico_fix::calico::startup_log::{Attempts, MAX_MARKS, Reader};
use calico_fix::reports::startup_log::explain_logs;
use calico_fix::startup::log_source::LogSource;
use proptest::prelude::*;

use super::seed;

fn in_chunks(bytes: &[u8], sizes: &[usize]) -> Attempts {
    let mut reader = Reader::new(5);
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (chunk, left) = rest.split_at((*size).min(rest.len()));
        reader.push(chunk);
        rest = left;
        if rest.is_empty() {
            break;
        }
    }
    reader.finish(true)
}

/// Pieces of real lines between anything else.
fn logs() -> impl Strategy<Value = Vec<u8>> {
    let lines = vec![
        "2026-11-23 15:51:41.274 [INFO][9] startup/startup.go 427: Early log level set to debug\n",
        "2026-11-23T15:51:42Z Skipping datastore connection test\n",
        "time=\"2018-10-31T07:47:17Z\" level=info msg=\"Node IPv4 changed, will check for conflicts\" \n",
        "time=\"2018-10-31T07:47:17Z\" level=debug msg=\"Get Node key from /calico/v1/host/é/metadata\" \n",
        "time=\"2018-10-31T07:47:18Z\" level=debug msg=\"Get Key: /calico/bgp/v1/host/b/ip_addr_v4\" \n",
        "2026-11-23T16:51:41.5+01:00 stdout P 2026-11-23 15:51:41.001 [FATAL][9] felix/x.go 2: half",
        "{\"log\":\"Terminating\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T15:51:41.5Z\"}\n",
        "Calico node started successfully\n",
        "Calico node failed to start\n",
        "2026-11-23 15:51:41.274 [INFO][28] tunnel-ip-allocator/ipam.go 1: step\n",
        "\n",
    ];
    let piece = prop_oneof![
        3 => proptest::sample::select(lines).prop_map(|line| line.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn borders_do_not_matter(bytes in logs(), sizes in proptest::collection::vec(1..200_usize, 1..8)) {
        let whole = in_chunks(&bytes, &[usize::MAX]);
        prop_assert_eq!(in_chunks(&bytes, &sizes), whole.clone());
        prop_assert!(whole.attempts.len() <= 5);
        for attempt in &whole.attempts {
            prop_assert!(attempt.log.marks.len() <= MAX_MARKS);
        }
        let report = explain_logs(&[LogSource::from_file("x".into(), whole)], None);
        for row in report.logs.iter().flat_map(|log| &log.attempts).flat_map(|attempt| &attempt.phases) {
            prop_assert!(row.seconds >= 0.0 && row.begins_seconds >= 0.0, "{row:?}");
        }
    }
}

#[test]
fn what_is_kept_does_not_grow_with_the_log() {
    let attempt = seed::INCIDENT.log();
    let many = |times: usize| {
        let mut reader = Reader::new(5);
        (0..times).for_each(|_| reader.push(attempt.as_bytes()));
        reader.finish(true)
    };
    let (few, lots) = (many(10), many(300));
    assert_eq!((few.attempts.len(), lots.attempts.len(), lots.left_out), (5, 5, 295));
    assert_eq!(few.attempts, lots.attempts);
    // One attempt without an end: names, marks and interfaces have their limits.
    let mut reader = Reader::new(5);
    reader.push(b"Skipping datastore connection test\nNode IPv4 changed, will check for conflicts\n");
    for n in 0..200_000 {
        reader.push(format!("Get Key: /calico/bgp/v1/host/node-{n}/as_num\nQuerying interface addresses Interface=i{n}\n").as_bytes());
    }
    reader.push(&vec![b'x'; 32 << 20]);
    let found = reader.finish(true);
    let [attempt] = found.attempts.as_slice() else { panic!("one attempt") };
    let check = &attempt.details.requests.check;
    assert_eq!((check.reads, check.read.count(), attempt.details.interfaces.len()), (200_000, 50_000, 64));
    assert!(attempt.log.marks.len() <= MAX_MARKS);
}
