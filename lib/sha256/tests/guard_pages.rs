//! No kernel touches a byte outside its runs: data that begins or ends where a page begins that nobody may read.

#![cfg(unix)]
#![cfg(not(miri))]

mod common;

use common::{compress, each_width, say};
use mlbom_sha256::kernel::{self, Block, INITIAL};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use rustix::param::page_size;

/// An open page between two closed ones.
struct Page {
    start: *mut u8,
    size: usize,
}

#[allow(unsafe_code, reason = "maps memory and closes parts of it")]
impl Page {
    fn new() -> Self {
        // The most there is anywhere, so that a run has the same length everywhere.
        let size = page_size().max(65536);
        // SAFETY: a new mapping, of which the outer thirds are closed before anything points there.
        unsafe {
            let start = mmap_anonymous(
                std::ptr::null_mut(),
                3 * size,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
            .expect("memory");
            mprotect(start, size, MprotectFlags::empty()).expect("the page before");
            mprotect(start.cast::<u8>().add(2 * size).cast(), size, MprotectFlags::empty())
                .expect("the page after");
            Self { start: start.cast(), size }
        }
    }

    /// So many blocks, at the beginning or the end of the open page.
    fn blocks(&mut self, count: usize, at_end: bool) -> &mut [Block] {
        assert!(64 * count <= self.size);
        let offset = if at_end { 2 * self.size - 64 * count } else { self.size };
        // SAFETY: the middle third is open to reading and writing, was mapped with zeros, and is borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(offset).cast(), count) }
    }
}

#[allow(unsafe_code, reason = "gives memory back")]
impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made; nothing borrows it any more.
        unsafe { munmap(self.start.cast(), 3 * self.size) }.expect("the mapping is there");
    }
}

#[test]
fn nothing_outside_is_read() {
    each_width(|kernel, width| {
        let mut pages: Vec<Page> = (0..width).map(|_| Page::new()).collect();
        for count in [1, 2, 3, 4, 5, 7, 8, 9, 12, 63, 64, 1024] {
            for at_end in [false, true] {
                let mut wanted = vec![INITIAL; width];
                let mut runs: Vec<&[Block]> = Vec::new();
                for (index, (page, want)) in pages.iter_mut().zip(&mut wanted).enumerate() {
                    let blocks = page.blocks(count, at_end);
                    for (at, byte) in blocks.as_flattened_mut().iter_mut().enumerate() {
                        *byte = (at * 31 + index * 7) as u8;
                    }
                    compress(want, blocks);
                    runs.push(blocks);
                }
                let mut states = vec![INITIAL; width];
                kernel::advance_width(kernel, width, &mut states, &runs);
                assert_eq!(
                    states,
                    wanted,
                    "{} x{width}, {count} blocks, at the end: {at_end}",
                    kernel.name()
                );
            }
        }
    });
}

/// The pages are closed indeed: a child that reads a byte too far dies of it.
#[test]
#[allow(unsafe_code, reason = "reads where nobody may, to see that nobody may")]
fn a_byte_further_is_a_fault() {
    if std::env::var_os("MLBOM_READ_TOO_FAR").is_some() {
        let page = Page::new();
        // SAFETY: none; the process is to end here.
        let byte = unsafe { page.start.add(2 * page.size).read_volatile() };
        say(&format!("read {byte}"));
        return;
    }
    let this = std::env::current_exe().expect("a name");
    let child = std::process::Command::new(this)
        .args(["--exact", "a_byte_further_is_a_fault"])
        .env("MLBOM_READ_TOO_FAR", "1")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    match child {
        Ok(status) => assert!(!status.success(), "{status}"),
        // An emulator of another processor's programs, whose children the system does not know how to start.
        Err(error) => say(&format!("skipped: closed pages: {error}")),
    }
}
