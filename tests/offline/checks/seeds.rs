//! Chance for tests, the same on every machine, and how often a random cluster is tried.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// xorshift64*: enough for choosing.
#[derive(Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(word).unwrap_or_default() % limit
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// `CALICO_FIX_RANDOM=2000` tries as many healthy clusters, and as many of each fault: some minutes.
pub(super) fn wanted(usual: u64) -> u64 {
    std::env::var("CALICO_FIX_RANDOM").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// `CALICO_FIX_FAULT="no BIRD"` tries only faults whose name holds these words.
fn is_chosen(name: &str) -> bool {
    std::env::var("CALICO_FIX_FAULT").map_or(true, |words| name.contains(&words))
}

/// Injects each fault of a table as often as wanted, whatever comes of the others, and says how often where `CALICO_FIX_RANDOM` asks for a number.
/// `inject` checks what comes of a fault in the cluster of a seed, and says whether that cluster could have it.
pub(super) fn inject_often<F>(faults: &[F], name: fn(&F) -> String, usual: u64, inject: fn(&F, u64) -> bool) {
    let injections = wanted(usual);
    let mut failed = Vec::new();
    for (fault, first) in faults.iter().zip(0..).filter(|(fault, _)| is_chosen(&name(fault))) {
        let (mut injected, mut clusters) = (0, 0);
        let tried = catch_unwind(AssertUnwindSafe(|| {
            while injected < injections && clusters < injections * 40 {
                injected += u64::from(inject(fault, clusters * 31 + first));
                clusters += 1;
            }
        }));
        if wanted(0) > 0 {
            let _ = writeln!(std::io::stderr(), "{injected:6} of {clusters:6} clusters: {}", name(fault));
        }
        if tried.is_err() || injected < injections {
            failed.push(format!("{} ({injected} of {clusters} clusters)", name(fault)));
        }
    }
    assert!(failed.is_empty(), "wrong, or hardly tried: {}", failed.join(", "));
}
