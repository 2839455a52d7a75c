//! Reading files for hashing: whether they are cached, which way of reading suits them, and the buffers for it.
//!
//! Together with the kernels this is all the `unsafe` code of the workspace: a mapping of memory or of a file, and one
//! system call that no library wraps.

mod buffer;
mod cached;
mod map;

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

pub(crate) use buffer::{ALIGNMENT, Buffer};
pub use cached::{Cached, cached};
pub(crate) use map::Map;
use rustix::fs::OFlags;
use rustix::io::{Errno, ReadWriteFlags};

/// Where the bytes come from.
pub trait Input: Send + Sync {
    /// Reads at `offset` into `buffer`, like `pread(2)`: 0 is the end of the file, fewer bytes than asked for are no
    /// error, and so is no [`Errno::INTR`].
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno>;

    /// The file behind it, if there is one that can be mapped or read around the cache.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Input for OwnedFd {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        rustix::io::pread(self, buffer, offset)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

/// How a file that is not cached is read ahead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ahead {
    /// Around the cache (`O_DIRECT`): the device writes into our memory.
    Direct,
    /// Through the cache, which then drops what was read (`RWF_DONTCACHE`, Linux 6.14).
    DontCache,
    /// Through the cache.
    Plain,
}

/// `RWF_DONTCACHE` (include/uapi/linux/fs.h, Linux 6.14).
const DONTCACHE: ReadWriteFlags = ReadWriteFlags::from_bits_retain(0x80);

impl Ahead {
    /// The best that `input` takes. Sets `O_DIRECT` on its descriptor if the file system does.
    pub(crate) fn of(input: &impl Input) -> Self {
        let Some(file) = input.descriptor() else { return Self::Plain };
        let Ok(flags) = rustix::fs::fcntl_getfl(file) else { return Self::Plain };
        match rustix::fs::fcntl_setfl(file, flags | OFlags::DIRECT) {
            Ok(()) => Self::Direct,
            Err(_) => Self::DontCache,
        }
    }

    /// Fills `buffer` from `offset` on until it is full or the file ends; how much it got. Falls back to the next way of
    /// reading where the file system refuses this one.
    ///
    /// With [`Ahead::Direct`], `offset` and the length of `buffer` are multiples of [`ALIGNMENT`], as is its address.
    /// Fails with the offset that could not be read.
    pub(crate) fn fill(
        self,
        input: &impl Input,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<usize, (u64, Errno)> {
        let mut way = self;
        let mut got = 0;
        while got < buffer.len() {
            let at = offset + got as u64;
            let rest = &mut buffer[got..];
            let read = match (way, input.descriptor()) {
                (Self::DontCache, Some(file)) => {
                    let mut one = [std::io::IoSliceMut::new(rest)];
                    rustix::io::preadv2(file, &mut one, at, DONTCACHE)
                }
                _ => input.read_at(rest, at),
            };
            match read {
                Ok(0) => break,
                Ok(read) => got += read,
                Err(Errno::INTR) => {}
                // A read that ended between two blocks of the device, or a file system that took the flag and not
                // the read.
                Err(Errno::INVAL) if way == Self::Direct => {
                    way = Self::Plain;
                    Self::end(input);
                }
                Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) if way == Self::DontCache => {
                    way = Self::Plain;
                }
                Err(err) => return Err((at, err)),
            }
        }
        Ok(got)
    }

    /// Takes `O_DIRECT` off `input` again.
    pub(crate) fn end(input: &impl Input) {
        let Some(file) = input.descriptor() else { return };
        if let Ok(flags) = rustix::fs::fcntl_getfl(file) {
            // If it stays set, the next read says so.
            let _ = rustix::fs::fcntl_setfl(file, flags - OFlags::DIRECT);
        }
    }
}
