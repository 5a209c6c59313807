//! Memory for the pages of lists, used again: 500 nodes are 5 MB, and the system clears and maps all memory that is new.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// As many pages are held at once: of each of two long lists one that comes and two that are parsed.
const KEPT: usize = 6;
/// Of a page of 500 nodes or pods, with room; larger ones are given back to the system.
const MOST: usize = 16 << 20;

/// Shared by all requests of one reading.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// Empty, with room for `least` bytes.
    pub(super) fn take(&self, least: usize) -> Buffer {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        bytes.reserve(least);
        Buffer { bytes, home: self.clone() }
    }

    fn give_back(&self, mut bytes: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && bytes.capacity() <= MOST {
            bytes.clear();
            kept.push(bytes);
        }
    }
}

/// The body of one answer.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    home: Buffers,
}

impl Buffer {
    pub(super) fn extend(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffers, KEPT, MOST};

    #[test]
    fn memory_is_used_again_and_never_what_stood_in_it() {
        let buffers = Buffers::default();
        let mut first = buffers.take(1 << 10);
        first.extend(b"secret");
        let address = first.as_ptr();
        drop(first);
        let second = buffers.take(8);
        assert_eq!((second.as_ptr(), second.len()), (address, 0));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let buffers = Buffers::default();
        drop(buffers.take(MOST + 1));
        assert_eq!(buffers.0.lock().expect("no panic").len(), 0);
        drop((0..2 * KEPT).map(|_| buffers.take(8)).collect::<Vec<_>>());
        assert_eq!(buffers.0.lock().expect("no panic").len(), KEPT);
    }
}
