//! Work on long lists, on all processors. For a list that a person would call short no thread is started.

use std::num::NonZero;
use std::thread;

/// A shorter list is not worth a thread.
const LEAST_EACH: usize = 500;

/// As `items.iter().enumerate().map(job).collect()`.
pub(crate) fn map<'i, T: Sync, R: Send>(items: &'i [T], job: impl Fn(usize, &'i T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let each = items.len().div_ceil(processors).max(LEAST_EACH);
    let of_part = |(part, items): (usize, &'i [T])| -> Vec<R> {
        items.iter().enumerate().map(|(index, item)| job(part * each + index, item)).collect()
    };
    let mut parts = items.chunks(each).enumerate();
    let Some(first) = parts.next() else { return Vec::new() };
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(move || of_part(part))).collect();
        let mut all = of_part(first);
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}

/// Two jobs that look at a list of this length.
pub(crate) fn both<A: Send, B>(length: usize, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    if length < LEAST_EACH {
        return (one(), other());
    }
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

#[cfg(test)]
mod tests {
    use super::{LEAST_EACH, both, map};

    #[test]
    fn both_jobs_are_done_whatever_the_length() {
        for length in [0, LEAST_EACH] {
            assert_eq!(both(length, || "one", || 2), ("one", 2));
        }
    }

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for count in [0, 1, LEAST_EACH, LEAST_EACH + 1, 10 * LEAST_EACH + 7] {
            let items: Vec<usize> = (0..count).map(|item| item * 3).collect();
            let expected: Vec<(usize, usize)> = items.iter().copied().enumerate().collect();
            assert_eq!(map(&items, |index, item| (index, *item)), expected, "{count}");
        }
    }
}
