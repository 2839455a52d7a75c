//! Where a worker reads to.

/// Memory that starts at a page, is grown as needed, and is not given back.
///
/// Several processors copy many times slower to an address that lies a few bytes behind that of the source within a
/// page, as what an allocator returns does: the cache's copy starts at a page, so does this.
#[derive(Default)]
pub(super) struct Scratch {
    memory: Vec<u8>,
}

/// Where each piece of a batch should start: at a line of the cache, for the same reason.
pub(super) const LINE_BYTES: usize = 64;

const PAGE_BYTES: usize = 4096;

impl Scratch {
    /// At least `length` bytes, of any content.
    pub(super) fn bytes(&mut self, length: usize) -> &mut [u8] {
        if self.memory.len() < length + PAGE_BYTES {
            self.memory.resize(length + PAGE_BYTES, 0);
        }
        let before = self.memory.as_ptr().addr().wrapping_neg() % PAGE_BYTES;
        &mut self.memory[before..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_a_page() {
        let mut scratch = Scratch::default();
        for length in [1, 4096, 100_000, 7] {
            let bytes = scratch.bytes(length);
            assert!(bytes.len() >= length);
            assert_eq!(bytes.as_ptr().addr() % PAGE_BYTES, 0);
        }
    }
}
