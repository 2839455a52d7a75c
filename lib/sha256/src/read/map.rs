//! A file as memory.

use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

const HUGE_PAGE: usize = 2 << 20;

/// A read-only mapping of a part of a file.
///
/// Only for a caller who knows that nobody writes to the file: should it be truncated, or its device fail, the process
/// dies of SIGBUS, and bytes that change under a reader are not what the language allows.
pub(crate) struct Map {
    base: NonNull<u8>,
    mapped_bytes: usize,
    start: usize,
    length: usize,
}

// SAFETY: the mapping is read-only, and belongs to this value.
#[allow(unsafe_code)]
unsafe impl Send for Map {}

impl Map {
    /// Maps `length` bytes, at least one, from `offset` on.
    #[allow(unsafe_code)]
    pub(crate) fn new(file: BorrowedFd<'_>, offset: u64, length: usize) -> Result<Self, Errno> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        // As for buffers: at 2 MiB, so that large pieces of the cache are mapped at once, but files of equal sizes never
        // at a distance of a power of two.
        let odd = MADE.fetch_add(1, Ordering::Relaxed) % 16;
        let page = rustix::param::page_size() as u64;
        let before = usize::try_from(offset % page).map_err(|_| Errno::INVAL)?;
        let wanted = length.checked_add(before).ok_or(Errno::NOMEM)?;
        let mapped_bytes = wanted.checked_add((odd + 2) * HUGE_PAGE).ok_or(Errno::NOMEM)?;
        // SAFETY: a new mapping that nobody may read or write changes no memory that anybody has.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                ptr::null_mut(),
                mapped_bytes,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )?
        };
        let base = NonNull::new(base.cast::<u8>()).ok_or(Errno::NOMEM)?;
        let at = base.addr().get().next_multiple_of(HUGE_PAGE) - base.addr().get() + odd * HUGE_PAGE;
        let map = Self { base, mapped_bytes, start: at + before, length };
        // SAFETY: replaces a part of the mapping just made, which holds it whole (`at` is less than `odd + 1` huge
        // pages); nobody else knows of it. Test: `what_the_file_holds`.
        unsafe {
            rustix::mm::mmap(
                base.as_ptr().add(at).cast(),
                wanted,
                ProtFlags::READ,
                MapFlags::SHARED | MapFlags::FIXED,
                file,
                offset - before as u64,
            )?
        };
        Ok(map)
    }

    /// What is in the file.
    #[allow(unsafe_code)]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the range was mapped readable in `new` and lives as long as `self`. That nobody changes the file is the
        // caller's word, given with `--mmap`.
        unsafe { slice::from_raw_parts(self.base.as_ptr().add(self.start), self.length) }
    }

    /// Says that what lies before `end` is not wanted for now, so that it does not count as memory of this process. It is
    /// still in the cache, and still there if it is wanted after all.
    #[allow(unsafe_code)]
    pub(crate) fn release(&self, end: usize) {
        let whole_pages = (self.start + end.min(self.length)) / HUGE_PAGE * HUGE_PAGE;
        let from = whole_pages.saturating_sub(2 * HUGE_PAGE);
        // SAFETY: the range lies in the mapping made in `new`: of its pages of the file, the next access reads them
        // again, and those before and behind them cannot be accessed at all. Test: `what_the_file_holds`.
        let _ = unsafe {
            rustix::mm::madvise(
                self.base.as_ptr().add(from).cast(),
                whole_pages - from,
                Advice::LinuxDontNeed,
            )
        };
    }
}

impl Drop for Map {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the mapping was made in `new`, whole, and nobody borrows from it any more.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.mapped_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn what_the_file_holds() {
        let data: Vec<u8> = (0..(3u32 << 20) + 77).map(|at| ((at * 7) >> 3) as u8).collect();
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&data).expect("written");
        for (offset, length) in [(0, data.len()), (1, 1), (4096, 5000), (5001, data.len() - 5001)] {
            let map = Map::new(file.as_fd(), offset, length).expect("a mapping");
            let from = usize::try_from(offset).expect("small");
            assert_eq!(map.bytes(), &data[from..from + length]);
        }
        let map = Map::new(file.as_fd(), 0, data.len()).expect("a mapping");
        for end in [0, 1, HUGE_PAGE, data.len(), usize::MAX] {
            map.release(end);
            assert_eq!(map.bytes(), data, "released and still there");
        }
        let (pipe, _write) = std::io::pipe().expect("a pipe");
        assert!(Map::new(pipe.as_fd(), 0, 1).is_err());
        assert!(Map::new(file.as_fd(), 0, usize::MAX).is_err());
    }
}
