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
    /// The file ended before `offset`, and had been longer.
    Short {
        /// From the start of the file.
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
    /// Threads that hash.
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
    let threads = settings.threads.get().min(jobs.len());
    let pool = Pool {
        settings: *settings,
        state: Mutex::new(State::new(jobs, settings)),
        changed: Condvar::new(),
        asked: Condvar::new(),
    };
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 1..threads {
            // If the system gives no more threads, those that are there do the work.
            workers.extend(thread::Builder::new().spawn_scoped(scope, || turn::work(scope, &pool)));
        }
        turn::work(scope, &pool);
    });
    let state = pool.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if state.errors.is_empty() { Ok(state.done) } else { Err(state.errors) }
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
