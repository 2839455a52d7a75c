//! Files that never were, and one that is.

use std::fs::{self, File};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use mlbom_sha256::pool::{Failure, Job, Reading};
use mlbom_sha256::read::Input;
use rustix::io::Errno;

#[derive(Arbitrary, Debug)]
pub struct Case {
    pub kernel: u8,
    pub threads: u8,
    pub reading: u8,
    parts: Vec<Sketch>,
}

/// A part, before its numbers have a meaning.
#[derive(Arbitrary, Debug)]
struct Sketch {
    start: Size,
    length: Size,
    fault: Fault<Size>,
    ends: Size,
    interruptions: u16,
    descriptor: bool,
}

/// A number of bytes that is near some border.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
struct Size {
    border: u8,
    times: u8,
    off: i8,
    any: u32,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Fault<Place> {
    None,
    /// It ends sooner than it did, from some call on.
    Shrinks(u8),
    /// It ends later than it did, from some call on.
    Grows(u8),
    /// It cannot be read from here on.
    Broken(Place, u8),
    /// It cannot be opened.
    Closed,
    /// It is another file by the time it was read.
    Replaced,
    /// Whoever looks at the bytes does not like those behind here.
    Disliked(Place),
    /// What was to be done with the digest cannot be done.
    Undone,
}

/// What there is of bytes: more than two buffers that are read ahead, and no whole page.
const DATA_BYTES: u64 = (9 << 20) + 13;
const MOST_PARTS: usize = 48;
/// Of all parts together: a case should take milliseconds.
const MOST_BYTES: u64 = 24 << 20;
/// What reading ahead is aligned to.
const PAGE: u64 = 4096;

static DATA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 56) as u8
    };
    (0..DATA_BYTES).map(|_| next()).collect()
});

/// The same in a file that has no name any more.
static FILE: LazyLock<File> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("mlbom-sha256-fuzz-{}", std::process::id()));
    fs::write(&path, &*DATA).expect("a temporary file");
    let file = File::open(&path).expect("just written");
    fs::remove_file(&path).expect("ours");
    file
});

/// Inputs that are open.
pub static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The bytes of a part, if there are as many.
pub fn data(start: u64, length: u64) -> Option<&'static [u8]> {
    let range = usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?;
    DATA.get(range)
}

impl Size {
    /// A place where something happens: where `end` is, a page around it, or anywhere.
    fn around(self, end: u64) -> u64 {
        match self.border % 8 {
            3 => end.saturating_add_signed(self.off.into()),
            7 => end.saturating_add_signed(i64::from(self.off) * 64),
            _ => self.bytes(),
        }
    }

    fn bytes(self) -> u64 {
        let border = match self.border % 8 {
            0 => return u64::from(self.any) % 200,
            1 => return u64::from(self.any) % DATA_BYTES,
            2 => 64,
            3 => PAGE,
            4 => 64 << 10,
            5 => 128 << 10,
            6 => 4 << 20,
            // Where a sparse file may end.
            _ => return i64::MAX as u64 - u64::from(self.any % 2),
        };
        (border * u64::from(self.times % 5)).saturating_add_signed(self.off.into())
    }
}

impl Case {
    pub fn parts(&self, reading: Reading) -> Vec<Part> {
        let mut room = MOST_BYTES;
        let sketches = self.parts.iter().take(MOST_PARTS).enumerate();
        let parts = sketches.map(|(at, sketch)| {
            let start = sketch.start.bytes() % DATA_BYTES;
            let length = sketch.length.bytes().min(i64::MAX as u64 - start);
            let length = if length.min(DATA_BYTES - start) <= room { length } else { room };
            room -= length.min(DATA_BYTES - start);
            let descriptor = sketch.descriptor
                // What a mapped file does not hold kills the process: that is said of it.
                && (reading != Reading::Map || data(start, length).is_some())
                && !matches!(sketch.fault, Fault::Shrinks(_) | Fault::Grows(_) | Fault::Broken(..));
            let ends = if descriptor || sketch.ends.border & 1 == 0 {
                DATA_BYTES
            } else {
                sketch.ends.around(start + length).min(DATA_BYTES)
            };
            let fault = match sketch.fault {
                Fault::None => Fault::None,
                Fault::Shrinks(after) => Fault::Shrinks(after),
                Fault::Grows(after) => Fault::Grows(after),
                Fault::Broken(from, number) => Fault::Broken(from.around(start + length), number),
                Fault::Closed => Fault::Closed,
                Fault::Replaced => Fault::Replaced,
                Fault::Disliked(after) => Fault::Disliked(after.around(length)),
                Fault::Undone => Fault::Undone,
            };
            Part {
                at,
                start,
                length,
                fault,
                ends,
                interruptions: sketch.interruptions,
                descriptor,
                opened: false,
                seen: 0,
                refused: false,
            }
        });
        parts.collect()
    }
}

/// A part of a file to hash.
#[derive(Clone, Debug)]
pub struct Part {
    at: usize,
    pub start: u64,
    pub length: u64,
    fault: Fault<u64>,
    /// Where its file ends, or did before it shrank or after it grew.
    ends: u64,
    interruptions: u16,
    /// There is a real file.
    descriptor: bool,
    opened: bool,
    seen: u64,
    refused: bool,
}

/// Why a part has no digest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    Closed,
    Replaced,
    Disliked,
    Undone,
    Failed(Failure),
}

impl Part {
    /// A digest of it would be wrong.
    pub fn must_fail(&self) -> bool {
        match self.fault {
            Fault::Closed | Fault::Replaced | Fault::Undone => true,
            Fault::Disliked(after) if self.length > after => true,
            Fault::Broken(from, _) if self.needs(from) => true,
            Fault::Grows(_) | Fault::Shrinks(_) => self.needs(self.most()),
            _ => self.needs(self.ends),
        }
    }

    /// There is a reason for that error.
    pub fn explains(&self, why: &Why) -> bool {
        // Reading ahead begins at a page.
        let first = self.start / PAGE * PAGE;
        match (*why, self.fault) {
            (Why::Closed, fault) => fault == Fault::Closed,
            (_, Fault::Closed) => false,
            (Why::Replaced, fault) => fault == Fault::Replaced,
            (Why::Undone, fault) => fault == Fault::Undone,
            (Why::Disliked, Fault::Disliked(after)) => self.length > after,
            (Why::Disliked, _) => false,
            (Why::Failed(Failure::Short { offset }), _) => {
                let within = self.least() <= offset && offset <= self.most();
                let before = self.least() < self.start && (first..=self.start).contains(&offset);
                self.needs(offset) && self.needs(self.least()) && (within || before)
            }
            (Why::Failed(Failure::Read { offset, errno }), Fault::Broken(from, number)) => {
                let before = from < self.start && (first..=self.start).contains(&offset);
                self.needs(from) && errno == broken(number) && (offset == from || before)
            }
            (Why::Failed(Failure::Read { .. } | Failure::Long { .. }), _) => false,
        }
    }

    /// There are bytes of it at `offset` or behind.
    fn needs(&self, offset: u64) -> bool {
        self.length > 0 && self.start + self.length > offset
    }

    /// The soonest that its file ends.
    fn least(&self) -> u64 {
        match self.fault {
            Fault::Shrinks(_) | Fault::Grows(_) => self.ends / 2,
            _ => self.ends,
        }
    }

    /// The latest.
    fn most(&self) -> u64 {
        self.ends
    }
}

/// An error that no reader takes for anything else.
fn broken(number: u8) -> Errno {
    [Errno::IO, Errno::INVAL, Errno::AGAIN, Errno::OPNOTSUPP, Errno::ISDIR][usize::from(number) % 5]
}

impl Job for Part {
    type Input = Memory;
    type Done = (usize, [u8; 32]);
    type Error = Why;

    fn length(&self) -> u64 {
        self.length
    }

    fn start(&self) -> u64 {
        self.start
    }

    // A part may end anywhere.
    fn is_last(&self) -> bool {
        false
    }

    fn open(&mut self) -> Result<Memory, Why> {
        assert!(!self.opened, "opened once");
        self.opened = true;
        if self.fault == Fault::Closed {
            return Err(Why::Closed);
        }
        let file = self.descriptor.then(|| {
            // Another description: how one reads is a matter of its flags.
            let path = format!("/proc/self/fd/{}", FILE.as_fd().as_raw_fd());
            OwnedFd::from(File::open(path).expect("the file is open"))
        });
        LIVE.fetch_add(1, Ordering::SeqCst);
        Ok(Memory { part: self.clone(), file, calls: AtomicUsize::new(0), closed: AtomicBool::new(false) })
    }

    fn see(&mut self, bytes: &[u8]) -> Result<(), Why> {
        assert!(self.opened && !self.refused, "seen after an error");
        assert!(data(self.start + self.seen, bytes.len() as u64) == Some(bytes), "in order: {self:?}");
        self.seen += bytes.len() as u64;
        assert!(self.seen <= self.length);
        match self.fault {
            Fault::Disliked(after) if self.seen > after => {
                self.refused = true;
                Err(Why::Disliked)
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, input: &Memory) -> Result<(), Why> {
        assert!(!self.refused && self.seen == self.length, "all seen: {self:?}");
        assert!(!input.closed.swap(true, Ordering::SeqCst), "closed once");
        if self.fault == Fault::Replaced { Err(Why::Replaced) } else { Ok(()) }
    }

    fn done(self, digest: [u8; 32]) -> Result<Self::Done, Why> {
        assert_eq!(self.seen, self.length);
        if self.fault == Fault::Undone { Err(Why::Undone) } else { Ok((self.at, digest)) }
    }

    fn failed(&self, why: Failure) -> Why {
        Why::Failed(why)
    }
}

pub struct Memory {
    part: Part,
    file: Option<OwnedFd>,
    calls: AtomicUsize,
    closed: AtomicBool,
}

impl Input for Memory {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        assert!(!self.closed.load(Ordering::SeqCst), "read after it was closed");
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let seed = usize::from(self.part.interruptions);
        let chance = (call + 1).wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        if seed & 1 == 1 && chance.is_multiple_of(4) {
            return Err(Errno::INTR);
        }
        if let Some(file) = &self.file {
            return file.read_at(buffer, offset);
        }
        let mut end = match self.part.fault {
            Fault::Shrinks(after) if call >= usize::from(after) => self.part.least(),
            Fault::Grows(after) if call < usize::from(after) => self.part.least(),
            _ => self.part.ends,
        };
        if let Fault::Broken(from, number) = self.part.fault {
            // What ends before it breaks does not break.
            if offset >= from && from < end {
                return Err(broken(number));
            }
            end = end.min(from);
        }
        let most = if seed & 2 == 2 { 1 + chance % 200_000 } else { usize::MAX };
        let rest = data(offset.min(end), end - offset.min(end)).unwrap_or_default();
        let read = rest.len().min(buffer.len()).min(most);
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(OwnedFd::as_fd)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}
