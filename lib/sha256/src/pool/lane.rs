//! A file that is being hashed.

use std::sync::Arc;

use super::{Job, Reading};
use crate::read::{Ahead, Cached, Map, cached};
use crate::stream::Stream;

/// Files that are not in memory are read ahead from this size on: below it, setting up costs more than it saves.
const COLD_BYTES: u64 = 32 << 20;

/// A place in a file, and the state of its digest.
pub(super) struct Lane<J: Job> {
    /// Which job it is.
    pub(super) at: usize,
    pub(super) job: J,
    pub(super) input: Arc<J::Input>,
    pub(super) stream: Stream,
    /// Bytes taken in, from the job's start.
    pub(super) done_bytes: u64,
    pub(super) feed: Feed,
}

/// Where a lane's bytes come from.
pub(super) enum Feed {
    /// Whoever hashes reads.
    Read,
    /// Memory.
    Map(Map),
    /// Other threads read ahead; what they read waits in the pool.
    Ahead {
        way: Ahead,
        /// Bytes asked for so far, from the job's start.
        asked_bytes: u64,
        /// Buffers asked for, and not yet hashed.
        buffers: usize,
    },
}

impl<J: Job> Lane<J> {
    pub(super) fn open(at: usize, mut job: J, reading: Reading) -> Result<Self, J::Error> {
        let input = job.open()?;
        let feed = feed(&job, &input, reading);
        Ok(Self { at, job, input: Arc::new(input), stream: Stream::new(), done_bytes: 0, feed })
    }

    /// For want of buffers: goes on where it is. Nothing may be under way for it.
    pub(super) fn read_no_longer_ahead(&mut self) {
        if let Feed::Ahead { .. } = self.feed {
            Ahead::end(&*self.input);
            self.feed = Feed::Read;
        }
    }

    pub(super) fn left_bytes(&self) -> u64 {
        self.job.length() - self.done_bytes
    }
}

fn feed<J: Job>(job: &J, input: &J::Input, reading: Reading) -> Feed {
    use crate::read::Input as _;
    let ahead = || Feed::Ahead { way: Ahead::of(input), asked_bytes: 0, buffers: 0 };
    if reading == Reading::Ahead {
        return ahead();
    }
    let Some(file) = input.descriptor() else { return Feed::Read };
    let length = job.length();
    let in_memory = || cached(file, job.start(), length) == Cached::Mostly;
    if length >= COLD_BYTES && !in_memory() {
        return ahead();
    }
    if reading == Reading::Map
        && let Ok(length) = usize::try_from(length)
        && in_memory()
        && let Ok(map) = Map::new(file, job.start(), length)
    {
        return Feed::Map(map);
    }
    Feed::Read
}
