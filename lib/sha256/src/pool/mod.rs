//! Many files through a few cores, several streams on each.
//!
//! One SHA-256 cannot go faster than its chain of rounds; a core that advances several at once can. So a file is a
//! *lane*: a place in the file and a state of 32 bytes. Idle lanes lie in a common pool. A worker takes as many as suit
//! its kernel, those with the most left first, advances each by a chunk, and puts them back. Files that are not in
//! memory are read ahead by threads of their own; small files are hashed whole, many in one go.

mod lane;
mod reader;
mod scratch;
mod small;
mod state;
mod turn;

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::io::Errno;
use state::State;

use crate::kernel::Kernel;
use crate::read::Input;

/// Files up to this size are read whole and hashed in batches.
const SMALL_BYTES: u64 = 64 << 10;

/// The most threads that hash.
pub const MAX_THREADS: usize = 1024;

/// One thing to hash: a file, or a part of one.
pub trait Job: Send {
    /// Where its bytes come from.
    type Input: Input;
    /// What it becomes.
    type Done: Send;
    /// Why it does not.
    type Error: Send;

    /// How many bytes there are.
    fn length(&self) -> u64;

    /// Where they start in the file.
    fn start(&self) -> u64 {
        0
    }

    /// Opens the file. Called once, when its turn has come.
    fn open(&mut self) -> Result<Self::Input, Self::Error>;

    /// Whether the job ends where the file does: if bytes follow, the size that the file system says is not true, and
    /// that is a failure.
    fn is_last(&self) -> bool {
        true
    }

    /// Hears of the next bytes, in order.
    fn see(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Called once every byte was read, before the file is closed: is it still the one that was opened?
    fn close(&mut self, input: &Self::Input) -> Result<(), Self::Error>;

    /// The digest of all the bytes.
    fn done(self, digest: [u8; 32]) -> Result<Self::Done, Self::Error>;

    /// The error for what could not be read.
    fn failed(&self, why: Failure) -> Self::Error;
}

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The file ends at `offset`, where it should go on.
    Short {
        /// From the start of the file.
        offset: u64,
    },
    /// The file goes on where it should end.
    Long {
        /// From the start of the file: where it should end.
        offset: u64,
    },
    /// The system refused.
    Read {
        /// From the start of the file.
        offset: u64,
        /// Why.
        errno: Errno,
    },
}

/// How to go about it. None of it changes a digest.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads that hash; no more than [`MAX_THREADS`] count.
    pub threads: NonZeroUsize,
    /// How they do it.
    pub kernel: Kernel,
    /// How files are read.
    pub reading: Reading,
}

/// How files are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reading {
    /// Those in the page cache by `read`, large ones that are not around it.
    #[default]
    Auto,
    /// The same, but those in the page cache are mapped: the process dies if one is truncated meanwhile.
    Map,
    /// All ahead, by threads of their own: for tests.
    Ahead,
}

/// What became of each job, or the errors, each with the place of its job.
pub type Outcome<J> = Result<Vec<<J as Job>::Done>, Vec<(usize, <J as Job>::Error)>>;

/// Hashes all of `jobs`; the results are in no particular order.
///
/// At the first error nothing new is begun; what is under way may add errors of its own. Each error comes with the
/// place of its job in `jobs`.
pub fn run<J: Job>(jobs: Vec<J>, settings: &Settings) -> Outcome<J> {
    let files = open_files();
    let threads = settings.threads.get().min(MAX_THREADS).min(jobs.len()).min(files).max(1);
    let settings = Settings { threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN), ..*settings };
    let pool = Pool {
        settings,
        state: Mutex::new(State::new(jobs, &settings, files)),
        changed: Condvar::new(),
        asked: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // If the system gives no more threads, those that are there do the work.
            let _ = thread::Builder::new().spawn_scoped(scope, || turn::work(scope, &pool));
        }
        turn::work(scope, &pool);
    });
    let state = pool.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if state.errors.is_empty() { Ok(state.done) } else { Err(state.errors) }
}

/// How many files may be open at once: what the process may have, less some for everything else.
fn open_files() -> usize {
    const OTHERS: u64 = 48;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    // Each may take two for a moment: its own, and one of the directory that it is in.
    limit
        .map_or(usize::MAX, |limit| usize::try_from(limit.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX))
        .max(1)
}

/// Lets the others end when a thread ends by a panic: what it held will never come back.
struct Guard<'a, J: Job>(&'a Pool<J>);

impl<J: Job> Drop for Guard<'_, J> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().over = true;
        }
        self.0.changed.notify_all();
        self.0.asked.notify_all();
    }
}

struct Pool<J: Job> {
    settings: Settings,
    state: Mutex<State<J>>,
    /// Something can be done that could not be before.
    changed: Condvar,
    /// There is something to read ahead, or nothing ever again.
    asked: Condvar,
}

impl<J: Job> Pool<J> {
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
