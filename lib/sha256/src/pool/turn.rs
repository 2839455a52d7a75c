//! What a worker does.

use std::sync::PoisonError;
use std::thread::Scope;

use super::lane::{Feed, Lane};
use super::scratch::Scratch;
use super::small::read_full;
use super::state::{Arrival, Task};
use super::{Failure, Guard, Job, Pool, reader, small};
use crate::read::{Ahead, Buffer};
use crate::stream::Stream;

/// What a lane is advanced by at a time, where its bytes have to be copied: little enough that they are still in the
/// core's own cache when they are hashed.
const CHUNK_BYTES: usize = 128 << 10;
/// The same for a mapped file: what is mapped at once.
const MAPPED_BYTES: usize = 2 << 20;
/// Buffers at distances of a power of two would fight for the same lines of the cache.
const STRIDE_BYTES: usize = CHUNK_BYTES + 4096;

/// Works until nothing is left.
pub(super) fn work<'scope, J: Job>(scope: &'scope Scope<'scope, '_>, pool: &'scope Pool<J>) {
    let _guard = Guard(pool);
    let mut scratch = Scratch::default();
    loop {
        match next(pool) {
            Task::Open(at, job) => open(scope, pool, at, job),
            Task::Batch(jobs) => {
                let files = jobs.len();
                let result = small::hash(jobs, pool.settings.kernel, &mut scratch);
                let mut state = pool.lock();
                state.release(files, 0);
                match result {
                    Ok(mut done) => state.done.append(&mut done),
                    Err(error) => state.errors.push(error),
                }
            }
            Task::Advance(lanes) => advance(pool, lanes, &mut scratch),
            Task::Fill(request) => {
                let (lane, place) = (request.lane, request.place);
                let arrival = reader::fill(request);
                pool.lock().arrive(lane, place, arrival);
            }
            Task::End => break,
        }
        pool.changed.notify_all();
    }
}

/// Waits for something to do.
fn next<J: Job>(pool: &Pool<J>) -> Task<J> {
    let mut state = pool.lock();
    loop {
        match state.next() {
            Some(task) => return task,
            None => state = pool.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

fn open<'scope, J: Job>(scope: &'scope Scope<'scope, '_>, pool: &'scope Pool<J>, at: usize, job: J) {
    let length = job.length();
    let opened = Lane::open(at, job, pool.settings.reading);
    if let Ok(Lane { feed: Feed::Ahead { .. }, .. }) = opened {
        reader::start(scope, pool);
    }
    let mut state = pool.lock();
    match opened {
        Ok(lane) => {
            state.put_back(lane, length);
            if state.ask() {
                pool.asked.notify_all();
            }
        }
        Err(err) => {
            state.release(1, length);
            state.errors.push((at, err));
        }
    }
}

/// Advances each lane by a chunk, and puts it back or ends it.
fn advance<J: Job>(pool: &Pool<J>, mut lanes: Vec<(Lane<J>, Option<Arrival>)>, scratch: &mut Scratch) {
    let had: Vec<u64> = lanes.iter().map(|(lane, _)| lane.left_bytes()).collect();
    let pieces = scratch.bytes(lanes.len() * STRIDE_BYTES).chunks_mut(STRIDE_BYTES);
    let mut streams: Vec<&mut Stream> = Vec::with_capacity(lanes.len());
    let mut data: Vec<&[u8]> = Vec::with_capacity(lanes.len());
    let mut faults: Vec<Option<J::Error>> = Vec::with_capacity(lanes.len());
    for ((lane, arrival), piece) in lanes.iter_mut().zip(pieces) {
        let heard =
            match next_bytes(&lane.feed, arrival.as_ref(), lane.done_bytes, &lane.job, &lane.input, piece) {
                Ok(bytes) => lane.job.see(bytes).map(|()| bytes),
                Err(why) => Err(lane.job.failed(why)),
            };
        match heard {
            Ok(bytes) => {
                lane.done_bytes += bytes.len() as u64;
                streams.push(&mut lane.stream);
                data.push(bytes);
                faults.push(None);
            }
            Err(err) => faults.push(Some(err)),
        }
    }
    Stream::update_many(pool.settings.kernel, &mut streams, &data);
    let mut outcomes = Vec::with_capacity(lanes.len());
    for ((lane, arrival), fault) in lanes.into_iter().zip(faults) {
        outcomes.push((outcome(pool, lane, fault), arrival.map(|arrival| arrival.buffer)));
    }
    give_back(pool, outcomes, &had);
}

/// The next bytes of a lane: those that arrived, or those in memory, or those read now.
fn next_bytes<'a, J: Job>(
    feed: &'a Feed,
    arrival: Option<&'a Arrival>,
    done_bytes: u64,
    job: &J,
    input: &J::Input,
    piece: &'a mut [u8],
) -> Result<&'a [u8], Failure> {
    if let Some(Arrival { buffer, result }) = arrival {
        return match result {
            Ok(range) => Ok(&buffer.bytes()[range.clone()]),
            Err((offset, Some(errno))) => Err(Failure::Read { offset: *offset, errno: *errno }),
            Err((offset, None)) => Err(Failure::Short { offset: *offset }),
        };
    }
    let left = job.length() - done_bytes;
    if let Feed::Map(map) = feed {
        // The mapping is as long as the job.
        let from = usize::try_from(done_bytes).unwrap_or(usize::MAX);
        let rest = map.bytes().get(from..).unwrap_or_default();
        return Ok(&rest[..rest.len().min(MAPPED_BYTES)]);
    }
    let most = CHUNK_BYTES.min(piece.len());
    let bytes = &mut piece[..usize::try_from(left).map_or(most, |left| left.min(most))];
    let offset = job.start() + done_bytes;
    let got = read_full(input, bytes, offset)?;
    if got < bytes.len() {
        return Err(Failure::Short { offset: offset + got as u64 });
    }
    Ok(bytes)
}

/// What becomes of a lane after a turn.
enum Outcome<J: Job> {
    Idle(Lane<J>),
    Done(J::Done),
    Failed(usize, J::Error),
}

fn outcome<J: Job>(pool: &Pool<J>, mut lane: Lane<J>, fault: Option<J::Error>) -> Outcome<J> {
    let at = lane.at;
    if let Some(err) = fault {
        return Outcome::Failed(at, err);
    }
    match &mut lane.feed {
        Feed::Read => {}
        Feed::Map(map) => map.release(usize::try_from(lane.done_bytes).unwrap_or(usize::MAX)),
        Feed::Ahead { buffers, .. } => *buffers -= 1,
    }
    if lane.left_bytes() > 0 {
        return Outcome::Idle(lane);
    }
    let Lane { mut job, input, stream, feed, .. } = lane;
    let closed = ends(&job, &*input, &feed).and_then(|()| job.close(&input));
    drop(feed);
    drop(input);
    match closed.and_then(|()| job.done(stream.finish(pool.settings.kernel))) {
        Ok(done) => Outcome::Done(done),
        Err(err) => Outcome::Failed(at, err),
    }
}

/// An error if the file goes on behind the end that the job has.
fn ends<J: Job>(job: &J, input: &J::Input, feed: &Feed) -> Result<(), J::Error> {
    if !job.is_last() {
        return Ok(());
    }
    if let Feed::Ahead { .. } = feed {
        // A single byte is not what can be read around the cache.
        Ahead::end(input);
    }
    let offset = job.start() + job.length();
    match read_full(input, &mut [0], offset) {
        Ok(0) => Ok(()),
        Ok(_) => Err(job.failed(Failure::Long { offset })),
        Err(why) => Err(job.failed(why)),
    }
}

fn give_back<J: Job>(pool: &Pool<J>, outcomes: Vec<(Outcome<J>, Option<Buffer>)>, had: &[u64]) {
    let mut state = pool.lock();
    for ((outcome, buffer), had) in outcomes.into_iter().zip(had) {
        if let Some(buffer) = buffer {
            state.give_back(buffer);
        }
        match outcome {
            Outcome::Idle(lane) => state.put_back(lane, *had),
            Outcome::Done(done) => {
                state.release(1, *had);
                state.done.push(done);
            }
            Outcome::Failed(at, err) => {
                state.release(1, *had);
                state.errors.push((at, err));
            }
        }
    }
    if state.ask() {
        pool.asked.notify_all();
    }
}
