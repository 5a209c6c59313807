//! Work on long lists, on all processors. For a list that a person would call short no thread is started.

use std::num::NonZero;
use std::thread;

/// A shorter list is not worth a thread.
const LEAST_EACH: usize = 500;

/// As `items.iter().enumerate().map(job).collect()`.
pub(crate) fn map<'i, T: Sync, R: Send>(items: &'i [T], job: impl Fn(usize, &'i T) -> R + Sync) -> Vec<R> {
    let of_part = |start, items: &'i [T]| -> Vec<R> { items.iter().enumerate().map(|(at, item)| job(start + at, item)).collect() };
    parts(items, of_part)
        .into_iter()
        .reduce(|mut all, part| {
            all.extend(part);
            all
        })
        .unwrap_or_default()
}

/// A job for each part of the list, with the place where the part begins. What the parts give is in their order.
pub(crate) fn parts<'i, T: Sync, R: Send>(items: &'i [T], job: impl Fn(usize, &'i [T]) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let each = items.len().div_ceil(processors).max(LEAST_EACH);
    let of_part = |(part, items): (usize, &'i [T])| job(part * each, items);
    let mut parts = items.chunks(each).enumerate();
    let Some(first) = parts.next() else { return Vec::new() };
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(move || of_part(part))).collect();
        let mut all = vec![of_part(first)];
        all.extend(others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))));
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
    use super::{LEAST_EACH, both, map, parts};

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
            let sums = parts(&items, |start, part| (start, part.len(), part.iter().sum::<usize>()));
            assert_eq!(sums.iter().map(|(_, length, _)| length).sum::<usize>(), count);
            assert_eq!(sums.iter().map(|(_, _, sum)| sum).sum::<usize>(), items.iter().sum::<usize>());
            let mut end = 0;
            assert!(sums.iter().all(|(start, length, _)| std::mem::replace(&mut end, start + length) == *start), "{sums:?}");
        }
    }
}
