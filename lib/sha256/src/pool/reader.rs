//! Reads ahead what is not in memory.

use std::thread::Scope;

use super::state::{Arrival, Request};
use super::{Guard, Job, Pool};
use crate::read::Input;

/// So many requests keep a device busy; more brought nothing.
const READERS: usize = 4;

/// Starts the readers, unless they run. Without any, those who hash read.
pub(super) fn start<'scope, J: Job>(scope: &'scope Scope<'scope, '_>, pool: &'scope Pool<J>) {
    let mut state = pool.lock();
    while state.readers < READERS && std::thread::Builder::new().spawn_scoped(scope, || read(pool)).is_ok() {
        state.readers += 1;
    }
}

fn read<J: Job>(pool: &Pool<J>) {
    let _guard = Guard(pool);
    let mut state = pool.lock();
    while !state.over {
        match state.requests.pop_front() {
            Some(request) => {
                drop(state);
                let (lane, place) = (request.lane, request.place);
                let arrival = fill(request);
                state = pool.lock();
                state.arrive(lane, place, arrival);
                pool.changed.notify_all();
            }
            None => {
                state = pool.asked.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
        }
    }
}

pub(super) fn fill<I: Input>(mut request: Request<I>) -> Arrival {
    let bytes = &mut request.buffer.bytes_mut()[..request.length];
    let result = match request.way.fill(&*request.input, bytes, request.offset) {
        Ok(got) if got >= request.wanted.end => Ok(request.wanted),
        Ok(got) => Err((request.offset + got as u64, None)),
        // Behind what is wanted, up to the end of a page, it may be broken.
        Err((offset, _)) if offset >= request.offset + request.wanted.end as u64 => Ok(request.wanted),
        Err((offset, errno)) => Err((offset, Some(errno))),
    };
    Arrival { buffer: request.buffer, result }
}
