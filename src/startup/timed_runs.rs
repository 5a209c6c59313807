//! Measured starts in round trips: one timed run a row, on a three-node cluster with added fake nodes.
//! Calico 3.24.5 ran whole; of master Felix was a stand-in. The datastore was the Kubernetes API.

#[derive(Clone, Copy, Debug)]
pub struct TimedRun {
    pub release: &'static str,
    pub nodes: u32,
    pub round_trip_ms: u32,
    /// An earlier start had stored the node's address and its tunnel address.
    pub known: bool,
    /// Seconds until `Using node name`, `Calico node started successfully`, and Ready.
    pub node_name: f64,
    pub started: f64,
    pub ready: f64,
}

const fn timed_run(
    release: &'static str,
    nodes: u32,
    round_trip_ms: u32,
    known: bool,
    node_name: f64,
    started: f64,
    ready: f64,
) -> TimedRun {
    TimedRun { release, nodes, round_trip_ms, known, node_name, started, ready }
}

pub const TIMED_RUNS: [TimedRun; 12] = [
    timed_run("3.24.5", 3, 0, false, 0.1, 0.4, 11.0),
    timed_run("3.24.5", 3, 100, false, 1.5, 6.2, 12.0),
    timed_run("3.24.5", 3, 300, false, 4.4, 18.2, 35.0),
    timed_run("3.24.5", 3, 600, false, 8.7, 43.0, 57.0),
    timed_run("3.24.5", 3, 600, true, 8.1, 23.1, 36.0),
    timed_run("3.24.5", 3, 1000, false, 14.5, 59.8, 71.0),
    timed_run("3.24.5", 1003, 0, false, 0.2, 0.8, 38.0),
    timed_run("3.24.5", 1003, 300, false, 5.8, 19.6, 45.0),
    timed_run("3.24.5", 1003, 800, true, 10.6, 30.6, 49.0),
    timed_run("master", 3, 300, true, 5.7, 13.1, 25.0),
    timed_run("master", 3, 600, false, 13.3, 33.4, 51.0),
    timed_run("master", 1003, 300, false, 8.0, 18.2, 42.0),
];

/// Round trips of a whole start: the fewest and the most that were measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundTrips {
    pub fewest: f64,
    pub most: f64,
}

/// Milliseconds: with shorter round trips the work of a start itself counts too much.
const TELLING_MS: u32 = 100;

pub fn round_trips(known: bool) -> RoundTrips {
    let telling = TIMED_RUNS.iter().filter(|run| run.known == known && run.round_trip_ms >= TELLING_MS);
    let counts = telling.map(|run| run.started * 1000.0 / f64::from(run.round_trip_ms));
    counts.fold(RoundTrips { fewest: f64::MAX, most: 0.0 }, |trips, count| RoundTrips {
        fewest: trips.fewest.min(count),
        most: trips.most.max(count),
    })
}

/// Between `Datastore connection verified` and the detected address lie so many round trips, in 3.24.5 (5.1–5.3) and in master (5.1–5.2).
pub const VERIFIED_TO_DETECTED: f64 = 5.2;

/// Round trips from a start's first line until a step is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepTrips {
    pub verified: f64,
    pub detected: f64,
    pub named: f64,
    /// The first line of the tunnel address's allocator.
    pub allocating: f64,
    pub started: f64,
}

/// `discovers`: the release asks first which API groups there are, as from 3.32.
pub fn step_trips(discovers: bool, known: bool) -> StepTrips {
    // Read off the same runs' logs.
    let (verified, allocating) = if discovers { (5.6, 31.0) } else { (3.0, 29.0) };
    let usual = |is_alike: fn(&TimedRun, bool) -> bool, seconds: fn(&TimedRun) -> f64| {
        let telling = TIMED_RUNS.iter().filter(|run| (run.release == "master") == discovers && run.round_trip_ms >= TELLING_MS);
        let counts = telling.filter(|run| is_alike(run, known)).map(|run| seconds(run) * 1000.0 / f64::from(run.round_trip_ms));
        let mut counts: Vec<f64> = counts.collect();
        counts.sort_by(f64::total_cmp);
        counts.get(counts.len() / 2).copied().unwrap_or_default()
    };
    StepTrips {
        verified,
        detected: verified + VERIFIED_TO_DETECTED,
        named: usual(|_, _| true, |run| run.node_name),
        allocating,
        started: usual(|run, known| run.known == known, |run| run.started),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_start_come_in_their_order() {
        for (discovers, known) in [(false, false), (false, true), (true, false), (true, true)] {
            let steps = step_trips(discovers, known);
            let order = [steps.verified, steps.detected, steps.named, steps.allocating, steps.started];
            assert!(order.is_sorted() && steps.verified > 0.0, "{steps:?}");
            let all = round_trips(known);
            assert!((all.fewest..=all.most).contains(&steps.started), "{steps:?} {all:?}");
        }
    }

    #[test]
    fn a_new_node_takes_about_sixty_and_a_known_one_about_forty() {
        let (new, known) = (round_trips(false), round_trips(true));
        assert!((55.0..61.0).contains(&new.fewest) && (60.0..73.0).contains(&new.most), "{new:?}");
        assert!((38.0..39.0).contains(&known.fewest) && (38.0..45.0).contains(&known.most), "{known:?}");
    }

    /// With the Kubernetes datastore a thousand nodes cost what three do.
    #[test]
    fn the_number_of_nodes_hardly_counts() {
        for big in TIMED_RUNS.iter().filter(|run| run.nodes > 1000 && run.round_trip_ms == 300) {
            let small =
                TIMED_RUNS.iter().find(|run| run.nodes == 3 && run.round_trip_ms == 300 && run.known == big.known).expect("its twin");
            assert!(big.started / small.started < 1.2, "{big:?}");
        }
    }
}
