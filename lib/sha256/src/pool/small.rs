//! Small files: each is read whole and closed, then all are hashed in one go.

use std::cmp::Ordering;

use super::scratch::{LINE_BYTES, Scratch};
use super::{Failure, Job};
use crate::kernel::Kernel;
use crate::many::hash_many;
use crate::read::Input;

/// The digests of `jobs`, or the first error, with the place of its job.
pub(super) fn hash<J: Job>(
    jobs: Vec<(usize, J)>,
    kernel: Kernel,
    scratch: &mut Scratch,
) -> Result<Vec<J::Done>, (usize, J::Error)> {
    // Each no longer than `SMALL_BYTES`.
    let length = |job: &J| usize::try_from(job.length()).unwrap_or(0);
    // With room for a byte more, which no file should have.
    let place = |job: &J| (length(job) + 1).next_multiple_of(LINE_BYTES);
    let room = jobs.iter().map(|(_, job)| place(job)).sum();
    let buffer = scratch.bytes(room);
    let mut read = Vec::with_capacity(jobs.len());
    let mut from = 0;
    for (at, mut job) in jobs {
        let range = from..from + length(&job);
        let last = usize::from(job.is_last());
        one(&mut job, &mut buffer[from..range.end + last], range.len()).map_err(|err| (at, err))?;
        from += place(&job);
        read.push((at, job, range));
    }
    let messages: Vec<&[u8]> = read.iter().map(|(_, _, range)| &buffer[range.clone()]).collect();
    let digests = hash_many(kernel, &messages);
    let each = read.into_iter().zip(digests);
    each.map(|((at, job, _), digest)| job.done(digest).map_err(|err| (at, err))).collect()
}

/// Reads all of it into `bytes`, which has room for a byte more than `length` if none should follow.
fn one<J: Job>(job: &mut J, bytes: &mut [u8], length: usize) -> Result<(), J::Error> {
    let input = job.open()?;
    // One call and no more, if it gives what the file should have: one more would say nothing but that this was all.
    let got = read_some(&input, bytes, job.start(), length.max(1)).map_err(|why| job.failed(why))?;
    let offset = job.start() + got.min(length) as u64;
    match got.cmp(&length) {
        Ordering::Less => return Err(job.failed(Failure::Short { offset })),
        Ordering::Greater => return Err(job.failed(Failure::Long { offset })),
        Ordering::Equal => {}
    }
    job.see(&bytes[..length])?;
    job.close(&input)
}

/// Reads until `bytes` are full or the file ends.
pub(super) fn read_full(input: &impl Input, bytes: &mut [u8], offset: u64) -> Result<usize, Failure> {
    let enough = bytes.len();
    read_some(input, bytes, offset, enough)
}

/// Reads until there are `enough` bytes or the file ends; may give as many as `bytes` has room for.
fn read_some(input: &impl Input, bytes: &mut [u8], offset: u64, enough: usize) -> Result<usize, Failure> {
    let mut got = 0;
    while got < enough {
        match input.read_at(&mut bytes[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Failure::Read { offset: offset + got as u64, errno }),
        }
    }
    Ok(got)
}
