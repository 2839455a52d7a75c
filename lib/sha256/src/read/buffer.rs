//! Memory that a device writes to: on pages of 2 MiB, because a request holds only so many pieces.

use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// What `O_DIRECT` wants of addresses, offsets and lengths; no device in use wants more.
pub(crate) const ALIGNMENT: usize = 4096;

const HUGE_PAGE: usize = 2 << 20;

/// A few MiB of zeroed memory of its own.
pub(crate) struct Buffer {
    base: NonNull<u8>,
    mapped_bytes: usize,
    start: usize,
    length: usize,
}

// SAFETY: the memory belongs to this value alone, like that of a `Box<[u8]>`.
#[allow(unsafe_code)]
unsafe impl Send for Buffer {}

impl Buffer {
    /// Maps at least `length` bytes, on huge pages if the system has any to give.
    #[allow(unsafe_code)]
    pub(crate) fn new(length: usize) -> Result<Self, Errno> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        // Buffers at distances of a power of two would fight for the same lines of the cache: four streams take half
        // as long again then. So each starts at an odd multiple of its own. The pages between are never touched.
        let odd = 1 + 2 * (MADE.fetch_add(1, Ordering::Relaxed) % 4);
        let length = length.next_multiple_of(HUGE_PAGE);
        let mapped_bytes = length + (odd + 1) * HUGE_PAGE;
        // SAFETY: a new private mapping, without an address, changes no memory that anybody has. Test: `filled_and_kept`.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                ptr::null_mut(),
                mapped_bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )?
        };
        let base = NonNull::new(base.cast::<u8>()).ok_or(Errno::NOMEM)?;
        let start = base.addr().get().next_multiple_of(HUGE_PAGE) - base.addr().get();
        let buffer = Self { base, mapped_bytes, start, length };
        // SAFETY: the range lies inside the mapping just made; the advice changes no content. It is only advice.
        let _ =
            unsafe { rustix::mm::madvise(base.as_ptr().add(start).cast(), length, Advice::LinuxHugepage) };
        Ok(buffer)
    }

    /// All of it.
    #[allow(unsafe_code)]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `start + length` is at most `mapped_bytes`, the memory is zeroed or written, and borrowed with `self`.
        unsafe { slice::from_raw_parts(self.base.as_ptr().add(self.start), self.length) }
    }

    /// All of it, to be filled.
    #[allow(unsafe_code)]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed mutably.
        unsafe { slice::from_raw_parts_mut(self.base.as_ptr().add(self.start), self.length) }
    }
}

impl Drop for Buffer {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the mapping was made in `new`, whole, and nobody borrows from it any more.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.mapped_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filled_and_kept() {
        let mut buffers: Vec<Buffer> = (0..5).map(|_| Buffer::new(3 << 20).expect("memory")).collect();
        for (number, buffer) in buffers.iter_mut().enumerate() {
            assert_eq!(buffer.bytes().len(), 4 << 20);
            assert_eq!(buffer.bytes().as_ptr().addr() % HUGE_PAGE, 0);
            assert!(buffer.bytes().iter().all(|byte| *byte == 0));
            buffer.bytes_mut().fill(u8::try_from(number).expect("few"));
        }
        for (number, buffer) in buffers.into_iter().enumerate() {
            assert!(buffer.bytes().iter().all(|byte| usize::from(*byte) == number));
        }
    }
}
