//! The pool: every way of reading, inputs that behave in every way a file may, and every error.

use std::fs::File;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

use mlbom_sha256::pool::{Failure, Job, Reading, Settings, run};
use mlbom_sha256::read::Input;
use mlbom_sha256::{Kernel, sha256};
use rustix::io::Errno;

/// What is wrong with an input.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Nothing: but reads are short, and interrupted now and then.
    None,
    /// It ends here.
    Short(u64),
    /// It cannot be read from here on.
    Broken(u64),
    /// It cannot be opened.
    Closed,
    /// It is another file by the time it was read.
    Replaced,
    /// Whoever looks at the bytes does not like them.
    Disliked,
    /// Whoever looks at the bytes is broken.
    Panic,
}

struct Memory {
    bytes: Vec<u8>,
    fault: Fault,
    calls: AtomicUsize,
}

impl Input for Memory {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call % 3 == 1 {
            return Err(Errno::INTR);
        }
        let end = match self.fault {
            Fault::Short(end) => end.min(self.bytes.len() as u64),
            Fault::Broken(from) if offset >= from => return Err(Errno::IO),
            Fault::Broken(from) => from,
            _ => self.bytes.len() as u64,
        };
        let place = |offset: u64| usize::try_from(offset).expect("small");
        let rest = &self.bytes[place(offset.min(end))..place(end)];
        // Short reads of odd lengths, so that nothing depends on blocks.
        let most = if call.is_multiple_of(5) { 1 + call * 7919 % 100_003 } else { usize::MAX };
        let read = rest.len().min(buffer.len()).min(most);
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }
}

struct Piece {
    start: u64,
    length: u64,
    bytes: Vec<u8>,
    fault: Fault,
    last: bool,
    seen: Vec<u8>,
}

impl Job for Piece {
    type Input = Memory;
    type Done = (Vec<u8>, [u8; 32]);
    type Error = String;

    fn length(&self) -> u64 {
        self.length
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn is_last(&self) -> bool {
        self.last
    }

    fn open(&mut self) -> Result<Memory, String> {
        if self.fault == Fault::Closed {
            return Err("closed".to_owned());
        }
        let calls = AtomicUsize::new(self.bytes.len());
        Ok(Memory { bytes: self.bytes.clone(), fault: self.fault, calls })
    }

    fn see(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.seen.extend_from_slice(bytes);
        assert!(self.fault != Fault::Panic, "broken");
        if self.fault == Fault::Disliked { Err("disliked".to_owned()) } else { Ok(()) }
    }

    fn close(&mut self, _: &Memory) -> Result<(), String> {
        if self.fault == Fault::Replaced { Err("replaced".to_owned()) } else { Ok(()) }
    }

    fn done(self, digest: [u8; 32]) -> Result<Self::Done, String> {
        Ok((self.seen, digest))
    }

    fn failed(&self, why: Failure) -> String {
        format!("{why:?}")
    }
}

/// The same bytes every time: xorshift, from a seed.
fn random(seed: &mut u64, length: usize) -> Vec<u8> {
    let mut next = || {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn whole(bytes: Vec<u8>) -> Piece {
    Piece { start: 0, length: bytes.len() as u64, bytes, fault: Fault::None, last: true, seen: Vec::new() }
}

fn settings(threads: usize, kernel: Kernel, reading: Reading) -> Settings {
    Settings { threads: NonZeroUsize::new(threads).expect("some"), kernel, reading }
}

/// Sizes around every border there is: blocks, small files, chunks, buffers.
const SIZES: [usize; 18] = [
    0,
    1,
    55,
    56,
    63,
    64,
    65,
    4095,
    65_535,
    65_536,
    65_537,
    131_072,
    131_073,
    300_001,
    1 << 20,
    4 << 20,
    (4 << 20) + 1,
    (9 << 20) + 5,
];

#[test]
fn every_size_kernel_and_way_of_reading() {
    let mut seed = 1;
    let data: Vec<Vec<u8>> = SIZES.iter().map(|size| random(&mut seed, *size)).collect();
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        for (threads, reading) in
            [(1, Reading::Auto), (3, Reading::Auto), (1, Reading::Ahead), (2, Reading::Ahead)]
        {
            let jobs = data.iter().cloned().map(whole).collect();
            let done = run(jobs, &settings(threads, kernel, reading)).expect("nothing is wrong");
            assert_eq!(done.len(), SIZES.len());
            for bytes in &data {
                let (_, digest) = done.iter().find(|(seen, _)| seen == bytes).expect("seen, in order");
                assert_eq!(*digest, sha256(bytes), "{kernel:?} {threads} {reading:?} {}", bytes.len());
            }
        }
    }
}

/// Parts that start anywhere, more of them than there are buffers, lanes or places in a batch.
#[test]
fn parts_of_a_file() {
    let mut seed = 2;
    let bytes = random(&mut seed, 6 << 20);
    for reading in [Reading::Auto, Reading::Ahead] {
        let parts: Vec<(usize, usize)> = (0..70)
            .map(|number| (number * 77_777, if number % 3 == 0 { 500_001 } else { number * 1009 }))
            .collect();
        let jobs = parts.iter().map(|&(start, length)| Piece {
            start: start as u64,
            length: length as u64,
            last: false,
            ..whole(bytes.clone())
        });
        let done = run(jobs.collect(), &settings(2, Kernel::best(), reading)).expect("nothing is wrong");
        let mut found: Vec<[u8; 32]> = done.into_iter().map(|(_, digest)| digest).collect();
        let mut wanted: Vec<[u8; 32]> =
            parts.iter().map(|&(start, length)| sha256(&bytes[start..start + length])).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{reading:?}");
    }
    let none = run(Vec::<Piece>::new(), &settings(1, Kernel::best(), Reading::Auto));
    assert!(none.is_ok_and(|done| done.is_empty()));
}

#[test]
fn one_fault_each() {
    let mut seed = 3;
    for reading in [Reading::Auto, Reading::Ahead] {
        for size in [10_usize, 70_000, 5 << 20] {
            let half = size as u64 / 2;
            for (fault, wanted) in [
                (Fault::Short(half), format!("Short {{ offset: {half} }}")),
                (Fault::Broken(half), format!("Read {{ offset: {half}, errno: {:?} }}", Errno::IO)),
                (Fault::Broken(0), format!("Read {{ offset: 0, errno: {:?} }}", Errno::IO)),
                (Fault::Closed, "closed".to_owned()),
                (Fault::Replaced, "replaced".to_owned()),
                (Fault::Disliked, "disliked".to_owned()),
            ] {
                let mut jobs: Vec<Piece> = (0..6).map(|_| whole(random(&mut seed, 100_000))).collect();
                jobs.insert(4, Piece { fault, ..whole(random(&mut seed, size)) });
                let errors = run(jobs, &settings(2, Kernel::best(), reading)).expect_err("a fault");
                assert_eq!(errors, [(4, wanted)], "{reading:?} {size} {fault:?}");
            }
        }
    }
}

/// Reading ahead goes on to the end of a page: what is wrong there is nobody's business.
#[test]
fn a_fault_behind_a_part() {
    let mut seed = 5;
    let bytes = random(&mut seed, 200_000);
    for reading in [Reading::Auto, Reading::Ahead] {
        for length in [70_001, 131_072] {
            let part = |fault| Piece { length: length as u64, fault, last: false, ..whole(bytes.clone()) };
            let jobs = [0, 1, 50, 4096].map(|behind| part(Fault::Broken(length as u64 + behind)));
            let done = run(jobs.into(), &settings(2, Kernel::best(), reading)).expect("nothing is wrong");
            assert_eq!(done.len(), 4);
            assert!(
                done.iter().all(|(_, digest)| *digest == sha256(&bytes[..length])),
                "{reading:?} {length}"
            );
        }
    }
}

/// A file system may say any size; what goes on behind it is not the file whose digest is asked for.
#[test]
fn more_bytes_than_the_size_says() {
    for reading in [Reading::Auto, Reading::Ahead] {
        for length in [0_u64, 1, 4096, 65_536, 70_000, 131_072, 4 << 20] {
            let bytes = vec![1; usize::try_from(length).expect("small") + 1];
            let errors = run(vec![Piece { length, ..whole(bytes) }], &settings(2, Kernel::best(), reading));
            let wanted = format!("Long {{ offset: {length} }}");
            assert_eq!(errors.expect_err("a byte more"), [(0, wanted)], "{reading:?}");
        }
    }
}

/// What the caller's own code does wrong ends the run; it does not hang.
#[test]
fn a_panic_is_not_waited_for() {
    for reading in [Reading::Auto, Reading::Ahead] {
        let jobs: Vec<Piece> = (0..12)
            .map(|number| Piece {
                fault: if number == 5 { Fault::Panic } else { Fault::None },
                ..whole(vec![1; 300_000])
            })
            .collect();
        let ended = std::panic::catch_unwind(|| run(jobs, &settings(3, Kernel::best(), reading)));
        assert!(ended.is_err(), "{reading:?}");
    }
}

/// Any number of threads that somebody may ask for.
#[test]
fn threads_without_end() {
    let jobs = (0..40).map(|_| whole(vec![1; 70_000])).collect();
    let done = run(jobs, &settings(usize::MAX, Kernel::best(), Reading::Auto)).expect("nothing is wrong");
    assert_eq!(done.len(), 40);
}

/// Sparse files of any size, more than a sum can hold; they end where their bytes do.
#[test]
fn lengths_that_are_claimed() {
    for reading in [Reading::Auto, Reading::Ahead] {
        let part = || Piece { length: i64::MAX as u64, ..whole(vec![1; 100_000]) };
        let errors = run((0..5).map(|_| part()).collect(), &settings(1, Kernel::best(), reading))
            .expect_err("none is as long");
        assert!(errors.iter().all(|(_, why)| why == "Short { offset: 100000 }"), "{errors:?}");
    }
}

/// A real file, through a real descriptor.
struct OnDisk {
    file: Option<File>,
    length: u64,
}

impl Job for OnDisk {
    type Input = OwnedFd;
    type Done = [u8; 32];
    type Error = String;

    fn length(&self) -> u64 {
        self.length
    }

    fn open(&mut self) -> Result<OwnedFd, String> {
        self.file.take().map(OwnedFd::from).ok_or_else(|| "opened twice".to_owned())
    }

    fn see(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn close(&mut self, _: &OwnedFd) -> Result<(), String> {
        Ok(())
    }

    fn done(self, digest: [u8; 32]) -> Result<[u8; 32], String> {
        Ok(digest)
    }

    fn failed(&self, why: Failure) -> String {
        format!("{why:?}")
    }
}

/// Cached, mapped, around the cache, and on a file system that has no way around it; the last piece is no whole block.
#[test]
fn files_on_disk() {
    let mut seed = 4;
    let bytes = random(&mut seed, (33 << 20) + 4321);
    let wanted = sha256(&bytes);
    for place in [".", "/dev/shm"] {
        let Ok(mut file) = tempfile::tempfile_in(place) else { continue };
        file.write_all(&bytes).expect("written");
        file.sync_all().expect("on the disk");
        for reading in [Reading::Auto, Reading::Map, Reading::Ahead] {
            for drop_cache in [false, true] {
                if drop_cache {
                    let _ = rustix::fs::fadvise(file.as_fd(), 0, None, rustix::fs::Advice::DontNeed);
                }
                let same = Some(file.try_clone().expect("a descriptor"));
                let jobs = vec![OnDisk { file: same, length: bytes.len() as u64 }];
                let done = run(jobs, &settings(2, Kernel::best(), reading)).expect("nothing is wrong");
                assert_eq!(done, [wanted], "{place} {reading:?} {drop_cache}");
            }
            let longer = OnDisk { file: file.try_clone().ok(), length: bytes.len() as u64 + 1 };
            if reading != Reading::Map {
                let errors = run(vec![longer], &settings(1, Kernel::best(), reading)).expect_err("too short");
                let wanted = format!("Short {{ offset: {} }}", bytes.len());
                assert_eq!(errors, [(0, wanted)], "{place} {reading:?}");
            }
        }
    }
}
