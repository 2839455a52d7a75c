//! Whether a file's bytes are in the page cache.

use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::io::{Errno, ReadWriteFlags};

/// How much of a file is in memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cached {
    /// At least half of it.
    Mostly,
    /// Less.
    Hardly,
}

/// Asks the kernel (`cachestat(2)`, Linux 6.5), or where it does not know that call, whether a few pages could be read
/// without waiting (`RWF_NOWAIT`, Linux 4.14). What cannot be found out counts as cached: reading is the same, only
/// slower.
#[must_use]
pub fn cached(file: BorrowedFd<'_>, start: u64, length_bytes: u64) -> Cached {
    let half = match cached_bytes(file, start, length_bytes) {
        Some(bytes) => bytes >= length_bytes / 2,
        None => probe(file, start, length_bytes),
    };
    if half { Cached::Mostly } else { Cached::Hardly }
}

/// `struct cachestat_range` (include/uapi/linux/mman.h).
#[repr(C)]
struct Range {
    offset: u64,
    length: u64,
}

/// `struct cachestat` (the same): pages.
#[repr(C)]
#[derive(Default)]
struct Pages {
    cache: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn cached_bytes(file: BorrowedFd<'_>, offset: u64, length: u64) -> Option<u64> {
    // The same number on every architecture (include/uapi/asm-generic/unistd.h); Alpha is no target of ours.
    const CACHESTAT: libc::c_long = 451;
    let range = Range { offset, length };
    let mut pages = Pages::default();
    // SAFETY: the call reads one `Range` and writes one `Pages`, which live until it returns; both have the layout that
    // the kernel documents. The descriptor is borrowed, hence open. Test: `a_file_in_memory`.
    let status = unsafe { libc::syscall(CACHESTAT, file.as_raw_fd(), &raw const range, &raw mut pages, 0) };
    (status == 0).then(|| pages.cache.saturating_mul(rustix::param::page_size() as u64))
}

#[cfg(not(target_os = "linux"))]
fn cached_bytes(_: BorrowedFd<'_>, _: u64, _: u64) -> Option<u64> {
    None
}

/// Whether most of a few places can be read at once.
fn probe(file: BorrowedFd<'_>, start: u64, length: u64) -> bool {
    const PLACES: u64 = 9;
    let at_hand = (0..PLACES).filter(|place| {
        let mut byte = [0];
        let mut one = [std::io::IoSliceMut::new(&mut byte)];
        let offset = start + length / PLACES * place;
        !matches!(rustix::io::preadv2(file, &mut one, offset, ReadWriteFlags::NOWAIT), Err(Errno::AGAIN))
    });
    at_hand.count() as u64 > PLACES / 2
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_file_in_memory() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&vec![1; 1 << 20]).expect("written");
        assert_eq!(cached(file.as_fd(), 0, 1 << 20), Cached::Mostly);
        assert!(probe(file.as_fd(), 0, 1 << 20));
        if let Some(bytes) = cached_bytes(file.as_fd(), 0, 1 << 20) {
            assert_eq!(bytes, 1 << 20);
        }
    }

    /// What was never written is not in memory.
    #[test]
    fn a_hole() {
        let dir = tempfile::tempdir_in(".").expect("a directory on a disk");
        let file = std::fs::File::create_new(dir.path().join("sparse")).expect("a file");
        file.set_len(1 << 30).expect("a hole");
        if cached_bytes(file.as_fd(), 0, 1 << 30).is_some() {
            assert_eq!(cached(file.as_fd(), 0, 1 << 30), Cached::Hardly);
        }
    }
}
