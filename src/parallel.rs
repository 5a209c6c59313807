//! One job for each item of a long list, on all processors. Every cluster that a person would call small is done on the caller's thread.

use std::num::NonZero;
use std::thread;

/// A thread costs about as much as judging so many nodes.
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
            match other.join() {
                Ok(part) => all.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::{LEAST_EACH, map};

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for count in [0, 1, LEAST_EACH, LEAST_EACH + 1, 10 * LEAST_EACH + 7] {
            let items: Vec<usize> = (0..count).map(|item| item * 3).collect();
            let expected: Vec<(usize, usize)> = items.iter().copied().enumerate().collect();
            assert_eq!(map(&items, |index, item| (index, *item)), expected, "{count}");
        }
    }
}
